#!/usr/bin/env node
// The bridge as a program. Exit code 0: stopped as told; 1: could not run; 2: called wrongly.

import { parseArgs } from "node:util";
import { hasPassword } from "./address.mjs";
import { createBridge } from "./bridge.mjs";
import { NUMBERS, OptionError, SWITCHES, TEXTS } from "./options.mjs";

const USAGE = `usage: REDIS_HTTP_TOKEN=... redis-http [options]

A server that speaks Upstash's REST protocol, in front of any Redis.

  --redis-url URL          redis://host:port, rediss://host:port (TLS) or unix:/path
                           [redis://127.0.0.1:6379]; one that holds a password only as REDIS_HTTP_REDIS_URL
  --cluster                it is a Redis Cluster: --redis-url names one node or several, with commas between
  --epoch-key KEY          of a cluster: deleted after a failover, so that clients notice that the last
                           writes may be lost; for Portcullis '{portcullis}:1:epoch', with its prefix
  --host ADDRESS           to listen on; plain HTTP, so put TLS in front of any but loopback [127.0.0.1]
  --port N                 0 takes a free one [${NUMBERS.port.byDefault}]
  --allow-query-token      take the token from ?_token= as well
  --body-bytes-max N       size of a request's body [${NUMBERS.bodyBytesMax.byDefault}]
  --pipeline-max N         commands in one request [${NUMBERS.pipelineMax.byDefault}]
  --connections-max N      HTTP connections, and requests being answered [${NUMBERS.connectionsMax.byDefault}]
  --request-ms-max N       life of a request [${NUMBERS.requestMsMax.byDefault}]
  --command-ms-max N       how long Redis may take [${NUMBERS.commandMsMax.byDefault}]
  --close-ms-max N         how long a stop waits for requests being answered [${NUMBERS.closeMsMax.byDefault}]
  --settings-ms N          how often Redis's settings are looked at [${NUMBERS.settingsMs.byDefault}]
  --help

Each option is also an environment variable, as REDIS_HTTP_PORT for --port; the flag wins. The token,
at least 16 characters, is REDIS_HTTP_TOKEN and never a flag: other users can read a program's flags.
SIGTERM or SIGINT stops the bridge, a second one at once.`;

const flagOf = (name) => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
/** Flags, with the options they are. */
const FLAGS = Object.fromEntries([...Object.keys(TEXTS), ...SWITCHES, ...Object.keys(NUMBERS)].map((name) => [flagOf(name), name]));

/** NaN where it is none, which the options refuse by name and range. */
const wholeNumber = (text) => (/^\d+$/.test(text) ? Number(text) : NaN);
const yesOrNo = (value) => ({ true: true, 1: true, false: false, 0: false })[value] ?? value;

const say = (line) => console.error(`redis-http: ${line}`);

function readCommandLine(argv, env) {
  const flags = Object.fromEntries(
    Object.entries(FLAGS).map(([flag, name]) => [flag, { type: SWITCHES.includes(name) ? "boolean" : "string" }]),
  );
  const { values } = parseArgs({ args: argv, options: { ...flags, help: { type: "boolean" } } });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  if (hasPassword(values["redis-url"] ?? "")) {
    throw new OptionError("a password in --redis-url is open to other users: use REDIS_HTTP_REDIS_URL");
  }
  if (!env.REDIS_HTTP_TOKEN) throw new OptionError("the token is missing: set REDIS_HTTP_TOKEN");
  const read = { token: env.REDIS_HTTP_TOKEN };
  for (const [flag, name] of Object.entries(FLAGS)) {
    const value = values[flag] ?? env[`REDIS_HTTP_${flag.toUpperCase().replaceAll("-", "_")}`];
    if (value === undefined || value === "") continue;
    read[name] = name in NUMBERS ? wholeNumber(value) : SWITCHES.includes(name) ? yesOrNo(value) : value;
  }
  return read;
}

async function start() {
  try {
    const options = readCommandLine(process.argv.slice(2), process.env);
    return await createBridge({ ...options, onEvent: ({ event, cause }) => say(cause ? `${event} ${cause}` : event) });
  } catch (error) {
    if (error instanceof OptionError || error.code?.startsWith("ERR_PARSE_ARGS")) {
      say(error.message.split("\n")[0]);
      console.error("try --help");
      process.exit(2);
    }
    say(`cannot listen (${error.code ?? error.name})`);
    process.exit(1);
  }
}

function serve(bridge) {
  // For whoever starts it with port 0: the one line on standard output.
  console.log(bridge.url);
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.on(signal, async () => {
      if (stopping) process.exit(1);
      stopping = true;
      await bridge.close();
      say("stopped");
      process.exit(0);
    });
  }
}

serve(await start());
