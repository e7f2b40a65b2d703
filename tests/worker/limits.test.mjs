// Limits as a caller meets them: counted down in the header fields, refused with the time to wait, all or
// nothing; and as an administrator asks and resets them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFields, assertProblem, assertUncached, counter, startConversation } from "./conversation.mjs";

const slidingWindow = (name, key, limit, window = "60s") => ({ name, key, algorithm: "sliding-window", limit, window });

let talk, basic;
before(async () => {
  const shadow = { ...slidingWindow("shadow", "subject", 1), shadow: true };
  const limits = [slidingWindow("three", "subject", 3), slidingWindow("hundred", "client", 100), shadow];
  talk = await startConversation({ vars: { limits } });
  basic = talk.worker.authorization;
});
after(() => talk?.worker.dispose());

const limit = (policy, { key, ...init } = {}) =>
  talk.request(`/v1/limits/${policy}${key === undefined ? "" : `?key=${encodeURIComponent(key)}`}`, { basic, ...init });
const take = (policy, order) => limit(policy, { json: order });
const peek = (policy, key) => limit(policy, { key });
const reset = (policy, key) => limit(policy, { key, method: "DELETE" });
const POLICIES = '"three";q=3;w=60, "hundred";q=100;w=60';

test("three in 60 s: the fourth is refused, with the time to wait, and consumes nothing anywhere", async () => {
  const { access_token: token, sub } = await talk.mint();
  const { client } = talk.worker;
  for (const left of [2, 1, 0]) {
    const answer = await talk.authorize(token);
    assert.equal(answer.status, 200);
    const ratelimit = new RegExp(`^"three";r=${left};t=\\d+, "hundred";r=\\d+;t=\\d+$`);
    assertFields(answer, { "ratelimit-policy": POLICIES, ratelimit, "retry-after": null });
  }
  const before = (await peek("hundred", client.id)).body;
  for (let again = 0; again < 3; again += 1) {
    const answer = await talk.authorize(token);
    // The store says what each policy has left; a moment later the instance knows of the one that denies.
    const ratelimit = again ? /^"three";r=0;t=\d+$/ : /^"three";r=0;t=\d+, "hundred";r=\d+;t=\d+$/;
    const policies = again ? '"three";q=3;w=60' : POLICIES;
    const fields = { "ratelimit-policy": policies, ratelimit, "retry-after": /^\d+$/, "www-authenticate": null };
    assertProblem(answer, 429, "ERR_RATE_LIMITED", fields);
    assert.deepEqual(answer.body["violated-policies"], ["three"]);
    const wait_s = Number(answer.headers.get("retry-after"));
    assert.ok(wait_s >= 1 && wait_s <= 120, `${wait_s} s`);
  }
  assert.equal((await peek("hundred", client.id)).body.remaining, before.remaining);
  assert.equal((await peek("three", sub)).body.remaining, 0);
  const metrics = await talk.metrics();
  assert.equal(counter(metrics, 'limit_denials_total{policy="three",shadow="false"}'), 3);
  assert.ok(counter(metrics, 'limit_denials_total{policy="shadow",shadow="true"}') > 0, "a shadow counts, and never denies");
});

test("one subject's limit is not another's, and belongs to all its tokens", async () => {
  const [spent, neighbour] = [await talk.mint(), await talk.mint()];
  for (let n = 0; n < 3; n += 1) await talk.authorize(spent.access_token);
  assert.equal((await talk.authorize((await talk.mint({ sub: spent.sub })).access_token)).status, 429);
  assert.equal((await talk.authorize(neighbour.access_token)).status, 200);
});

test("what is refused for another reason takes nothing", async () => {
  const { access_token: token, sub } = await talk.mint();
  await talk.revoke({ token });
  for (let n = 0; n < 5; n += 1) assertProblem(await talk.authorize(token), 401, "ERR_JWT_REVOKED");
  assert.equal((await peek("three", sub)).body.remaining, 3);
});

test("an administrator takes, peeks and resets the key a token of that subject is counted by", async () => {
  const { access_token, sub: key } = await talk.mint();
  const taken = await take("three", { key, cost: 2 });
  assert.deepEqual([taken.status, taken.type], [200, "application/json"]);
  assertUncached(taken);
  assertFields(taken, { "ratelimit-policy": '"three";q=3;w=60', ratelimit: /^"three";r=1;t=\d+$/ });
  const { reset_ms, ...decision } = taken.body;
  assert.deepEqual(decision, { allowed: true, limit: 3, remaining: 1 });
  assert.ok(reset_ms > 0 && reset_ms <= 120_000);

  for (let n = 0; n < 3; n += 1) assert.equal((await peek("three", key)).body.remaining, 1, "a peek takes nothing");
  assert.equal((await talk.authorize(access_token)).status, 200);
  assert.deepEqual([(await peek("three", key)).status, (await peek("three", key)).body.allowed], [200, false]);

  const denied = await take("three", { key });
  const fields = { "ratelimit-policy": '"three";q=3;w=60', ratelimit: /^"three";r=0;t=\d+$/, "retry-after": /^[1-9]\d*$/ };
  assertProblem(denied, 429, "ERR_RATE_LIMITED", fields);
  const { retry_after_ms } = (await peek("three", key)).body;
  assert.ok(Math.abs(Number(denied.headers.get("retry-after")) * 1000 - retry_after_ms) <= 2_000);
  assert.equal((await talk.authorize(access_token)).status, 429);

  const answer = await reset("three", key);
  assert.deepEqual([answer.status, answer.text], [204, ""]);
  assert.equal((await talk.authorize(access_token)).status, 200);
  assert.equal((await peek("three", key)).body.remaining, 2);
});

test("a reset forgets exactly the key it names", async () => {
  const keys = ["subject-of-reset", "subject-of-reset-2"];
  for (const key of keys) await take("three", { key, cost: 3 });
  for (const key of ["subject-of-reset*", "*", "subject-of-rese"]) assert.equal((await reset("three", key)).status, 204);
  for (const key of keys) assert.equal((await peek("three", key)).body.remaining, 0);
  await reset("three", keys[0]);
  const left = await Promise.all(keys.map(async (key) => (await peek("three", key)).body.remaining));
  assert.deepEqual(left, [3, 0]);
});

test("a policy, key or cost that cannot be is refused", async () => {
  const key = "subject-of-bad-takes";
  for (const policy of ["unknown", "", "three/", "%74hree", "gate"]) {
    assertProblem(await take(policy, { key }), 404, "ERR_LIMIT_POLICY_UNKNOWN");
  }
  assertProblem(await peek("unknown", key), 404, "ERR_LIMIT_POLICY_UNKNOWN");
  assertProblem(await reset("unknown", key), 404, "ERR_LIMIT_POLICY_UNKNOWN");
  for (const cost of [0, 4, 2 ** 53]) assertProblem(await take("three", { key, cost }), 400, "ERR_LIMIT_COST_INVALID");
  for (const cost of [-1, 1.5, "1", 1e300]) assertProblem(await take("three", { key, cost }), 400, "ERR_REQUEST_INVALID");
  for (const bad of ["", "a\nb", "x".repeat(257)]) {
    for (const answer of [await take("three", { key: bad }), await peek("three", bad), await reset("three", bad)]) {
      assertProblem(answer, 400, "ERR_REQUEST_INVALID");
    }
  }
  assertProblem(await peek("three"), 400, "ERR_REQUEST_INVALID");
  assertProblem(await take("three", { key, costs: 1 }), 400, "ERR_REQUEST_INVALID");
  assert.equal((await peek("three", key)).body.remaining, 3);
});

test("nothing of this reached an error, a log line or a metric that should not have", () => talk.assertNothingLeaked());
