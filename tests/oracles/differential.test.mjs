// Thousands of random and mutated tokens, each shown to our verifier, to jose and to PyJWT with the same
// keys and options. They accept and refuse alike, and read the same claims, but for the differences in
// differences.mjs, each of which must be met.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { expectedOf, explanation } from "./differences.mjs";
import { newKeys } from "./keys.mjs";
import { POLICIES } from "./policies.mjs";
import { seeded } from "./random.mjs";
import { newCase } from "./tokens.mjs";
import { byJose, byOurs, byPyJwt } from "./verifiers.mjs";

const CASES = 8_000;
const SEED = 7519;

let cases, ours;
const theirs = {};
before(async () => {
  const keys = newKeys();
  const random = seeded(SEED);
  cases = Array.from({ length: CASES }, () => newCase(keys, random));
  ours = byOurs(keys, cases);
  theirs.jose = await byJose(keys, cases);
  theirs.PyJWT = byPyJwt(keys, cases);
});

const shown = (at, peer) => JSON.stringify({ ...cases[at], policy: POLICIES[cases[at].policy], ours: ours[at], [peer]: theirs[peer][at] });

/** PyJWT has no option for typ. */
const comparable = (peer, { policy }) => peer === "jose" || !POLICIES[policy].typ;

test("the tokens are accepted often enough, and refused for every reason often enough, to say something", () => {
  const met = new Map();
  for (const { ok, code } of ours) met.set(ok ? "accepted" : code, (met.get(ok ? "accepted" : code) ?? 0) + 1);
  assert.ok(met.get("accepted") > CASES / 10, JSON.stringify([...met]));
  for (const code of [
    "ERR_JWS_INVALID",
    "ERR_JOSE_NOT_SUPPORTED",
    "ERR_JOSE_ALG_NOT_ALLOWED",
    "ERR_JWKS_NO_MATCHING_KEY",
    "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
    "ERR_JWT_INVALID",
    "ERR_JWT_EXPIRED",
    "ERR_JWT_CLAIM_VALIDATION_FAILED",
    "ERR_JWT_TOO_LARGE",
  ]) {
    assert.ok(met.get(code) >= 20, `${code}: ${met.get(code)}`);
  }
});

for (const peer of ["jose", "PyJWT"]) {
  test(`${peer} accepts and refuses what we do, but for the differences listed, each of which is met`, (t) => {
    const met = new Map(expectedOf(peer).map((mutation) => [mutation, 0]));
    const unexplained = [];
    cases.forEach((asked, at) => {
      if (!comparable(peer, asked) || ours[at].ok === theirs[peer][at].ok) return;
      const mutation = explanation(peer, asked.mutations, ours[at]);
      if (mutation) met.set(mutation, met.get(mutation) + 1);
      else unexplained.push(shown(at, peer));
    });
    assert.equal(unexplained.length, 0, `${unexplained.length} unexplained:\n${unexplained.slice(0, 10).join("\n")}`);
    for (const [mutation, count] of met) t.diagnostic(`${count} × ${mutation}`);
    assert.deepEqual([...met].filter(([, count]) => count === 0), [], "these differences were never met");
  });

  test(`${peer} reads the same claims in what both accept`, () => {
    let compared = 0;
    cases.forEach((asked, at) => {
      if (!comparable(peer, asked) || !ours[at].ok || !theirs[peer][at].ok) return;
      assert.equal(JSON.stringify(theirs[peer][at].payload), JSON.stringify(ours[at].payload), shown(at, peer));
      compared += 1;
    });
    assert.ok(compared > CASES / 20, `${compared} were compared`);
  });
}
