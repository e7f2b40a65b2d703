// The built Worker in workerd, one for each call, for tests that speak HTTP to it.

import { existsSync } from "node:fs";
import { credentialBindings, newCredentials } from "../../scripts/lib/credentials.mjs";
import { inRoot, WORKER_BUNDLE_DIR } from "../../scripts/lib/project.mjs";
import { startRuntime } from "../../scripts/lib/worker-runtime.mjs";

/**
 * Starts a Worker with fresh random credentials on a free loopback port.
 *
 * vars: members that replace those of [vars.portcullis] in wrangler.toml;
 * bindings: secrets and bindings by name, over the ones made here; undefined takes one away;
 * clients: client records beside the one made here;
 * kv: entries that PORTCULLIS_KV holds at the start, as { key: text };
 * workers: Workers beside it, in Miniflare's form; or a function of the bindings that returns them;
 * durableObject, persistDir, serviceBindings: as startRuntime() takes them.
 *
 * Resolves to { url, fetch, client, keys, logs, kv, runtime, dispose }:
 * fetch(path, init) never follows a redirect; client is { id, secret }, authorization its Basic header field;
 * keys is the private JWK Set; logs grows with the Worker's console lines; kv is Miniflare's handle.
 */
export async function startWorker({ vars, bindings = {}, clients = [], kv = {}, workers, durableObject, persistDir, serviceBindings } = {}) {
  if (!existsSync(inRoot(WORKER_BUNDLE_DIR, "index.js"))) {
    throw new Error("the Worker is not built: run `npm test -- build`, or `node scripts/build-worker.mjs`");
  }
  const credentials = newCredentials();
  credentials.clients.push(...clients);
  const logs = [];
  const ownBindings = withoutUndefined({ ...credentialBindings(credentials), ...bindings });
  const runtime = await startRuntime({
    vars,
    workers: typeof workers === "function" ? workers(ownBindings) : workers,
    bindings: ownBindings,
    durableObject,
    persistDir,
    serviceBindings,
    onLog: (line) => logs.push(line),
  });
  const url = (await runtime.ready).origin;
  const namespace = await runtime.getKVNamespace("PORTCULLIS_KV", "portcullis");
  for (const [key, value] of Object.entries(kv)) await namespace.put(key, value);
  const { client, keys } = credentials;
  return {
    url,
    fetch: (path, init) => fetch(new URL(path, url), { redirect: "manual", ...init }),
    client,
    authorization: basicOf(client),
    keys,
    logs,
    kv: namespace,
    runtime,
    dispose: () => runtime.dispose(),
  };
}

/** The Authorization field of a client by HTTP Basic. */
export const basicOf = ({ id, secret }) => `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;

const withoutUndefined = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
