// What users do, from end to end: in workerd, with a real redis-server behind the bridge.

import assert from "node:assert/strict";
import { test } from "node:test";
import { newCredentials } from "../../scripts/lib/credentials.mjs";
import { chaosFor, degraded, untilRecovered } from "../chaos/harness.mjs";
import { assertOAuthError, assertProblem, claimsOf, counter } from "./conversation.mjs";
import { basicOf } from "./harness.mjs";

const API = "https://api.example.com";
const REVOKED = [401, "ERR_JWT_REVOKED"];
const OVER = [400, "invalid_grant", "ERR_REFRESH_INVALID"];

/** A user at one device: signed in by the application, with an access token and a refresh token. */
async function signIn(talk, sub, order = {}) {
  const opened = await talk.mint({ sub, refresh: true, scope: "read", ...order });
  talk.keepSecret(...opened.refresh_token.split(".").slice(1));
  return opened;
}

async function refreshed(talk, { refresh_token }) {
  const answer = await talk.refresh(refresh_token);
  assert.equal(answer.status, 200, answer.text);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  talk.keepSecret(...[answer.body.refresh_token, answer.body.access_token].flatMap((token) => token.split(".").slice(1)));
  return answer.body;
}

const newSubject = () => `user-${crypto.randomUUID()}`;

test("workflow 1: a user signs in, uses the API, stays signed in by refreshing, and logs out", async (t) => {
  const { talk } = await chaosFor(t);
  const sub = newSubject();
  let tokens = await signIn(talk, sub);
  assert.equal((await talk.authorize(tokens.access_token)).status, 200);
  for (let i = 0; i < 3; i++) tokens = { ...tokens, ...(await refreshed(talk, tokens)) };
  const used = await talk.authorize(tokens.access_token);
  assert.deepEqual([used.status, used.body.sub, used.body.sid, degraded(used)], [200, sub, tokens.session_id, null]);

  const loggedOut = await talk.revoke({ token: tokens.refresh_token, token_type_hint: "refresh_token" });
  assert.deepEqual([loggedOut.status, loggedOut.body], [200, { durability: "store" }]);
  assertProblem(await talk.authorize(tokens.access_token), ...REVOKED);
  assertOAuthError(await talk.refresh(tokens.refresh_token), ...OVER);
  await talk.assertNothingLeaked();
});

test("workflow 1: two tabs that refresh at once share a session, and a stolen token ends it for both", async (t) => {
  const { talk } = await chaosFor(t, { vars: { sessions: { reuse_grace: "2s" } } });
  const first = await signIn(talk, newSubject());
  const [one, two] = await Promise.all([refreshed(talk, first), refreshed(talk, first)]);
  assert.equal(one.refresh_token, two.refresh_token);
  assert.notEqual(one.access_token, two.access_token);
  const next = await refreshed(talk, one);
  // A thief with a copy of the first token: the session is killed, whoever is right.
  assertOAuthError(await talk.refresh(first.refresh_token), 400, "invalid_grant", "ERR_REFRESH_REUSED");
  assertOAuthError(await talk.refresh(next.refresh_token), ...OVER);
  for (const { access_token } of [one, two, next]) assertProblem(await talk.authorize(access_token), ...REVOKED);
  const [reused] = await talk.events("refresh_reused");
  assert.deepEqual(reused, { level: "error", event: "refresh_reused" });
  assert.equal(counter(await talk.metrics(), "refresh_reuses_total"), 1);
  await talk.assertNothingLeaked();
});

test("workflow 2: a user sees all devices, ends one, and logs out everywhere from another", async (t) => {
  const { talk, siblings } = await chaosFor(t, { siblings: { elsewhere: {} } });
  const sub = newSubject();
  const [phone, laptop, tablet] = [await signIn(talk, sub), await signIn(talk, sub), await signIn(siblings.elsewhere, sub)];
  const list = async () => {
    const answer = await talk.request(`/v1/sessions?subject=${sub}`, { basic: talk.worker.authorization });
    assert.equal(answer.status, 200, answer.text);
    return answer.body.sessions;
  };
  const sessions = await list();
  assert.equal(sessions.length, 3);
  const end = { method: "DELETE", basic: talk.worker.authorization };
  assert.equal((await talk.request(`/v1/sessions/${sessions[0].id}`, end)).status, 200);
  assertProblem(await siblings.elsewhere.authorize(phone.access_token), ...REVOKED);
  assert.equal((await siblings.elsewhere.authorize(laptop.access_token)).status, 200);
  assert.equal((await list()).length, 2);

  assert.deepEqual((await talk.revoke({ subject: sub })).body, { durability: "store" });
  for (const { access_token, refresh_token } of [laptop, tablet]) {
    assertProblem(await siblings.elsewhere.authorize(access_token), ...REVOKED);
    assertOAuthError(await siblings.elsewhere.refresh(refresh_token), ...OVER);
  }
  assert.deepEqual(await list(), []);
  const again = await signIn(talk, sub);
  assert.equal((await siblings.elsewhere.authorize(again.access_token)).status, 200);
});

test("workflow 3: a changed password cuts off all that was issued before, and nothing that comes after", async (t) => {
  const { talk, siblings } = await chaosFor(t, { siblings: { elsewhere: {} } });
  const sub = newSubject();
  const before = await signIn(talk, sub);
  assert.equal((await siblings.elsewhere.authorize(before.access_token)).status, 200);
  await talk.revoke({ subject: sub });
  const after = await signIn(talk, sub);
  for (const who of [talk, siblings.elsewhere]) {
    assertProblem(await who.authorize(before.access_token), ...REVOKED);
    assert.equal((await who.authorize(after.access_token)).status, 200);
  }
  assertOAuthError(await talk.refresh(before.refresh_token), ...OVER);
  await refreshed(talk, after);
});

test("workflow 4: a machine gets a token of its own, is introspected by the API, and gives it back", async (t) => {
  const machine = newCredentials();
  const record = { ...machine.clients[0], grants: [], scopes: ["jobs:run"], audiences: [API] };
  const { talk } = await chaosFor(t, { clients: [record] });
  talk.keepSecret(machine.client.secret);
  const basic = basicOf(machine.client);
  const metadata = (await talk.request("/.well-known/oauth-authorization-server")).body;
  const { pathname } = new URL(metadata.token_endpoint);
  const form = { grant_type: "client_credentials", scope: "jobs:run" };
  const answer = await talk.request(pathname, { basic, form });
  assert.deepEqual([answer.status, answer.body.scope, answer.body.refresh_token], [200, "jobs:run", undefined]);
  const { access_token } = answer.body;
  const claims = claimsOf(access_token);
  assert.deepEqual([claims.sub, claims.client_id, claims.aud], [machine.client.id, machine.client.id, [API]]);
  const told = (await talk.introspect(access_token)).body;
  assert.deepEqual([told.active, told.client_id], [true, machine.client.id]);
  assertOAuthError(await talk.request(pathname, { basic, form: { ...form, scope: "admin" } }), 400, "invalid_scope", "ERR_GRANT_EXCEEDED");
  assert.equal((await talk.revoke({ token: access_token }, { basic })).status, 200);
  assert.deepEqual((await talk.introspect(access_token)).body, { active: false });
  await talk.assertNothingLeaked();
});

test("workflow 5: guesses at a client's secret and at tokens are cut off by address, and nobody else is", async (t) => {
  const limits = [{ name: "guesses", key: "ip", trigger: "auth_failure", algorithm: "sliding-window", limit: 5, window: "60s" }];
  const { talk } = await chaosFor(t, { vars: { limits, trusted_proxy_hops: 1 } });
  const from = (address) => ({ "x-forwarded-for": address });
  const guess = (address) =>
    talk.request("/oauth/token", {
      basic: basicOf({ id: talk.worker.client.id, secret: crypto.randomUUID() }),
      form: { grant_type: "client_credentials" },
      headers: from(address),
    });
  for (let i = 0; i < 5; i++) assertOAuthError(await guess("198.51.100.7"), 401, "invalid_client", "ERR_CLIENT_INVALID");
  const cutOff = await guess("198.51.100.7");
  assertOAuthError(cutOff, 429, "temporarily_unavailable", "ERR_RATE_LIMITED", { "retry-after": /^\d+$/ });
  const { access_token } = await talk.mint({}, { headers: from("203.0.113.9") });
  assert.equal((await talk.authorize(access_token, { headers: from("203.0.113.9") })).status, 200);
  // Even the right secret and a good token are refused from there: what was guessed cannot be told from what was known.
  assertProblem(await talk.authorize(access_token, { headers: from("198.51.100.7") }), 429, "ERR_RATE_LIMITED");
  await talk.assertNothingLeaked({ headers: from("203.0.113.9") });
});

test("workflow 6: through an outage users go on, and what administrators do waits for the store", async (t) => {
  const { talk, redis } = await chaosFor(t, { vars: { revocation: { closed_scopes: ["write"] } } });
  const user = await signIn(talk, newSubject());
  const admin = await talk.mint({ scope: "write" });
  for (const { access_token } of [user, admin]) assert.equal((await talk.authorize(access_token)).status, 200);
  await redis.kill();
  const used = await talk.authorize(user.access_token);
  assert.equal(used.status, 200, used.text);
  assert.match(degraded(used), /^revocation;reason=/);
  assertProblem(await talk.authorize(admin.access_token), 503, "ERR_STORE_UNAVAILABLE");
  assertOAuthError(await talk.refresh(user.refresh_token), 503, "temporarily_unavailable", "ERR_STORE_UNAVAILABLE");
  await redis.restart();
  await untilRecovered(talk);
  assert.equal((await talk.authorize(admin.access_token)).status, 200);
  const next = await refreshed(talk, user);
  assert.equal((await talk.authorize(next.access_token)).status, 200);
});

test("workflow 7: keys and the secret of refresh tokens are rotated while sessions live", async (t) => {
  const later = newCredentials();
  const now_s = Math.floor(Date.now() / 1000);
  const { talk, siblings } = await chaosFor(t, {
    siblings: {
      rotated: {
        bindings: ({ PORTCULLIS_KEYS, PORTCULLIS_REFRESH_SECRET }) => {
          const [old] = JSON.parse(PORTCULLIS_KEYS).keys;
          const keys = [{ ...old, retire_at: now_s + 3_600 }, { ...later.keys.keys[0], not_before: now_s - 60 }];
          const secrets = `${later.refreshSecret},${PORTCULLIS_REFRESH_SECRET}`;
          return { PORTCULLIS_KEYS: JSON.stringify({ keys }), PORTCULLIS_REFRESH_SECRET: secrets };
        },
      },
    },
  });
  const { rotated } = siblings;
  const kid = (token) => JSON.parse(Buffer.from(token.split(".")[0], "base64url").toString()).kid;
  const before = await signIn(talk, newSubject());
  assert.equal((await rotated.authorize(before.access_token)).status, 200, "the old key verifies until it retires");
  const after = await refreshed(rotated, before);
  assert.notEqual(kid(after.access_token), kid(before.access_token));
  assert.notEqual(kid(after.refresh_token), kid(before.refresh_token));
  assert.equal(claimsOf(after.access_token).sid, before.session_id);
  assert.equal((await rotated.authorize(after.access_token)).status, 200);
  const published = (await rotated.request("/.well-known/jwks.json")).body.keys.map((key) => key.kid);
  assert.deepEqual(published.sort(), [kid(before.access_token), kid(after.access_token)].sort());
  await refreshed(rotated, after);
  assertOAuthError(await talk.refresh(after.refresh_token), ...OVER);
});
