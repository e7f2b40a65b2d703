// benches/native/limits.rs by cargo: a take from one limit, by each algorithm and over how many keys.

import { run } from "../../scripts/lib/process.mjs";
import { inRoot } from "../../scripts/lib/project.mjs";
import { mediansOf } from "../lib/divan.mjs";
import { machine, table } from "../lib/report.mjs";

const ALGORITHMS = ["FixedWindow", "SlidingWindow", "SlidingLog", "TokenBucket", "Gcra"];
const KEYS = [1, 1_000, 100_000, 1_000_000];
const BAR_NS = 150;

/** Resolves to the report. */
export async function natively() {
  const args = ["bench", "--locked", "--bench", "limits"];
  const output = await run("cargo", args, { cwd: inRoot(), label: "cargo bench", next: "correct what the output above says" });
  const medians_us = mediansOf(output);
  const ns = (name) => (medians_us.get(name) * 1000).toFixed(0);
  const decisions = ALGORITHMS.map((name) => [name, "decide()", ns(`decision ${name}`)]);
  const stores = KEYS.map((keys) => [keys.toLocaleString("en"), "take", ...["store", "large_store", "governor"].map((name) => ns(`${name} ${keys}`))]);
  const shipped_ns = Number(ns(`store ${KEYS.at(-1)}`));
  return [
    `${machine()}; natively by divan, medians.`,
    "",
    table(["algorithm, at its limit of 100", "what", "ns"], decisions),
    "",
    table(["distinct keys", "what", "store as shipped, ns", "with 64 MiB, ns", "governor, ns"], stores),
    "",
    `- Bar: under ${BAR_NS} ns at a million keys, in the store as shipped: **${shipped_ns < BAR_NS ? "holds" : "does not hold"}** (${shipped_ns} ns).`,
  ].join("\n");
}
