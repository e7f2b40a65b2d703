// What a caller of our Worker feels when Redis is killed: the time of one answer after another, before,
// just after, and once the breaker has opened.

import { load } from "./load.mjs";
import { newToken, requestOf } from "./setup.mjs";

const HEALTHY = 500;
const FIRST = 10;
// Few enough to be over before the breaker lets a probe through, a second after it opened.
const OPEN = 200;

/** Kills Redis with SIGKILL. Resolves to { healthy, first, open }, the answers of each phase in their order. */
export async function outage({ port }, { redis }) {
  const requests = Array.from({ length: 20 }, () => requestOf(newToken()));
  const ask = async (count) => (await load({ port, requests, connections: 1, count })).answers;
  const healthy = await ask(HEALTHY);
  await redis.kill();
  const first = await ask(FIRST);
  const open = await ask(OPEN);
  return { healthy, first, open };
}

/** Rejects unless every answer was 200, and said that it was decided without the store exactly where it was. */
export function assertAnswered({ healthy, first, open }) {
  for (const [phase, answers, degraded] of [["before", healthy, false], ["just after", first, true], ["later after", open, true]]) {
    const wrong = answers.filter((answer) => answer.status !== 200 || answer.degraded !== degraded);
    if (!wrong.length) continue;
    const [{ status, degraded: said }] = wrong;
    throw new Error(`${wrong.length} of ${answers.length} answers ${phase} the kill are not as they should be: ${status}, degraded ${said}`);
  }
}
