// What is printed of a case: where it ran, a table, and a verdict on each bar.

import { readFileSync } from "node:fs";
import { inRoot } from "../../scripts/lib/project.mjs";
import { atShare, fastTenth, machine, median, table } from "../lib/report.mjs";
import { ratios, verdict } from "./bars.mjs";
import { OURS, PACKAGES } from "./names.mjs";
import { payloadBytes } from "./token.mjs";

const HEADS = ["verifier", "version", "median µs", "fast tenth µs", "times ours", "10th to 90th percentile"];

export function sideBySideReport({ bars, contestants, tokens, times_us, count }) {
  const [token] = tokens;
  const where = `${machine()}, ${count} rounds; ${tokens.length} tokens of ${token.length} bytes, payload of ${payloadBytes(token)}.`;
  const rows = contestants.map(({ name }) => row(name, times_us));
  const verdicts = bars.filter(({ rival }) => times_us.has(rival) && times_us.has(OURS)).map((bar) => verdict(bar, times_us, OURS));
  return [where, "", table(HEADS, rows), "", ...verdicts.map((line) => `- ${line}`)].join("\n");
}

function row(name, times_us) {
  const list_us = times_us.get(name);
  const figures = [median(list_us), fastTenth(list_us)].map((us) => us.toFixed(2));
  return [name, versionOf(name), ...figures, ...timesOurs(name, times_us)];
}

function timesOurs(name, times_us) {
  if (!times_us.has(OURS)) return ["-", "-"];
  const all = ratios(times_us, name, OURS);
  const at = (share) => atShare(all, share).toFixed(2);
  return [at(0.5), `${at(0.1)} to ${at(0.9)}`];
}

function versionOf(name) {
  const folder = PACKAGES[name];
  if (folder === undefined) return "-";
  return JSON.parse(readFileSync(inRoot(...(folder ? ["node_modules", folder] : []), "package.json"), "utf8")).version;
}
