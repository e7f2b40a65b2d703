// Whoever does the arithmetic of a signature, the verdict and the code are the same: WebAssembly, node:crypto,
// and WebCrypto with a key that cannot be taken out of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inRoot, NPM_MODULE_DIR } from "../../scripts/lib/project.mjs";
import { ALGORITHMS, cases, expected, newKey, WASM_ALONE_ACCEPTS } from "../signatures/cases.mjs";

const built = (name) => inRoot(NPM_MODULE_DIR, name);
const { initSync, TokenVerifier: Bound } = await import(built("portcullis.js"));
const { tokenVerifier } = await import(built("token-verifier.mjs"));
const { openRoom } = await import(built("node-room.mjs"));
const nodeSignatures = await import(built("node-signatures.mjs"));
const { memory } = initSync({ module: readFileSync(built("portcullis_bg.wasm")) });

const InWasm = tokenVerifier(Bound, memory, openRoom);
const InNode = tokenVerifier(Bound, memory, openRoom, nodeSignatures);

const NOW_MS = 1_800_000_000_000;
const FORM = { typ: "JWT", claims: { sub: "canary", exp: NOW_MS / 1000 + 60 } };

const WEB = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  RS384: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" },
  RS512: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" },
  PS256: { name: "RSA-PSS", hash: "SHA-256" },
  PS384: { name: "RSA-PSS", hash: "SHA-384" },
  PS512: { name: "RSA-PSS", hash: "SHA-512" },
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  ES384: { name: "ECDSA", namedCurve: "P-384" },
  EdDSA: { name: "Ed25519" },
};

/** WebCrypto wants `alg` of an AKP key, and does not know EdDSA by this name everywhere. */
const notExtractable = ({ kid, alg, ...jwk }) =>
  crypto.subtle.importKey("jwk", jwk.kty === "AKP" ? { alg, ...jwk } : jwk, WEB[alg] ?? { name: alg }, false, ["verify"]);

async function verdict(verify) {
  try {
    return JSON.parse(await verify()).sub === "canary" ? "accepted" : "accepted as another";
  } catch (error) {
    assert.equal(typeof error.code, "string", error.stack);
    return error.code;
  }
}

const checks = (verifier, engine) =>
  Number(new RegExp(`checks_total{engine="${engine}".*} (\\d+)`).exec(verifier.metrics())?.[1] ?? 0);

for (const alg of Object.keys(ALGORITHMS)) {
  test(`${alg}: every engine has the same verdict and code for every token`, async () => {
    const key = newKey(alg, FORM);
    const jwks = JSON.stringify({ keys: [key.jwk] });
    const [inWasm, inNode] = [new InWasm(jwks), new InNode(jwks)];
    const held = new InNode([{ kid: "k", alg, cryptoKey: await notExtractable(key.jwk) }]);
    const tokens = Object.entries(cases(key));
    for (const [engine, verify] of Object.entries({
      wasm: (token) => inWasm.verify(token, NOW_MS),
      "node:crypto": (token) => inNode.verify(token, NOW_MS),
      WebCrypto: (token) => held.verifyAsync(token, NOW_MS),
    })) {
      const verdicts = {};
      for (const [what, token] of tokens) verdicts[what] = await verdict(() => verify(token));
      const differs = (what) => engine === "wasm" && WASM_ALONE_ACCEPTS.has(what);
      // The alg that no key has is refused before keys are looked for.
      const single = { "another alg in its header": "ERR_JOSE_ALG_NOT_ALLOWED" };
      const wanted = tokens.map(([what]) => [what, differs(what) ? "accepted" : (single[what] ?? expected(what))]);
      assert.deepEqual(verdicts, Object.fromEntries(wanted), engine);
    }
    assert.equal(checks(inWasm, "native"), 0);
    for (const native of [inNode, held]) assert.ok(checks(native, "native") > 5, "the runtime was asked");
  });
}
