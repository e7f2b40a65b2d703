// One outage from its begin to its end, under steady traffic, and everything a caller sees of it: measured, and held
// to what is promised of every outage. What is special about one stands in scenarios/.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { assertProblem } from "../worker/conversation.mjs";
import { degraded, startChaos, timed, until } from "./harness.mjs";

const FAILURES_TO_OPEN = 5;
const HEALTHY = 40;
const PAUSE_MS = 5;
const OPEN_MIN = 20;
// Revocations in the midst of the outage.
const LATE = 3;
// The rest of a bound is for a slow machine: what is held is that nobody waits for the store to come back.
const CPU_MS_MAX = 2_000;
// Nobody meets it: what is asked about is the store.
export const LIMITS = [{ name: "per-subject", key: "subject", algorithm: "sliding-window", limit: 1_000_000, window: "60s" }];

/**
 * @typedef {object} Outage
 * @property {object} [start] more of startChaos's options
 * @property {(chaos: object) => unknown} inject begins it; what it returns is given to heal
 * @property {(chaos: object, injected: unknown) => Promise<void>} [heal] ends it; absent where it ends by itself
 * @property {string[]} reasons the causes by which answers may tell of it
 * @property {object} [told] an event that the bridge must have told by its end
 * @property {"nothing" | "all" | "measured"} loses what of the revocations acknowledged as stored the store may have forgotten
 */

/**
 * Runs it. deadline_ms: of a store call; revocations: how many are acknowledged around its begin.
 * Resolves to { healthy_ms, failing_ms, open_ms: times of answers; detect_ms, recover_ms, seen, acknowledged, kept, lost, lostAtLast, told };
 * rejects where a promise is broken.
 */
export async function runOutage(outage, { deadline_ms, revocations }) {
  const store = { deadline: `${deadline_ms}ms`, first_deadline: "5s" };
  const chaos = await startChaos({ vars: { store, limits: LIMITS }, siblings: { witness: {} }, ...outage.start });
  try {
    const { talk } = chaos;
    const tokens = (await mintMany(talk, revocations + LATE)).map(({ access_token }) => access_token);
    const late = tokens.splice(revocations);
    const healthy_ms = await healthy(talk);
    const traffic = startTraffic(talk, (await talk.mint()).access_token);
    try {
      const { injected, begun_ms, acknowledged, kept } = await begin(outage, chaos, tokens);
      await until("the breaker to open, and stay so for a while", () => traffic.answers.filter(isOpen).length >= OPEN_MIN);
      for (const token of late) assert.deepEqual((await talk.revoke({ token })).body, { durability: "secondary" });
      kept.push(...late);
      for (const token of [...acknowledged, ...kept]) assertProblem(await talk.authorize(token), 401, "ERR_JWT_REVOKED");
      const heal_ms = performance.now();
      await outage.heal?.(chaos, injected);
      const measured = await recovered(traffic, outage.heal ? heal_ms : begun_ms);
      assertAnswers(traffic.answers, outage, deadline_ms);
      const losses = await lossesOf({ chaos, outage, acknowledged, kept });
      await assertTold(chaos, outage);
      return { healthy_ms, ...timesOf(traffic.answers), ...measured, ...losses, seen: seenBy(traffic.answers) };
    } finally {
      await traffic.stop();
    }
  } finally {
    await chaos.dispose();
  }
}

export async function mintMany(talk, count) {
  const minted = [];
  while (minted.length < count) minted.push(await talk.mint());
  return minted;
}

/** The times of answers while all is well. The first ones load scripts and open connections. */
async function healthy(talk) {
  const { access_token } = await talk.mint();
  for (let n = 0; n < 5; n += 1) await talk.authorize(access_token);
  const times_ms = [];
  for (let n = 0; n < HEALTHY; n += 1) {
    const { answer, elapsed_ms } = await timed(() => talk.authorize(access_token));
    assert.deepEqual([answer.status, degraded(answer)], [200, null], answer.text);
    times_ms.push(elapsed_ms);
  }
  return times_ms;
}

/** One caller, who asks again as soon as there is an answer. */
function startTraffic(talk, token) {
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

/**
 * Revokes one token after the other, and injects the fault in the midst of it. acknowledged: those said to be in
 * the store; kept: those of which it was said that they were kept for it.
 */
async function begin({ inject }, chaos, tokens) {
  const [acknowledged, kept] = [[], []];
  let begun_ms;
  let injecting;
  for (const [n, token] of tokens.entries()) {
    if (n === tokens.length >> 1) {
      begun_ms = performance.now();
      injecting = inject(chaos);
    }
    const { status, text, body } = await chaos.talk.revoke({ token });
    assert.equal(status, 200, text);
    (body.durability === "store" ? acknowledged : kept).push(token);
  }
  return { injected: await injecting, begun_ms, acknowledged, kept };
}

const isExact = ({ reason }) => reason === null;
const isOpen = ({ reason }) => reason === "breaker_open";
const isFailing = (answer) => !isExact(answer) && !isOpen(answer);

async function recovered({ answers }, since_ms) {
  const firstOpen = answers.findIndex(isOpen);
  const back = () => answers.find((answer, n) => n > firstOpen && isExact(answer));
  await until("the store to be used again", back);
  return { recover_ms: back().at_ms + back().ms - since_ms };
}

/** Every answer is 200 and says how it was decided; at most five wait for the store, none beyond its deadline. */
function assertAnswers(answers, { reasons }, deadline_ms) {
  for (const { status, reason, ms } of answers) {
    assert.equal(status, 200);
    assert.ok(reason === null || reason === "breaker_open" || reasons.includes(reason), `told as ${reason}`);
    assert.ok(ms < deadline_ms + CPU_MS_MAX, `took ${ms} ms`);
  }
  const failing = answers.slice(0, answers.findIndex(isOpen)).filter(isFailing);
  assert.ok(failing.length <= FAILURES_TO_OPEN, `${failing.length} answers waited for a dead store`);
  const { detect_ms } = timesOf(answers);
  assert.ok(detect_ms < FAILURES_TO_OPEN * deadline_ms + CPU_MS_MAX, `noticed after ${detect_ms} ms`);
}

/** detect_ms: from the start of the first call that failed until no request waits any more. */
function timesOf(answers) {
  const open = answers.findIndex(isOpen);
  const failing = answers.slice(0, open).filter(isFailing);
  const times_ms = (some) => some.map(({ ms }) => ms);
  const from = failing[0] ?? answers[open];
  const last = failing.at(-1) ?? answers[open];
  return { failing_ms: times_ms(failing), open_ms: times_ms(answers.filter(isOpen)), detect_ms: last.at_ms + last.ms - from.at_ms };
}

function seenBy(answers) {
  const seen = {};
  for (const { status, reason } of answers) seen[`${status} ${reason ?? "exact"}`] = (seen[`${status} ${reason ?? "exact"}`] ?? 0) + 1;
  return seen;
}

/**
 * Asks an instance that never heard of any of them: lost, how many it accepted when the store was back; lostAtLast,
 * how many in the end. The one that acknowledged them refuses them all the time.
 */
async function lossesOf({ chaos, outage, acknowledged, kept }) {
  const { talk, siblings: { witness } } = chaos;
  const accepted = (tokens) => acceptedBy(witness, tokens);
  const lost = await accepted(acknowledged);
  if (outage.loses === "nothing") assert.equal(lost, 0, `${lost} of ${acknowledged.length} acknowledged revocations are lost`);
  if (outage.loses === "all") assert.equal(lost, acknowledged.length, "a store without persistence keeps nothing");
  await until("what was kept to reach the store", async () => (await accepted(kept)) === 0);
  // Only what is known to be lost is told again.
  if (outage.loses === "all") await until("what was lost to be told again", async () => (await accepted(acknowledged)) === 0);
  for (const token of [...acknowledged, ...kept]) assertProblem(await talk.authorize(token), 401, "ERR_JWT_REVOKED");
  return { acknowledged: acknowledged.length, kept: kept.length, lost, lostAtLast: await accepted(acknowledged) };
}

/** How many of the tokens an instance accepts, as one that asks the store. */
export async function acceptedBy(talk, tokens) {
  let count = 0;
  for (const token of tokens) {
    const answer = await talk.authorize(token);
    assert.equal(degraded(answer), null, "decided without the store");
    count += answer.status === 200 ? 1 : 0;
  }
  return count;
}

/** Nothing is silent: events of the Worker and, where there is one, of the bridge. */
async function assertTold({ talk, events }, { reasons, told, loses }) {
  const [opened] = await talk.events("breaker_opened");
  assert.ok(reasons.includes(opened?.cause), `opened for ${opened?.cause}`);
  assert.ok((await talk.events("store_recovered")).length >= 1);
  if (loses === "all") assert.ok((await talk.events("store_lost_data")).length >= 1);
  if (told) await untilTold(events, told);
  await talk.assertNothingLeaked();
}

export const untilTold = (events, told) =>
  until(`the bridge to tell ${told.event}`, () => events.some(({ event, cause }) => event === told.event && (!told.cause || cause === told.cause)));
