// What is wrong with a request's credentials is refused with 401, its code and its challenge.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertProblem, claimsOf, startConversation } from "./conversation.mjs";
import { headerOf, hmacSigned, signed, unsigned, withStrayBits } from "./forge.mjs";
import { rawRequest } from "./wire.mjs";

const CHALLENGE = { missing: 'Bearer realm="portcullis"' };
for (const error of ["invalid_request", "invalid_token"]) CHALLENGE[error] = `${CHALLENGE.missing}, error="${error}"`;

let talk, token, jwk;
before(async () => {
  talk = await startConversation();
  ({ access_token: token } = await talk.mint());
  [jwk] = talk.worker.keys.keys;
});
after(() => talk?.worker.dispose());

const assertMalformed = (answer) =>
  assertProblem(answer, 401, "ERR_CREDENTIALS_INVALID", { "www-authenticate": CHALLENGE.invalid_request });
const assertRefused = (answer, code) => assertProblem(answer, 401, code, { "www-authenticate": CHALLENGE.invalid_token });

test("without credentials the challenge names no error", async () => {
  const missing = [401, "ERR_CREDENTIALS_MISSING", { "www-authenticate": CHALLENGE.missing }];
  assertProblem(await talk.request("/v1/authorize"), ...missing);
  assertProblem(await rawRequest(talk, "GET /v1/authorize HTTP/1.1", "Authorization:"), ...missing);
});

for (const [what, value] of Object.entries({
  "the scheme alone": "Bearer",
  "the scheme and spaces": "Bearer    ",
  "two tokens": "Bearer abc def",
  "two credentials in one field": "Bearer abc, Bearer def",
  "bytes outside ASCII": "Bearer \u00e9\u00fc",
})) {
  test(`malformed credentials are refused: ${what}`, async () => {
    assertMalformed(await rawRequest(talk, "GET /v1/authorize HTTP/1.1", `Authorization: ${value}`));
  });
}

test("credentials of another scheme are refused, and the challenge names ours", async () => {
  for (const basic of ["Digest abc", "abc.def.ghi", talk.worker.authorization]) {
    const answer = await talk.request("/v1/authorize", { basic });
    assertProblem(answer, 401, "ERR_CREDENTIALS_INVALID", { "www-authenticate": CHALLENGE.missing });
  }
});

test("two Authorization lines are refused, even when both hold the same good token", async () => {
  const line = `Authorization: Bearer ${token}`;
  assert.equal((await rawRequest(talk, "GET /v1/authorize HTTP/1.1", line)).status, 200);
  assertMalformed(await rawRequest(talk, "GET /v1/authorize HTTP/1.1", line, line));
  assertMalformed(await rawRequest(talk, "GET /v1/authorize HTTP/1.1", "Authorization: Bearer x", line));
});

test("the scheme is compared without case, and may be followed by more than one space", async () => {
  for (const scheme of ["bearer ", "BEARER   "]) {
    assert.equal((await rawRequest(talk, "GET /v1/authorize HTTP/1.1", `Authorization: ${scheme}${token}`)).status, 200);
  }
});

test("a token has three parts, in canonical base64url, and at most 16 KiB", async () => {
  const [header, payload, signature] = token.split(".");
  const cases = {
    ERR_JWS_INVALID: ["abc", `${header}.${payload}`, `${token}.x`, `${token}=`, `${header}=.${payload}.${signature}`, "..", withStrayBits(token)],
    ERR_JWT_TOO_LARGE: [`${token}${"A".repeat(17 * 1024 - token.length)}`, "A".repeat(16 * 1024 + 1)],
  };
  for (const [code, tokens] of Object.entries(cases)) {
    for (const bad of tokens) assertRefused(await talk.authorize(bad), code);
  }
});

test("the key decides the algorithm, never the token", async () => {
  const claims = claimsOf(token);
  for (const alg of ["none", "None", "NONE", "nOnE", "HS256", "RS256"]) {
    assertRefused(await talk.authorize(unsigned(headerOf(jwk, { alg }), claims)), "ERR_JOSE_ALG_NOT_ALLOWED");
  }
  for (const secret of [jwk.x, Buffer.from(jwk.x, "base64url")]) {
    const forged = hmacSigned(headerOf(jwk, { alg: "HS256" }), claims, secret);
    assertRefused(await talk.authorize(forged), "ERR_JOSE_ALG_NOT_ALLOWED");
  }
});

test("a header that names another key, type or extension is refused, whatever it is signed with", async () => {
  for (const [changes, code] of [
    [{ kid: "unknown" }, "ERR_JWKS_NO_MATCHING_KEY"],
    [{ kid: 1 }, "ERR_JWS_INVALID"],
    [{ alg: undefined }, "ERR_JWS_INVALID"],
    [{ typ: "JWT" }, "ERR_JWT_CLAIM_VALIDATION_FAILED"],
    [{ typ: "logout+jwt" }, "ERR_JWT_CLAIM_VALIDATION_FAILED"],
    [{ crit: [] }, "ERR_JWS_INVALID"],
    [{ crit: ["exp"] }, "ERR_JOSE_NOT_SUPPORTED"],
    [{ b64: false }, "ERR_JOSE_NOT_SUPPORTED"],
  ]) {
    assertRefused(await talk.authorize(signed(jwk, headerOf(jwk, changes), claimsOf(token))), code);
  }
  const accepted = await talk.authorize(signed(jwk, headerOf(jwk, { typ: "application/AT+JWT" }), claimsOf(token)));
  assert.equal(accepted.status, 200);
});

test("any change of a signed token is a broken signature", async () => {
  const [header, payload, signature] = token.split(".");
  const richer = Buffer.from(JSON.stringify({ ...claimsOf(token), scope: "admin" })).toString("base64url");
  for (const bad of [`${header}.${richer}.${signature}`, `${header}.${payload}.`, `${header}.${payload}.AAAA`]) {
    assertRefused(await talk.authorize(bad), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
  }
});

test("claims of the wrong type, range or party are refused by name", async () => {
  for (const [changes, claim, reason] of [
    [{ exp: undefined }, "exp", "missing"],
    [{ exp: "9999999999" }, "exp", "invalid"],
    [{ exp: 1e300 }, "exp", "invalid"],
    [{ exp: 253402300799 }, "exp", "check_failed"],
    [{ sub: 7 }, "sub", "invalid"],
    [{ sub: undefined }, "sub", "missing"],
    [{ aud: { a: 1 } }, "aud", "invalid"],
    [{ aud: [] }, "aud", "missing"],
    [{ aud: "https://elsewhere.example" }, "aud", "check_failed"],
    [{ iss: "https://auth.example.com/" }, "iss", "check_failed"],
    [{ jti: undefined }, "jti", "missing"],
    [{ client_id: undefined }, "client_id", "missing"],
    [{ nbf: Math.floor(Date.now() / 1000) + 600 }, "nbf", "check_failed"],
    [{ iat: Math.floor(Date.now() / 1000) + 600 }, "iat", "check_failed"],
  ]) {
    const answer = await talk.authorize(signed(jwk, headerOf(jwk), { ...claimsOf(token), ...changes }));
    assertRefused(answer, "ERR_JWT_CLAIM_VALIDATION_FAILED");
    assert.deepEqual([answer.body.claim, answer.body.reason], [claim, reason]);
  }
});

test("an expired token, and one with a member twice, are refused as such", async () => {
  const past = Math.floor(Date.now() / 1000) - 100;
  const expired = signed(jwk, headerOf(jwk), { ...claimsOf(token), iat: past, iat_ms: past * 1000, exp: past + 99 });
  assertRefused(await talk.authorize(expired), "ERR_JWT_EXPIRED");
  for (const member of ['"sub":"admin"', '"exp":9999999999', '"a":{"b":1,"b":2}']) {
    const payload = JSON.stringify(claimsOf(token)).replace("{", `{${member},`);
    const answer = await talk.authorize(signed(jwk, headerOf(jwk), payload));
    assertRefused(answer, "ERR_JWT_INVALID");
  }
  const header = JSON.stringify(headerOf(jwk)).replace("{", '{"alg":"EdDSA",');
  assertRefused(await talk.authorize(signed(jwk, header, claimsOf(token))), "ERR_JWS_INVALID");
});

test("nothing of this reached an error, a log line or a metric that should not have", () => talk.assertNothingLeaked());
