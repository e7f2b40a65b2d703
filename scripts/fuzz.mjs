// `npm run fuzz`: looks for inputs that break what the fuzz targets assert, for as long as you like.
//
//   npm run fuzz                              every target for a minute
//   npm run fuzz -- payload --seconds 3600    one target for an hour
//
// What it learns is kept in build/fuzz, and a later run goes on from there. Exit code 1: there is a finding.

import { readdirSync } from "node:fs";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { buildFuzzTargets, FUZZ_TARGETS, fuzzCommand, fuzzFigures } from "./lib/fuzz.mjs";
import { inRoot, ROOT } from "./lib/project.mjs";
import { run } from "./lib/process.mjs";
import { main, step, StepError } from "./lib/step.mjs";

const USAGE = `npm run fuzz -- [TARGET...] [--seconds N], targets: ${FUZZ_TARGETS.join(", ")}`;

await main(async () => {
  const { targets, seconds } = options(process.argv.slice(2));
  await buildFuzzTargets();
  for (const target of targets) await step(`fuzz ${target} for ${seconds} s`, () => fuzz(target, seconds));
});

function options(args) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { seconds: { type: "string", default: "60" } },
    });
    const unknown = positionals.filter((name) => !FUZZ_TARGETS.includes(name));
    if (unknown.length) throw new Error(`no target is named ${unknown.join(" or ")}`);
    if (!/^[1-9]\d{0,5}$/.test(values.seconds)) throw new Error("--seconds takes a number from 1 to 999999");
    return { targets: positionals.length ? positionals : FUZZ_TARGETS, seconds: Number(values.seconds) };
  } catch (error) {
    throw new StepError(error.message, { next: USAGE });
  }
}

async function fuzz(target, seconds) {
  const failed = inRoot("build/fuzz/failed", target);
  const [program, args] = fuzzCommand(target, {
    found: inRoot("build/fuzz/found", target),
    failed,
    flags: [`-max_total_time=${seconds}`],
  });
  try {
    const { runs, edges, inputs } = fuzzFigures(await run(program, args, { label: target }));
    return `no finding in ${runs} runs; ${edges} edges reached by ${inputs} inputs`;
  } catch (error) {
    const [input] = readdirSync(failed).slice(-1);
    const again = input && `see it again with: ${relative(ROOT, program)} ${relative(ROOT, failed)}/${input}`;
    throw new StepError(`the target ${target} has a finding`, { tail: error.tail, next: again });
  }
}
