// The tokens that are verified, and whoever signs them.

import { createHmac, generateKeyPairSync, randomBytes, sign as signBytes } from "node:crypto";
import { POLICY } from "./claims.mjs";

const KINDS = {
  HS256: secretKey,
  EdDSA: () => keyPair("ed25519", {}, null),
  ES256: () => keyPair("ec", { namedCurve: "P-256" }, "sha256"),
  RS256: () => keyPair("rsa", { modulusLength: 2048 }, "sha256"),
};

/**
 * Fresh key material for an algorithm: { alg, kid, sign(input): bytes, jwk, pem }. `jwk` is what verifies (the
 * secret, or the public half), `pem` the public half; an HS256 signer has `secret` instead.
 */
export function newSigner(alg, kid = "k1") {
  const { jwk, ...signer } = KINDS[alg]();
  return { alg, kid, jwk: { ...jwk, kid, alg }, ...signer };
}

function secretKey() {
  const secret = randomBytes(32);
  const sign = (input) => createHmac("sha256", secret).update(input).digest();
  return { secret, sign, jwk: { kty: "oct", k: secret.toString("base64url") } };
}

function keyPair(type, options, hash) {
  const { publicKey, privateKey } = generateKeyPairSync(type, options);
  const sign = (input) => signBytes(hash, Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
  return { sign, jwk: publicKey.export({ format: "jwk" }), pem: publicKey.export({ format: "pem", type: "spki" }) };
}

const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");

/** The claims the policy accepts. */
export function goodClaims() {
  const now_s = Math.floor(Date.now() / 1000);
  return {
    iss: POLICY.issuer,
    aud: POLICY.audience,
    sub: POLICY.subject,
    iat: now_s - 60,
    exp: now_s - 60 + POLICY.lifetime_s_max,
    jti: randomBytes(12).toString("base64url"),
  };
}

/** A token the policy accepts, but for what `claims` (undefined: left out) or `header` change. */
export function newToken({ signer, claims = {}, header = {} }) {
  const input = `${encode({ alg: signer.alg, typ: "JWT", ...header })}.${encode({ ...goodClaims(), ...claims })}`;
  return fresh(`${input}.${signer.sign(input).toString("base64url")}`);
}

/**
 * Claims for a token of at most so many bytes: iss, sub, iat, exp, and what fills it by `filler`, one of FILLERS.
 * No aud and no jti: there are small ones.
 */
export function sizedClaims(signer, bytesMax, filler) {
  const claims = { ...goodClaims(), aud: undefined, jti: undefined };
  const bytes = Math.floor(((bytesMax - newToken({ signer, claims }).length) * 3) / 4);
  return { ...claims, ...FILLERS[filler](bytes - 1) };
}

/** Each makes members of at most so many bytes. */
const FILLERS = {
  "a list of roles"(bytes) {
    const role = 'role-000000000",'.length + 1;
    const count = Math.floor((bytes - ',"roles":[]'.length) / role);
    return count > 0 ? { roles: Array.from({ length: count }, (_, i) => `role-${String(i).padStart(9, "0")}`) } : {};
  },
  "many members"(bytes) {
    const member = '"member0000":"twenty letters of it",'.length;
    const count = Math.floor(bytes / member);
    return Object.fromEntries(Array.from({ length: count }, (_, i) => [`member${String(i).padStart(4, "0")}`, "twenty letters of it"]));
  },
};

/** Good tokens that differ in `jti`. */
export const newTokens = (signer, count) => Array.from({ length: count }, () => newToken({ signer }));

/** The same text as one flat string that nothing has looked at, as a token out of a request is. */
export const fresh = (token) => Buffer.from(token).toString("latin1");

/** A function that gives the next `count` of `list`, which it walks round and round, each passed through `prepare`. */
export function roundAndRound(list, prepare) {
  let next = 0;
  return (count) => Array.from({ length: count }, () => prepare(list[next++ % list.length]));
}

export const payloadBytes = (token) => Buffer.from(token.split(".")[1], "base64url").length;
export const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** What a bare signature check is given: { input, signature } as bytes. */
export function signedParts(token) {
  const dot = token.lastIndexOf(".");
  return { input: Buffer.from(token.slice(0, dot)), signature: Buffer.from(token.slice(dot + 1), "base64url") };
}
