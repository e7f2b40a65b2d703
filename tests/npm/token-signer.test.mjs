// The npm module's signer: by WebAssembly, by node:crypto, and by a CryptoKey that cannot be taken out.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ALGORITHMS, newCredentials } from "../../scripts/lib/credentials.mjs";
import { inRoot, NPM_MODULE_DIR } from "../../scripts/lib/project.mjs";

const built = (name) => inRoot(NPM_MODULE_DIR, name);
const { initSync, TokenSigner: BoundSigner, TokenVerifier: BoundVerifier } = await import(built("portcullis.js"));
const { tokenSigner } = await import(built("token-signer.mjs"));
const { tokenVerifier } = await import(built("token-verifier.mjs"));
const { openRoom: nodeRoom } = await import(built("node-room.mjs"));
const { openRoom: webRoom } = await import(built("web-room.mjs"));
const native = await import(built("node-signatures.mjs"));
const { memory } = initSync({ module: readFileSync(built("portcullis_bg.wasm")) });

const InWasm = tokenSigner(BoundSigner, memory, nodeRoom);
const InNode = tokenSigner(BoundSigner, memory, nodeRoom, native);
const ByWebRoom = tokenSigner(BoundSigner, memory, webRoom);
const TokenVerifier = tokenVerifier(BoundVerifier, memory, nodeRoom);

const NOW_MS = 1_800_000_000_000;
const CLAIMS = { sub: "canary", exp: NOW_MS / 1000 + 60 };
const newKey = (alg) => newCredentials(alg).keys.keys[0];
const verify = (key, token) => new TokenVerifier(JSON.stringify({ keys: [key] }), {}).verify(token, NOW_MS);
const headerOf = (token) => JSON.parse(Buffer.from(token.split(".")[0], "base64url"));

for (const alg of ALGORITHMS) {
  test(`${alg}: what it signs holds, whoever does the arithmetic`, () => {
    const key = newKey(alg);
    for (const TokenSigner of [InWasm, InNode, ByWebRoom]) {
      const signer = new TokenSigner(key);
      for (let i = 0; i < 2; i++) {
        const token = signer.sign({ ...CLAIMS, i });
        assert.equal(verify(key, token), JSON.stringify({ ...CLAIMS, i }));
        assert.deepEqual(headerOf(token), { alg, typ: "JWT", kid: key.kid });
      }
    }
  });
}

test("claims given as text are signed as they are written", () => {
  const key = newKey("HS256");
  for (const TokenSigner of [InWasm, ByWebRoom]) {
    const signer = new TokenSigner(key, { typ: "at+jwt" });
    for (const text of ['{ "exp":1800000060, "n":1.0, "big":12345678901234567890, "s":"\\u00eb" }', '{"exp":1800000060,"s":"ë€😀"}']) {
      const token = signer.sign(text);
      assert.equal(verify(key, token), text);
      assert.equal(headerOf(token).typ, "at+jwt");
      const [, input, signature] = /^(.*)\.([^.]*)$/.exec(token);
      assert.equal(signature, createHmac("sha256", Buffer.from(key.k, "base64url")).update(input).digest("base64url"));
    }
  }
});

test("a claims set up to 64 KiB is signed, whatever its characters, and no longer one", () => {
  const key = newKey("HS256");
  const BYTES_MAX = 64 * 1024;
  for (const TokenSigner of [InWasm, ByWebRoom]) {
    const signer = new TokenSigner(key);
    const verifier = new TokenVerifier(JSON.stringify({ keys: [key] }), { tokenBytesMax: 200_000 });
    for (const character of ["p", "ë", "€", "😀"]) {
      const width = Buffer.byteLength(character);
      for (const short of [0, 1, 2, 3, 4, 5]) {
        const bare = '{"exp":1800000060,"p":""}';
        const room = BYTES_MAX - short - bare.length;
        const text = bare.replace('""', `"${"x".repeat(room % width)}${character.repeat(Math.floor(room / width))}"`);
        assert.equal(Buffer.byteLength(text), BYTES_MAX - short);
        // The last few bytes are not promised to what is not ASCII.
        if (short >= 4 || width === 1) assert.equal(verifier.verify(signer.sign(text), NOW_MS), text);
      }
      for (const more of [1, 2, 3, 4, 100]) {
        const text = `{"exp":1800000060,"p":"${character.repeat(Math.ceil((BYTES_MAX + more - 24) / width))}"}`;
        assert.throws(() => signer.sign(text), { code: "ERR_JWT_INVALID" });
      }
    }
    assert.equal(verify(key, signer.sign(CLAIMS)), JSON.stringify(CLAIMS));
  }
});

test("what is no claims set is refused, and the next one is signed", () => {
  const key = newKey("HS256");
  const signer = new InWasm(key);
  for (const text of ["", "[]", "1", '{"a":1,"a":2}', '{"exp":1}x', "{", "\ufeff{}"]) {
    assert.throws(() => signer.sign(text), { code: "ERR_JWT_INVALID" });
    assert.equal(verify(key, signer.sign(CLAIMS)), JSON.stringify(CLAIMS));
  }
  for (const claims of [undefined, () => 1, Symbol("x")]) assert.throws(() => signer.sign(claims), TypeError);
  assert.throws(() => signer.sign(null), { code: "ERR_JWT_INVALID" });
});

test("a key that cannot sign, or is none, is refused when the signer is made", () => {
  const { d, ...publicKey } = newKey("EdDSA");
  for (const TokenSigner of [InWasm, InNode]) {
    for (const key of [publicKey, { ...publicKey, alg: "none" }, {}, { kid: "k", alg: "HS256", cryptoKey: {} }]) {
      assert.throws(() => new TokenSigner(key), { code: "ERR_JWK_INVALID" });
    }
    assert.throws(() => new TokenSigner(newKey("HS256"), { type: "x" }), { code: "ERR_CONFIG_INVALID" });
  }
});

test("a CryptoKey that cannot be taken out signs and verifies, by HMAC too", async () => {
  const hmac = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256", length: 256 }, false, ["sign", "verify"]);
  const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  for (const [alg, signing, verifying] of [["HS256", hmac, hmac], ["ES256", privateKey, publicKey]]) {
    const signer = new InNode({ kid: "k", alg, cryptoKey: signing });
    const verifier = new (tokenVerifier(BoundVerifier, memory, nodeRoom, native))([{ kid: "k", alg, cryptoKey: verifying }]);
    const tokens = await Promise.all([0, 1, 2, 3].map((i) => signer.signAsync({ ...CLAIMS, i })));
    const payloads = await Promise.all(tokens.map((token) => verifier.verifyAsync(token, NOW_MS)));
    const claims = await Promise.all(tokens.map((token) => verifier.claimsAsync(token, NOW_MS)));
    assert.deepEqual(claims.map(({ i }) => i), [0, 1, 2, 3]);
    assert.deepEqual(payloads.map((payload) => JSON.parse(payload)), claims);
    const [[input], forged] = [tokens[0].split(/\.(?=[^.]*$)/), tokens[1].split(".")[2]];
    const mixed = [tokens[2], `${input}.${forged}`, tokens[3]];
    const [before, between, after] = await Promise.allSettled(mixed.map((token) => verifier.verifyAsync(token, NOW_MS)));
    assert.deepEqual([before, after].map(({ value }) => JSON.parse(value).i), [2, 3]);
    assert.equal(between.reason.code, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    // Nobody here can tell without waiting: that is no verdict.
    assert.throws(() => verifier.verify(tokens[0], NOW_MS), { code: "ERR_JOSE_NOT_SUPPORTED" });
    assert.throws(() => signer.sign(CLAIMS), { code: "ERR_JOSE_NOT_SUPPORTED" });
  }
});

test("a CryptoKey that its runtime fails at is said to be that, and not what the runtime throws", async () => {
  const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const { kid, alg } = { kid: "k", alg: "ES256" };
  const broken = { type: privateKey.type, algorithm: privateKey.algorithm, usages: ["sign"], extractable: false };
  const signer = new InNode({ kid, alg, cryptoKey: broken });
  await assert.rejects(signer.signAsync(CLAIMS), { code: "ERR_JOSE_NOT_SUPPORTED" });
});

test("a CryptoKey that is not one for its alg is refused", async () => {
  const hmac = (hash, length) => crypto.subtle.generateKey({ name: "HMAC", hash, length }, false, ["sign", "verify"]);
  const signOnly = (await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"])).privateKey;
  for (const [alg, cryptoKey] of [
    ["HS256", await hmac("SHA-384", 384)],
    ["HS256", await hmac("SHA-256", 248)],
    ["HS384", await hmac("SHA-256", 384)],
    ["ES384", signOnly],
    ["ES256", signOnly],
    ["none", signOnly],
    ["toString", signOnly],
    ["ES256", {}],
  ]) {
    const make = () => new (tokenVerifier(BoundVerifier, memory, nodeRoom, native))([{ kid: "k", alg, cryptoKey }]);
    assert.throws(make, { code: "ERR_JWK_INVALID" });
  }
});
