// Scenario 1, redis_unavailable_on_startup: nobody listens where the store should be, from the first request on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertFields, assertProblem, counter } from "../worker/conversation.mjs";
import { chaosFor, deadUrl, degraded, total, withoutStore } from "./harness.mjs";

for (const [where, durability, kvNamespaces] of [
  ["KV as the secondary", "secondary", { PORTCULLIS_KV: "PORTCULLIS_KV" }],
  ["nothing but the instance's memory", "local", {}],
]) {
  test(`redis_unavailable_on_startup: with ${where} a token is minted, used, revoked and refused, and all of it is said`, async (t) => {
    const storeUrl = await deadUrl();
    const { siblings } = await chaosFor(t, { siblings: { lonely: { storeUrl, kvNamespaces } } });
    const talk = siblings.lonely;
    talk.keepSecret(new URL(storeUrl).host);

    const { access_token: token, sub } = await talk.mint();
    const used = await talk.authorize(token);
    assert.deepEqual([used.status, used.body.sub], [200, sub]);
    assert.equal(degraded(used), withoutStore("unreachable"));
    const [failed] = await talk.events("store_failed");
    assert.deepEqual(failed, { level: "error", event: "store_failed", verb: "admit", cause: "unreachable" });

    const revoked = await talk.revoke({ token });
    assert.deepEqual([revoked.status, revoked.body], [200, { durability }]);
    const [journalled] = await talk.events("revocation_journalled");
    assert.deepEqual(journalled, { level: "warn", event: "revocation_journalled", scope: "token" });
    const refused = await talk.authorize(token);
    assertProblem(refused, 401, "ERR_JWT_REVOKED");
    assert.equal(degraded(refused), null, "how a refusal was decided is not for the bearer");
    assert.deepEqual((await talk.introspect(token)).body, { active: false });

    const metrics = await talk.metrics();
    assert.ok(counter(metrics, 'store_failures_total{verb="admit",cause="unreachable"}') >= 1);
    assert.ok(counter(metrics, 'fallbacks_total{verb="admit",cause="unreachable"}') >= 1);
    assert.equal(total(metrics, "revocations_journalled_total"), 1);
    assert.deepEqual([counter(metrics, "store_up"), counter(metrics, "journal_entries")], [0, 1]);
    const ready = await talk.request("/readyz");
    assert.deepEqual([ready.status, ready.body], [200, { status: "degraded" }]);
    assertFields(ready, { "cache-control": "no-store" });
    await talk.assertNothingLeaked();
  });
}

test("redis_unavailable_on_startup: with `closed` the gate stays shut instead: 503, and not ready", async (t) => {
  const { talk } = await chaosFor(t, { storeUrl: await deadUrl(), vars: { revocation: { on_outage: "closed" } } });
  const { access_token } = await talk.mint();
  assertProblem(await talk.authorize(access_token), 503, "ERR_STORE_UNAVAILABLE", { "retry-after": "1" });
  const ready = await talk.request("/readyz");
  assert.deepEqual([ready.status, ready.body], [503, { status: "not ready" }]);
});
