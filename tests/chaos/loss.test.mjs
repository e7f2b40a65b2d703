// Scenario 2, redis_lost_during_runtime: kill -9 between two tokens, an outage, and the way back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, counter } from "../worker/conversation.mjs";
import { chaosFor, degraded, median, revokedKey, timed, total, untilLogged, untilRecovered, withoutStore } from "./harness.mjs";

const FAILURES_TO_OPEN = 5;
const REQUESTS = 50;
// Probes come 1 s apart at the least; half of that leaves room for their jitter.
const PROBE_MS_MIN = 500;

test("redis_lost_during_runtime: tokens of before and after verify, nobody waits while it is away, and nothing is lost", async (t) => {
  const { talk, siblings, redis, proxy, command } = await chaosFor(t, { siblings: { witness: {} } });
  const first = await talk.mint();
  const healthy_ms = [];
  for (let n = 0; n < 10; n += 1) {
    const { answer, elapsed_ms } = await timed(() => talk.authorize(first.access_token));
    assert.deepEqual([answer.status, degraded(answer)], [200, null], answer.text);
    healthy_ms.push(elapsed_ms);
  }
  assert.equal(total(await talk.metrics(), "store_failures_total"), 0);

  await redis.kill();
  const second = await talk.mint();
  const lost_ms = [];
  for (let n = 0; n < FAILURES_TO_OPEN; n += 1) {
    const { access_token, sub } = [first, second][n % 2];
    const { answer, elapsed_ms } = await timed(() => talk.authorize(access_token));
    assert.deepEqual([answer.status, answer.body.sub, degraded(answer)], [200, sub, withoutStore("http_5xx")]);
    lost_ms.push(elapsed_ms);
  }
  const [opened] = await talk.events("breaker_opened");
  assert.deepEqual(opened, { level: "warn", event: "breaker_opened", store: "primary", cause: "http_5xx" });
  assert.equal(counter(await talk.metrics(), 'breaker_openings_total{store="primary",cause="http_5xx"}'), 1);

  // Whatever waited for the store now would wait for ever.
  proxy.inject({ fault: "hang" });
  const before = proxy.requests;
  const open_ms = [];
  const started_ms = Date.now();
  for (let n = 0; n < REQUESTS; n += 1) {
    const { answer, elapsed_ms } = await timed(() => talk.authorize((n % 2 ? first : second).access_token));
    assert.deepEqual([answer.status, degraded(answer)], [200, withoutStore("breaker_open")], answer.text);
    open_ms.push(elapsed_ms);
  }
  const probes_max = Math.floor((Date.now() - started_ms) / PROBE_MS_MIN) + 1;
  assert.ok(proxy.requests - before <= probes_max, `${proxy.requests - before} of ${REQUESTS} requests reached the store`);
  const shown = (numbers) => `${median(numbers).toFixed(1)} ms`;
  t.diagnostic(`median answer: ${shown(healthy_ms)} healthy, ${shown(lost_ms)} while failing, ${shown(open_ms)} with the breaker open; origin claims a transition under 1 ms`);

  const revoked = await talk.revoke({ token: first.access_token });
  assert.deepEqual([revoked.status, revoked.body], [200, { durability: "secondary" }]);
  assertProblem(await talk.authorize(first.access_token), 401, "ERR_JWT_REVOKED");

  await redis.restart();
  assert.equal(await command("GET", revokedKey(first.jti)), null, "the store has not heard of it yet");
  proxy.clear();
  await untilRecovered(talk);
  const [recovered] = await untilLogged(talk, "store_recovered");
  const { outage_ms, ...line } = recovered;
  assert.deepEqual(line, { level: "info", event: "store_recovered" });
  assert.ok(outage_ms > 0 && outage_ms < 120_000, `${outage_ms} ms`);
  t.diagnostic(`outage of ${outage_ms} ms, as the log says`);
  const [replayed] = await untilLogged(talk, "revocations_replayed");
  assert.deepEqual(replayed, { level: "info", event: "revocations_replayed", count: 1 });
  assert.match(await command("GET", revokedKey(first.jti)), /^\d{13} \d{13}$/);

  const metrics = await talk.metrics();
  assert.equal(counter(metrics, "store_recoveries_total"), 1);
  assert.equal(counter(metrics, "store_outage_milliseconds_total"), outage_ms);
  assert.equal(counter(metrics, "revocations_replayed_total"), 1);
  assert.deepEqual([counter(metrics, "store_up"), counter(metrics, "journal_entries")], [1, 0]);
  assertProblem(await siblings.witness.authorize(first.access_token), 401, "ERR_JWT_REVOKED");
  const other = await siblings.witness.authorize(second.access_token);
  assert.deepEqual([other.status, degraded(other)], [200, null]);
  await talk.assertNothingLeaked();
});

test("redis_lost_during_runtime: a revocation acknowledged as stored outlives kill -9 of the store", async (t) => {
  const { talk, siblings, redis } = await chaosFor(t, { siblings: { witness: {} } });
  const { access_token: token } = await talk.mint();
  assert.deepEqual((await talk.revoke({ token })).body, { durability: "store" });
  await redis.kill();
  await redis.restart();
  assertProblem(await siblings.witness.authorize(token), 401, "ERR_JWT_REVOKED");
});

test("store_lost_data: a store that lost its data is told again what an instance knows as revoked, and it is said", async (t) => {
  const { talk, siblings, command } = await chaosFor(t, { siblings: { witness: {} } });
  const { access_token: other } = await talk.mint();
  // From its first check on an instance knows which data it writes to.
  assert.equal((await talk.authorize(other)).status, 200);
  const { access_token: revoked, jti } = await talk.mint();
  assert.deepEqual((await talk.revoke({ token: revoked })).body, { durability: "store" });
  await command("DEL", "{portcullis}:1:epoch", revokedKey(jti));
  assert.equal((await siblings.witness.authorize(revoked)).status, 200, "forgotten");
  assert.equal((await talk.authorize(other)).status, 200);
  const [lost] = await untilLogged(talk, "store_lost_data");
  assert.deepEqual(lost, { level: "error", event: "store_lost_data" });
  await untilLogged(talk, "revocations_replayed");
  assertProblem(await siblings.witness.authorize(revoked), 401, "ERR_JWT_REVOKED");
});
