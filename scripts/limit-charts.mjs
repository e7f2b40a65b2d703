// `node scripts/limit-charts.mjs`: draws docs/limits/, one picture for each algorithm of the same traffic, from
// real decisions. A test holds them to what is drawn now.

import { writeFileSync } from "node:fs";
import { buildNpmModule } from "./build-npm.mjs";
import { ALGORITHMS, decisions, limitChart } from "./lib/limit-chart.mjs";
import { inRoot } from "./lib/project.mjs";
import { main } from "./lib/step.mjs";

await main(async () => {
  await buildNpmModule();
  for (const algorithm of ALGORITHMS) {
    writeFileSync(inRoot("docs/limits", `${algorithm}.svg`), limitChart(algorithm, await decisions(algorithm)));
  }
});
