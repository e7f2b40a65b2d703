// The three verifiers behind one question: { ok: true, payload } or { ok: false, code, ... } for each case.

import { spawnSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { jwtVerify } from "jose";
import { inRoot, NPM_MODULE_DIR } from "../../scripts/lib/project.mjs";
import { pythonWithJwt } from "../../scripts/setup/pyjwt.mjs";
import { NOW_S, POLICIES } from "./policies.mjs";

const { TokenVerifier } = await import(inRoot(NPM_MODULE_DIR, "node.mjs"));

export function byOurs(keys, cases) {
  const verifiers = new Map(keys.map(({ alg, jwk }) => [alg, POLICIES.map((policy) => ourVerifier(jwk, policy))]));
  return cases.map(({ token, alg, policy }) => {
    try {
      return { ok: true, payload: JSON.parse(verifiers.get(alg)[policy].verify(token, NOW_S * 1000)) };
    } catch ({ code, claim, reason, message }) {
      return { ok: false, code, claim, reason, message };
    }
  });
}

function ourVerifier(jwk, { issuer, audience = [], tolerance_s = 0, typ }) {
  return new TokenVerifier(JSON.stringify({ keys: [jwk] }), {
    issuers: issuer ? [issuer] : [],
    audiences: audience,
    types: typ ? [typ] : [],
    clockToleranceMs: tolerance_s * 1000,
  });
}

export async function byJose(keys, cases) {
  const imported = new Map(keys.map(({ alg, jwk }) => [alg, joseKey(jwk)]));
  const verdicts = [];
  for (const { token, alg, policy } of cases) {
    const { issuer, audience, tolerance_s, typ } = POLICIES[policy];
    const asked = { issuer, audience, typ, clockTolerance: tolerance_s, algorithms: [alg], requiredClaims: ["exp"] };
    const options = { ...asked, currentDate: new Date(NOW_S * 1000) };
    verdicts.push(
      await jwtVerify(token, imported.get(alg), options).then(
        ({ payload }) => ({ ok: true, payload }),
        ({ code, message }) => ({ ok: false, code, message }),
      ),
    );
  }
  return verdicts;
}

const joseKey = (jwk) => (jwk.k ? Buffer.from(jwk.k, "base64url") : createPublicKey({ key: jwk, format: "jwk" }));

export function byPyJwt(keys, cases) {
  const jwks = Object.fromEntries(keys.map(({ alg, jwk }) => [alg, JSON.stringify(jwk)]));
  const question = JSON.stringify({ now_s: NOW_S, jwks, policies: POLICIES, cases });
  const { status, stdout, stderr } = spawnSync(pythonWithJwt(), [inRoot("tests/oracles/pyjwt.py")], {
    input: question,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`pyjwt.py ended with ${status}: ${stderr.slice(-2000)}`);
  return JSON.parse(stdout).map(({ payload, ...verdict }) => (verdict.ok ? { ok: true, payload: JSON.parse(payload) } : verdict));
}
