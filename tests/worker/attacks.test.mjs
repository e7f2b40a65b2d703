// Known attacks on tokens, as a client would send them: each is refused with its code, and the Worker goes
// on. What each code stands for is tested case by case in src/jwt/tests/attacks.

import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { assertProblem, claimsOf, startConversation } from "./conversation.mjs";
import { headerOf, signed } from "./forge.mjs";

let talk, token, jwk, claims;
before(async () => {
  talk = await startConversation();
  ({ access_token: token } = await talk.mint());
  [jwk] = talk.worker.keys.keys;
  claims = claimsOf(token);
});
after(() => talk?.worker.dispose());

const CHALLENGE = 'Bearer realm="portcullis", error="invalid_token"';

async function assertRefused(bad, code) {
  assertProblem(await talk.authorize(bad), 401, code, { "www-authenticate": CHALLENGE });
}

/** The good claims as JSON text, with a member put in front of them. */
const claimsWith = (member) => JSON.stringify(claims).replace("{", `{${member},`);
const headerWith = (member) => JSON.stringify(headerOf(jwk)).replace("{", `{${member},`);

test("a key that the token brings along, or says where to fetch, is not used", async () => {
  const theirs = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const embedded = { kty: theirs.kty, crv: theirs.crv, x: theirs.x, kid: jwk.kid, alg: jwk.alg };
  const fetched = "https://attacker.example/keys";
  for (const brought of [{ jwk: embedded }, { jku: fetched }, { x5u: fetched }, { x5c: ["MIIB"] }]) {
    await assertRefused(signed(theirs, headerOf(jwk, brought), claims), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    assert.equal((await talk.authorize(signed(jwk, headerOf(jwk, brought), claims))).status, 200);
  }
});

test("a kid is compared, never opened, queried or run", async () => {
  for (const kid of ["../../../dev/null", "' OR '1'='1", "k1'; DROP TABLE keys; --", "$(id)", "\0", `${jwk.kid}\0`, "k".repeat(2000)]) {
    await assertRefused(signed(jwk, headerOf(jwk, { kid }), claims), "ERR_JWKS_NO_MATCHING_KEY");
  }
});

test("a signature of trivial numbers is refused", async () => {
  const input = token.slice(0, token.lastIndexOf("."));
  for (const signature of [Buffer.alloc(64), Buffer.alloc(64, 0xff), Buffer.concat([Buffer.of(1), Buffer.alloc(63)])]) {
    await assertRefused(`${input}.${signature.toString("base64url")}`, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
  }
});

test("what is no compact JWS is refused: a JWE, a detached payload", async () => {
  const [header, , signature] = token.split(".");
  await assertRefused(`${header}.AAAA.AAAA.AAAA.AAAA`, "ERR_JWS_INVALID");
  await assertRefused(`${header}..AAAA.AAAA.AAAA`, "ERR_JWS_INVALID");
  await assertRefused(`${header}..${signature}`, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
  await assertRefused(signed(jwk, headerOf(jwk, { enc: "A128GCM" }), claims), "ERR_JOSE_NOT_SUPPORTED");
});

test("a JSON serialisation is refused", async () => {
  const [header, payload, signature] = token.split(".");
  const answer = await talk.authorize(JSON.stringify({ protected: header, payload, signature }));
  assert.equal(answer.status, 401);
});

test("what would change the meaning of the rest is refused: crit, b64, zip", async () => {
  for (const [changes, code] of [
    [{ crit: ["b64"], b64: true }, "ERR_JOSE_NOT_SUPPORTED"],
    [{ crit: ["b64"], b64: false }, "ERR_JOSE_NOT_SUPPORTED"],
    [{ crit: ["x", "x"], x: 1 }, "ERR_JOSE_NOT_SUPPORTED"],
    [{ crit: "exp" }, "ERR_JWS_INVALID"],
    [{ zip: "DEF" }, "ERR_JOSE_NOT_SUPPORTED"],
  ]) {
    await assertRefused(signed(jwk, headerOf(jwk, changes), claims), code);
  }
});

test("JSON that two readers read differently is refused, in header and payload", async () => {
  const deep = `"x":${"[".repeat(2000)}${"]".repeat(2000)}`;
  for (const member of ['"x":"\\ud800"', '"\\udc00":1', '"x":{"y":1,"\\u0079":2}', '"x":NaN', '"x":1e999', '"x":01', '"x":"\n"', deep]) {
    await assertRefused(signed(jwk, headerOf(jwk), claimsWith(member)), "ERR_JWT_INVALID");
    if (member !== deep) await assertRefused(signed(jwk, headerWith(member), claims), "ERR_JWS_INVALID");
  }
  await assertRefused(signed(jwk, headerWith('"\\u0061lg":"none"'), claims), "ERR_JWS_INVALID");
  await assertRefused(signed(jwk, headerOf(jwk), claimsWith('"\\u0065xp":9999999999')), "ERR_JWT_INVALID");
});

test("text before or after the claims is refused: a byte order mark, a NUL, a second object", async () => {
  const text = JSON.stringify(claims);
  for (const payload of [`\ufeff${text}`, `${text}\0`, `\0${text}`, `${text}{}`, `[${text}]`, `"${text}"`]) {
    await assertRefused(signed(jwk, headerOf(jwk), payload), "ERR_JWT_INVALID");
  }
});

test("an exp that is no date makes no token last", async () => {
  const { exp, ...rest } = claims;
  const withExp = (value) => JSON.stringify(rest).replace("{", `{"exp":${value},`);
  for (const value of [`"${exp}"`, "null", "true", `[${exp}]`, "-1", "1e300", `${exp}000`, "253402300800", "18446744073709551617"]) {
    const answer = await talk.authorize(signed(jwk, headerOf(jwk), withExp(value)));
    assertProblem(answer, 401, "ERR_JWT_CLAIM_VALIDATION_FAILED", { "www-authenticate": CHALLENGE });
    assert.deepEqual([answer.body.claim, answer.body.reason], ["exp", "invalid"], value);
  }
  for (const value of ["0", "-0", "0.5", "1e9"]) await assertRefused(signed(jwk, headerOf(jwk), withExp(value)), "ERR_JWT_EXPIRED");
});

test("names in another case are other names", async () => {
  const { exp, ...rest } = claims;
  const answer = await talk.authorize(signed(jwk, headerOf(jwk), { ...rest, EXP: exp }));
  assert.deepEqual([answer.status, answer.body.claim, answer.body.reason], [401, "exp", "missing"]);
  await assertRefused(signed(jwk, headerOf(jwk, { alg: undefined, ALG: jwk.alg }), claims), "ERR_JWS_INVALID");
});

test("after all of them a good token is still good, and nothing of them was told", async () => {
  assert.equal((await talk.authorize(token)).status, 200);
  await talk.assertNothingLeaked();
});
