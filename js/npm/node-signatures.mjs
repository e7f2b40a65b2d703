// Signatures by node:crypto at one stroke: its WebCrypto would go through a pool of threads.

import { constants, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";

const rsa = (hash) => ({ hash });
const pss = (hash, saltLength) => ({ hash, options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } });
const ec = (hash, halfBytes) => ({ hash, halfBytes, options: { dsaEncoding: "ieee-p1363" } });
const whole = { hash: null };

const [INTEGER, SEQUENCE] = [0x02, 0x30];

const ALGORITHMS = {
  RS256: rsa("sha256"),
  RS384: rsa("sha384"),
  RS512: rsa("sha512"),
  PS256: pss("sha256", 32),
  PS384: pss("sha384", 48),
  PS512: pss("sha512", 64),
  ES256: ec("sha256", 32),
  ES384: ec("sha384", 48),
  EdDSA: whole,
  "ML-DSA-44": whole,
  "ML-DSA-65": whole,
  "ML-DSA-87": whole,
};

/** The public key of a JWK: { verify(input, signature): boolean }. Throws for one that Node does not take. */
export function importPublic(jwk, alg) {
  const { hash, options, halfBytes } = ALGORITHMS[alg];
  const { kty, crv, x, y, n, e, pub } = jwk;
  const key = createPublicKey({ key: { kty, crv, x, y, n, e, alg, pub }, format: "jwk" });
  if (halfBytes !== undefined) {
    const isWhole = (signature) => signature.length === 2 * halfBytes;
    return { verify: (input, signature) => isWhole(signature) && verify(hash, input, key, derOf(signature, halfBytes)) };
  }
  const asked = withOptions(key, options);
  return { verify: (input, signature) => verify(hash, input, asked, signature) };
}

/** The private key of a JWK: { sign(input): bytes }. Throws likewise. */
export function importPrivate(jwk, alg) {
  const { hash, options } = ALGORITHMS[alg];
  const key = withOptions(createPrivateKey({ key: { ...jwk, alg }, format: "jwk" }), options);
  return { sign: (input) => sign(hash, input, key) };
}

/** Options only where they are needed: beside them a key costs 16 µs a call, for Node then finds out what it is by exceptions. */
const withOptions = (key, options) => (options === undefined ? key : { key, ...options });

/** The halves of an ECDSA signature as a DER sequence of two integers, which Node takes without options. */
function derOf(halves, halfBytes) {
  const der = Buffer.allocUnsafe(2 + 2 * (halfBytes + 3));
  const end = putInteger(der, putInteger(der, 2, halves, 0, halfBytes), halves, halfBytes, 2 * halfBytes);
  der[0] = SEQUENCE;
  // Under 128 for the curves above: one byte.
  der[1] = end - 2;
  return der.subarray(0, end);
}

/** Puts the number in `bytes` from `from` to `to` at `at`, as short as it goes; returns where it ends. */
function putInteger(der, at, bytes, from, to) {
  let first = from;
  while (first < to - 1 && bytes[first] === 0) first++;
  // A leading bit would make it negative.
  const zeros = bytes[first] >= 0x80 ? 1 : 0;
  der[at] = INTEGER;
  der[at + 1] = zeros + to - first;
  der[at + 2] = 0;
  der.set(bytes.subarray(first, to), at + 2 + zeros);
  return at + 2 + zeros + to - first;
}
