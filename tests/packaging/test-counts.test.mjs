// The test runner's arithmetic. A runner that miscounts, or that takes a crash for a success, would
// make every other test worthless.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { inRoot } from "../../scripts/lib/project.mjs";
import { cargoCounts, exitCounts, nodeCounts, total, verdict } from "../../scripts/test/counts.mjs";

const CARGO = `
running 3 tests
test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
   Doc-tests portcullis
test result: \x1b[31mFAILED\x1b[0m. 1 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out
`;

const NODE = `
ℹ pass 99
✖ a test that printed the line above
ℹ tests 9
ℹ suites 0
ℹ pass 4
ℹ fail 1
ℹ cancelled 2
ℹ skipped 1
ℹ todo 1
`;

test("cargo's results are added up over its test programs", () => {
  assert.deepEqual(cargoCounts(CARGO), { passed: 4, failed: 2 });
});

test("a result that a test prints in the middle of a line is not counted", () => {
  assert.deepEqual(cargoCounts("log: test result: ok. 7 passed; 0 failed;"), { passed: 0, failed: 0 });
});

test("node's counts are those of its last summary, and what did not run has not passed", () => {
  assert.deepEqual(nodeCounts(NODE), { passed: 4, failed: 5 });
});

test("node's TAP summary is read as well", () => {
  assert.deepEqual(nodeCounts("# pass 2\n# fail 0\n# cancelled 0\n"), { passed: 2, failed: 0 });
});

test("a linter counts for one, by its exit code", () => {
  assert.deepEqual(verdict(exitCounts(), 0), { passed: 1, failed: 0 });
  assert.deepEqual(verdict(exitCounts(), 101), { passed: 0, failed: 1 });
});

test("a suite that ran no test has failed", () => {
  assert.equal(verdict({ passed: 0, failed: 0 }, 0).failed, 1);
});

test("a suite that crashed after its tests passed has failed", () => {
  assert.deepEqual(verdict({ passed: 5, failed: 0 }, 134), { passed: 5, failed: 1, reason: "ended with 134" });
  assert.equal(verdict({ passed: 5, failed: 0 }, null).failed, 1);
});

test("failed tests count as they are, even where the exit code forgot them", () => {
  assert.deepEqual(verdict({ passed: 5, failed: 2 }, 0), { passed: 5, failed: 2 });
});

test("verdicts add up", () => {
  assert.deepEqual(total([{ passed: 3, failed: 0 }, { passed: 1, failed: 2 }]), { passed: 4, failed: 2 });
});

test("the runner refuses a suite it does not know, with a non-zero exit", () => {
  const { status, stderr } = spawnSync(process.execPath, [inRoot("scripts/test.mjs"), "no-such-suite"], { encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /no suite is named no-such-suite/);
});

test("a failing suite ends the runner with one closing line and a non-zero exit", () => {
  // Without cargo on PATH the first suite cannot start: the cheapest real failure there is.
  const { status, stdout } = spawnSync(process.execPath, [inRoot("scripts/test.mjs"), "fmt"], {
    encoding: "utf8",
    env: { PATH: "/nonexistent" },
    timeout: 60_000,
  });
  assert.equal(status, 1);
  assert.equal(stdout.trimEnd().split("\n").at(-1), "0 passed, 1 failed");
});
