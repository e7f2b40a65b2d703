// `npm run chaos`: what it makes of what was measured, and the page that is committed.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { bySecond, chart } from "../../scripts/chaos/chart.mjs";
import { boundsOf, page } from "../../scripts/chaos/page.mjs";
import { inRoot } from "../../scripts/lib/project.mjs";
import { SCENARIOS } from "../chaos/scenarios/index.mjs";

const phase = (p99_ms) => ({ count: 10, p50_ms: 1, p99_ms, max_ms: 9 });
const measured = { detect_ms: 1_400, recover_ms: 800, healthy_ms: [2], failing_ms: [300], open_ms: [1], acknowledged: 10, kept: 3, lost: 0, lostAtLast: 0, seen: { "200 exact": 7, "200 breaker_open": 5 } };
const outagesWith = (other) => [{ id: "redis_stopped", injected: "SIGSTOP", reasons: ["timeout"], loses: "nothing", measured: { ...measured, ...other } }];
const held = (outages, open_ms = 2.9) => boundsOf({ outages, added: { healthy: phase(2), open: phase(open_ms) }, deadline_ms: 300 }).map(({ holds }) => holds);

test("each promise holds up to its bound, and breaks beyond it", () => {
  assert.deepEqual(held(outagesWith({})), [true, true, true]);
  assert.deepEqual(held(outagesWith({ detect_ms: 1_501 })), [false, true, true]);
  assert.deepEqual(held(outagesWith({}), 3), [true, false, true]);
  assert.deepEqual(held(outagesWith({ lost: 1 })), [true, true, false]);
  // As a lost one is told: its scenario fails, and has no figures.
  const failed = { id: "wire_delay", reasons: ["timeout"], loses: "nothing", failure: new Error("1 of 10 are lost") };
  assert.deepEqual(held([...outagesWith({}), failed]), [false, true, false]);
});

test("what was not measured is no promise held", () => {
  assert.deepEqual(held([]), [false, true, false]);
});

const timeline = {
  seconds: 2,
  marks: [{ at_s: 1, what: "kill -9" }],
  answers: [
    { at_s: 0.2, ms: 4, kind: "exact" },
    { at_s: 0.4, ms: 6, kind: "denied" },
    { at_s: 1.5, ms: 300, kind: "degraded" },
    { at_s: 1.9, ms: 1, kind: "failed" },
  ],
};

test("the chart counts answers by the second they were sent in", () => {
  assert.deepEqual(bySecond(timeline), [
    { exact: 1, degraded: 0, denied: 1, failed: 0, p50: 4, p99: 4 },
    { exact: 0, degraded: 1, denied: 0, failed: 1, p50: 1, p99: 1 },
  ]);
  const svg = chart(timeline);
  for (const kind of ["exact", "degraded", "denied", "failed"]) assert.equal(svg.match(new RegExp(`<rect class="${kind}"`, "g")).length, 2, `${kind}: a bar and its legend`);
  assert.match(svg, /prefers-color-scheme: dark/);
  assert.match(svg, />kill -9</);
  assert.doesNotMatch(svg, /NaN|undefined/);
});

test("the page says what failed", () => {
  const outages = [...outagesWith({}), { id: "redis_full", injected: "OOM", loses: "nothing", failure: new Error("3 answers waited\nstack") }];
  const added = { kills: 5, healthy: phase(2), first: phase(2), open: phase(1) };
  const tests = [{ id: "redis_timeout", passed: 1, failed: 1, took_ms: 1_000, said: ["a figure"] }];
  const bounds = boundsOf({ outages, added, deadline_ms: 300 });
  const text = page({ outages, added, timeline, tests, bounds, bounded: { deadline_ms: 300, revocations: 10 } });
  assert.match(text, /redis_full.*\*\*failed\*\*: 3 answers waited/);
  assert.match(text, /redis_timeout.*\*\*1 failed\*\*/);
  assert.match(text, /7 × 200 exact, 5 × 200 breaker open/);
  assert.doesNotMatch(text, /NaN|undefined/);
});

test("the committed page has every scenario, and nothing that failed", () => {
  const committed = readFileSync(inRoot("docs/resilience.md"), "utf8");
  for (const { id } of SCENARIOS) assert.ok(committed.includes(`#${id})`), `${id}: run npm run chaos`);
  assert.doesNotMatch(committed, /\*\*failed|\*\*no\*\*|\d failed\*\*/);
});

test("a scenario that is none ends it with 1, and names those there are", () => {
  const { status, stderr } = spawnSync(process.execPath, [inRoot("scripts/chaos.mjs"), "no_such"], { encoding: "utf8", timeout: 60_000 });
  assert.equal(status, 1, stderr);
  assert.match(stderr, /no scenario is named no_such\nwhat to do: one of: redis_killed_durable, /);
});
