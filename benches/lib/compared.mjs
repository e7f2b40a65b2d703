// What is printed of contestants that were timed beside each other: where they ran, a table, and a verdict on
// each bar.

import { readFileSync } from "node:fs";
import { inRoot } from "../../scripts/lib/project.mjs";
import { ratios, verdict } from "./bars.mjs";
import { atShare, fastTenth, machine, median, table } from "./report.mjs";

const HEADS = ["version", "median µs", "fast tenth µs", "times ours", "10th to 90th percentile"];

/**
 * ours: the name of our contestant; packages: the npm package of each by its name, "" for ours, none for the
 * runtime's own; verb: what the contestants do; what: to what.
 */
export function comparedReport({ ours, packages, verb, what, bars, contestants, times_us, count }) {
  const where = `${machine()}, ${runtimes(contestants)}${count} rounds; ${what}.`;
  const rows = contestants.map(({ name }) => row(name, { ours, packages, times_us }));
  const verdicts = bars.map((bar) => `- ${verdict(bar, times_us, ours)}`);
  return [where, "", table([`who ${verb}`, ...HEADS], rows), "", ...verdicts].join("\n");
}

const runtimes = (contestants) => (contestants.some(({ isInWorkerd }) => isInWorkerd) ? `workerd ${packageVersion("workerd")}, ` : "");

function row(name, { ours, packages, times_us }) {
  const list_us = times_us.get(name);
  const figures = [median(list_us), fastTenth(list_us)].map((us) => us.toFixed(2));
  const all = ratios(times_us, name, ours);
  const at = (share) => atShare(all, share).toFixed(2);
  const version = packages[name] === undefined ? "-" : packageVersion(packages[name]);
  return [name, version, ...figures, at(0.5), `${at(0.1)} to ${at(0.9)}`];
}

/** Of an installed package; "" is the root. */
function packageVersion(name) {
  const folder = name ? ["node_modules", name] : [];
  return JSON.parse(readFileSync(inRoot(...folder, "package.json"), "utf8")).version;
}
