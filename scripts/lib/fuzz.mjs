// The fuzz targets: how they are built and run. libFuzzer comes with the crate libfuzzer-sys, and the
// compiler's own coverage pass is all it needs: so a stable Rust will do, and cargo-fuzz is not needed,
// though it finds its layout in fuzz/.

import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { inRoot } from "./project.mjs";
import { probe, run } from "./process.mjs";
import { step } from "./step.mjs";

const TARGET_DIR = inRoot("target", "fuzz");
const PROFILE = "fuzz";

// What cargo-fuzz passes, without a sanitizer: there is no unsafe code of ours to find faults in.
const COVERAGE = [
  "-Cpasses=sancov-module",
  "-Cllvm-args=-sanitizer-coverage-level=4",
  "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
  "-Cllvm-args=-sanitizer-coverage-pc-table",
  "-Cllvm-args=-sanitizer-coverage-trace-compares",
  "--cfg=fuzzing",
  "-Dwarnings",
];

export const FUZZ_TARGETS = readdirSync(inRoot("fuzz/fuzz_targets"))
  .map((file) => file.replace(/\.rs$/, ""))
  .sort();

/** Bounds of one input: more than any takes that is not a fault. */
const BOUNDS = ["-timeout=10", "-rss_limit_mb=1024"];

/** The flags apply to the target alone, so build scripts and macros stay without: hence its name. */
const host = () => /^host: (.+)$/m.exec(probe("rustc", ["-vV"]))[1];

const program = (target) => join(TARGET_DIR, host(), PROFILE, target);

export function buildFuzzTargets() {
  return step("compile the fuzz targets", async () => {
    await run("cargo", ["build", "--locked", "--package", "portcullis-fuzz", "--bins", "--profile", PROFILE, "--target", host()], {
      cwd: inRoot(),
      env: { CARGO_TARGET_DIR: TARGET_DIR, RUSTFLAGS: COVERAGE.join(" ") },
      label: "cargo build of fuzz/",
      next: "correct what the compiler says above",
    });
  });
}

/**
 * The command that runs a target: on `found`, a folder to which it adds what reaches new code, and on the
 * committed corpus. What makes it fail is written to `failed`, a folder.
 */
export function fuzzCommand(target, { found, failed, flags }) {
  for (const folder of [found, failed]) mkdirSync(folder, { recursive: true });
  const dictionary = `-dict=${inRoot("fuzz/json.dict")}`;
  const args = [...BOUNDS, dictionary, `-artifact_prefix=${failed}/`, "-print_final_stats=1", ...flags];
  return [program(target), [...args, found, inRoot("fuzz/corpus", target)]];
}

/** How often a finished run called its target, and how much of the code it reached, from its output. */
export function fuzzFigures(output) {
  const last = (pattern) => Number([...output.matchAll(pattern)].at(-1)?.[1] ?? 0);
  return { runs: last(/^stat::number_of_executed_units: (\d+)$/gm), edges: last(/\bcov: (\d+)/g), inputs: last(/\bcorp: (\d+)/g) };
}
