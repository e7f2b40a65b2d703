// How many tests passed and failed, read from what the test programs print. Pure, and itself tested
// in tests/packaging/test-counts.test.mjs: a runner that miscounts hides failures.

// The styling that test programs add for terminals.
const ANSI = /\x1b\[[0-9;]*m/g;

/** cargo test and wasm-bindgen-test-runner: one result line for each test program, added up. */
export function cargoCounts(output) {
  const sum = { passed: 0, failed: 0 };
  const results = /^\s*test result: \w+\. (\d+) passed; (\d+) failed;/gm;
  for (const [, passed, failed] of output.replace(ANSI, "").matchAll(results)) {
    sum.passed += Number(passed);
    sum.failed += Number(failed);
  }
  return sum;
}

/** node --test: the summary is printed last, so a test that prints the like is not mistaken for it. */
export function nodeCounts(output) {
  const last = (name) => {
    const lines = [...output.replace(ANSI, "").matchAll(new RegExp(`^(?:ℹ|#) ${name} (\\d+)$`, "gm"))];
    return Number(lines.at(-1)?.[1] ?? 0);
  };
  // A test that was cut off has not passed, and neither has one that was left out.
  return { passed: last("pass"), failed: last("fail") + last("cancelled") + last("skipped") + last("todo") };
}

/** A program whose exit code is its whole result, such as a linter. */
export function exitCounts() {
  return { passed: 0, failed: 0, exitCodeIsTheResult: true };
}

/**
 * What a finished suite counts for. One that failed without a failed test crashed, and one that ran
 * no test proved nothing: each counts as one failure.
 */
export function verdict(counts, exitCode) {
  const { passed, failed, exitCodeIsTheResult = false } = counts;
  const ok = exitCode === 0;
  if (exitCodeIsTheResult) return { passed: ok ? 1 : 0, failed: ok ? 0 : 1 };
  if (failed > 0 || (ok && passed > 0)) return { passed, failed };
  return { passed, failed: 1, reason: ok ? "ran no test" : `ended with ${exitCode ?? "a signal"}` };
}

export function total(verdicts) {
  return verdicts.reduce(
    (sum, { passed, failed }) => ({ passed: sum.passed + passed, failed: sum.failed + failed }),
    { passed: 0, failed: 0 },
  );
}
