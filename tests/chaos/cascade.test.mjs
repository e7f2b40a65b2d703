// Scenario 7, cascading_failures: a dead store and a deadline of 1 ms, with tokens and limits both on it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertProblem } from "../worker/conversation.mjs";
import { chaosFor, deadUrl, degraded, total, until } from "./harness.mjs";

const REQUESTS = 20;
// Long enough for a probe or two of the breaker.
const PROBING_MS = 2_500;
const HASTY = { store: { deadline: "1ms", first_deadline: "1ms" } };

/** Every core operation once; returns the token, which is revoked by then. */
async function assertAllWorks(talk) {
  const basic = talk.worker?.authorization;
  const { access_token: token, sub } = await talk.mint();
  const used = await talk.authorize(token);
  assert.deepEqual([used.status, used.body.sub], [200, sub], used.text);
  assert.match(degraded(used) ?? "", /^revocation;reason=\w+, limits;reason=\w+$/);
  assert.equal((await talk.introspect(token)).body.active, true);
  const limit = (init) => talk.request("/v1/limits/per-subject", { basic, ...init });
  const taken = await limit({ json: { key: sub } });
  assert.deepEqual([taken.status, taken.body.allowed, typeof taken.body.degraded], [200, true, "string"], taken.text);
  const revoked = await talk.revoke({ token });
  assert.deepEqual([revoked.status, /^(local|secondary)$/.test(revoked.body.durability)], [200, true], revoked.text);
  assertProblem(await talk.authorize(token), 401, "ERR_JWT_REVOKED");
  assert.deepEqual((await talk.introspect(token)).body, { active: false });
  return token;
}

test("cascading_failures: every operation works, each instance falls back by itself, and a sound one never notices", async (t) => {
  const storeUrl = await deadUrl();
  const dead = { storeUrl, vars: HASTY };
  const { talk, siblings } = await chaosFor(t, { storeUrl, vars: HASTY, siblings: { other: dead, third: dead, sound: {} } });
  for (const one of Object.values(siblings)) one.worker = talk.worker;
  for (let n = 0; n < 3; n += 1) await assertAllWorks(talk);
  const own = await talk.metrics();
  assert.ok(total(own, "store_failures_total") > 0 && total(own, "fallbacks_total") > 0);

  assert.equal(total(await siblings.other.metrics(), "store_failures_total"), 0, "another's failures are not its own");
  const unheard = await talk.mint();
  await talk.revoke({ token: unheard.access_token });
  assert.equal((await siblings.third.authorize(unheard.access_token)).status, 200, "with the store gone it cannot know");
  await assertAllWorks(siblings.other);

  const { access_token } = await siblings.sound.mint();
  const answer = await siblings.sound.authorize(access_token);
  assert.deepEqual([answer.status, degraded(answer)], [200, null], answer.text);
  const metrics = await siblings.sound.metrics();
  assert.deepEqual([total(metrics, "store_failures_total"), total(metrics, "fallbacks_total")], [0, 0]);
});

test("cascading_failures: each failure is counted once, and only what was sent can fail", async (t) => {
  const { talk, proxy } = await chaosFor(t);
  proxy.inject({ fault: "reset" });
  const { access_token: token } = await talk.mint();
  for (let n = 0; n < REQUESTS; n += 1) assert.equal((await talk.authorize(token)).status, 200);
  for (const end_ms = Date.now() + PROBING_MS; Date.now() < end_ms; await sleep(100)) {
    assert.equal((await talk.authorize((await talk.mint()).access_token)).status, 200);
  }
  // A probe is sent in the background of an answer, and counted when it has failed.
  const failures = async () => total(await talk.metrics(), "store_failures_total");
  await until("each failure to be counted", async () => (await failures()) === proxy.requests);
  const metrics = await talk.metrics();
  const notSent = total(metrics, "fallbacks_total", 'cause="breaker_open"');
  const sent = total(metrics, "fallbacks_total") - notSent;
  assert.equal(sent, 5, "the breaker opened on the fifth, and no request was sent afterwards");
  assert.ok(notSent >= REQUESTS - sent, `${notSent}`);
  const lines = await talk.events("store_failed", proxy.requests);
  assert.equal(lines.length, proxy.requests, "each has its line");
});
