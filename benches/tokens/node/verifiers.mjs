// Who verifies in Node. Each is set up as its documentation says a server should: the key imported once,
// the algorithm fixed, iss, aud, sub, exp and the age checked by the library's own options.

import { createPublicKey, createSecretKey, verify as verifyBytes } from "node:crypto";
import { createVerifier } from "fast-jwt";
import { verify as honoVerify } from "hono/jwt";
import { jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { newVerifier } from "./ours.mjs";
import { complete, ownedAndFresh, POLICY } from "../claims.mjs";
import { importKey } from "../import-key.mjs";
import { BARE_NODE, FAST_JWT, HONO, JOSE, JSONWEBTOKEN, OURS, OURS_AS_TEXT } from "../names.mjs";
import { signedParts } from "../token.mjs";

// What our cache is given for each token: amply more than it counts for one, so that every call after the first
// round is a hit.
const CACHED_BYTES = 8_192;

const { issuer, audience, subject, lifetime_s_max } = POLICY;

/**
 * Each { name, verify(token), isAsync, returns }: "claims", "text" or, a bare signature check, "nothing"; it throws
 * for a bad token. A bare check has `prepare(token)` besides, which its `run` is given instead of the token.
 */
export async function verifiers(signer) {
  const list = [...(await ours(signer)), fastJwt(signer), await jose(signer)];
  if (signer.alg === "HS256") return [...list, jsonWebToken(signer), await hono(signer)];
  return [...list, bare(signer)];
}

/** The same with a cache of verified tokens, for those that have one. */
export async function cachingVerifiers(signer, entries) {
  return [...(await ours(signer, { entries, bytes: entries * CACHED_BYTES })), fastJwt(signer, entries)];
}

async function ours({ jwk }, cache) {
  const verifier = await newVerifier({ keys: [jwk] }, { cache });
  const text = (token) => verifier.verify(token, Date.now());
  return [
    { name: OURS, verify: (token) => complete(verifier.claims(token, Date.now())), returns: "claims" },
    { name: OURS_AS_TEXT, verify: text, returns: "text" },
  ];
}

/**
 * One call of node:crypto, its arguments ready: what no library that checks signatures there can be quicker than.
 * The key goes in bare: beside options, { key, dsaEncoding }, it takes 16 µs more. So ECDSA's signature is DER.
 */
function bare({ alg, pem }) {
  const key = createPublicKey(pem);
  const hash = alg === "EdDSA" ? null : "sha256";
  const run = ({ input, signature }) => {
    if (!verifyBytes(hash, input, key, signature)) throw new Error("bad signature");
  };
  const prepare = alg === "ES256" ? derSigned : signedParts;
  return { name: BARE_NODE, run, prepare, verify: (token) => run(prepare(token)), returns: "nothing" };
}

function derSigned(token) {
  const { input, signature } = signedParts(token);
  return { input, signature: derOf(signature) };
}

/** The two halves of an ECDSA signature as a DER sequence of two integers, for halves of 32 bytes (SEC 1, C.5). */
function derOf(signature) {
  const integers = [signature.subarray(0, 32), signature.subarray(32)].map((half) => {
    const first = half.findIndex((byte) => byte !== 0);
    const digits = half.subarray(first < 0 ? half.length - 1 : first);
    // A leading bit would make it negative.
    const body = digits[0] >= 0x80 ? [0, ...digits] : [...digits];
    return [0x02, body.length, ...body];
  });
  const body = integers.flat();
  return Buffer.from([0x30, body.length, ...body]);
}

function fastJwt(signer, cache) {
  const verify = fastJwtVerify(signer, { cache });
  return { name: FAST_JWT, verify: (token) => complete(verify(token)), returns: "claims" };
}

/** fast-jwt's verifier, for the benchmark's policy, or all of it but the audience; `cache`: how many tokens it keeps. */
export function fastJwtVerify({ alg, secret, pem }, { audience: allowedAud = audience, cache = false } = {}) {
  const policy = { allowedIss: issuer, allowedSub: subject, maxAge: lifetime_s_max * 1000 };
  const requiredClaims = ["iss", "sub", "iat", ...(allowedAud ? ["aud"] : [])];
  return createVerifier({ key: secret ?? pem, algorithms: [alg], cache, ...policy, ...(allowedAud && { allowedAud }), requiredClaims });
}

async function jose({ alg, jwk }) {
  const key = await importKey(jwk);
  const options = { algorithms: [alg], issuer, audience, subject, maxTokenAge: lifetime_s_max };
  const verify = async (token) => complete((await jwtVerify(token, key, options)).payload);
  return { name: JOSE, verify, isAsync: true, returns: "claims" };
}

function jsonWebToken({ alg, secret }) {
  const key = createSecretKey(secret);
  const options = { algorithms: [alg], issuer, audience, subject, maxAge: lifetime_s_max };
  return { name: JSONWEBTOKEN, verify: (token) => complete(jsonwebtoken.verify(token, key, options)), returns: "claims" };
}

async function hono({ alg, jwk }) {
  const key = await importKey(jwk);
  const options = { alg, iss: issuer, aud: audience };
  const verify = async (token) => complete(ownedAndFresh(await honoVerify(token, key, options)));
  return { name: HONO, verify, isAsync: true, returns: "claims" };
}
