// What a verification costs against the token's size and the key set's: HS256, in Node beside fast-jwt where it
// can, and natively, with a line through the figures.

import { inProcess } from "../lib/in-process.mjs";
import { lineThrough } from "../lib/fit.mjs";
import { machine, median, table } from "../lib/report.mjs";
import { measure } from "../lib/rounds.mjs";
import { measureNatively } from "./native.mjs";
import { newVerifier } from "./node/ours.mjs";
import { fastJwtVerify } from "./node/verifiers.mjs";
import { fresh, newSigner, newToken, roundAndRound, sizedClaims } from "./token.mjs";

const SIZES_KIB = [0.2, 0.5, 1, 2, 4, 8, 16];
const KEY_COUNTS = [1, 10, 100, 1_000];
// The most that the npm module takes as JSON text; larger sets are others', which the Worker fetches.
const NODE_KEYS_MAX = 100;
const SIZED_TOKENS = 100;
const KEYED_TOKENS = 2_000;

/** Tokens as large as may be, filled in one of two ways: `filler` is one of token.mjs's. */
export async function tokenSizes(filler) {
  const signer = newSigner("HS256");
  const points = SIZES_KIB.map((kib) => {
    const tokens = Array.from({ length: SIZED_TOKENS }, () => newToken({ signer, claims: sizedClaims(signer, kib * 1024, filler) }));
    return { x: kib, jwks: { keys: [signer.jwk] }, tokens };
  });
  const fastJwt = fastJwtVerify(signer, { audience: false });
  const parsed = (verifier) => (token) => JSON.parse(verifier.verify(token, Date.now()));
  const figures = await measureAll(points, { "ours in Node": parsed, "fast-jwt": () => fastJwt });
  return report(points, ["KiB", "bytes of token"], ({ x, tokens }) => [String(x), String(tokens[0].length)], figures, "KiB");
}

/** A stream of tokens whose keys are drawn by chance from the set, so that headers differ from token to token. */
export async function keyCounts() {
  const points = KEY_COUNTS.map((count) => {
    const signers = Array.from({ length: count }, (_, i) => newSigner("HS256", `key-${String(i).padStart(4, "0")}`));
    const tokens = Array.from({ length: KEYED_TOKENS }, () => {
      const signer = signers[Math.floor(Math.random() * count)];
      return newToken({ signer, header: { kid: signer.kid } });
    });
    return { x: count, jwks: { keys: signers.map(({ jwk }) => jwk) }, tokens };
  });
  const text = (verifier) => (token) => verifier.verify(token, Date.now());
  const figures = await measureAll(points, { "ours in Node": text });
  return report(points, ["keys", "tokens"], ({ x, tokens }) => [String(x), String(tokens.length)], figures, "key");
}

/** contestants: by name, what makes a `run` of our verifier. Resolves to { by name: microseconds of each point }. */
async function measureAll(points, contestants) {
  const runners = [];
  for (const { x, jwks, tokens } of points.filter(({ jwks }) => jwks.keys.length <= NODE_KEYS_MAX)) {
    // The smallest token has no room for an audience.
    const verifier = await newVerifier(jwks, { audiences: [] });
    for (const [name, made] of Object.entries(contestants)) {
      runners.push({ name: `${name} ${x}`, turn: inProcess({ run: made(verifier), inputs: roundAndRound(tokens, fresh) }) });
    }
  }
  const { times_us } = await measure(runners);
  const native_us = await measureNatively(points.map(({ x, jwks, tokens }) => ({ name: String(x), alg: "HS256", jwks, tokens })));
  const middle = (list_us) => list_us && median(list_us);
  const inNode = Object.keys(contestants).map((name) => [name, points.map(({ x }) => middle(times_us.get(`${name} ${x}`)))]);
  return Object.fromEntries([...inNode, ["ours natively", points.map(({ x }) => native_us.get(`portcullis ${x}`))]]);
}

function report(points, heads, cells, figures, unit) {
  const rows = points.map((point, i) => [...cells(point), ...Object.values(figures).map((list_us) => list_us[i]?.toFixed(2) ?? "-")]);
  const lines = Object.entries(figures).map(([name, list_us]) => `- ${name}: ${slope(points.map(({ x }, i) => [x, list_us[i]]).filter(([, us]) => us !== undefined), unit)}`);
  return [`${machine()}.`, "", table([...heads, ...Object.keys(figures).map((name) => `${name}, µs`)], rows), "", ...lines].join("\n");
}

function slope(points, unit) {
  const { start, slope, off } = lineThrough(points);
  return `${start.toFixed(2)} µs, and ${slope.toFixed(4)} µs more for each ${unit}; no figure is further than ${(off * 100).toFixed(0)} % from that line.`;
}
