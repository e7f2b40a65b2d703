// What the runtime calls. worker-build's own entry point is a class behind proxies: the runtime makes an
// object and four proxies of it for each request, which takes longer than checking a signature.
// As a plain object it also has no methods that another Worker could call by RPC.

import Entrypoint from "worker-build-output";

/** The Durable Object: a class, which the runtime makes. Its methods are reached by its binding alone. */
export { PortcullisStore } from "worker-build-output";

// Where worker-build keeps that the wasm instance must not be used again.
const state = globalThis.__worker_init_state;

/** A handler as the runtime takes it, of the one that worker-build made for its class. */
const handler = (name, handle) => (event, env, ctx) => {
  // Its own way in makes a new instance first.
  if (state.criticalError) return new Entrypoint(ctx, env)[name](event);
  try {
    return handle.call({ env, ctx }, event);
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) state.criticalError = true;
    throw error;
  }
};

const handlers = Object.entries(Entrypoint.prototype);
export default Object.fromEntries(handlers.map(([name, handle]) => [name, handler(name, handle)]));
