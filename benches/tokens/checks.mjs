// Before anything is timed: each contestant accepts the good token and refuses every bad one, so that
// no figure is one of a verifier that does not verify.

import assert from "node:assert/strict";
import { claimsOf, newSecret, newToken } from "./token.mjs";

/** Rejects when a contestant accepts what it must refuse, or the reverse. */
export async function assertEachChecks(contestants, secret) {
  const good = newToken({ secret });
  const bad = badTokens(secret, good);
  for (const { name, verify, isText } of contestants) {
    const result = await verify(good);
    assert.deepEqual(isText ? JSON.parse(result) : result, claimsOf(good), `${name}: not the claims that were signed`);
    for (const [what, token] of Object.entries(bad)) {
      // As text the payload is not looked into, so whether it has a jti is its reader's to ask.
      if (isText && what === "no jti") continue;
      await assert.rejects(async () => verify(token), undefined, `${name} accepts a token with ${what}`);
    }
  }
}

/** Each differs from the good one in the one thing it is named for. */
function badTokens(secret, good) {
  const now_s = Math.floor(Date.now() / 1000);
  const but = (claims, header) => newToken({ secret, claims, header });
  const [header, , signature] = good.split(".");
  const [, otherPayload] = but({ sub: "admin" }).split(".");
  return {
    "a payload of another token": `${header}.${otherPayload}.${signature}`,
    "a changed signature": good.replace(signature, (signature[0] === "A" ? "B" : "A") + signature.slice(1)),
    "the signature of another key": newToken({ secret: newSecret() }),
    "no signature": good.slice(0, -signature.length),
    "alg none": but({}, { alg: "none" }),
    "an exp that is over": but({ exp: now_s - 1 }),
    "no exp": but({ exp: undefined }),
    "an iat too long ago": but({ iat: now_s - 7200, exp: now_s + 60 }),
    "no iat": but({ iat: undefined }),
    "another iss": but({ iss: "https://evil.example.com" }),
    "another aud": but({ aud: "other.example.com" }),
    "another sub": but({ sub: "admin" }),
    "no jti": but({ jti: undefined }),
  };
}
