// Scenario 5, redis_timeout: a store that takes connections and never answers, and one slower than its deadline.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, counter } from "../worker/conversation.mjs";
import { chaosFor, degraded, revokedKey, timed, total, untilLogged, untilRecovered, withoutStore } from "./harness.mjs";

const FAILURES_TO_OPEN = 5;
// The rest is for a slow machine: what is held is that nobody waits for the store to come back.
const CPU_MS_MAX = 2_000;

test("redis_timeout: with Redis stopped each answer comes within its deadline, and all is well once it goes on", async (t) => {
  const deadlines = { deadline: "300ms", first_deadline: "1s" };
  const { talk, siblings, redis, command } = await chaosFor(t, { vars: { store: deadlines }, siblings: { witness: {} } });
  const { access_token: token, jti } = await talk.mint();
  redis.pause();
  for (let n = 0; n < FAILURES_TO_OPEN; n += 1) {
    const { answer, elapsed_ms } = await timed(() => talk.authorize(token));
    assert.deepEqual([answer.status, degraded(answer)], [200, withoutStore("timeout")], answer.text);
    const deadline_ms = n === 0 ? 1_000 : 300;
    assert.ok(elapsed_ms > deadline_ms - 50, `waited ${elapsed_ms} ms`);
    assert.ok(elapsed_ms < deadline_ms + CPU_MS_MAX, `took ${elapsed_ms} ms`);
  }
  const opened = { level: "warn", event: "breaker_opened", store: "primary", cause: "timeout" };
  assert.deepEqual(await talk.events("breaker_opened"), [opened]);
  assert.equal(counter(await talk.metrics(), 'store_failures_total{verb="admit",cause="timeout"}'), FAILURES_TO_OPEN);

  const { answer: revoked, elapsed_ms } = await timed(() => talk.revoke({ token }));
  assert.deepEqual([revoked.status, revoked.body], [200, { durability: "secondary" }]);
  assert.ok(elapsed_ms < 300 + CPU_MS_MAX, `took ${elapsed_ms} ms`);
  assertProblem(await talk.authorize(token), 401, "ERR_JWT_REVOKED");

  redis.resume();
  await untilRecovered(talk);
  await untilLogged(talk, "store_recovered");
  await untilLogged(talk, "revocations_replayed");
  assert.match(await command("GET", revokedKey(jti)), /^\d{13} \d{13}$/);
  assertProblem(await siblings.witness.authorize(token), 401, "ERR_JWT_REVOKED");
  await talk.assertNothingLeaked();
});

test("redis_timeout: with a deadline of 1 ms everything is answered without the store, and nothing hangs", async (t) => {
  const { talk, proxy } = await chaosFor(t, { vars: { store: { deadline: "1ms", first_deadline: "1ms" } } });
  proxy.inject({ fault: "delay", ms: 200 });
  for (let n = 0; n < 2 * FAILURES_TO_OPEN; n += 1) {
    const { access_token: token } = await talk.mint();
    const { answer, elapsed_ms } = await timed(() => talk.authorize(token));
    assert.equal(answer.status, 200, answer.text);
    assert.match(degraded(answer), /^revocation;reason=(timeout|breaker_open), limits;reason=(timeout|breaker_open)$/);
    assert.ok(elapsed_ms < CPU_MS_MAX, `took ${elapsed_ms} ms`);
    assert.equal((await talk.revoke({ token })).status, 200);
    assertProblem(await talk.authorize(token), 401, "ERR_JWT_REVOKED");
  }
  const metrics = await talk.metrics();
  assert.equal(total(metrics, "store_failures_total"), total(metrics, "store_failures_total", 'cause="timeout"'));
  assert.equal(total(metrics, "breaker_openings_total"), 1);
  await talk.assertNothingLeaked();
});
