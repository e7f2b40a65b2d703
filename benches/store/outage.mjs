// What a caller of our Worker feels when Redis is killed: the time of one answer after another, before,
// just after, and once the breaker has opened. Several times over, as one kill alone can meet a busy moment.

import { setTimeout as sleep } from "node:timers/promises";
import { load } from "./load.mjs";
import { newToken, requestOf } from "./setup.mjs";

const KILLS = 5;
const HEALTHY = 200;
const FIRST = 10;
// Few enough to be over before the breaker lets a probe through, a second after it opened.
const OPEN = 200;
const RECOVERY_MS_MAX = 15_000;
const POLL_MS = 50;

/**
 * Kills Redis with SIGKILL, and starts it again, several times. Resolves to the kills, each
 * { healthy, first, open }: the milliseconds of the answers of a phase, in their order. Rejects unless every
 * answer was 200, and said that it was decided without the store exactly where it was.
 */
export async function outages({ port, algorithm }, { redis }) {
  const requests = Array.from({ length: 20 }, () => requestOf(newToken(algorithm)));
  const ask = async (count) => (await load({ port, requests, connections: 1, count })).answers;
  const kills = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const healthy = await ask(HEALTHY);
    await redis.kill();
    const first = await ask(FIRST);
    const open = await ask(OPEN);
    kills.push({
      healthy: timesOf("before the kill", healthy, false),
      first: timesOf("just after the kill", first, true),
      open: timesOf("with the breaker open", open, true),
    });
    await redis.restart();
    await recovered(ask);
  }
  return kills;
}

function timesOf(phase, answers, degraded) {
  const wrong = answers.filter((answer) => answer.status !== 200 || answer.degraded !== degraded);
  if (!wrong.length) return answers.map(({ ms }) => ms);
  const [{ status, degraded: said }] = wrong;
  throw new Error(`${wrong.length} of ${answers.length} answers ${phase} are not as they should be: ${status}, degraded: ${said}`);
}

async function recovered(ask) {
  for (const started_ms = performance.now(); ; await sleep(POLL_MS)) {
    const [{ degraded }] = await ask(1);
    if (!degraded) return;
    if (performance.now() - started_ms > RECOVERY_MS_MAX) throw new Error("Redis is back, and the Worker does not use it");
  }
}
