// What is printed of a case: where it ran, a table, and a verdict on each bar.

import { readFileSync } from "node:fs";
import { inRoot } from "../../scripts/lib/project.mjs";
import { atShare, fastTenth, machine, median, table } from "../lib/report.mjs";
import { ratios, verdict } from "./bars.mjs";
import { OURS, PACKAGES } from "./names.mjs";

const HEADS = ["version", "median µs", "fast tenth µs", "times ours", "10th to 90th percentile"];

/** verb: what the contestants do; what: to what. */
export function sideBySideReport({ verb, what, bars, contestants, times_us, count }) {
  const where = `${machine()}, ${runtimes(contestants)}${count} rounds; ${what}.`;
  const rows = contestants.map(({ name }) => row(name, times_us));
  const verdicts = bars.map((bar) => `- ${verdict(bar, times_us, OURS)}`);
  return [where, "", table([`who ${verb}`, ...HEADS], rows), "", ...verdicts].join("\n");
}

const runtimes = (contestants) => (contestants.some(({ isInWorkerd }) => isInWorkerd) ? `workerd ${packageVersion("workerd")}, ` : "");

function row(name, times_us) {
  const list_us = times_us.get(name);
  const figures = [median(list_us), fastTenth(list_us)].map((us) => us.toFixed(2));
  return [name, versionOf(name), ...figures, ...timesOurs(name, times_us)];
}

function timesOurs(name, times_us) {
  const all = ratios(times_us, name, OURS);
  const at = (share) => atShare(all, share).toFixed(2);
  return [at(0.5), `${at(0.1)} to ${at(0.9)}`];
}

function versionOf(name) {
  const folder = PACKAGES[name];
  return folder === undefined ? "-" : packageVersion(folder);
}

/** Of an installed package; "" is the root. */
function packageVersion(name) {
  const folder = name ? ["node_modules", name] : [];
  return JSON.parse(readFileSync(inRoot(...folder, "package.json"), "utf8")).version;
}
