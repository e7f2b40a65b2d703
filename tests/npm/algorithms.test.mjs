// Every algorithm against Node's own cryptography: what node:crypto signs with a key it made, the module
// verifies in WebAssembly, and refuses once a bit of it is another.

import assert from "node:assert/strict";
import { constants, createHmac, createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ALGORITHMS, newCredentials } from "../../scripts/lib/credentials.mjs";
import { inRoot, NPM_MODULE_DIR } from "../../scripts/lib/project.mjs";

const built = (name) => inRoot(NPM_MODULE_DIR, name);
const { initSync, TokenVerifier: Bound } = await import(built("portcullis.js"));
const { tokenVerifier } = await import(built("token-verifier.mjs"));
const { openRoom } = await import(built("node-room.mjs"));
const { memory } = initSync({ module: readFileSync(built("portcullis_bg.wasm")) });
const TokenVerifier = tokenVerifier(Bound, memory, openRoom);

const NOW_MS = 1_800_000_000_000;
const PAYLOAD = JSON.stringify({ sub: "canary", exp: NOW_MS / 1000 + 60 });

const base64url = (bytes) => Buffer.from(bytes).toString("base64url");

/** The signature of node:crypto over `input`, in the form of JWS. */
function nodeSignature(jwk, input) {
  const hash = `sha${jwk.alg.slice(2)}`;
  if (jwk.kty === "oct") return createHmac(hash, Buffer.from(jwk.k, "base64url")).update(input).digest();
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  if (jwk.alg.startsWith("PS")) return sign(hash, Buffer.from(input), { key, ...pss });
  if (jwk.kty === "RSA") return sign(hash, Buffer.from(input), key);
  if (jwk.kty === "EC") return sign(hash, Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
  return sign(null, Buffer.from(input), key);
}

for (const alg of ALGORITHMS) {
  test(`${alg}: what node:crypto signs is accepted, and nothing one bit away from it`, () => {
    const { keys } = newCredentials(alg).keys;
    const [jwk] = keys;
    const verifier = new TokenVerifier(JSON.stringify({ keys }), {});
    const input = `${base64url(JSON.stringify({ alg, kid: jwk.kid }))}.${base64url(PAYLOAD)}`;
    const signature = nodeSignature(jwk, input);
    assert.equal(verifier.verify(`${input}.${base64url(signature)}`, NOW_MS), PAYLOAD);
    for (const place of [0, signature.length >> 1, signature.length - 1]) {
      const flipped = Buffer.from(signature);
      flipped[place] ^= 1;
      const refusal = { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" };
      assert.throws(() => verifier.verify(`${input}.${base64url(flipped)}`, NOW_MS), refusal);
    }
  });
}
