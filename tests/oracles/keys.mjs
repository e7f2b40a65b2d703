// A fresh key for each algorithm: how it signs, and its JWK as a verifier gets it.

import { createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const KID = "k1";

/** { alg, jwk, sign(input): the signature's bytes } for each algorithm compared. */
export const newKeys = () => [hmac("HS256"), eddsa()];

function hmac(alg) {
  const bits = alg.slice(2);
  const secret = randomBytes(64);
  return {
    alg,
    jwk: { kty: "oct", kid: KID, alg, k: secret.toString("base64url") },
    sign: (input) => createHmac(`sha${bits}`, secret).update(input).digest(),
  };
}

function eddsa() {
  return pair("EdDSA", generateKeyPairSync("ed25519"), (privateKey) => (input) => sign(null, input, privateKey));
}

const pair = (alg, { publicKey, privateKey }, signer) => ({
  alg,
  jwk: { ...publicKey.export({ format: "jwk" }), kid: KID, alg },
  sign: signer(privateKey),
});
