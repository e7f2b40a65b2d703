// `npm start`: the Worker in workerd on this machine, with credentials of its own. No network.
//
//   npm start                      on http://127.0.0.1:8787
//   npm start -- --port N          on another port
//   npm start -- --store redis     with a redis-server of its own
//   npm start -- --store kv        without the Durable Object that is its store otherwise

import { appendFileSync, chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { parseEnv } from "node:util";
import { buildWorker } from "./build-worker.mjs";
import { devVars, newCredentials, refreshSecretLine } from "./lib/credentials.mjs";
import { inRoot } from "./lib/project.mjs";
import { main, step, StepError } from "./lib/step.mjs";
import { ensureRedis } from "./setup/redis.mjs";
import { banner } from "./start/banner.mjs";
import { checkStore } from "./start/check-store.mjs";
import { checkHealth } from "./start/health.mjs";
import { readOptions, USAGE } from "./start/options.mjs";
import { runSchedule } from "./start/schedule.mjs";

const HOST = "127.0.0.1";
const DEV_VARS = inRoot(".dev.vars");

await main(async () => {
  const { port, store, help } = readOptions(process.argv.slice(2));
  if (help) return console.log(USAGE);
  await refuseTakenPort(port);
  await step("credentials in .dev.vars", ensureDevVars);
  const bindings = readBindings();
  if (store === "redis") await step("Redis", ensureRedis);
  await buildWorker();
  await serve(port, store, bindings);
});

/** Asked before the build, so that nobody waits a minute to learn it. */
async function refuseTakenPort(port) {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, HOST, resolve);
  }).catch((error) => {
    const reason = error.code === "EADDRINUSE" ? "is in use" : `cannot be listened on (${error.code})`;
    throw new StepError(`port ${port} ${reason}`, { next: "npm start -- --port N, with another port" });
  });
  await new Promise((resolve) => server.close(resolve));
}

function ensureDevVars() {
  if (existsSync(DEV_VARS)) return ensureRefreshSecret();
  writeFileSync(DEV_VARS, devVars(newCredentials()), { mode: 0o600, flag: "wx" });
  // The umask can only take permissions away from the mode above; this states them.
  chmodSync(DEV_VARS, 0o600);
  return "written, fresh and random";
}

/** Those of before there were sessions have no secret for refresh tokens. */
function ensureRefreshSecret() {
  const text = readFileSync(DEV_VARS, "utf8");
  if (parseEnv(text).PORTCULLIS_REFRESH_SECRET !== undefined) return "already there";
  chmodSync(DEV_VARS, 0o600);
  // Its last line may lack an end.
  appendFileSync(DEV_VARS, `\n${refreshSecretLine()}\n`);
  return "already there; a secret for refresh tokens added";
}

/** What the Worker is given: every PORTCULLIS_ variable. The demo client's secret stays with the user. */
function readBindings() {
  const variables = Object.entries(parseEnv(readFileSync(DEV_VARS, "utf8")));
  const bindings = Object.fromEntries(variables.filter(([name]) => name.startsWith("PORTCULLIS_")));
  const missing = ["PORTCULLIS_KEYS", "PORTCULLIS_CLIENTS"].filter((name) => !bindings[name]);
  if (missing.length) {
    throw new StepError(`.dev.vars lacks ${missing.join(" and ")}`, {
      next: "add it as in .dev.vars.example, or delete .dev.vars to have a new one written",
    });
  }
  return bindings;
}

async function serve(port, store, bindings) {
  const running = [];
  const stop = async () => {
    while (running.length) await running.pop()();
  };
  try {
    const redis = store === "redis" ? await startRedis(running) : undefined;
    const durableObject = store === "embedded";
    const chosen = { ...bindings, ...redis?.bindings };
    const { origin, runtime } = await startWorker(port, chosen, running, durableObject);
    // After the Worker's start, which names a faulty setting by its path. Redis wins, where .dev.vars names one.
    const shown = redis?.shown ?? (await checkedStoreOf(bindings)) ?? { durableObject };
    running.push(runSchedule(runtime, (line) => console.log(line)));
    console.log(banner(origin, shown));
  } catch (error) {
    await stop();
    throw error;
  }
  stopOnSignal(stop);
}

function stopOnSignal(stop) {
  let stopping = false;
  for (const signal of ["SIGINT", "SIGTERM"]) {
    // Miniflare's own handler ends the process at once, in the middle of our clean stop.
    process.removeAllListeners(signal);
    // Not once: npm passes on the Ctrl-C that the terminal has sent us already, and the second would end us at once.
    process.on(signal, async () => {
      if (stopping) return;
      stopping = true;
      console.log("stopping");
      await stop();
      console.log("stopped");
      process.exit(0);
    });
  }
}

/** The Redis that .dev.vars names, once it has answered: { host } for the banner; undefined where it names none. */
async function checkedStoreOf({ PORTCULLIS_STORE_URL: url, PORTCULLIS_STORE_TOKEN: token }) {
  if (!url) return undefined;
  const next = "correct PORTCULLIS_STORE_URL and PORTCULLIS_STORE_TOKEN in .dev.vars, or remove both for the embedded store";
  await checkStore({ url, token, next });
  return { host: new URL(url).host };
}

// What both load needs the packages and the Node that setup installed; the checks before run on any.

async function startRedis(running) {
  const { startRedisStore } = await import("./start/redis-store.mjs");
  const store = await startRedisStore({ say: (line) => console.log(line) });
  running.push(store.close);
  return store;
}

async function startWorker(port, bindings, running, durableObject) {
  const { startRuntime } = await import("./lib/worker-runtime.mjs");
  const lines = [];
  let onLog = (line) => lines.push(line);
  const runtime = await startRuntime({
    bindings,
    port,
    persistDir: inRoot(".portcullis"),
    durableObject,
    onLog: (line) => {
      console.log(line);
      onLog(line);
    },
  });
  running.push(() => runtime.dispose());
  const { origin } = await runtime.ready;
  await checkHealth(origin, lines);
  // Only the check reads them: kept for longer they would grow without a bound.
  onLog = () => {};
  return { origin, runtime };
}
