// A token from the order to its use: minted as asked, verified by anybody, authorised here.

import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { after, before, test } from "node:test";
import { newCredentials } from "../../scripts/lib/credentials.mjs";
import { assertFields, assertProblem, assertUncached, claimsOf, startConversation } from "./conversation.mjs";
import { basicOf } from "./harness.mjs";

const API = "https://api.example.com";
const INVALID_TOKEN = { "www-authenticate": 'Bearer realm="portcullis", error="invalid_token"' };
const other = newCredentials();
const asOther = { basic: basicOf(other.client) };
const ELSEWHERE = "https://other.example.com";

let talk;
before(async () => {
  talk = await startConversation({ clients: [{ ...other.clients[0], audiences: [ELSEWHERE] }] });
  talk.keepSecret(other.client.secret);
});
after(() => talk?.worker.dispose());

test("a minted token carries what was ordered, and no more than the client may give", async () => {
  const order = { sub: "user-of-story", scope: "read write", aud: API, access_ttl: 120, claims: { tier: "gold", nested: { n: 1 } } };
  const started_s = Math.floor(Date.now() / 1000);
  const answer = await talk.order(order);
  assert.deepEqual([answer.status, answer.type], [201, "application/json"]);
  assertUncached(answer);
  const { access_token, jti, session_id, ...rest } = answer.body;
  assert.deepEqual(rest, { token_type: "Bearer", expires_in: 120, scope: "read write" });
  const header = JSON.parse(Buffer.from(access_token.split(".")[0], "base64url").toString());
  assert.deepEqual(header, { alg: "EdDSA", typ: "at+jwt", kid: talk.worker.keys.keys[0].kid });
  const { iat, iat_ms, exp, ...claims } = claimsOf(access_token);
  assert.deepEqual(claims, {
    iss: "https://auth.example.com",
    sub: "user-of-story",
    aud: [API],
    client_id: talk.worker.client.id,
    scope: "read write",
    jti,
    sid: session_id,
    tier: "gold",
    nested: { n: 1 },
  });
  assert.equal(exp - iat, 120);
  assert.ok(iat >= started_s && iat <= Date.now() / 1000, "issued now");
  assert.equal(Math.floor(iat_ms / 1000), iat);
});

test("what an order leaves out is the default: no scope, the client's audiences, the configured time", async () => {
  const answer = await talk.order({ sub: "user-of-story" });
  assert.deepEqual([answer.body.scope, answer.body.expires_in], ["", 900]);
  const claims = claimsOf(answer.body.access_token);
  assert.deepEqual([claims.aud, claims.scope], [[API], undefined]);
});

test("two tokens share neither jti nor session", async () => {
  const [one, two] = [await talk.mint(), await talk.mint()];
  assert.notEqual(one.jti, two.jti);
  assert.notEqual(one.session_id, two.session_id);
  assert.ok([one.jti, one.session_id].every((name) => Buffer.from(name, "base64url").length === 16));
});

test("the published keys verify a minted token, and hold no private part", async () => {
  const { access_token } = await talk.mint();
  const answer = await talk.request("/.well-known/jwks.json");
  assert.deepEqual([answer.status, answer.type], [200, "application/jwk-set+json"]);
  assertFields(answer, { "cache-control": "public, max-age=300", "x-content-type-options": "nosniff" });
  const [{ kid, x }] = talk.worker.keys.keys;
  assert.deepEqual(answer.body, { keys: [{ kty: "OKP", crv: "Ed25519", alg: "EdDSA", use: "sig", kid, x }] });
  const [header, payload, signature] = access_token.split(".");
  const key = createPublicKey({ key: answer.body.keys[0], format: "jwk" });
  const holds = (input) => verify(null, Buffer.from(input), key, Buffer.from(signature, "base64url"));
  assert.equal(holds(`${header}.${payload}`), true);
  assert.equal(holds(`${header}.${payload}A`), false);
});

test("an authorised request learns the claims as signed, and a proxy whose it is", async () => {
  const { access_token, jti, session_id, sub } = await talk.mint({ scope: "read" });
  const answer = await talk.authorize(access_token);
  assert.deepEqual([answer.status, answer.type], [200, "application/json"]);
  assert.equal(answer.text, Buffer.from(access_token.split(".")[1], "base64url").toString());
  assertUncached(answer);
  assertFields(answer, {
    "x-auth-subject": sub,
    "x-auth-client": talk.worker.client.id,
    "x-auth-scope": "read",
    "x-auth-token-id": jti,
    "x-auth-session": session_id,
    "ratelimit-policy": '"per-subject";q=100;w=60',
    ratelimit: /^"per-subject";r=99;t=\d+$/,
    "retry-after": null,
  });
});

test("a subject from outside ASCII reaches the proxy percent-encoded, unable to end the field", async () => {
  const { access_token } = await talk.mint({ sub: "Zoë 100% – subject" });
  assertFields(await talk.authorize(access_token), { "x-auth-subject": "Zo%C3%AB 100%25 %E2%80%93 subject" });
});

test("a token for another audience is none for this one", async () => {
  const { access_token } = await talk.mint({}, asOther);
  const answer = await talk.authorize(access_token);
  assertProblem(answer, 401, "ERR_JWT_CLAIM_VALIDATION_FAILED", INVALID_TOKEN);
  assert.deepEqual([answer.body.claim, answer.body.reason], ["aud", "check_failed"]);
});

test("nothing of this reached an error, a log line or a metric that should not have", () => talk.assertNothingLeaked());
