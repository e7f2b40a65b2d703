// The built Worker in workerd, as close to production as a machine of one's own gets. What it is bound
// to comes from wrangler.toml, so that file is the one truth for local runs, tests and deploys.

// Read by wrangler when it is loaded: nothing here may call out.
process.env.WRANGLER_SEND_METRICS = "false";
process.env.CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV = "false";

const { convertV4MiniflareOptions, Log, LogLevel, Miniflare } = await import("miniflare");
const { unstable_getMiniflareWorkerOptions, unstable_readConfig } = await import("wrangler");
import { inRoot, WORKER_BUNDLE_DIR } from "./project.mjs";
import { StepError } from "./step.mjs";

/**
 * Starts the Worker and resolves to Miniflare once it answers.
 * bindings: secrets and other bindings; vars: members that replace those of [vars.portcullis];
 * port: 0 takes a free one; persistDir: where KV is kept, absent: in memory;
 * onLog(line): receives what the Worker writes to its console; workers: more Workers beside it; serviceBindings: to them;
 * durableObject: true binds its own as the store, a name binds that class of that Worker beside it.
 */
export async function startRuntime({ bindings = {}, vars = {}, port = 0, persistDir, onLog, workers = [], durableObject, serviceBindings }) {
  const workerOptions = configuredWorker();
  const portcullis = {
    ...workerOptions,
    name: "portcullis",
    modulesRoot: inRoot(WORKER_BUNDLE_DIR),
    modules: [
      { type: "ESModule", path: inRoot(WORKER_BUNDLE_DIR, "index.js") },
      { type: "CompiledWasm", path: inRoot(WORKER_BUNDLE_DIR, "index_bg.wasm") },
    ],
    bindings: {
      ...workerOptions.bindings,
      portcullis: { ...workerOptions.bindings.portcullis, ...vars },
      ...bindings,
    },
    durableObjects: durableObject ? objects(durableObject) : {},
    serviceBindings,
  };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [portcullis, ...workers],
      host: "127.0.0.1",
      port,
      // Otherwise Miniflare asks the network for the properties of a sample request.
      cf: false,
      telemetry: { enabled: false },
      log: new Log(LogLevel.ERROR),
      logRequests: false,
      handleStructuredLogs: ({ level, message }) => onLog?.(level === "log" ? message : `${level}: ${message}`),
      resourcePersistencePath: persistDir,
    }),
  );
  await miniflare.ready;
  return miniflare;
}

/** The store's binding; and, where another Worker's class stands before ours, one that only declares ours. */
function objects(of) {
  const own = { className: "PortcullisStore", useSQLite: true };
  if (of === true) return { PORTCULLIS_DO: own };
  return { PORTCULLIS_DO: { ...own, scriptName: of }, OWN: own };
}

/** The Worker as wrangler.toml has it, with no secrets: those are the caller's to pass. */
function configuredWorker() {
  const config = readConfig();
  // Wrangler would fill in secrets from .dev.vars, or else from our own environment.
  delete config.secrets;
  const { workerOptions } = unstable_getMiniflareWorkerOptions(config, undefined, { envFiles: ["no-such-file"] });
  // Rules find the modules of a source folder; the bundle's two are named above.
  delete workerOptions.modulesRules;
  return workerOptions;
}

function readConfig() {
  try {
    return unstable_readConfig({ config: inRoot("wrangler.toml") });
  } catch (error) {
    // Wrangler counts columns from 0, editors from 1.
    const place = error.location ? ` at line ${error.location.line}, column ${error.location.column + 1}` : "";
    throw new StepError(`wrangler.toml cannot be read${place}: ${error.message}`, { next: "correct it there, or restore wrangler.toml from git" });
  }
}
