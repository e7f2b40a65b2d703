// `npm run chaos`: every failure of the store there is a test of, run and measured, and docs/resilience.md written
// with what came of it. Ends with 1 if a promise is broken.
//
//   npm run chaos                 all; writes the page and its chart
//   npm run chaos -- ID...        these scenarios alone; writes nothing

import { writeFileSync } from "node:fs";
import { buildWorker } from "./build-worker.mjs";
import { inRoot } from "./lib/project.mjs";
import { main, step, StepError } from "./lib/step.mjs";

const PAGE = "docs/resilience.md";
const CHART = "docs/resilience.svg";
/** As the Worker has it by default. */
const BOUNDS = { deadline_ms: 300, revocations: 100 };

await main(async () => {
  const wanted = process.argv.slice(2);
  await buildWorker();
  // What these load needs the packages that setup installed.
  const { SCENARIOS } = await import("../tests/chaos/scenarios/index.mjs");
  const unknown = wanted.filter((id) => !SCENARIOS.some((scenario) => scenario.id === id));
  if (unknown.length) throw new StepError(`no scenario is named ${unknown.join(" or ")}`, { next: `one of: ${SCENARIOS.map(({ id }) => id).join(", ")}` });
  const chosen = SCENARIOS.filter(({ id }) => !wanted.length || wanted.includes(id));
  const outages = [];
  for (const scenario of chosen) outages.push(await measure(scenario));
  if (!wanted.length) await writePage(outages);
  const failed = outages.filter(({ failure }) => failure);
  if (failed.length) throw new StepError(`a promise is broken: ${failed.map(({ id }) => id).join(", ")}`, { next: "correct what is said above" });
});

/** Goes on after a failure: the others are worth knowing too. */
async function measure(scenario) {
  try {
    const measured = await step(scenario.id, () => scenario.run(BOUNDS));
    console.log(`    noticed in ${measured.detect_ms.toFixed(0)} ms, back in ${measured.recover_ms.toFixed(0)} ms, ${measured.lost} of ${measured.acknowledged} lost`);
    return { ...scenario, measured };
  } catch (failure) {
    console.log(`    ${failure.message}`);
    return { ...scenario, failure };
  }
}

async function writePage(outages) {
  const { runTests } = await import("./chaos/tests.mjs");
  const { runTimeline } = await import("./chaos/timeline.mjs");
  const { measureAdded } = await import("./chaos/added.mjs");
  const { chart } = await import("./chaos/chart.mjs");
  const { boundsOf, originOf, page } = await import("./chaos/page.mjs");
  let added;
  await step("latency beside the healthy run", async () => void (added = await measureAdded()));
  let timeline;
  await step("an outage in workerd, second by second", async () => void (timeline = await runTimeline()));
  let tests;
  await step("the other tests of tests/chaos", async () => void (tests = await runTests()));
  const bounds = boundsOf({ outages, added, deadline_ms: BOUNDS.deadline_ms });
  for (const { what, figure, holds } of bounds) console.log(`${holds ? "✓" : "✗"} ${what}: ${figure}`);
  writeFileSync(inRoot(CHART), chart(timeline));
  writeFileSync(inRoot(PAGE), page({ outages, added, timeline, tests, bounds, bounded: BOUNDS }));
  console.log(`written: ${PAGE}, ${CHART}`);
  const broken = [...bounds.filter(({ holds }) => !holds).map(({ what }) => what), ...new Set([...tests, ...originOf(tests)].filter(({ failed }) => failed).map(({ id }) => id))];
  if (broken.length) throw new StepError(`a promise is broken: ${broken.join(", ")}`, { next: "correct what is said above" });
}
