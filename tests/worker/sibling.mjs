// More instances of the built Worker in one runtime, each an isolate of its own with bindings of its
// own: what a deployment has at several places, or would have with another configuration.

import { inRoot, WORKER_BUNDLE_DIR } from "../../scripts/lib/project.mjs";

const bundleFile = (name) => inRoot(WORKER_BUNDLE_DIR, name);

/** What [vars.portcullis] of a sibling holds unless its bindings say otherwise. */
export const SETTINGS = { issuer: "https://auth.example.com", audience: ["https://api.example.com"] };

/**
 * A Worker for startWorker's `workers`. kvNamespaces: as Miniflare has them, by default the one the
 * first instance has; durableObjects: likewise, by default none; front: a module that stands before the bundle and is the Worker instead.
 */
export function sibling(name, bindings, { kvNamespaces = { PORTCULLIS_KV: "PORTCULLIS_KV" }, durableObjects = {}, front } = {}) {
  const bundle = [
    { type: "ESModule", path: bundleFile("index.js") },
    { type: "CompiledWasm", path: bundleFile("index_bg.wasm") },
  ];
  const modules = front ? [{ type: "ESModule", path: bundleFile("front.js"), contents: front }, ...bundle] : bundle;
  return {
    name,
    modulesRoot: inRoot(WORKER_BUNDLE_DIR),
    modules,
    compatibilityDate: "2026-10-20",
    bindings: { portcullis: SETTINGS, ...bindings },
    kvNamespaces,
    durableObjects,
    // A port of its own, which the system chooses.
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  };
}

/** Where that sibling listens. */
export async function urlOf(worker, name) {
  return (await worker.runtime.unsafeGetDirectURL(name)).origin;
}

/**
 * A front that makes KV fail as the field `x-kv-fault` of each request says: `get throw`, `get hang`,
 * `get 429`, `put throw`, `put hang`; without the field KV is the real one.
 */
export const FAULTY_KV = `
  import { WorkerEntrypoint } from "cloudflare:workers";
  import Portcullis from "./index.js";

  const FAULTS = {
    throw: () => Promise.reject(new Error("KV failed: 500 Internal Server Error")),
    429: () => Promise.reject(new Error("KV failed: 429 Too Many Requests")),
    hang: () => new Promise(() => {}),
  };

  function faulty(kv, fault) {
    const real = Object.fromEntries(
      ["get", "getWithMetadata", "put", "list", "delete"].map((verb) => [verb, (...args) => kv[verb](...args)]),
    );
    const [verb, how] = fault?.split(" ") ?? [];
    return verb ? { ...real, [verb]: FAULTS[how] } : real;
  }

  export default class extends WorkerEntrypoint {
    fetch(request) {
      const PORTCULLIS_KV = faulty(this.env.PORTCULLIS_KV, request.headers.get("x-kv-fault"));
      return Portcullis.fetch(request, { ...this.env, PORTCULLIS_KV }, this.ctx);
    }
  }
`;
