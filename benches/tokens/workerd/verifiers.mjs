// Who verifies in workerd; as in Node, each set up as its documentation says. Runs in the Worker.

import { verify as honoVerify } from "hono/jwt";
import { jwtVerify } from "jose";
import { verify as tsndrVerify } from "@tsndr/cloudflare-worker-jwt";
import { initSync, TokenVerifier as Bound } from "../../../build/npm/portcullis.js";
import { tokenVerifier } from "../../../build/npm/token-verifier.mjs";
import { openRoom } from "../../../build/npm/web-room.mjs";
import module from "./portcullis_bg.wasm";
import { complete, forUs, ownedAndFresh, POLICY } from "../claims.mjs";
import { importKey, verifyParameters } from "../import-key.mjs";
import { BARE_WEB, HONO, JOSE, OURS, OURS_AS_TEXT, TSNDR } from "../names.mjs";

const { issuer, audience, subject, lifetime_s_max } = POLICY;

/** As the `verifiers` of Node. */
export async function verifiers(jwk) {
  const { alg, kid } = jwk;
  const key = await importKey(jwk);
  if (alg === "HS256") return [...ours(JSON.stringify({ keys: [jwk] })), jose(alg, key), hono(alg, key), tsndr(alg, key)];
  return [...oursAwaited([{ kid, alg, cryptoKey: key }]), jose(alg, key), bare(alg, key)];
}

function ours(keys) {
  const verifier = newVerifier(keys);
  const text = (token) => verifier.verify(token, Date.now());
  return [
    { name: OURS, verify: (token) => complete(JSON.parse(text(token))), returns: "claims" },
    { name: OURS_AS_TEXT, verify: text, returns: "text" },
  ];
}

function oursAwaited(keys) {
  const verifier = newVerifier(keys);
  const text = (token) => verifier.verifyAsync(token, Date.now());
  const claims = async (token) => complete(await verifier.claimsAsync(token, Date.now()));
  return [
    { name: OURS, verify: claims, isAsync: true, returns: "claims" },
    { name: OURS_AS_TEXT, verify: text, isAsync: true, returns: "text" },
  ];
}

function newVerifier(keys) {
  const { memory } = initSync({ module });
  const TokenVerifier = tokenVerifier(Bound, memory, openRoom);
  const lifetimeMsMax = lifetime_s_max * 1000;
  return new TokenVerifier(keys, { issuers: [issuer], audiences: [audience], subject, lifetimeMsMax });
}

/** One call of WebCrypto, its arguments ready. */
function bare(alg, key) {
  const parameters = verifyParameters(alg);
  const run = async ({ input, signature }) => {
    if (!(await crypto.subtle.verify(parameters, key, signature, input))) throw new Error("bad signature");
  };
  return { name: BARE_WEB, run, prepare: signedParts, verify: (token) => run(signedParts(token)), isAsync: true, returns: "nothing" };
}

function signedParts(token) {
  const dot = token.lastIndexOf(".");
  const base64 = token.slice(dot + 1).replaceAll("-", "+").replaceAll("_", "/");
  const signature = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
  return { input: new TextEncoder().encode(token.slice(0, dot)), signature };
}

function jose(alg, key) {
  const options = { algorithms: [alg], issuer, audience, subject, maxTokenAge: lifetime_s_max };
  const verify = async (token) => complete((await jwtVerify(token, key, options)).payload);
  return { name: JOSE, verify, isAsync: true, returns: "claims" };
}

function hono(alg, key) {
  const options = { alg, iss: issuer, aud: audience };
  const verify = async (token) => complete(ownedAndFresh(await honoVerify(token, key, options)));
  return { name: HONO, verify, isAsync: true, returns: "claims" };
}

function tsndr(algorithm, key) {
  const options = { algorithm, throwError: true };
  const verify = async (token) => complete(forUs(ownedAndFresh((await tsndrVerify(token, key, options)).payload)));
  return { name: TSNDR, verify, isAsync: true, returns: "claims" };
}
