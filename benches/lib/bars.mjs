// What the project promises of a case, and whether a run bears it out.

import { fastTenth, median } from "./report.mjs";

// A median this far above the same run's fast rounds tells of the machine, not of the library.
const NOISE_MAX = 1.5;

/** A bar: how many times ours the rival must take. */
export const timesFaster = (rival, times) => ({
  rival,
  text: `at least ${times}x faster than ${rival}`,
  holds: (ratio) => ratio >= times,
  figure: (ratio) => `${ratio.toFixed(2)}x`,
});

export const aheadOf = (rival) => ({
  rival,
  text: `ahead of ${rival}`,
  holds: (ratio) => ratio > 1,
  figure: (ratio) => `${ratio.toFixed(2)}x`,
});

export const within = (rival, times) => ({
  rival,
  text: `within ${times.toFixed(2)}x of ${rival}`,
  holds: (ratio) => 1 / ratio <= times,
  figure: (ratio) => `${(1 / ratio).toFixed(3)}x of it`,
});

/** Within a round all met the same machine: the ratio is taken there, and the median afterwards. */
export function ratios(times_us, name, ours) {
  return times_us.get(name).map((us, round) => us / times_us.get(ours)[round]);
}

/** The worse of two estimates: a busy machine has been seen to slow one contestant fourfold in one run. */
export function verdict({ rival, text, holds, figure }, times_us, ours) {
  const noisy = [ours, rival].filter((name) => median(times_us.get(name)) > NOISE_MAX * fastTenth(times_us.get(name)));
  if (noisy.length) return `Bar: ${text}: **not decided**, too noisy a run for ${noisy.join(" and ")}: run it again.`;
  const fast = fastTenth(times_us.get(rival)) / fastTenth(times_us.get(ours));
  const ratio = Math.min(median(ratios(times_us, rival, ours)), fast);
  return `Bar: ${text}: **${holds(ratio) ? "holds" : "does not hold"}** (${figure(ratio)}).`;
}
