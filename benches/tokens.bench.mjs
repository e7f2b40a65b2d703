// How long one HS256 verification takes in Node: ours in WebAssembly beside three npm libraries, in
// one process, on one token, with the same checks. Only the ratios mean anything on another machine.

import { contestants, OURS, RIVAL } from "./tokens/contestants.mjs";
import { assertEachChecks } from "./tokens/checks.mjs";
import { newSecret, newToken, payloadBytes } from "./tokens/token.mjs";
import { measure } from "./lib/rounds.mjs";
import { machine, median, table } from "./lib/report.mjs";

const RATIO_MIN = 2;
// A median this far above the same run's fastest round tells of the machine, not of the library.
const NOISE_MAX = 1.5;

const secret = newSecret();
const all = await contestants(secret);
await assertEachChecks(all, secret);
console.log(`each of ${all.length} accepts the good token and refuses each of the bad ones`);

const token = newToken({ secret });
const { times_us, count } = await measure(
  all.map(({ name, verify, isAsync }) => ({ name, isAsync, run: () => verify(token) })),
);
const fastest_us = (name) => Math.min(...times_us.get(name));
const median_us = (name) => median(times_us.get(name));

console.log(`\n${machine()}, ${count} rounds; token of ${token.length} bytes, payload of ${payloadBytes(token)}.\n`);
console.log(table(["verifier", "version", "median µs", "fastest µs", "times ours", "10th to 90th percentile"], all.map(row)));
console.log(`\nBar: at least ${RATIO_MIN}x faster than ${RIVAL}: ${verdict()}.`);

function row({ name, version }) {
  const sorted = ratios(name).toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.floor(share * (sorted.length - 1))].toFixed(2);
  const times = [median_us(name), fastest_us(name), median(sorted)].map((value) => value.toFixed(2));
  return [name, version, ...times, `${at(0.1)} to ${at(0.9)}`];
}

/** Within a round all met the same machine: the ratio is taken there, and the median afterwards. */
function ratios(name) {
  return times_us.get(name).map((us, round) => us / times_us.get(OURS)[round]);
}

/** The worse of two estimates: a busy machine has been seen to slow one contestant fourfold in one run. */
function verdict() {
  const noisy = [OURS, RIVAL].filter((name) => median_us(name) > NOISE_MAX * fastest_us(name));
  if (noisy.length) return `**not decided**, too noisy a run for ${noisy.join(" and ")}: run it again`;
  const ratio = Math.min(median(ratios(RIVAL)), fastest_us(RIVAL) / fastest_us(OURS));
  return `**${ratio >= RATIO_MIN ? "holds" : "does not hold"}** (${ratio.toFixed(2)}x)`;
}
