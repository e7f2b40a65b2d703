// Signatures by node:crypto at one stroke: its WebCrypto would go through a pool of threads.

import { constants, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";

const rsa = (hash) => ({ hash, options: {} });
const pss = (hash, saltLength) => ({ hash, options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } });
const ec = (hash) => ({ hash, options: { dsaEncoding: "ieee-p1363" } });
const whole = { hash: null, options: {} };

const ALGORITHMS = {
  RS256: rsa("sha256"),
  RS384: rsa("sha384"),
  RS512: rsa("sha512"),
  PS256: pss("sha256", 32),
  PS384: pss("sha384", 48),
  PS512: pss("sha512", 64),
  ES256: ec("sha256"),
  ES384: ec("sha384"),
  EdDSA: whole,
  "ML-DSA-44": whole,
  "ML-DSA-65": whole,
  "ML-DSA-87": whole,
};

/** The public key of a JWK: { verify(input, signature): boolean }. Throws for one that Node does not take. */
export function importPublic(jwk, alg) {
  const { hash, options } = ALGORITHMS[alg];
  const { kty, crv, x, y, n, e, pub } = jwk;
  const key = { key: createPublicKey({ key: { kty, crv, x, y, n, e, alg, pub }, format: "jwk" }), ...options };
  return { verify: (input, signature) => verify(hash, input, key, signature) };
}

/** The private key of a JWK: { sign(input): bytes }. Throws likewise. */
export function importPrivate(jwk, alg) {
  const { hash, options } = ALGORITHMS[alg];
  const key = { key: createPrivateKey({ key: { ...jwk, alg }, format: "jwk" }), ...options };
  return { sign: (input) => sign(hash, input, key) };
}
