// A short run of each fuzz target, the same each time: by a seed, and by a number of inputs instead of by
// the clock. It shows that the committed corpus holds and that the targets still run; to look for more,
// `npm run fuzz`.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FUZZ_TARGETS, fuzzCommand, fuzzFigures } from "../../scripts/lib/fuzz.mjs";
import { inRoot } from "../../scripts/lib/project.mjs";

/** Inputs of each run: those that sign and verify take longer. All together under half a minute. */
const RUNS = { header: 200_000, jwks: 200_000, payload: 300_000, pem: 50_000, token: 60_000 };

for (const target of FUZZ_TARGETS) {
  test(`the fuzz target ${target} finds nothing in its corpus and ${RUNS[target]} inputs made of it`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), "portcullis-fuzz-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const [program, args] = fuzzCommand(target, {
      found: join(folder, "found"),
      failed: join(folder, "failed"),
      flags: ["-seed=1", `-runs=${RUNS[target]}`],
    });
    const { status, stderr } = spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 28 });
    const failed = readdirSync(join(folder, "failed")).map((name) => readFileSync(join(folder, "failed", name), "base64"));
    assert.equal(status, 0, `input in base64: ${failed}\n${stderr.slice(-4000)}`);
    const { runs, inputs } = fuzzFigures(stderr);
    assert.ok(runs >= RUNS[target], stderr.slice(-1000));
    // A run without its corpus, or without coverage, keeps next to nothing.
    assert.ok(inputs > readdirSync(inRoot("fuzz/corpus", target)).length, stderr.slice(-1000));
  });
}
