// Schemathesis asks the running Worker for everything the description allows and much that it does not: no answer is an
// error of the server, and each is one that is documented. SCHEMATHESIS_EXAMPLES=300 asks for more.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inRoot } from "../../scripts/lib/project.mjs";
import { schemathesis } from "../../scripts/setup/schemathesis.mjs";
import { LIMITS, logged } from "../worker/conversation.mjs";
import { startWorker } from "../worker/harness.mjs";

const EXAMPLES = process.env.SCHEMATHESIS_EXAMPLES ?? "30";
const RUN_MS_MAX = 100_000;
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_schema_conformance",
  "response_headers_conformance",
  "allow_header_conformance",
  "unsupported_method",
];

test("no answer is an error of the server, and each is a documented one", { timeout: 120_000 }, async (t) => {
  const unlimited = [{ ...LIMITS.limits[0], limit: 1_000_000 }];
  const worker = await startWorker({ vars: { ...LIMITS, limits: unlimited }, durableObject: true });
  t.after(() => worker.dispose());
  // It keeps examples in the folder it runs in.
  const cwd = mkdtempSync(join(tmpdir(), "portcullis-schemathesis-"));
  t.after(() => rmSync(cwd, { recursive: true, force: true }));
  const phases = ["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", "1"];
  const to = ["--url", worker.url, "--auth", `${worker.client.id}:${worker.client.secret}`, "--request-timeout", "10"];
  const args = ["run", inRoot("www/openapi.json"), ...to, ...phases, "--checks", CHECKS.join(",")];
  const child = spawn(schemathesis(), args, { cwd, env: { ...process.env, NO_COLOR: "1" }, timeout: RUN_MS_MAX });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  const [code] = await once(child, "close");
  assert.equal(code, 0, output.slice(-8_000));
  const [, generated] = /(\d+) generated, \1 passed/.exec(output) ?? [];
  assert.ok(Number(generated) > 500, output.slice(-2_000));
  const errors = logged(worker).filter(({ level, event }) => level === "error" && event !== "refresh_reused");
  assert.deepEqual(errors, []);
});
