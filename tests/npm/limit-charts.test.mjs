// The pictures of docs/rate-limits.md are of decisions that are made now.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ALGORITHMS, decisions, limitChart } from "../../scripts/lib/limit-chart.mjs";
import { inRoot } from "../../scripts/lib/project.mjs";

for (const algorithm of ALGORITHMS) {
  test(`${algorithm}: the picture is what is drawn now`, async () => {
    const drawn = limitChart(algorithm, await decisions(algorithm));
    assert.equal(readFileSync(inRoot("docs/limits", `${algorithm}.svg`), "utf8"), drawn, "run node scripts/limit-charts.mjs");
  });
}
