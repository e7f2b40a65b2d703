// Before anything is timed: each contestant accepts the good token and refuses every bad one, or signs what it
// should, so that no figure is one of something that does not work.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { claimsOf, goodClaims, newSigner, newToken } from "./token.mjs";

/** Rejects when a contestant accepts what it must refuse, or the reverse. */
export async function assertEachChecks(contestants, signer) {
  const good = newToken({ signer });
  const forged = forgeries(signer, good);
  const unfit = unfitTokens(signer);
  for (const { name, verify, returns } of contestants) {
    const result = await verify(good);
    if (returns === "nothing") {
      await refuses({ name, verify }, forged);
      continue;
    }
    const claims = returns === "text" ? JSON.parse(result) : result;
    assert.deepEqual(claims, claimsOf(good), `${name}: not the claims that were signed`);
    await refuses({ name, verify }, { ...forged, ...unfit });
    // As text the payload is not looked into, so whether it has a jti is its reader's to ask.
    if (returns === "claims") await refuses({ name, verify }, { "no jti": newToken({ signer, claims: { jti: undefined } }) });
  }
}

/** Rejects when one does not sign by the key what it was given; resolves to the longest token. */
export async function assertEachSigns(contestants, { alg, kid, sign: signAgain }) {
  const claims = goodClaims();
  const tokens = [];
  for (const { name, sign } of contestants) {
    const token = await sign({ ...claims });
    const [header, payload, signature] = token.split(".");
    assert.deepEqual(JSON.parse(Buffer.from(header, "base64url")), { alg, typ: "JWT", kid }, `${name}: another header`);
    assert.deepEqual(claimsOf(token), claims, `${name}: not the claims that were given`);
    assert.equal(signature, signAgain(`${header}.${payload}`).toString("base64url"), `${name}: another signature`);
    tokens.push(token);
  }
  return tokens.reduce((longest, token) => (token.length > longest.length ? token : longest));
}

async function refuses({ name, verify }, tokens) {
  for (const [what, token] of Object.entries(tokens)) {
    await assert.rejects(async () => verify(token), undefined, `${name} accepts a token with ${what}`);
  }
}

/** Tokens under no signature of this key: all that a bare check of signatures can tell. */
function forgeries(signer, good) {
  const [header, payload, signature] = good.split(".");
  const [, otherPayload] = newToken({ signer, claims: { sub: "admin" } }).split(".");
  const first = signature[0] === "A" ? "B" : "A";
  return {
    "a payload of another token": `${header}.${otherPayload}.${signature}`,
    "a changed signature": `${header}.${payload}.${first}${signature.slice(1)}`,
    "the signature of another key": newToken({ signer: newSigner(signer.alg) }),
    "no signature": `${header}.${payload}.`,
  };
}

/** Each is signed, and differs from the good one in the one thing it is named for. */
function unfitTokens(signer) {
  const now_s = Math.floor(Date.now() / 1000);
  const but = (claims, header) => newToken({ signer, claims, header });
  const tokens = {
    "alg none": but({}, { alg: "none" }),
    "an exp that is over": but({ exp: now_s - 1 }),
    "no exp": but({ exp: undefined }),
    "an iat too long ago": but({ iat: now_s - 7200, exp: now_s + 60 }),
    "no iat": but({ iat: undefined }),
    "another iss": but({ iss: "https://evil.example.com" }),
    "another aud": but({ aud: "other.example.com" }),
    "another sub": but({ sub: "admin" }),
  };
  if (signer.pem) tokens["the public key as a secret"] = newToken({ signer: confused(signer) });
  return tokens;
}

/** Signs by HMAC with what everybody knows. */
const confused = ({ pem }) => ({ alg: "HS256", sign: (input) => createHmac("sha256", pem).update(input).digest() });
