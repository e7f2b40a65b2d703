// The tests of tests/chaos, run for what they say: by id, how many passed, how long they took, and their figures.

import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { run } from "node:test";
import { inRoot } from "../lib/project.mjs";

const TEST_MS_MAX = 120_000;
// Those are measured one by one.
const MEASURED = "real-faults.test.mjs";

/** Resolves to [{ id, passed, failed, took_ms, said: lines }] in the order they ran; prints what fails. */
export async function runTests() {
  const folder = inRoot("tests/chaos");
  const files = readdirSync(folder).filter((file) => file.endsWith(".test.mjs") && file !== MEASURED).sort().map((file) => `${folder}/${file}`);
  const byId = new Map();
  const of = (name) => {
    const [id] = name.split(":");
    if (!byId.has(id)) byId.set(id, { id, passed: 0, failed: 0, took_ms: 0, said: [] });
    return byId.get(id);
  };
  let last;
  for await (const { type, data } of run({ files, concurrency: 1, timeout: TEST_MS_MAX, execArgv: [] })) {
    if (type === "test:diagnostic" && last && !/^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /.test(data.message)) last.said.push(data.message);
    if (type !== "test:pass" && type !== "test:fail") continue;
    // A suite counts by its tests. A file that passes is none; one that fails may not have got to its tests.
    const isTest = data.details.type !== "suite" && /^[a-z0-9_]+: /.test(data.name);
    if (!isTest && (type === "test:pass" || data.details.error?.failureType === "subtestsFailed")) continue;
    last = of(isTest ? data.name : basename(data.name));
    last[type === "test:pass" ? "passed" : "failed"] += 1;
    last.took_ms += data.details.duration_ms;
    if (type === "test:fail") console.log(`    ${data.name}\n    ${data.details.error?.message}`);
    else console.log(`    ${data.name}`);
  }
  return [...byId.values()];
}
