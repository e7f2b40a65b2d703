// The contract of stores, native Rust, over the real Durable Object: its SQLite and its clock.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { inRoot } from "../../scripts/lib/project.mjs";
import { startConversation } from "./conversation.mjs";
import { urlOf } from "./sibling.mjs";

/** How many checks the contract has at least: fewer would be checks that were lost. */
const CHECKS_MIN = 26;
const MINUTES_MAX = 8;

const WAY_IN = {
  name: "way-in",
  modules: true,
  compatibilityDate: "2026-10-20",
  durableObjects: { OBJECT: { className: "PortcullisStore", scriptName: "portcullis", useSQLite: true } },
  script: "export default { fetch: (request, { OBJECT }) => OBJECT.get(OBJECT.idFromName('contract')).fetch(request) };",
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
};

test("the object keeps every promise of the contract", { timeout: MINUTES_MAX * 60_000 }, async (t) => {
  const { worker } = await startConversation({ durableObject: true, workers: [WAY_IN] });
  t.after(() => worker.dispose());
  const address = new URL(await urlOf(worker, "way-in")).host;
  const { code, output } = await cargo(["test", "--locked", "--lib", "in_workerd", "--", "--ignored"], { PORTCULLIS_TEST_OBJECT: address });
  const [, passed, failed] = /^test result: \w+\. (\d+) passed; (\d+) failed/m.exec(output) ?? [];
  assert.deepEqual([code, Number(failed)], [0, 0], output);
  assert.ok(Number(passed) >= CHECKS_MIN, `${passed} checks`);
});

function cargo(args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn("cargo", args, { cwd: inRoot(), env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
    child.on("error", reject).on("close", (code) => resolve({ code, output }));
  });
}
