// One outage from its begin to its end, under steady traffic, and everything a caller sees of it: measured, and held
// to what is promised of every outage. What is special about one stands in scenarios/.

import assert from "node:assert/strict";
import { assertProblem } from "../worker/conversation.mjs";
import { degraded, startChaos, timed, until } from "./harness.mjs";
import { acceptedBy, assertTold, lossesOf } from "./losses.mjs";
import { assertAnswers, isOpen, recovered, seenBy, startTraffic, timesOf } from "./traffic.mjs";

const HEALTHY = 40;
const OPEN_MIN = 20;
// Revocations in the midst of the outage.
const LATE = 3;
// Nobody meets it: what is asked about is the store.
export const LIMITS = [{ name: "per-subject", key: "subject", algorithm: "sliding-window", limit: 1_000_000, window: "60s" }];

/**
 * @typedef {object} Outage
 * @property {object} [start] more of startChaos's options
 * @property {(chaos: object) => unknown} inject begins it; what it returns is given to heal
 * @property {(chaos: object, injected: unknown) => Promise<void>} [heal] ends it; absent where it ends by itself
 * @property {string[]} reasons the causes by which answers may tell of it
 * @property {object} [told] an event that the bridge must have told by its end
 * @property {"nothing" | "all" | "some" | "measured"} loses what the store may have forgotten of the revocations acknowledged as
 *   stored. But for nothing it is noticed and told again; for some, inject resolves to { willLose: how many }, more than none
 */

/**
 * Runs it. deadline_ms: of a store call; revocations: how many are acknowledged around its begin.
 * Resolves to { healthy_ms, failing_ms, open_ms: times of answers; detect_ms, recover_ms, seen, acknowledged, kept, lost, lostAtLast };
 * rejects where a promise is broken.
 */
export async function runOutage(outage, { deadline_ms, revocations }) {
  const store = { deadline: `${deadline_ms}ms`, first_deadline: "5s" };
  const chaos = await startChaos({ vars: { store, limits: LIMITS }, siblings: { witness: { vars: { limits: LIMITS } } }, ...outage.start });
  try {
    const { talk } = chaos;
    const tokens = (await mintMany(talk, revocations + LATE)).map(({ access_token }) => access_token);
    const late = tokens.splice(revocations);
    const healthy_ms = await healthy(talk);
    const traffic = startTraffic(talk, (await talk.mint()).access_token);
    try {
      const { injected, injected_ms, acknowledged, kept } = await begin(outage, chaos, tokens);
      await until("the breaker to open, and stay so for a while", () => traffic.answers.filter(isOpen).length >= OPEN_MIN);
      for (const token of late) assert.deepEqual((await talk.revoke({ token })).body, { durability: "secondary" });
      kept.push(...late);
      for (const token of [...acknowledged, ...kept]) assertProblem(await talk.authorize(token), 401, "ERR_JWT_REVOKED");
      assertProblem(await talk.authorize(forged((await talk.mint()).access_token)), 401, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
      const { healed_ms, missing } = await end(outage, { chaos, injected, injected_ms, acknowledged });
      const measured = await recovered(traffic, healed_ms);
      assertAnswers(traffic.answers, outage, deadline_ms);
      const losses = await lossesOf({ chaos, outage, missing, acknowledged, kept });
      await assertTold(chaos, outage);
      return { healthy_ms, ...timesOf(traffic.answers), ...measured, ...losses, seen: seenBy(traffic.answers) };
    } finally {
      await traffic.stop();
    }
  } finally {
    await chaos.dispose();
  }
}

/** The same with one bit of its signature changed. */
function forged(token) {
  const at = token.lastIndexOf(".") + 1;
  return token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
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

/**
 * Revokes one token after the other, and injects the fault in the midst of it. acknowledged: those said to be in
 * the store; kept: those of which it was said that they were kept for it.
 */
async function begin({ inject }, chaos, tokens) {
  const [acknowledged, kept] = [[], []];
  let injecting;
  for (const [n, token] of tokens.entries()) {
    if (n === tokens.length >> 1) {
      injecting = (async () => inject(chaos))();
      // Heard where it is awaited, unless a revocation fails before that.
      injecting.catch(() => {});
    }
    const { status, text, body } = await chaos.talk.revoke({ token });
    assert.equal(status, 200, text);
    (body.durability === "store" ? acknowledged : kept).push(token);
  }
  return { injected: await injecting, injected_ms: performance.now(), acknowledged, kept };
}

/**
 * healed_ms: when the remedy began. missing: how many of those acknowledged the store will not have, where that is known
 * only before it is told again.
 */
async function end({ heal, loses }, { chaos, injected, injected_ms, acknowledged }) {
  if (!heal) return { healed_ms: injected_ms, missing: injected?.willLose };
  const healed_ms = performance.now();
  if (loses !== "all") {
    await heal(chaos, injected);
    return { healed_ms };
  }
  // The witness asks before anybody else gets through.
  chaos.proxy.inject({ fault: "reset" });
  await heal(chaos, injected);
  const missing = await acceptedBy(chaos.siblings.witness, acknowledged);
  chaos.proxy.clear();
  return { healed_ms, missing };
}
