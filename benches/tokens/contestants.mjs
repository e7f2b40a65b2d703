// Who verifies. Each is set up as its documentation says a server should: the key imported once, the
// algorithm fixed, iss, aud, sub, exp and the age checked by the library's own options, no cache.
// That exp and jti are there is asked of the claims afterwards, of all by the same line: not every
// library can require them.

import { createSecretKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { createVerifier } from "fast-jwt";
import { jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { inRoot, NPM_MODULE_DIR } from "../../scripts/lib/project.mjs";
import { POLICY } from "./token.mjs";

export const OURS = "portcullis (wasm)";
export const RIVAL = "fast-jwt without cache";

const { issuer, audience, subject, lifetime_s_max } = POLICY;

/** name, version, verify(token): the claims, or a promise of them if `isAsync`; it throws for a bad token. */
export async function contestants(secret) {
  const ours = await portcullis(secret);
  const claims = (token) => JSON.parse(ours.verify(token, Date.now()));
  const fastJwt = fastJwtVerifier(secret);
  const jose = await joseVerifier(secret);
  const jwt = jsonwebtokenVerifier(secret);
  return [
    { name: OURS, version: versionIn("."), verify: (token) => complete(claims(token)) },
    {
      name: "portcullis, payload left as text",
      version: versionIn("."),
      verify: (token) => ours.verify(token, Date.now()),
      isText: true,
    },
    { name: RIVAL, version: installed("fast-jwt"), verify: (token) => complete(fastJwt(token)) },
    { name: "jose", version: installed("jose"), verify: async (token) => complete(await jose(token)), isAsync: true },
    { name: "jsonwebtoken", version: installed("jsonwebtoken"), verify: (token) => complete(jwt(token)) },
  ];
}

function complete(claims) {
  if (typeof claims.jti !== "string" || typeof claims.exp !== "number") throw new Error("jti or exp is missing");
  return claims;
}

async function portcullis(secret) {
  const { TokenVerifier } = await import(inRoot(NPM_MODULE_DIR, "node.mjs"));
  const jwks = { keys: [{ kty: "oct", kid: "k1", alg: "HS256", k: secret.toString("base64url") }] };
  const lifetimeMsMax = lifetime_s_max * 1000;
  return new TokenVerifier(JSON.stringify(jwks), { issuers: [issuer], audiences: [audience], subject, lifetimeMsMax });
}

function fastJwtVerifier(secret) {
  return createVerifier({
    key: secret,
    algorithms: ["HS256"],
    cache: false,
    allowedIss: issuer,
    allowedAud: audience,
    allowedSub: subject,
    maxAge: lifetime_s_max * 1000,
    requiredClaims: ["iss", "aud", "sub", "iat"],
  });
}

async function joseVerifier(secret) {
  // Bytes would be imported anew for each token.
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  const options = { algorithms: ["HS256"], issuer, audience, subject, maxTokenAge: lifetime_s_max };
  return async (token) => (await jwtVerify(token, key, options)).payload;
}

function jsonwebtokenVerifier(secret) {
  const key = createSecretKey(secret);
  const options = { algorithms: ["HS256"], issuer, audience, subject, maxAge: lifetime_s_max };
  return (token) => jsonwebtoken.verify(token, key, options);
}

const installed = (name) => versionIn("node_modules", name);
const versionIn = (...folder) => JSON.parse(readFileSync(inRoot(...folder, "package.json"), "utf8")).version;
