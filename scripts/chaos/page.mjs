// docs/resilience.md: what was measured, and nothing that was not.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { machine, median, table } from "../../benches/lib/report.mjs";
import { inRoot } from "../lib/project.mjs";
import { bySecond } from "./chart.mjs";
import { RATE } from "./timeline.mjs";

const ADDED_P99_MS_MAX = 1;
const DEADLINES_TO_DETECT = 5;
// How a store that hangs is told of.
const HANGS = "timeout";
const ORIGIN = ["redis_unavailable_on_startup", "redis_lost_during_runtime", "rate_limit_without_redis", "corrupted_blacklist_entry", "redis_timeout", "high_concurrency", "cascading_failures"];

const ms = (value) => (value < 10 ? value.toFixed(1) : value.toFixed(0));
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;

/** The promises that are figures: [{ what, figure, holds }]. */
export function boundsOf({ outages, added, deadline_ms }) {
  const hung = outages.filter(({ reasons }) => reasons?.includes(HANGS));
  const detect_ms = Math.max(...hung.map(({ measured }) => measured?.detect_ms ?? Infinity));
  const durable = outages.filter(({ loses }) => loses === "nothing");
  const measured = durable.filter(({ measured }) => measured);
  const sum = (name) => measured.reduce((total, { measured }) => total + measured[name], 0);
  const added_ms = added.open.p99_ms - added.healthy.p99_ms;
  return [
    {
      what: `A store that hangs is noticed within ${DEADLINES_TO_DETECT} deadlines of ${deadline_ms} ms`,
      figure: Number.isFinite(detect_ms) ? `${ms(detect_ms)} ms, the longest of ${hung.length} scenarios` : "not measured",
      holds: Number.isFinite(detect_ms) && detect_ms <= DEADLINES_TO_DETECT * deadline_ms,
    },
    {
      what: `With the breaker open an answer takes less than ${ADDED_P99_MS_MAX} ms more, at the 99th percentile`,
      figure: `${signed(added_ms)} ms`,
      holds: added_ms < ADDED_P99_MS_MAX,
    },
    {
      what: "No revocation acknowledged as stored is lost where the store promises to keep it",
      figure: `${sum("lost")} of ${sum("acknowledged")}, in ${measured.length} of ${durable.length} scenarios`,
      // One that failed was not measured: it may have lost some.
      holds: durable.length > 0 && measured.length === durable.length && sum("lost") === 0,
    },
  ];
}

/** The page, from what the other modules resolve to. */
export function page({ outages, added, timeline, tests, bounds, bounded }) {
  return `# Resilience

Written by \`npm run chaos\`, which ends with 1 if a promise below is broken. What each scenario is, what is accepted
and what an operator does: [chaos specification](chaos-specification.md).

${machine()}, ${versions()}. Everything on one machine, on loopback.

## Promises

${boundsTable(bounds)}

Latency of answers in \`workerd serve\`, one after the other, over ${added.kills} times kill -9 of Redis and its restart:

${latencyTable(added)}

## An outage, second by second

![Answers per second and their latency through kill -9 and SIGSTOP of Redis](resilience.svg)

${RATE} requests a second whatever the answers do, a fifth of them with a revoked token, in \`workerd serve\`; deadline
300 ms. ${timelineText(timeline)}

## Failure matrix

Each from healthy to healthy in Miniflare's workerd, deadline ${bounded.deadline_ms} ms, one caller after the other and ${bounded.revocations} revocations around the
fault, three more in its midst. *Noticed*: from the start of the first call that failed until nobody waits any more.
*Slowest*: of the answers until then. *Then*: the median with the breaker open, less the healthy one. *Back*: from the
begin of the remedy (of a failover, which mends itself: from the fault) to the first answer by the store; the breaker waits 1 s
before its first probe. *Lost*: of the revocations acknowledged as stored, those a witness accepted at once after the return; *at last*: after
the instance that knew had told them again.

${matrix(outages)}

"Lost" other than 0 is what the configuration promises no better: \`redis_killed_memory_only\` has no persistence,
\`redis_evicts\` evicts, and a failover of a Redis Cluster does not wait for the replica. For
\`cluster_failover_behind\` it was counted in Redis before the primary died.

## The origin's seven

${testsTable(originOf(tests))}

## Other failures, as tests

${testsTable(tests.filter(({ id }) => !ORIGIN.includes(id)))}

What they measured on the way:

${tests.flatMap(({ id, said }) => said.map((line) => `- \`${id}\`: ${line}`)).join("\n")}

## What this does not show

- One machine: no network that loses packets, no clocks that differ, no disk that lies about having written.
- Workerd on this machine, not Cloudflare's: there an instance may be ended at any time, and there are many.
- A failover loses what its replica had not got. How much that is depends on load and distance: here next to nothing.
`;
}

function versions() {
  const redis = /v=(\S+)/.exec(spawnSync("redis-server", ["--version"], { encoding: "utf8" }).stdout)?.[1] ?? "unknown";
  const packages = ["workerd", "miniflare", "ioredis"].map((name) => `${name} ${JSON.parse(readFileSync(inRoot("node_modules", name, "package.json"), "utf8")).version}`);
  return [`redis-server ${redis}`, ...packages].join(", ");
}

const boundsTable = (bounds) => table(["promise", "measured", "holds"], bounds.map(({ what, figure, holds }) => [what, figure, holds ? "yes" : "**no**"]));

function latencyTable({ healthy, first, open }) {
  const row = (name, { count, p50_ms, p99_ms, max_ms }) => [name, String(count), ...[p50_ms, p99_ms, max_ms].map((value) => value.toFixed(2))];
  return table(["answers", "count", "median ms", "99th percentile ms", "slowest ms"], [row("healthy", healthy), row("first 10 after the kill", first), row("then, the breaker open", open)]);
}

function timelineText(timeline) {
  const rows = bySecond(timeline);
  const of = (kind) => rows.reduce((sum, row) => sum + row[kind], 0);
  const slowest = Math.max(...timeline.answers.map((answer) => answer.ms));
  return `Of ${timeline.answers.length} answers ${of("exact")} were allowed by the store, ${of("degraded")} without it, ${of("denied")} denied as revoked, ${of("failed")} failed;
the slowest took ${ms(slowest)} ms.`;
}

function matrix(outages) {
  const heads = ["scenario", "injected", "what callers saw", "told", "noticed ms", "slowest ms", "then ms", "back ms", "lost", "at last"];
  return table(heads, outages.map(matrixRow));
}

function matrixRow({ id, injected, told, reasons, measured, failure }) {
  const name = `[\`${id}\`](chaos-specification.md#${id})`;
  if (failure) return [name, injected, `**failed**: ${failure.message.split("\n")[0]}`, ...Array(7).fill("-")];
  const { healthy_ms, failing_ms, open_ms, detect_ms, recover_ms, seen, acknowledged, lost, lostAtLast } = measured;
  const callers = Object.entries(seen).map(([kind, count]) => `${count} × ${kind.replaceAll("_", " ")}`).join(", ");
  const events = [...(reasons ? ["`store_failed`", "`breaker_opened`"] : []), ...(told ? [`\`${told.event}\``] : [])].join(", ");
  const slowest = failing_ms?.length ? ms(Math.max(...failing_ms)) : "-";
  const then = open_ms ? signed(median(open_ms) - median(healthy_ms)) : "-";
  return [name, injected, callers, events, ms(detect_ms), slowest, then, ms(recover_ms), `${lost} of ${acknowledged}`, String(lostAtLast)];
}

/** The origin's seven, in its order. One that did not run counts as failed. */
export const originOf = (tests) => ORIGIN.map((id) => tests.find((one) => one.id === id) ?? { id, passed: 0, failed: 1, took_ms: 0 });

function testsTable(tests) {
  const row = ({ id, passed, failed, took_ms }) => [`[\`${id}\`](chaos-specification.md#${id})`, failed ? `**${failed} failed**` : "all passed", String(passed + failed), (took_ms / 1000).toFixed(1)];
  return table(["scenario", "outcome", "tests", "seconds"], tests.map(row));
}
