// The loader of the npm module: the same rules over Node's way into the WebAssembly memory and over the
// one every runtime has.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inRoot, NPM_MODULE_DIR } from "../../scripts/lib/project.mjs";

const built = (name) => inRoot(NPM_MODULE_DIR, name);
const { initSync, TokenVerifier: Bound } = await import(built("portcullis.js"));
const { tokenVerifier } = await import(built("token-verifier.mjs"));
const { openRoom: nodeRoom } = await import(built("node-room.mjs"));
const { openRoom: webRoom } = await import(built("web-room.mjs"));
const { memory } = initSync({ module: readFileSync(built("portcullis_bg.wasm")) });

const NOW_MS = 1_800_000_000_000;
const ROOM_BYTES = 16 * 1024;
const SECRET = "a secret that is just long enough";
const CLAIMS = { sub: "canary", exp: 1_800_000_060 };

const base64url = (text) => Buffer.from(text).toString("base64url");
const jwks = (secret) => JSON.stringify({ keys: [{ kty: "oct", kid: "k1", alg: "HS256", k: base64url(secret) }] });

function signed(payload, { secret = SECRET, header = '{"alg":"HS256"}' } = {}) {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

/** A claims set that makes a token of exactly so many bytes. */
function payloadForTokenOf(bytes) {
  const bare = { ...CLAIMS, pad: "" };
  const payloadBytes = Math.floor(((bytes - signed("").length) * 3) / 4);
  const payload = JSON.stringify({ ...bare, pad: "p".repeat(payloadBytes - JSON.stringify(bare).length) });
  assert.equal(signed(payload).length, bytes, "no payload makes a token of this length");
  return payload;
}

const refusal = (code) => ({ name: "Error", code });

for (const [way, openRoom] of Object.entries({ "by Buffer": nodeRoom, "by TextEncoder": webRoom })) {
  const TokenVerifier = tokenVerifier(Bound, memory, openRoom);
  const verifier = (options, secret = SECRET) => new TokenVerifier(jwks(secret), options);

  test(`${way}: a payload comes back exactly as signed`, () => {
    const ours = verifier();
    for (const payload of [
      JSON.stringify(CLAIMS),
      '{ "exp":1800000060, "n":1.0, "s":"\\u00eb" }',
      '{"exp":1800000060,"s":"ë€😀\u2028"}',
      JSON.stringify({ ...CLAIMS, pad: "ë".repeat(4000) }),
    ]) {
      assert.equal(ours.verify(signed(payload), NOW_MS), payload);
    }
  });

  test(`${way}: nothing of an earlier, longer token is left in the answer or the question`, () => {
    const ours = verifier();
    ours.verify(signed(payloadForTokenOf(9000)), NOW_MS);
    const payload = JSON.stringify(CLAIMS);
    assert.equal(ours.verify(signed(payload), NOW_MS), payload);
    const token = signed(payload);
    assert.throws(() => ours.verify(token.slice(0, -1), NOW_MS), (error) => error.code.startsWith("ERR_JW"));
    assert.throws(() => ours.verify("", NOW_MS), refusal("ERR_JWS_INVALID"));
  });

  test(`${way}: a token with a character that is not ASCII is refused, whatever its low byte`, () => {
    const ours = verifier();
    const token = signed(JSON.stringify(CLAIMS));
    for (let i = 0; i < token.length; i++) {
      for (const offset of [0x80, 0x100, 0x2000, 0xd800 - 0x20, 0xff00 - 0x20]) {
        const twin = String.fromCharCode(token.charCodeAt(i) + offset);
        assert.throws(
          () => ours.verify(token.slice(0, i) + twin + token.slice(i + 1), NOW_MS),
          (error) => /^ERR_(JWS_INVALID|JWS_SIGNATURE_VERIFICATION_FAILED)$/.test(error.code),
        );
      }
    }
    for (const stray of ["\u{1f600}", "\ud800", "\0", "é"]) {
      assert.throws(() => ours.verify(token + stray, NOW_MS), refusal("ERR_JWS_INVALID"));
      assert.throws(() => ours.verify(stray + token, NOW_MS), refusal("ERR_JWS_INVALID"));
    }
  });

  test(`${way}: a token up to tokenBytesMax is accepted, in the room and beyond it, and no longer one`, () => {
    for (const bytes of [ROOM_BYTES - 1, ROOM_BYTES, ROOM_BYTES + 1, 17 * 1024, 40_000]) {
      const payload = payloadForTokenOf(bytes);
      assert.equal(verifier({ tokenBytesMax: bytes }).verify(signed(payload), NOW_MS), payload);
      assert.throws(() => verifier({ tokenBytesMax: bytes - 1 }).verify(signed(payload), NOW_MS), refusal("ERR_JWT_TOO_LARGE"));
    }
    assert.throws(() => verifier().verify(signed(payloadForTokenOf(17 * 1024)), NOW_MS), refusal("ERR_JWT_TOO_LARGE"));
    assert.throws(() => verifier({ tokenBytesMax: 0 }).verify(signed("{}"), NOW_MS), refusal("ERR_JWT_TOO_LARGE"));
  });

  test(`${way}: verifiers keep working when the memory grows between calls and within one`, () => {
    const early = verifier();
    const payload = JSON.stringify(CLAIMS);
    memory.grow(1);
    assert.equal(early.verify(signed(payload), NOW_MS), payload);
    // Its strings and names take far more room than the token, so that some call has to grow.
    const fat = `{"exp":1800000060,"a":[${'"",'.repeat(3000)}""]}`;
    const kept = [];
    let grewWithin = false;
    while (!grewWithin && kept.length < 200) {
      // A new one each time: it has looked at the memory as it is now.
      kept.push(verifier());
      const before = memory.buffer;
      assert.equal(kept.at(-1).verify(signed(fat), NOW_MS), fat);
      grewWithin = memory.buffer !== before;
    }
    assert.ok(grewWithin, "no call grew the memory: this test shows nothing");
    assert.equal(kept.at(-1).verify(signed(payload), NOW_MS), payload);
  });

  test(`${way}: interleaved verifiers do not meet`, () => {
    const [ours, theirs] = [verifier({ issuers: ["https://a"] }), verifier({}, `${SECRET}, another`)];
    const [a, b] = [JSON.stringify({ ...CLAIMS, iss: "https://a" }), JSON.stringify({ exp: CLAIMS.exp, sub: "b" })];
    for (let i = 0; i < 3; i++) {
      assert.equal(ours.verify(signed(a), NOW_MS), a);
      assert.equal(theirs.verify(signed(b, { secret: `${SECRET}, another` }), NOW_MS), b);
      assert.throws(() => theirs.verify(signed(a), NOW_MS), refusal("ERR_JWS_SIGNATURE_VERIFICATION_FAILED"));
      assert.throws(() => ours.verify(signed(JSON.stringify(CLAIMS)), NOW_MS), {
        code: "ERR_JWT_CLAIM_VALIDATION_FAILED",
        claim: "iss",
        reason: "missing",
      });
    }
  });

  test(`${way}: every refusal has its code, and the next token is judged anew`, () => {
    const ours = verifier();
    const good = JSON.stringify(CLAIMS);
    for (const [code, token] of [
      ["ERR_JWS_INVALID", "a.b"],
      ["ERR_JWS_INVALID", signed(good, { header: '{"alg":"HS256","alg":"HS256"}' })],
      ["ERR_JWS_SIGNATURE_VERIFICATION_FAILED", signed(good, { secret: "x".repeat(32) })],
      ["ERR_JOSE_ALG_NOT_ALLOWED", signed(good, { header: '{"alg":"none"}' })],
      ["ERR_JWKS_NO_MATCHING_KEY", signed(good, { header: '{"alg":"HS256","kid":"k2"}' })],
      ["ERR_JWT_INVALID", signed('{"exp":1800000060,"exp":1800000060}')],
      ["ERR_JWT_EXPIRED", signed('{"exp":1800000000}')],
      ["ERR_JWT_CLAIM_VALIDATION_FAILED", signed('{"exp":"1800000060"}')],
    ]) {
      assert.throws(() => ours.verify(token, NOW_MS), refusal(code));
      assert.equal(ours.verify(signed(good), NOW_MS), good);
    }
    for (const nowMs of [NaN, undefined, -1, Infinity]) {
      assert.throws(() => ours.verify(signed(good), nowMs), refusal("ERR_TIME_INVALID"));
    }
  });

  test(`${way}: what is no string is a TypeError, and a time's valueOf cannot swap the token`, () => {
    const ours = verifier();
    const good = signed(JSON.stringify(CLAIMS));
    for (const token of [undefined, null, 1, [good], { length: good.length, toString: () => good }, Buffer.from(good)]) {
      assert.throws(() => ours.verify(token, NOW_MS), { name: "TypeError", message: "token must be a string" });
    }
    const bad = signed(JSON.stringify(CLAIMS), { secret: "x".repeat(32) });
    const sly = { valueOf: () => (ours.verify(good, NOW_MS), NOW_MS) };
    assert.throws(() => ours.verify(bad, sly), refusal("ERR_JWS_SIGNATURE_VERIFICATION_FAILED"));
  });
}
