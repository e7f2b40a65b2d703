// Load in interleaved rounds: in each every contestant has one short turn, in random order, so that
// whatever the machine does meanwhile meets all alike.

import { median } from "../lib/report.mjs";
import { shuffled } from "../lib/rounds.mjs";
import { load } from "./load.mjs";
import { newToken, requestOf } from "./setup.mjs";

export const CONNECTIONS = 32;
export const ROUNDS = 20;
const TURN_MS = 500;
const WARM_UP_MS = 1_500;
const TOKENS = 100;
// A busy machine makes a call miss its deadline now and then; more than this share is a fault.
const DEGRADED_SHARE_MAX = 0.01;
const AT_ONCE = 100;
const AT_ONCE_TIMES = 20;

const manyRequests = (algorithm) => Array.from({ length: TOKENS }, (_, i) => requestOf(newToken(algorithm), i + 1));

/**
 * Resolves to the contestants, each with { per_s: requests per second of each round,
 * generator: the share of a core that the load generator took in its turns }.
 */
export async function measure(contestants) {
  const rates = contestants.map((contestant) => {
    return { ...contestant, requests: manyRequests(contestant.algorithm), per_s: [], shares: [] };
  });
  for (const rate of rates) await turn(rate, WARM_UP_MS);
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const rate of shuffled(rates)) {
      const { per_s, share } = await turn(rate, TURN_MS);
      rate.per_s.push(per_s);
      rate.shares.push(share);
    }
    if (round % 5 === 0) console.log(`  … round ${round} of ${ROUNDS}`);
  }
  return rates.map(({ shares, ...rate }) => ({ ...rate, generator: median(shares) }));
}

async function turn({ name, port, said, requests }, ms) {
  const before = process.cpuUsage();
  const { took_ms, answers } = await load({ port, requests, connections: CONNECTIONS, ms }).catch((error) => {
    throw new Error([`${name}: ${error.message}`, ...said].join("\n"));
  });
  const { user, system } = process.cpuUsage(before);
  return { per_s: (admitted(name, answers) / took_ms) * 1000, share: (user + system) / 1000 / took_ms };
}

/** Milliseconds from the first request to the last answer of 100 sent at once: the median of several times. */
export async function atOnce({ name, algorithm, port }) {
  const requests = manyRequests(algorithm);
  const times_ms = [];
  for (let time = 0; time < AT_ONCE_TIMES; time += 1) {
    const { took_ms, answers } = await load({ port, requests, connections: AT_ONCE, count: AT_ONCE });
    admitted(name, answers);
    times_ms.push(took_ms);
  }
  return median(times_ms);
}

/**
 * How many answers the store had its part in: only these are the work that is measured. Throws for a refusal,
 * and where the store was left out more than now and then.
 */
function admitted(name, answers) {
  const refused = answers.find(({ status }) => status !== 200);
  if (refused) throw new Error(`${name} answers ${refused.status} under load`);
  const degraded = answers.filter((answer) => answer.degraded).length;
  if (degraded > DEGRADED_SHARE_MAX * answers.length) {
    throw new Error(`${name} decides ${degraded} of ${answers.length} requests under load without the store`);
  }
  return answers.length - degraded;
}
