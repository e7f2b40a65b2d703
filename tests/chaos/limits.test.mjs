// Scenario 3, rate_limit_without_redis: three in a sliding window of 60 s, and never a fourth.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, counter, startConversation } from "../worker/conversation.mjs";
import { chaosFor, deadUrl, degraded, withoutStore } from "./harness.mjs";

const THREE = { limits: [{ name: "three", key: "subject", algorithm: "sliding-window", limit: 3, window: "60s" }] };
const REFUSED = { "retry-after": /^[1-9]\d*$/, ratelimit: /^"three";r=0;t=\d+$/, "portcullis-degraded": null };

/** `reasons`: what each of the three says of how it was decided. */
async function assertThreeOfFour(talk, reasons) {
  const { access_token } = await talk.mint();
  for (const [n, reason] of reasons.entries()) {
    const answer = await talk.authorize(access_token);
    assert.deepEqual([answer.status, degraded(answer)], [200, reason], answer.text);
    assert.match(answer.headers.get("ratelimit"), new RegExp(`^"three";r=${2 - n};t=\\d+$`));
  }
  assertProblem(await talk.authorize(access_token), 429, "ERR_RATE_LIMITED", REFUSED);
  assert.equal(counter(await talk.metrics(), 'limit_denials_total{policy="three",shadow="false"}'), 1);
}

test("rate_limit_without_redis: with the embedded store the fourth is refused", async (t) => {
  const talk = await startConversation({ vars: THREE });
  t.after(() => talk.worker.dispose());
  await assertThreeOfFour(talk, [null, null, null]);
});

test("rate_limit_without_redis: with a dead Redis too, counted locally, and it says so", async (t) => {
  const { talk } = await chaosFor(t, { storeUrl: await deadUrl(), vars: THREE });
  await assertThreeOfFour(talk, Array(3).fill(withoutStore("unreachable")));
});

test("rate_limit_without_redis: a take by an administrator names the reason in its body", async (t) => {
  const { talk } = await chaosFor(t, { storeUrl: await deadUrl(), vars: THREE });
  const basic = talk.worker.authorization;
  const taken = await talk.request("/v1/limits/three", { basic, json: { key: "somebody" } });
  assert.deepEqual([taken.status, taken.body.allowed, taken.body.degraded], [200, true, "unreachable"], taken.text);
});

for (const [on_outage, status, code] of [["closed", 503, "ERR_STORE_UNAVAILABLE"], ["open", 200, undefined]]) {
  test(`rate_limit_without_redis: a policy that is ${on_outage} in an outage answers ${status}`, async (t) => {
    const limits = [{ ...THREE.limits[0], on_outage }];
    const { talk } = await chaosFor(t, { storeUrl: await deadUrl(), vars: { limits } });
    const { access_token } = await talk.mint();
    for (let n = 0; n < 4; n += 1) {
      const answer = await talk.authorize(access_token);
      assert.deepEqual([answer.status, answer.body.code], [status, code], answer.text);
    }
  });
}
