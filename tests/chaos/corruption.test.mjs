// Scenario 4, corrupted_blacklist_entry: only the exact key counts, and what is there but unreadable refuses.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, counter } from "../worker/conversation.mjs";
import { chaosFor, degraded, digest, revokedKey } from "./harness.mjs";

const READABLE = /^\d{13} \d{13}$/;
const GARBAGE = ["<html>", "", "1 1 1", "-1 5", "99999999999999999999 1"];

test("corrupted_blacklist_entry: garbage under a neighbouring key is ignored", async (t) => {
  const { talk, command } = await chaosFor(t);
  const { access_token, jti, session_id } = await talk.mint();
  const key = revokedKey(jti);
  const foreign = digest("token", `jti:${jti}`, "https://other.example.com");
  const neighbours = [`${key}_corrupted`, `blacklist:${jti}_corrupted`, key.slice(0, -1), `{portcullis}:1:revoked:token:${foreign}`, `{portcullis}:1:revoked:session:${digest("session", `${session_id}x`)}`];
  for (const name of neighbours) await command("SET", name, "<html>");
  const answer = await talk.authorize(access_token);
  assert.deepEqual([answer.status, degraded(answer)], [200, null], answer.text);
  assert.equal((await talk.events("store_corrupt", 0)).length, 0);
});

test("corrupted_blacklist_entry: garbage under this token's key refuses it and is told; a revocation overwrites it", async (t) => {
  const { talk, siblings, command } = await chaosFor(t, { siblings: { witness: {} } });
  const { access_token: token, jti } = await talk.mint();
  const key = revokedKey(jti);
  for (const garbage of GARBAGE) {
    await command("SET", key, garbage);
    assertProblem(await talk.authorize(token), 401, "ERR_JWT_REVOKED");
  }
  await command("DEL", key);
  await command("RPUSH", key, "a", "list");
  assertProblem(await talk.authorize(token), 401, "ERR_JWT_REVOKED");
  const count = GARBAGE.length + 1;
  const lines = await talk.events("store_corrupt", count);
  assert.deepEqual(lines, Array(count).fill({ level: "error", event: "store_corrupt", scope: "token" }));
  const metrics = await talk.metrics();
  assert.equal(counter(metrics, 'store_corrupt_total{scope="token"}'), count);
  assert.equal(counter(metrics, "store_up"), 1, "the store itself is well");

  await command("DEL", key);
  assert.equal((await siblings.witness.authorize(token)).status, 200, "an unreadable entry is no revocation to keep");
  await command("SET", key, "<html>");
  assert.deepEqual((await talk.revoke({ token })).body, { durability: "store" });
  assert.match(await command("GET", key), READABLE);
  assertProblem(await siblings.witness.authorize(token), 401, "ERR_JWT_REVOKED");
  assert.equal((await siblings.witness.events("store_corrupt", 0)).length, count, "read as a revocation, not as garbage");
  await talk.assertNothingLeaked();
});

test("corrupted_blacklist_entry: a limit's unreadable state is replaced, and counted", async (t) => {
  const { talk, command } = await chaosFor(t);
  const { access_token, sub } = await talk.mint();
  const key = `{portcullis}:1:limit:per-subject:${digest("subject", sub)}`;
  await command("SET", key, "<html>");
  const answer = await talk.authorize(access_token);
  assert.deepEqual([answer.status, degraded(answer)], [200, null], answer.text);
  assert.match(await command("GET", key), /^\d+ \d+ 1 \d+ 0$/);
  assert.deepEqual(await talk.events("limits_repaired"), [{ level: "warn", event: "limits_repaired", count: 1 }]);
  assert.equal(counter(await talk.metrics(), "limits_repaired_total"), 1);
});
