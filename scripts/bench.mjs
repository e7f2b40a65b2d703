// `npm run bench`: builds what the benchmarks measure, then runs each of benches/*.bench.mjs in turn,
// alone on the machine.
//
//   npm run bench               all
//   npm run bench -- NAME...    those whose file name holds one of the names

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { buildNpmModule } from "./build-npm.mjs";
import { buildWorker } from "./build-worker.mjs";
import { inRoot } from "./lib/project.mjs";
import { main, step, StepError } from "./lib/step.mjs";

await main(async () => {
  const benches = chosen(process.argv.slice(2));
  await buildWorker();
  await buildNpmModule();
  for (const file of benches) await step(file, () => bench(file));
});

function chosen(names) {
  const all = readdirSync(inRoot("benches")).filter((file) => file.endsWith(".bench.mjs")).sort();
  const wanted = all.filter((file) => !names.length || names.some((name) => file.includes(name)));
  if (!wanted.length) {
    throw new StepError("no benchmark to run", { next: `npm run bench -- NAME, one of: ${all.join(", ")}` });
  }
  return wanted;
}

function bench(file) {
  const { status } = spawnSync(process.execPath, [inRoot("benches", file)], { cwd: inRoot(), stdio: "inherit" });
  if (status !== 0) throw new StepError(`${file} failed`, { next: "correct what its output above says" });
}
