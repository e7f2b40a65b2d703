// Ours natively and in WebAssembly, and jwt-simple, which our keys are made of, natively.

import { inProcess } from "../lib/in-process.mjs";
import { machine, median, table } from "../lib/report.mjs";
import { measure } from "../lib/rounds.mjs";
import { POLICY } from "./claims.mjs";
import { measureNatively } from "./native.mjs";
import { newVerifier } from "./node/ours.mjs";
import { fresh, newSigner, newTokens, roundAndRound } from "./token.mjs";

const TOKENS = 1_000;
const ALGORITHMS = ["HS256", "EdDSA", "ES256", "RS256"];

/** Resolves to the report. Signatures are checked by our Rust throughout. */
export async function natively() {
  const cases = ALGORITHMS.map((alg) => {
    const signer = newSigner(alg);
    return { name: alg, alg, jwks: { keys: [signer.jwk] }, pem: signer.pem, peers: true, tokens: newTokens(signer, TOKENS) };
  });
  const { times_us, count } = await measure(await Promise.all(cases.map(inWasm)));
  const native_us = await measureNatively(cases, POLICY);
  const rows = ALGORITHMS.map((alg) => {
    const [wasm, ours, peer] = [median(times_us.get(alg)), native_us.get(`portcullis ${alg}`), native_us.get(`jwt_simple ${alg}`)];
    return [`${alg} verify`, "text", ours.toFixed(2), peer.toFixed(2), (peer / ours).toFixed(2), wasm.toFixed(2), (wasm / ours).toFixed(2)];
  });
  const heads = ["what", "payload", "ours µs", "jwt-simple µs", "times ours", "ours in wasm, Node µs", "times native"];
  return [`${machine()}; natively by divan, in wasm ${count} rounds.`, "", table(heads, rows)].join("\n");
}

async function inWasm({ alg, jwks, tokens }) {
  const verifier = await newVerifier(jwks, { isPure: true });
  return { name: alg, turn: inProcess({ run: (token) => verifier.verify(token, Date.now()), inputs: roundAndRound(tokens, fresh) }) };
}
