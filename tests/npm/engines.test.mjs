// Whoever does the arithmetic of a signature, the verdict and the code are the same: WebAssembly, node:crypto,
// and WebCrypto with a key that cannot be taken out of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inRoot, NPM_MODULE_DIR } from "../../scripts/lib/project.mjs";
import { ALGORITHMS, cases, newKey, NOW_MS, PAYLOAD, tokenOf } from "./engines.mjs";

const built = (name) => inRoot(NPM_MODULE_DIR, name);
const { initSync, TokenVerifier: Bound } = await import(built("portcullis.js"));
const { tokenVerifier } = await import(built("token-verifier.mjs"));
const { openRoom } = await import(built("node-room.mjs"));
const nodeSignatures = await import(built("node-signatures.mjs"));
const { memory } = initSync({ module: readFileSync(built("portcullis_bg.wasm")) });

const InWasm = tokenVerifier(Bound, memory, openRoom);
const InNode = tokenVerifier(Bound, memory, openRoom, nodeSignatures);

/**
 * Where engines may differ, and how: none but the holder of the key can make such a signature, and a token it
 * makes is one it could have made good. See "Two engines" in ARCHITECTURE.md.
 */
const WASM_ALONE_ACCEPTS = new Set([
]);

async function outcome(verify) {
  try {
    return await verify();
  } catch (error) {
    assert.equal(typeof error.code, "string", error.stack);
    return error.code;
  }
}

const checks = (verifier, engine) => Number(new RegExp(`checks_total{engine="${engine}".*} (\\d+)`).exec(verifier.metrics())?.[1] ?? 0);

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

async function cryptoKeyOf({ kid, alg, ...jwk }, usage = "verify") {
  return await crypto.subtle.importKey("jwk", jwk, WEB[alg] ?? { name: alg }, false, [usage]);
}

for (const alg of Object.keys(ALGORITHMS)) {
  test(`${alg}: every engine has the same verdict and code for every token`, async () => {
    const key = newKey(alg);
    const jwks = JSON.stringify({ keys: [key.jwk] });
    const inWasm = new InWasm(jwks);
    const inNode = new InNode(jwks);
    const held = new InNode([{ kid: "k", alg, cryptoKey: await cryptoKeyOf(key.jwk) }]);
    const table = [];
    for (const [what, token] of Object.entries(cases(key))) {
      const outcomes = [
        await outcome(() => inWasm.verify(token, NOW_MS)),
        await outcome(() => inNode.verify(token, NOW_MS)),
        await outcome(() => held.verifyAsync(token, NOW_MS)),
      ];
      table.push([what, ...outcomes]);
    }
    const differing = table.filter(([what, ours, ...others]) => !WASM_ALONE_ACCEPTS.has(what) && others.some((other) => other !== ours));
    assert.deepEqual(differing, []);
    const accepted = table.filter(([, ours]) => ours.startsWith("{")).map(([what]) => what);
    assert.deepEqual(accepted.filter((what) => !WASM_ALONE_ACCEPTS.has(what)), alg.startsWith("ES") ? ["good", "the other s, n - s"] : ["good"]);
    assert.equal(table[0][1], PAYLOAD);
    assert.equal(checks(inWasm, "native"), 0);
    assert.ok(checks(inNode, "native") > 5, "node:crypto was asked");
    assert.ok(checks(held, "native") > 5, "WebCrypto was asked");
  });
}
