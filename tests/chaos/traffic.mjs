// The answers that one caller gets through an outage, and what is promised of each.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { degraded, timed, until } from "./harness.mjs";

const FAILURES_TO_OPEN = 5;
const PAUSE_MS = 5;
// The rest of a bound is for a slow machine: what is held is that nobody waits for the store to come back.
const CPU_MS_MAX = 2_000;

/** One caller, who asks again as soon as there is an answer. */
export function startTraffic(talk, token) {
  const answers = [];
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      const at_ms = performance.now();
      const { answer, elapsed_ms } = await timed(() => talk.authorize(token));
      answers.push({ at_ms, ms: elapsed_ms, status: answer.status, reason: /reason=(\w+)/.exec(degraded(answer) ?? "")?.[1] ?? null });
      await sleep(PAUSE_MS);
    }
  })();
  // Its failure is told when it is stopped, and the wait for its answers ends by its own bound.
  running.catch(() => {});
  return {
    answers,
    stop() {
      stopped = true;
      return running;
    },
  };
}

const isExact = ({ reason }) => reason === null;
export const isOpen = ({ reason }) => reason === "breaker_open";
const isFailing = (answer) => !isExact(answer) && !isOpen(answer);

/** Resolves once an answer after the outage was decided by the store. */
export async function recovered({ answers }, since_ms) {
  const firstOpen = answers.findIndex(isOpen);
  const back = () => answers.find((answer, n) => n > firstOpen && isExact(answer));
  await until("the store to be used again", back);
  return { recover_ms: back().at_ms + back().ms - since_ms };
}

/** Every answer is 200 and says how it was decided; at most five wait for the store, none beyond its deadline. */
export function assertAnswers(answers, { reasons }, deadline_ms) {
  for (const { status, reason, ms } of answers) {
    assert.equal(status, 200);
    assert.ok(reason === null || reason === "breaker_open" || reasons.includes(reason), `told as ${reason}`);
    assert.ok(ms < deadline_ms + CPU_MS_MAX, `took ${ms} ms`);
  }
  const failing = answers.slice(0, answers.findIndex(isOpen)).filter(isFailing);
  assert.ok(failing.length <= FAILURES_TO_OPEN, `${failing.length} answers waited for a dead store`);
  // Probes go out in the background; a store that is found well and is not may be waited for once more.
  const again = answers.slice(answers.findIndex(isOpen)).filter(isFailing);
  assert.ok(again.length <= FAILURES_TO_OPEN, `${again.length} answers waited for a store that was known to be dead`);
  const { detect_ms } = timesOf(answers);
  assert.ok(detect_ms < FAILURES_TO_OPEN * deadline_ms + CPU_MS_MAX, `noticed after ${detect_ms} ms`);
}

/** detect_ms: from the start of the first call that failed until no request waits any more. */
export function timesOf(answers) {
  const open = answers.findIndex(isOpen);
  const failing = answers.slice(0, open).filter(isFailing);
  const times_ms = (some) => some.map(({ ms }) => ms);
  const from = failing[0] ?? answers[open];
  const last = failing.at(-1) ?? answers[open];
  return { failing_ms: times_ms(failing), open_ms: times_ms(answers.filter(isOpen)), detect_ms: last.at_ms + last.ms - from.at_ms };
}

/** How many answers of which kind. */
export function seenBy(answers) {
  const seen = {};
  for (const { status, reason } of answers) seen[`${status} ${reason ?? "exact"}`] = (seen[`${status} ${reason ?? "exact"}`] ?? 0) + 1;
  return seen;
}
