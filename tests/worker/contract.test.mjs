// The contract of stores, native Rust, over the real Durable Object, its SQLite and its clock, and over real KV.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { inRoot } from "../../scripts/lib/project.mjs";
import { startConversation } from "./conversation.mjs";
import { urlOf } from "./sibling.mjs";

/** How many checks the contract has at least for the object, and for KV: fewer would be checks that were lost. */
const CHECKS_MIN = { object: 26, kv: 4 };
const MINUTES_MAX = 8;

const OBJECT = {
  name: "object",
  modules: true,
  compatibilityDate: "2026-10-20",
  durableObjects: { OBJECT: { className: "PortcullisStore", scriptName: "portcullis", useSQLite: true } },
  script: "export default { fetch: (request, { OBJECT }) => OBJECT.get(OBJECT.idFromName('contract')).fetch(request) };",
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
};

const KV = {
  name: "kv",
  modules: true,
  compatibilityDate: "2026-10-20",
  kvNamespaces: ["KV"],
  script: `
    export default {
      async fetch(request, { KV }) {
        const { read, write, value, expiration } = await request.json();
        if (write !== undefined) return await KV.put(write, value, { expiration }), Response.json({});
        const values = await KV.get(read, "text");
        return Response.json({ values: read.map((key) => values.get(key)) });
      },
    };`,
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
};

test("object and KV keep what the contract asks of each", { timeout: MINUTES_MAX * 60_000 }, async (t) => {
  const { worker } = await startConversation({ durableObject: true, workers: [OBJECT, KV] });
  t.after(() => worker.dispose());
  const at = async (name) => new URL(await urlOf(worker, name)).host;
  const env = { PORTCULLIS_TEST_OBJECT: await at("object"), PORTCULLIS_TEST_KV: await at("kv") };
  const { code, output } = await cargo(["test", "--locked", "--lib", "in_workerd", "--", "--ignored"], env);
  const passed = (module) => output.split("\n").filter((line) => line.startsWith(`test store::${module}::in_workerd::`) && line.endsWith("... ok")).length;
  assert.equal(code, 0, output);
  assert.ok(passed("durable") >= CHECKS_MIN.object && passed("kv") >= CHECKS_MIN.kv, output);
});

function cargo(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn("cargo", args, { cwd: inRoot(), env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.on("error", reject).on("close", (code) => resolve({ code, output }));
  });
}
