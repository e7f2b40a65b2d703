// `npm run bench`: builds what the benchmarks measure, then runs each of benches/*.bench.mjs in turn,
// alone on the machine.
//
//   npm run bench                       all
//   npm run bench -- NAME [ARGUMENT...]   one, which is given the arguments

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { buildNpmModule } from "./build-npm.mjs";
import { buildWorker } from "./build-worker.mjs";
import { inRoot } from "./lib/project.mjs";
import { main, step, StepError } from "./lib/step.mjs";

const SUFFIX = ".bench.mjs";
const BUILDS = { limits: buildNpmModule, store: buildWorker, tokens: buildNpmModule };

await main(async () => {
  const [wanted, ...args] = process.argv.slice(2);
  const chosen = benches(wanted);
  for (const name of chosen) await BUILDS[name]();
  for (const name of chosen) await step(`bench ${name}`, () => bench(name, args));
});

function benches(wanted) {
  const all = readdirSync(inRoot("benches")).filter((file) => file.endsWith(SUFFIX)).map((file) => file.slice(0, -SUFFIX.length));
  const chosen = all.sort().filter((name) => wanted === undefined || name === wanted);
  if (!chosen.length) {
    throw new StepError("no benchmark to run", { next: `npm run bench -- NAME, one of: ${all.join(", ")}` });
  }
  return chosen;
}

function bench(name, args) {
  const { status } = spawnSync(process.execPath, [inRoot("benches", `${name}${SUFFIX}`), ...args], { cwd: inRoot(), stdio: "inherit" });
  if (status !== 0) throw new StepError(`the benchmark ${name} failed`, { next: "correct what its output above says" });
}
