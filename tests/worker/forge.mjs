// Tokens as an attacker or a faulty issuer would make them: signed by node:crypto, so that a test can
// put anything under a valid signature.

import { createHmac, createPrivateKey, sign } from "node:crypto";

const encode = (part) => Buffer.from(typeof part === "string" ? part : JSON.stringify(part)).toString("base64url");

/** The key's header, with `changes` over it; undefined takes a member away. */
export const headerOf = (jwk, changes) => ({ alg: jwk.alg, typ: "at+jwt", kid: jwk.kid, ...changes });

/** Signs a header and a payload, each an object or the JSON text itself, with an Ed25519 JWK. */
export function signed(jwk, header, payload) {
  const input = `${encode(header)}.${encode(payload)}`;
  const key = createPrivateKey({ key: jwk, format: "jwk" });
  return `${input}.${sign(null, Buffer.from(input), key).toString("base64url")}`;
}

/** The token under another header, with a signature that HMAC makes of `secret`. */
export function hmacSigned(header, payload, secret) {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

export const unsigned = (header, payload) => `${encode(header)}.${encode(payload)}.`;

/** The token with its last character replaced by the next of the alphabet: stray bits, the same bytes. */
export function withStrayBits(token) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(token.at(-1));
  return token.slice(0, -1) + alphabet[last + 1];
}
