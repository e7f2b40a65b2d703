// The token that is verified, and the policy it is verified by.

import { createHmac, randomBytes } from "node:crypto";

export const POLICY = {
  issuer: "https://id.example.com",
  audience: "api.example.com",
  subject: "user-4711",
  lifetime_s_max: 3600,
};

export const newSecret = () => randomBytes(32);

const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");

/** A token the policy accepts, but for what `claims` (undefined: left out) or `header` change. */
export function newToken({ secret, claims = {}, header = {} }) {
  const now_s = Math.floor(Date.now() / 1000);
  const payload = {
    iss: POLICY.issuer,
    aud: POLICY.audience,
    sub: POLICY.subject,
    iat: now_s - 60,
    exp: now_s - 60 + POLICY.lifetime_s_max,
    jti: "fK3xQ0vN7yT2bR9s",
    ...claims,
  };
  const input = `${encode({ alg: "HS256", typ: "JWT", ...header })}.${encode(payload)}`;
  const signature = createHmac("sha256", secret).update(input).digest("base64url");
  // Joining leaves V8 a tree of pieces; a token out of a request is one flat string.
  return Buffer.from(`${input}.${signature}`).toString("latin1");
}

export const payloadBytes = (token) => Buffer.from(token.split(".")[1], "base64url").length;
export const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
