// Our npm module in Node, as it is built.

import { inRoot, NPM_MODULE_DIR } from "../../../scripts/lib/project.mjs";
import { POLICY } from "../claims.mjs";

const built = (file) => import(inRoot(NPM_MODULE_DIR, file));
const { issuer, audience, subject, lifetime_s_max } = POLICY;

/**
 * A verifier for the benchmark's policy, or all of it but the audience. `cache`: { entries, bytes };
 * `isPure`: without the runtime's own cryptography.
 */
export async function newVerifier(jwks, { audiences = [audience], cache, isPure } = {}) {
  const TokenVerifier = isPure ? await pureVerifier() : (await built("node.mjs")).TokenVerifier;
  const options = { issuers: [issuer], audiences, subject, lifetimeMsMax: lifetime_s_max * 1000 };
  return new TokenVerifier(JSON.stringify(jwks), cache ? { ...options, cache } : options);
}

async function pureVerifier() {
  // The loader has filled it: a second time it only says what is there.
  await built("node.mjs");
  const { initSync, TokenVerifier } = await built("portcullis.js");
  const { openRoom } = await built("node-room.mjs");
  const { tokenVerifier } = await built("token-verifier.mjs");
  return tokenVerifier(TokenVerifier, initSync().memory, openRoom);
}

export async function newSignerOf(jwk) {
  const { TokenSigner } = await built("node.mjs");
  return new TokenSigner(jwk, { typ: "JWT" });
}
