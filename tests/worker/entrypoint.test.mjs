// worker-build makes a handler of every function that the wasm module exports. On a class, other Workers
// of the account could call them as RPC: a leaked `sign` would be a hole. Two looks at it: from inside,
// what is there; from a neighbour Worker, what can be called.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { inRoot, WORKER_BUNDLE_DIR } from "../../scripts/lib/project.mjs";
import { startWorker } from "./harness.mjs";

const bundleFile = (name) => inRoot(WORKER_BUNDLE_DIR, name);

// Only workerd can load the bundle, which imports a wasm module and cloudflare:workers.
const INSPECTOR = {
  name: "inspector",
  modulesRoot: inRoot(WORKER_BUNDLE_DIR),
  modules: [
    {
      type: "ESModule",
      path: bundleFile("inspector.js"),
      contents: `
        import * as bundle from "./index.js";
        const handlers = Reflect.ownKeys(bundle.default).map(String);
        const isClass = typeof bundle.default === "function";
        export default { fetch: () => Response.json({ exports: Object.keys(bundle), handlers, isClass }) };`,
    },
    { type: "ESModule", path: bundleFile("index.js") },
    { type: "CompiledWasm", path: bundleFile("index_bg.wasm") },
  ],
  compatibilityDate: "2026-10-20",
};

// Calls each method it is sent the name of, and answers with those that are there.
const NEIGHBOUR = {
  name: "neighbour",
  modules: true,
  script: `
    export default {
      async fetch(request, { PORTCULLIS }) {
        const callable = [];
        for (const name of await request.json()) {
          const missing = await PORTCULLIS[name]().then(() => false, (error) => /does not implement/.test(error.message));
          if (!missing) callable.push(name);
        }
        return Response.json(callable);
      },
    };`,
  compatibilityDate: "2026-10-20",
  serviceBindings: { PORTCULLIS: "portcullis" },
};

let worker;
before(async () => (worker = await startWorker({ workers: [INSPECTOR, NEIGHBOUR] })));
after(() => worker?.dispose());

async function ask(name, body) {
  const neighbour = await worker.runtime.getWorker(name);
  return (await neighbour.fetch("http://localhost/", { method: "POST", body: JSON.stringify(body) })).json();
}

test("the entrypoint has the handlers of requests and of the schedule, and no other function", async () => {
  const { handlers, isClass } = await ask("inspector");
  assert.deepEqual(handlers.sort(), ["fetch", "scheduled"]);
  assert.ok(!isClass, "the methods of a class can be called by other Workers");
});

test("the bundle exports the entrypoint and the Durable Object's class, and nothing else", async () => {
  const { exports } = await ask("inspector");
  assert.deepEqual(exports, ["PortcullisStore", "default"]);
});

test("a neighbour Worker can call no function of the wasm module", async () => {
  const wasm = await WebAssembly.compile(readFileSync(bundleFile("index_bg.wasm")));
  const functions = WebAssembly.Module.exports(wasm).filter(({ kind }) => kind === "function").map(({ name }) => name);
  // Functions of the generated JavaScript, which shares the prototype's file.
  const glue = ["__wbg_reset_state", "__worker_init_state"];
  // fetch is what a service binding is for, and scheduled takes nothing and tells nothing: both are handlers, which
  // the runtime calls with what it makes itself.
  const names = [...functions, ...glue].filter((name) => !["fetch", "scheduled"].includes(name));
  assert.ok(names.length > 2);
  assert.deepEqual(await ask("neighbour", names), []);
});
