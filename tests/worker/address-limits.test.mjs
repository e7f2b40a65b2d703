// Limits by address: failed authentications, and the gate before everything. Whose address counts is
// for the configuration to say, never for the caller.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFields, assertProblem, conversation, startConversation } from "./conversation.mjs";
import { SETTINGS, sibling, urlOf } from "./sibling.mjs";
import { exchange, head, parse } from "./wire.mjs";

const FAILURES = { name: "failures", key: "ip", algorithm: "sliding-window", limit: 3, window: "60s", trigger: "auth_failure" };
const GATE = { limit: 5, window: "60s" };
const DENIED = { "ratelimit-policy": '"failures";q=3;w=60', ratelimit: /^"failures";r=0;t=\d+$/, "retry-after": /^[1-9]\d*$/ };

// Each instance counts for itself; the ports of siblings have no proxy that adds an address.
const INSTANCES = {
  failures: { limits: [FAILURES] },
  oneHop: { limits: [FAILURES], trusted_proxy_hops: 1 },
  twoHops: { limits: [FAILURES], trusted_proxy_hops: 2 },
  gate: { gate: GATE },
};
const at = {};
let worker, basic;
before(async () => {
  const { worker: started } = await startConversation({
    workers: (bindings) =>
      Object.entries(INSTANCES).map(([name, settings]) => sibling(name, { ...bindings, portcullis: { ...SETTINGS, ...settings } })),
  });
  worker = started;
  basic = worker.authorization;
  for (const name of Object.keys(INSTANCES)) at[name] = conversation(worker, await urlOf(worker, name));
});
after(() => worker?.dispose());

const cloudflare = (address) => ({ "cf-connecting-ip": address });
const forwarded = (list) => ({ "x-forwarded-for": list });
const fail = (talk, headers) => talk.authorize("a.b.c", { headers });

/** Uses up the failures of the caller that `headers()` describes, and returns how the next is answered. */
async function exhaust(talk, headers) {
  for (let n = 0; n < FAILURES.limit; n += 1) assertProblem(await fail(talk, headers()), 401, "ERR_JWS_INVALID");
  return fail(talk, headers());
}

test("after three failures an address is refused, good token or not, and no other address is", async () => {
  const talk = at.failures;
  const { access_token } = await talk.mint({}, { headers: cloudflare("192.0.2.9") });
  const [headers, others] = [cloudflare("192.0.2.1"), cloudflare("192.0.2.2")];
  assertProblem(await exhaust(talk, () => headers), 429, "ERR_RATE_LIMITED", DENIED);
  assertProblem(await talk.authorize(access_token, { headers }), 429, "ERR_RATE_LIMITED", DENIED);
  assertProblem(await talk.request("/.well-known/jwks.json", { headers }), 429, "ERR_RATE_LIMITED", DENIED);
  assert.equal((await talk.request("/healthz", { headers })).status, 200, "liveness has no limit");
  assert.equal((await talk.authorize(access_token, { headers: others })).status, 200);
});

test("a wrong client secret and a revoked token count, the lack of credentials and a lack of grants do not", async () => {
  const talk = at.failures;
  const { access_token } = await talk.mint({}, { headers: cloudflare("192.0.2.9") });
  await talk.revoke({ token: access_token }, { headers: cloudflare("192.0.2.9") });
  const headers = cloudflare("192.0.2.3");
  for (let n = 0; n < 10; n += 1) {
    assertProblem(await talk.request("/v1/authorize", { headers }), 401, "ERR_CREDENTIALS_MISSING");
    assertProblem(await talk.order({ sub: "subject", scope: "admin" }, { headers }), 403, "ERR_GRANT_EXCEEDED");
    assertProblem(await talk.request("/nowhere", { headers }), 404, "ERR_ROUTE_NOT_FOUND");
  }
  assertProblem(await talk.authorize(access_token, { headers }), 401, "ERR_JWT_REVOKED");
  const wrong = { headers, basic: `Basic ${btoa(`${worker.client.id}:wrong`)}` };
  assertProblem(await talk.order({ sub: "subject" }, wrong), 401, "ERR_CLIENT_INVALID");
  assert.equal((await talk.revoke({ token: "x" }, wrong)).status, 401);
  assertProblem(await fail(talk, headers), 429, "ERR_RATE_LIMITED", DENIED);
});

test("a caller cannot change its address by X-Forwarded-For unless a proxy is trusted", async () => {
  let n = 0;
  const spoofing = () => ({ ...cloudflare("192.0.2.4"), ...forwarded(`198.51.100.${(n += 1)}`) });
  assertProblem(await exhaust(at.failures, spoofing), 429, "ERR_RATE_LIMITED", DENIED);
});

test("callers whose address is not known share one count", async () => {
  const unknown = [{}, cloudflare("not an address"), cloudflare("192.0.2.1:80"), forwarded("198.51.100.1")];
  let n = 0;
  assertProblem(await exhaust(at.failures, () => unknown[n++]), 429, "ERR_RATE_LIMITED", DENIED);
});

test("IPv6 counts by its /64", async () => {
  let n = 0;
  assertProblem(await exhaust(at.failures, () => cloudflare(`2001:db8:1:1::${(n += 1)}`)), 429, "ERR_RATE_LIMITED", DENIED);
  assert.equal((await fail(at.failures, cloudflare("2001:db8:1:2::1"))).status, 401);
});

test("behind one trusted proxy the last address counts, whatever stands before it or in Cloudflare's field", async () => {
  let n = 0;
  const spoofing = () => ({ ...forwarded(`198.51.100.${(n += 1)}, 203.0.113.1`), ...cloudflare(`198.51.100.${n}`) });
  assertProblem(await exhaust(at.oneHop, spoofing), 429, "ERR_RATE_LIMITED", DENIED);
  assert.equal((await fail(at.oneHop, forwarded("203.0.113.1, 203.0.113.2"))).status, 401);
});

test("behind two trusted proxies the last but one counts", async () => {
  let n = 0;
  const spoofing = () => forwarded(`198.51.100.${(n += 1)}, 203.0.113.1,10.0.0.${n}`);
  assertProblem(await exhaust(at.twoHops, spoofing), 429, "ERR_RATE_LIMITED", DENIED);
  assert.equal((await fail(at.twoHops, forwarded("203.0.113.1, 203.0.113.2, 10.0.0.1"))).status, 401);
});

test("an administrator frees an address that failed too often", async () => {
  const headers = cloudflare("192.0.2.5");
  assert.equal((await exhaust(at.failures, () => headers)).status, 429);
  const reset = { method: "DELETE", basic, headers: cloudflare("192.0.2.9") };
  assert.equal((await at.failures.request("/v1/limits/failures?key=192.0.2.5", reset)).status, 204);
  assertProblem(await fail(at.failures, headers), 401, "ERR_JWS_INVALID");
  assertProblem(await at.failures.request("/v1/limits/failures?key=somebody", reset), 400, "ERR_REQUEST_INVALID");
});

test("the gate counts every request of an address but liveness, and stands before all else", async () => {
  const talk = at.gate;
  const headers = cloudflare("192.0.2.6");
  const fields = { "ratelimit-policy": '"gate";q=5;w=60', ratelimit: /^"gate";r=0;t=\d+$/, "retry-after": /^[1-9]\d*$/ };
  for (const path of ["/readyz", "/nowhere", "/v1/authorize", "/metrics", "/.well-known/jwks.json"]) {
    assert.equal((await talk.request(path, { headers })).headers.get("ratelimit"), null, path);
  }
  for (const path of ["/readyz", "/nowhere", "/v1/authorize", "/metrics", "/.well-known/jwks.json"]) {
    assertProblem(await talk.request(path, { headers, basic }), 429, "ERR_RATE_LIMITED", fields);
  }
  const answer = await talk.revoke({ token: "x" }, { headers });
  assert.deepEqual([answer.status, answer.body.error, answer.body.code], [429, "temporarily_unavailable", "ERR_RATE_LIMITED"]);
  assertFields(answer, fields);
  for (let n = 0; n < 10; n += 1) assert.equal((await talk.request("/healthz", { headers })).status, 200);
  assert.equal((await talk.request("/readyz", { headers: cloudflare("192.0.2.7") })).status, 200);
});

test("a body is not waited for from an address the gate refuses", async () => {
  const headers = cloudflare("192.0.2.8");
  for (let n = 0; n < GATE.limit; n += 1) await at.gate.request("/readyz", { headers });
  const fields = ["CF-Connecting-IP: 192.0.2.8", "Content-Type: application/json", "Content-Length: 1000"];
  const { text, elapsed_ms } = await exchange(at.gate.url, [head("POST /v1/tokens HTTP/1.1", ...fields)], { enough: (got) => got.includes("}") });
  assertProblem(parse(at.gate, text), 429, "ERR_RATE_LIMITED");
  assert.ok(elapsed_ms < 3_000, `took ${elapsed_ms} ms`);
});

test("nothing of this reached an error, a log line or a metric that should not have", async () => {
  for (const talk of Object.values(at)) {
    talk.keepSecret("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:");
    await talk.assertNothingLeaked({ headers: cloudflare("10.9.9.9") });
  }
});
