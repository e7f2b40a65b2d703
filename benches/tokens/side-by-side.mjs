// A case that compares: its contestants are checked, then timed beside each other on one stream of tokens.

import { inProcess } from "../lib/in-process.mjs";
import { measure } from "../lib/rounds.mjs";
import { assertEachChecks } from "./checks.mjs";
import { verifiers } from "./node/verifiers.mjs";
import { sideBySideReport } from "./report.mjs";
import { fresh, newSigner, newTokens, roundAndRound } from "./token.mjs";

/**
 * start(signer, tokens): resolves to { contestants, dispose? }, each contestant { name, returns, verify(token),
 * turn(calls) }. Resolves to the report.
 */
export async function verifySideBySide({ alg, start, bars }) {
  const signer = newSigner(alg);
  const tokens = newTokens(signer);
  const { contestants, dispose } = await start(signer, tokens);
  try {
    await assertEachChecks(contestants, signer);
    console.log(`  each of ${contestants.length} accepts the good token and refuses each of the bad ones`);
    return sideBySideReport({ bars, contestants, tokens, ...(await measure(contestants)) });
  } finally {
    await dispose?.();
  }
}

/** A `start` for this process. */
export async function startInNode(signer, tokens) {
  const list = await verifiers(signer);
  const contestants = list.map(({ run, prepare = fresh, ...contestant }) => ({
    ...contestant,
    turn: inProcess({ run: run ?? contestant.verify, isAsync: contestant.isAsync, inputs: roundAndRound(tokens, prepare) }),
  }));
  return { contestants };
}
