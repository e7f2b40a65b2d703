// Who signs in Node: the key imported once, the header { alg, typ, kid }, the claims as they are given.

import { createSecretKey } from "node:crypto";
import { createSigner } from "fast-jwt";
import { SignJWT } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { FAST_JWT, JOSE, JSONWEBTOKEN, OURS } from "../names.mjs";
import { newSignerOf } from "./ours.mjs";

/** Each { name, sign(claims): a token, or a promise of one if `isAsync` }. */
export async function signers({ alg, kid, jwk, secret }) {
  const ours = await newSignerOf(jwk);
  const fastJwt = createSigner({ key: secret, algorithm: alg, kid });
  const key = createSecretKey(secret);
  const imported = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const header = { alg, typ: "JWT", kid };
  return [
    { name: OURS, sign: (claims) => ours.sign(claims) },
    { name: FAST_JWT, sign: fastJwt },
    { name: JOSE, sign: (claims) => new SignJWT(claims).setProtectedHeader(header).sign(imported), isAsync: true },
    { name: JSONWEBTOKEN, sign: (claims) => jsonwebtoken.sign(claims, key, { algorithm: alg, keyid: kid }) },
  ];
}
