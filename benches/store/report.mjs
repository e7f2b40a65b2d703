// What is printed of the figures: tables, and a verdict on each bar.

import { median, table } from "../lib/report.mjs";
import { FLOOR, OURS, RIVAL } from "./contestants.mjs";

const RATIO_MIN = 1.5;
// A best round this far above the same run's median tells of the machine, not of the Worker.
const NOISE_MAX = 1.5;
const TRIPS_MAX = 1;
// Of a core: beyond it the generator may be what is measured.
const GENERATOR_MAX = 0.8;

/** A contestant by its name, its algorithm and its limits. */
export const title = ({ name, algorithm, limits }) =>
  limits ? `${name}, ${algorithm}, ${limits} ${limits === 1 ? "limit" : "limits"}` : name;

/** rates: as `measure` resolves to them. */
export function ratesReport(rates) {
  const find = (name, limits, algorithm = "HS256") =>
    rates.find((rate) => rate.name === name && rate.limits === limits && rate.algorithm === algorithm);
  const heads = ["Worker", "algorithm", "limits", "median req/s", "best req/s", "ours is times that", "10th to 90th percentile", "round trips"];
  const rows = rates.map((rate) => rateRow(rate, find(OURS, rate.limits || 1, rate.algorithm)));
  const bars = [1, 3].map((limits) => {
    const rival = find(RIVAL, limits);
    return `Bar: at least ${RATIO_MIN}x ${title({ name: RIVAL, algorithm: "HS256", limits })}: ${ratioVerdict(find(OURS, limits), rival)}.`;
  });
  const trips = `Bar: ${TRIPS_MAX} round trip with 3 limits: ${tripsVerdict(find(OURS, 3))}.`;
  return [table(heads, rows), "", generatorLine(find(FLOOR, 0)), ...bars, trips].join("\n");
}

function rateRow({ name, algorithm, limits, trips, per_s }, ours) {
  const sorted = ours ? ratios(ours, { per_s }).toSorted((a, b) => a - b) : [];
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))]?.toFixed(2) ?? "-";
  const [middle, best] = [median(per_s), Math.max(...per_s)].map((value) => value.toFixed(0));
  return [name, limits ? algorithm : "-", String(limits), middle, best, at(0.5), ours ? `${at(0.1)} to ${at(0.9)}` : "-", trips.toFixed(1)];
}

/** Within a round all met the same machine: the ratio is taken there, and the median afterwards. */
const ratios = (ours, theirs) => theirs.per_s.map((per_s, round) => ours.per_s[round] / per_s);

const ABSENT = `**not decided**, ${OURS} was left out`;

/** The worse of two estimates, as one alone can be the machine's doing. */
function ratioVerdict(ours, rival) {
  if (!ours) return ABSENT;
  if (!rival) return `**not decided**, ${RIVAL} was left out`;
  const noisy = [ours, rival].filter(({ per_s }) => Math.max(...per_s) > NOISE_MAX * median(per_s));
  if (noisy.length) return `**not decided**, too noisy a run for ${noisy.map(({ name }) => name).join(" and ")}: run it again`;
  const ratio = Math.min(median(ratios(ours, rival)), Math.max(...ours.per_s) / Math.max(...rival.per_s));
  return `**${ratio >= RATIO_MIN ? "holds" : "does not hold"}** (${ratio.toFixed(2)}x)`;
}

function tripsVerdict(ours) {
  if (!ours) return ABSENT;
  return `**${ours.trips <= TRIPS_MAX ? "holds" : "does not hold"}** (${ours.trips})`;
}

function generatorLine({ generator }) {
  const warning = generator > GENERATOR_MAX ? ": **it may be the bottleneck**" : "";
  return `The load generator took ${(100 * generator).toFixed(0)} % of a core against the ${FLOOR}${warning}.`;
}

/** took_ms: of 100 verifications at once; kills: as `outages` resolves to them. Beside them, the origin's figures. */
export function outageReport(took_ms, kills) {
  const heads = ["answers, one after the other", "count", "median ms", "99th percentile ms", "slowest ms"];
  const row = (name, phase) => {
    const times_ms = kills.flatMap((kill) => kill[phase]);
    return [name, String(times_ms.length), ...[0.5, 0.99, 1].map((share) => within(times_ms, share).toFixed(2))];
  };
  const rows = [row("healthy", "healthy"), row("first 10 after kill -9 of Redis", "first"), row("then, the breaker open", "open")];
  const slower_ms = kills.map(({ healthy, first }) => Math.max(0, Math.max(...first) - median(healthy)));
  return `
100 verifications at once: ${took_ms.toFixed(1)} ms, ${(100_000 / took_ms).toFixed(0)} per second (origin: 800 ms, 125 per second).

${table(heads, rows)}

Transition, the slowest of the first 10 less the healthy median: ${median(slower_ms).toFixed(2)} ms, the median of
${kills.length} kills; ${Math.max(...slower_ms).toFixed(2)} ms in the worst (origin: < 1 ms).`;
}

/** The time that this share of the answers did not exceed. */
function within(times_ms, share) {
  const sorted = times_ms.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
