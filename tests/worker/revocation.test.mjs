// A token's end: introspected while it lives, revoked by token, session or subject, refused from then on.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { newCredentials } from "../../scripts/lib/credentials.mjs";
import { assertOAuthError, assertProblem, assertUncached, claimsOf, startConversation } from "./conversation.mjs";
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

async function assertRevoked(token) {
  assertProblem(await talk.authorize(token), 401, "ERR_JWT_REVOKED", INVALID_TOKEN);
  assert.deepEqual((await talk.introspect(token)).body, { active: false });
}

test("introspection tells all of an active token to its client, and nothing of any other", async () => {
  const { access_token, sub } = await talk.mint({ scope: "read", aud: [API], access_ttl: 60 });
  const answer = await talk.introspect(access_token);
  assert.deepEqual([answer.status, answer.type], [200, "application/json"]);
  assertUncached(answer);
  const { iss, aud, client_id, scope, exp, iat, jti, sid } = claimsOf(access_token);
  const told = { iss, sub, aud, client_id, scope, exp, iat, jti, sid };
  assert.deepEqual(answer.body, { active: true, ...told, token_type: "Bearer" });
  for (const token of ["not-a-token", `${access_token.slice(0, -4)}AAAA`]) {
    assert.deepEqual((await talk.introspect(token)).body, { active: false });
  }
  assert.deepEqual((await talk.introspect(access_token, asOther)).body, { active: false });
});

test("revoked by token: refused from then on, and no other token of its subject with it", async () => {
  const [gone, stays] = [await talk.mint({ sub: "subject-revoked-by-token" }), await talk.mint({ sub: "subject-revoked-by-token" })];
  assert.equal((await talk.authorize(gone.access_token)).status, 200);
  const answer = await talk.revoke({ token: gone.access_token });
  assert.deepEqual([answer.status, answer.type, answer.body], [200, "application/json", { durability: "store" }]);
  assertUncached(answer);
  await assertRevoked(gone.access_token);
  assert.equal((await talk.authorize(stays.access_token)).status, 200);
});

test("revoked by session: its token is refused, another session of the same subject is not", async () => {
  const [gone, stays] = [await talk.mint({ sub: "subject-of-sessions" }), await talk.mint({ sub: "subject-of-sessions" })];
  assert.deepEqual((await talk.revoke({ session: gone.session_id })).body, { durability: "store" });
  await assertRevoked(gone.access_token);
  assert.equal((await talk.authorize(stays.access_token)).status, 200);
});

test("revoked by subject: all issued up to now is refused, what is issued after is not", async () => {
  const sub = "subject-revoked-whole";
  const gone = [await talk.mint({ sub }), await talk.mint({ sub })];
  const stays = await talk.mint();
  assert.deepEqual((await talk.revoke({ subject: sub })).body, { durability: "store" });
  for (const { access_token } of gone) await assertRevoked(access_token);
  assert.equal((await talk.authorize(stays.access_token)).status, 200);
  // The cut is in milliseconds, and includes its own.
  await sleep(2);
  assert.equal((await talk.authorize((await talk.mint({ sub })).access_token)).status, 200);
});

test("there is nothing to revoke of what is not ours: 200, as RFC 7009 has it", async () => {
  for (const token of ["not-a-token", "a.b.c"]) {
    const answer = await talk.revoke({ token });
    assert.deepEqual([answer.status, answer.body], [200, {}]);
  }
});

test("no client revokes another's token", async () => {
  const { access_token } = await talk.mint();
  const answer = await talk.revoke({ token: access_token }, asOther);
  assertOAuthError(answer, 403, "invalid_grant", "ERR_TOKEN_FOREIGN");
  assert.equal((await talk.authorize(access_token)).status, 200);
});

test("a client may authenticate in the form instead, and not in both ways", async () => {
  const { access_token } = await talk.mint();
  const credentials = { client_id: talk.worker.client.id, client_secret: talk.worker.client.secret };
  const both = await talk.revoke({ token: access_token, ...credentials });
  assertOAuthError(both, 400, "invalid_request", "ERR_REQUEST_INVALID");
  const form = await talk.revoke({ token: access_token, ...credentials }, { basic: undefined });
  assert.deepEqual([form.status, form.body], [200, { durability: "store" }]);
  await assertRevoked(access_token);
});

test("nothing of this reached an error, a log line or a metric that should not have", () => talk.assertNothingLeaked());
