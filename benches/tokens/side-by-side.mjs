// Cases that compare: the contestants are checked, then timed beside each other.

import { comparedReport } from "../lib/compared.mjs";
import { inProcess } from "../lib/in-process.mjs";
import { measure } from "../lib/rounds.mjs";
import { assertEachChecks, assertEachSigns } from "./checks.mjs";
import { OURS, PACKAGES } from "./names.mjs";
import { signers } from "./node/signers.mjs";
import { cachingVerifiers, verifiers } from "./node/verifiers.mjs";
import { fresh, goodClaims, newSigner, newTokens, payloadBytes, roundAndRound } from "./token.mjs";

// More than any cache that is on by default holds.
const DISTINCT = 2_000;
const REPEATED = 500;
const CACHE_ENTRIES = 1_000;

const report = (run) => comparedReport({ ours: OURS, packages: PACKAGES, ...run });

/**
 * start(signer, tokens): resolves to { contestants, dispose? }, each contestant { name, returns, verify(token),
 * turn(calls) }. Resolves to the report.
 */
export async function verifySideBySide({ alg, start, bars, count = DISTINCT }) {
  const signer = newSigner(alg);
  const tokens = newTokens(signer, count);
  const { contestants, dispose } = await start(signer, tokens);
  try {
    await assertEachChecks(contestants, signer);
    console.log(`  each of ${contestants.length} accepts the good token and refuses each of the bad ones`);
    const what = `${count} tokens of ${tokens[0].length} bytes, payload of ${payloadBytes(tokens[0])}`;
    return report({ verb: "verifies", what, bars, contestants, ...(await measure(contestants)) });
  } finally {
    await dispose?.();
  }
}

/** A `start` for this process. */
export const startInNode = async (signer, tokens) => ({ contestants: inNode(await verifiers(signer), tokens) });

/** As above, each with its cache, which holds all the tokens once they were shown. */
export const startCaching = async (signer, tokens) => ({ contestants: inNode(await cachingVerifiers(signer, CACHE_ENTRIES), tokens) });

export const verifyRepeated = ({ bars }) => verifySideBySide({ alg: "HS256", start: startCaching, bars, count: REPEATED });

function inNode(list, tokens) {
  return list.map(({ run, prepare = fresh, ...contestant }) => ({
    ...contestant,
    turn: inProcess({ run: run ?? contestant.verify, isAsync: contestant.isAsync, inputs: roundAndRound(tokens, prepare) }),
  }));
}

/** As verifySideBySide(), signing claims that differ in `jti`. */
export async function signSideBySide({ alg, bars }) {
  const signer = newSigner(alg);
  const list = await signers(signer);
  const token = await assertEachSigns(list, signer);
  console.log(`  each of ${list.length} signs what it was given, by the right key`);
  const claims = Array.from({ length: DISTINCT }, goodClaims);
  const inputs = () => roundAndRound(claims, (each) => ({ ...each }));
  const contestants = list.map(({ sign, isAsync, name }) => ({ name, turn: inProcess({ run: sign, isAsync, inputs: inputs() }) }));
  const what = `${DISTINCT} claims sets, tokens of ${token.length} bytes, payload of ${payloadBytes(token)}`;
  return report({ verb: "signs", what, bars, contestants, ...(await measure(contestants)) });
}
