// `npm start`: the Worker in workerd on this machine, with credentials of its own. No network.
//
//   npm start                 on http://127.0.0.1:8787
//   npm start -- --port N     on another port

import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { parseArgs, parseEnv } from "node:util";
import { buildWorker } from "./build-worker.mjs";
import { devVars, newCredentials } from "./lib/credentials.mjs";
import { inRoot } from "./lib/project.mjs";
import { main, step, StepError } from "./lib/step.mjs";
import { banner } from "./start/banner.mjs";

const PORT_DEFAULT = "8787";
const HOST = "127.0.0.1";
const DEV_VARS = inRoot(".dev.vars");

await main(async () => {
  const port = readPort();
  await refuseTakenPort(port);
  await step("credentials in .dev.vars", ensureDevVars);
  const bindings = readBindings();
  await buildWorker();
  await serve(port, bindings);
});

function readPort() {
  const usage = { next: "npm start -- [--port N]" };
  let options;
  try {
    options = parseArgs({ options: { port: { type: "string", default: PORT_DEFAULT } } }).values;
  } catch (error) {
    throw new StepError(error.message.split(". ")[0], usage);
  }
  if (!/^\d{1,5}$/.test(options.port) || Number(options.port) > 65_535) {
    throw new StepError(`--port takes a number from 0 to 65535, not "${options.port}"`, usage);
  }
  return Number(options.port);
}

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
  if (existsSync(DEV_VARS)) return "already there";
  writeFileSync(DEV_VARS, devVars(newCredentials()), { mode: 0o600, flag: "wx" });
  // The umask can only take permissions away from the mode above; this states them.
  chmodSync(DEV_VARS, 0o600);
  return "written, fresh and random";
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

async function serve(port, bindings) {
  // Loaded late: it needs the Node that setup installed, while the checks above run on any.
  const { startRuntime } = await import("./lib/worker-runtime.mjs");
  const runtime = await startRuntime({
    bindings,
    port,
    persistDir: inRoot(".portcullis"),
    onLog: (line) => console.log(line),
  });
  console.log(banner((await runtime.ready).origin));
  for (const signal of ["SIGINT", "SIGTERM"]) {
    // Miniflare's own handler ends the process at once, in the middle of our clean stop.
    process.removeAllListeners(signal);
    process.once(signal, async () => {
      await runtime.dispose();
      console.log("stopped");
      process.exit(0);
    });
  }
}
