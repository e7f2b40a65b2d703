// What `npm run credentials` prints is what a deployment's secrets take.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { inRoot } from "../../scripts/lib/project.mjs";

const SCRIPT = inRoot("scripts/credentials.mjs");
const print = (...args) => parseEnv(execFileSync(process.execPath, [SCRIPT, ...args], { encoding: "utf8" }));

test("the printed client's hash is that of its secret, and nothing is printed twice", () => {
  const [first, second] = [print(), print()];
  const [client] = JSON.parse(first.PORTCULLIS_CLIENTS);
  assert.equal(client.id, first.DEMO_CLIENT_ID);
  assert.deepEqual(client.secret_sha256, [createHash("sha256").update(first.DEMO_CLIENT_SECRET).digest("base64url")]);
  assert.equal(Buffer.from(first.DEMO_CLIENT_SECRET, "base64url").length, 32);
  for (const name of Object.keys(first)) assert.notEqual(first[name], second[name], name);
});

test("the key is for EdDSA, or for the algorithm asked for", () => {
  const key = (...args) => JSON.parse(print(...args).PORTCULLIS_KEYS).keys[0];
  assert.deepEqual([key().alg, key().crv], ["EdDSA", "Ed25519"]);
  for (const [alg, kty] of [["ES256", "EC"], ["PS512", "RSA"], ["ML-DSA-44", "AKP"], ["HS384", "oct"]]) {
    const jwk = key("--alg", alg);
    assert.deepEqual([jwk.alg, jwk.kty, jwk.use], [alg, kty, "sig"]);
  }
});

test("an algorithm that there is not prints no key", () => {
  for (const alg of ["none", "ES512", "toString", ""]) {
    const { status, stdout } = spawnSync(process.execPath, [SCRIPT, "--alg", alg], { encoding: "utf8" });
    assert.deepEqual([status, stdout], [2, ""], alg);
  }
});
