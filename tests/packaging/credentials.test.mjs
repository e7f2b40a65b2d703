// What `npm run credentials` prints is what a deployment's secrets take.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { inRoot } from "../../scripts/lib/project.mjs";

const print = () => parseEnv(execFileSync(process.execPath, [inRoot("scripts/credentials.mjs")], { encoding: "utf8" }));

test("the printed client's hash is that of its secret, and nothing is printed twice", () => {
  const [first, second] = [print(), print()];
  const [client] = JSON.parse(first.PORTCULLIS_CLIENTS);
  assert.equal(client.id, first.DEMO_CLIENT_ID);
  assert.deepEqual(client.secret_sha256, [createHash("sha256").update(first.DEMO_CLIENT_SECRET).digest("base64url")]);
  assert.equal(Buffer.from(first.DEMO_CLIENT_SECRET, "base64url").length, 32);
  for (const name of Object.keys(first)) assert.notEqual(first[name], second[name], name);
});
