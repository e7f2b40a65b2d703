// What every contestant is given alike: the policy, the tokens, the limits.

import { createHmac, createPrivateKey, randomBytes, randomUUID, sign } from "node:crypto";
import { newCredentials } from "../../scripts/lib/credentials.mjs";

export const ISSUER = "https://auth.example.com";
export const AUDIENCE = "https://api.example.com";
// Never reached under load, so that every request is admitted: a refusal may cost less.
export const QUOTA = 1_000_000_000;
export const WINDOW = "1h";
export const THREE_LIMITS = [
  { name: "per-subject", key: "subject" },
  { name: "per-client", key: "client" },
  { name: "per-address", key: "ip" },
];
export const ONE_LIMIT = THREE_LIMITS.slice(0, 1);
const LIFETIME_S = 900;

export const credentials = newCredentials();
const [privateJwk] = credentials.keys.keys;
const { d, use, ...publicJwk } = privateJwk;
const privateKey = createPrivateKey({ key: privateJwk, format: "jwk" });
const secret = randomBytes(32);
const secretJwk = { kty: "oct", alg: "HS256", kid: "bench", k: secret.toString("base64url") };

/** By algorithm: the keys our Worker is given, the key that verifies, and how a token is signed. */
export const ALGORITHMS = {
  HS256: {
    keys: { keys: [secretJwk] },
    verifier: secretJwk,
    sign: (input) => createHmac("sha256", secret).update(input).digest(),
  },
  EdDSA: { keys: credentials.keys, verifier: publicJwk, sign: (input) => sign(null, Buffer.from(input), privateKey) },
};

const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");

/** A token in the form our Worker mints, of a fresh subject: { token, sub, jti }. */
export function newToken(algorithm) {
  const iat_ms = Date.now();
  const iat = Math.floor(iat_ms / 1000);
  const [sub, jti, sid] = [randomUUID(), randomUUID(), randomUUID()];
  const claims = { iss: ISSUER, sub, aud: AUDIENCE, client_id: credentials.client.id, scope: "read", jti, sid, iat, iat_ms, exp: iat + LIFETIME_S };
  const { verifier, sign } = ALGORITHMS[algorithm];
  const input = `${encode({ alg: algorithm, typ: "at+jwt", kid: verifier.kid })}.${encode(claims)}`;
  return { token: `${input}.${sign(input).toString("base64url")}`, sub, jti };
}

/** A token under the signature of another. */
export function badlySigned(algorithm) {
  const [header, payload] = newToken(algorithm).token.split(".");
  const [, , otherSignature] = newToken(algorithm).token.split(".");
  return { token: `${header}.${payload}.${otherSignature}` };
}

/** The bytes of a request as a load balancer sends it; `host` is the number that its address ends with. */
export function requestOf({ token }, host = 1) {
  const fields = ["GET /v1/authorize HTTP/1.1", "Host: localhost", `Authorization: Bearer ${token}`, `CF-Connecting-IP: 192.0.2.${host}`];
  return Buffer.from(`${fields.join("\r\n")}\r\n\r\n`);
}
