// The cache of the npm module's verifier: what it saves, and what it never gives out.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { newCredentials } from "../../scripts/lib/credentials.mjs";
import { inRoot, NPM_MODULE_DIR } from "../../scripts/lib/project.mjs";

const { TokenSigner, TokenVerifier } = await import(inRoot(NPM_MODULE_DIR, "node.mjs"));

const NOW_MS = 1_800_000_000_000;
const SECRET = Buffer.alloc(32, "k");
const base64url = (text) => Buffer.from(text).toString("base64url");
const KEY = { kty: "oct", kid: "k", alg: "HS256", k: SECRET.toString("base64url") };

function tokenOf(claims) {
  const input = `${base64url('{"alg":"HS256"}')}.${base64url(JSON.stringify({ exp: NOW_MS / 1000 + 60, ...claims }))}`;
  return `${input}.${createHmac("sha256", SECRET).update(input).digest("base64url")}`;
}

const cached = (cache = { entries: 100, bytes: 100_000 }, options = {}, key = KEY) =>
  new TokenVerifier(JSON.stringify({ keys: [key] }), { ...options, cache });

/** How many signatures it has checked. */
const checks = (verifier) => Number(/signature_checks_total{[^}]*} (\d+)/.exec(verifier.metrics())?.[1] ?? 0);

test("a token shown again has the same payload, and its signature is not checked again", () => {
  const verifier = cached();
  const token = tokenOf({ s: "ë€😀" });
  const payload = verifier.verify(token, NOW_MS);
  assert.equal(verifier.verify(token, NOW_MS + 1), payload);
  assert.equal(typeof payload, "string", "a text, which nobody can change for another");
  assert.equal(checks(verifier), 1);
  assert.equal(verifier.verify(`${token} `.slice(0, -1), NOW_MS), payload, "by its text, not by its object");
  assert.equal(checks(verifier), 1);
});

test("what differs in one character, or was refused, is checked every time", () => {
  const verifier = cached();
  const token = tokenOf({});
  verifier.verify(token, NOW_MS);
  const forged = `${token.slice(0, -2)}${token.at(-2) === "A" ? "E" : "A"}${token.at(-1)}`;
  for (let i = 1; i <= 2; i++) {
    assert.throws(() => verifier.verify(forged, NOW_MS), { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
    assert.equal(checks(verifier), 1 + i);
  }
});

test("a remembered token's signature under other claims is checked, and refused", () => {
  const verifier = cached();
  const token = tokenOf({ sub: "one" });
  verifier.verify(token, NOW_MS);
  const [, payload] = tokenOf({ sub: "two" }).split(".");
  const [header, , signature] = token.split(".");
  for (let i = 0; i < 2; i++) {
    assert.throws(() => verifier.verify(`${header}.${payload}.${signature}`, NOW_MS), { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
  }
  assert.match(verifier.verify(token, NOW_MS), /"one"/);
  assert.equal(checks(verifier), 3, "and the token itself is still remembered");
});

test("tokens of every algorithm are told apart by what they are looked up by", () => {
  for (const alg of ["HS256", "RS256", "ES256", "EdDSA", "ML-DSA-44"]) {
    const key = newCredentials(alg).keys.keys[0];
    const signer = new TokenSigner(key);
    const tokens = Array.from({ length: 40 }, (_, i) => signer.sign({ sub: `${i}`, exp: NOW_MS / 1000 + 60 }));
    const verifier = new TokenVerifier([key], { cache: { entries: 100, bytes: 2_000_000 } });
    for (let i = 0; i < 2; i++) for (const token of tokens) verifier.verify(token, NOW_MS);
    assert.equal(checks(verifier), tokens.length, alg);
  }
});

test("what a CryptoKey verified is remembered too: as text, and as the same frozen claims", async () => {
  const cryptoKey = await crypto.subtle.importKey("raw", SECRET, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  const cache = { entries: 100, bytes: 100_000 };
  const verifier = new TokenVerifier([{ kid: "k", alg: "HS256", cryptoKey }], { cache });
  const token = tokenOf({ list: ["a"] });
  const claims = await verifier.claimsAsync(token, NOW_MS);
  assert.equal(await verifier.claimsAsync(token, NOW_MS), claims);
  assert.throws(() => claims.list.push("b"), TypeError);
  assert.deepEqual(JSON.parse(await verifier.verifyAsync(token, NOW_MS)), claims);
  assert.equal(checks(verifier), 1);
});

test("a remembered token is refused from its end on, before its beginning, and once its key is retired", () => {
  const key = { ...KEY, retire_at: NOW_MS / 1000 + 30 };
  const verifier = cached(undefined, { clockToleranceMs: 2000 }, key);
  const begins = tokenOf({ nbf: NOW_MS / 1000 });
  const ends = tokenOf({ exp: NOW_MS / 1000 + 10 });
  for (const token of [begins, ends]) verifier.verify(token, NOW_MS);
  assert.throws(() => verifier.verify(begins, NOW_MS - 2001), { claim: "nbf" });
  assert.ok(verifier.verify(begins, NOW_MS - 2000));
  assert.ok(verifier.verify(ends, NOW_MS + 11_999));
  assert.throws(() => verifier.verify(ends, NOW_MS + 12_000), { code: "ERR_JWT_EXPIRED" });
  assert.ok(verifier.verify(begins, NOW_MS + 29_999));
  assert.throws(() => verifier.verify(begins, NOW_MS + 30_000), { code: "ERR_JWKS_NO_MATCHING_KEY" });
  for (const nowMs of [NaN, undefined, -1, Infinity, {}]) {
    assert.throws(() => verifier.verify(begins, nowMs), { code: "ERR_TIME_INVALID" });
  }
});

test("claims are the same object each time, which nobody can change; without a cache each caller has its own", () => {
  const token = tokenOf({ sub: "s", deep: { list: [{ a: 1 }], "__proto__x": null } });
  const verifier = cached();
  const claims = verifier.claims(token, NOW_MS);
  assert.deepEqual(claims, JSON.parse(verifier.verify(token, NOW_MS)));
  assert.equal(verifier.claims(token, NOW_MS), claims);
  assert.equal(checks(verifier), 1);
  for (const spoil of [() => (claims.sub = "x"), () => (claims.deep.list[0].a = 2), () => claims.deep.list.push(1), () => delete claims.exp, () => (claims.more = 1)]) {
    assert.throws(spoil, TypeError);
  }
  assert.throws(() => verifier.claims(token, NOW_MS + 60_000), { code: "ERR_JWT_EXPIRED" });
  const plain = new TokenVerifier(JSON.stringify({ keys: [KEY] }));
  const own = plain.claims(token, NOW_MS);
  own.sub = "x";
  assert.equal(plain.claims(token, NOW_MS).sub, "s");
  const tiny = cached({ entries: 10, bytes: 10 });
  assert.deepEqual(tiny.claims(token, NOW_MS), claims, "no room to remember it");
});

test("a forgotten token is checked again", () => {
  const verifier = cached();
  const token = tokenOf({});
  verifier.verify(token, NOW_MS);
  verifier.forget(token);
  verifier.verify(token, NOW_MS);
  assert.equal(checks(verifier), 2);
});

test("it holds no more than its bounds, and tokens in use stay while others come and go", () => {
  const verifier = cached({ entries: 20, bytes: 1_000_000 });
  const used = tokenOf({ jti: "used" });
  verifier.verify(used, NOW_MS);
  for (let i = 0; i < 200; i++) {
    verifier.verify(tokenOf({ n: i }), NOW_MS);
    if (i % 5 === 0) verifier.verify(used, NOW_MS);
  }
  assert.equal(checks(verifier), 201, "the one in use was checked once");
  const before = checks(verifier);
  for (let i = 199; i >= 0; i--) verifier.verify(tokenOf({ n: i }), NOW_MS);
  const remembered = 200 - (checks(verifier) - before);
  assert.ok(remembered > 5 && remembered <= 20, `${remembered} of 200 remembered`);
});

test("bounds in bytes hold too, and none in either is no cache", () => {
  const few = cached({ entries: 1000, bytes: 4_000 });
  const tokens = Array.from({ length: 50 }, (_, n) => tokenOf({ n, pad: "p".repeat(100) }));
  for (const token of tokens) few.verify(token, NOW_MS);
  for (const token of tokens.toReversed()) few.verify(token, NOW_MS);
  assert.ok(checks(few) > 90 && checks(few) < 100, `${checks(few)} checks of 100`);
  for (const bounds of [{ entries: 0, bytes: 1000 }, { entries: 10, bytes: 0 }, {}]) {
    const none = cached(bounds);
    none.verify(tokens[0], NOW_MS);
    none.verify(tokens[0], NOW_MS);
    assert.equal(checks(none), 2);
  }
});

test("bounds that are none are refused by name", () => {
  for (const cache of [{ entries: -1, bytes: 1 }, { entries: 1.5, bytes: 1 }, { entries: "1", bytes: 1 }, { entires: 1 }]) {
    assert.throws(() => cached(cache), { code: "ERR_CONFIG_INVALID", message: /cache/ });
  }
});
