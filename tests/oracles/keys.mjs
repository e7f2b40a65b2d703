// A fresh key for each algorithm that all three verifiers have: how it signs, and its JWK as a verifier
// gets it.

import { constants, createHmac, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const KID = "k1";

/** { alg, jwk, sign(input): the signature's bytes } for each algorithm. */
export function newKeys() {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return [
    ...[256, 384, 512].flatMap((bits) => [hmac(bits), pkcs1(bits, rsa), pss(bits, rsa)]),
    ecdsa(256, "P-256"),
    ecdsa(384, "P-384"),
    pair("EdDSA", generateKeyPairSync("ed25519"), (key) => (input) => sign(null, input, key)),
  ];
}

function hmac(bits) {
  const secret = randomBytes(64);
  const alg = `HS${bits}`;
  const jwk = { kty: "oct", kid: KID, alg, k: secret.toString("base64url") };
  return { alg, jwk, sign: (input) => createHmac(`sha${bits}`, secret).update(input).digest() };
}

const pkcs1 = (bits, rsa) => pair(`RS${bits}`, rsa, (key) => (input) => sign(`sha${bits}`, input, key));

function pss(bits, rsa) {
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: bits / 8 };
  return pair(`PS${bits}`, rsa, (key) => (input) => sign(`sha${bits}`, input, { key, ...padding }));
}

function ecdsa(bits, namedCurve) {
  const keys = generateKeyPairSync("ec", { namedCurve });
  return pair(`ES${bits}`, keys, (key) => (input) => sign(`sha${bits}`, input, { key, dsaEncoding: "ieee-p1363" }));
}

const pair = (alg, { publicKey, privateKey }, signer) => ({
  alg,
  jwk: { ...publicKey.export({ format: "jwk" }), kid: KID, alg },
  sign: signer(privateKey),
});
