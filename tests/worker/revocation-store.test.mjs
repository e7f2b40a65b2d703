// What carries a revocation from one isolate to the next: its entry in KV, and nothing else.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertProblem, conversation, counter, startConversation } from "./conversation.mjs";
import { sibling, urlOf } from "./sibling.mjs";

const ACCESS_TTL_S = 900;
const MAX_LIFETIME_S = 24 * 3600;
const NAME = /^portcullis:1:revoked:(token|session|subject):[\w-]{43}$/;

// Three isolates over one KV; and a deployment of the same keys with a KV of its own.
let first, second, third, elsewhere, kv;
before(async () => {
  first = await startConversation({
    workers: (bindings) => ["second", "third"].map((name) => sibling(name, bindings)),
  });
  const { worker } = first;
  kv = worker.kv;
  second = conversation(worker, await urlOf(worker, "second"));
  third = conversation(worker, await urlOf(worker, "third"));
  elsewhere = await startConversation({ bindings: { PORTCULLIS_KEYS: JSON.stringify(worker.keys) } });
});
after(async () => {
  await first?.worker.dispose();
  await elsewhere?.worker.dispose();
});

const entries = async () => (await kv.list()).keys;

/** Runs `work` and returns the entries it added to KV. */
async function addedBy(work) {
  const before = new Set((await entries()).map(({ name }) => name));
  await work();
  return (await entries()).filter(({ name }) => !before.has(name));
}

/** A minted token, and the KV key its own revocation has. */
async function mintRevoked() {
  const minted = await first.mint();
  const [entry] = await addedBy(() => first.revoke({ token: minted.access_token }));
  return { ...minted, key: entry.name };
}

test("a revocation by one instance is refused by one that was running, and by one that never ran", async () => {
  const { access_token } = await first.mint();
  assert.equal((await second.authorize(access_token)).status, 200);
  assert.equal((await first.revoke({ token: access_token })).status, 200);
  assertProblem(await second.authorize(access_token), 401, "ERR_JWT_REVOKED");
  assertProblem(await third.authorize(access_token), 401, "ERR_JWT_REVOKED");
});

for (const [scope, form] of Object.entries({
  token: ({ access_token }) => ({ token: access_token }),
  session: ({ session_id }) => ({ session: session_id }),
  subject: ({ sub }) => ({ subject: sub }),
})) {
  test(`the entry of a revoked ${scope} is all that another deployment needs, and it names nobody`, async () => {
    const minted = await first.mint();
    const added = await addedBy(() => first.revoke(form(minted)));
    assert.equal(added.length, 1);
    const [{ name, expiration }] = added;
    assert.equal(NAME.exec(name)?.[1], scope);
    const value = await kv.get(name);
    for (const secret of [minted.sub, minted.jti, minted.session_id, minted.access_token]) {
      assert.ok(!`${name} ${value}`.includes(secret));
    }
    const lifetime_s = scope === "token" ? ACCESS_TTL_S : MAX_LIFETIME_S;
    const [cut_ms, until_ms] = value.split(" ").slice(1).map(Number);
    assert.ok(Math.abs(cut_ms - Date.now()) < 30_000, "the cut is now");
    assert.ok(Math.abs(until_ms - Date.now() - lifetime_s * 1000) < 30_000, "as long as the token could live");
    assert.equal(expiration, Math.ceil(until_ms / 1000), "and KV forgets it then");

    assert.equal((await elsewhere.authorize(minted.access_token)).status, 200, "it has not heard of it");
    await elsewhere.worker.kv.put(name, value);
    assertProblem(await elsewhere.authorize(minted.access_token), 401, "ERR_JWT_REVOKED");
  });
}

test("an instance remembers what it saw revoked, should KV forget", async () => {
  const { access_token, key } = await mintRevoked();
  assertProblem(await second.authorize(access_token), 401, "ERR_JWT_REVOKED");
  await kv.delete(key);
  assertProblem(await first.authorize(access_token), 401, "ERR_JWT_REVOKED");
  assertProblem(await second.authorize(access_token), 401, "ERR_JWT_REVOKED");
  assert.equal((await third.authorize(access_token)).status, 200, "only the entry told the others");
});

test("a revocation of a token about to end is kept for the 60 s that KV asks for", async () => {
  const { access_token } = await first.mint({ access_ttl: 5 });
  const [{ expiration }] = await addedBy(() => first.revoke({ token: access_token }));
  const ahead_s = expiration - Date.now() / 1000;
  assert.ok(ahead_s > 59 && ahead_s < 63, `${ahead_s} s`);
});

test("a revocation repeated writes nothing: KV takes one write a second for a key", async () => {
  const { access_token, key } = await mintRevoked();
  const entry = (await entries()).find(({ name }) => name === key);
  // What a write would replace.
  await kv.put(key, await kv.get(key), { expiration: entry.expiration, metadata: "untouched" });
  for (const talk of [first, second]) {
    const answer = await talk.revoke({ token: access_token });
    assert.deepEqual([answer.status, answer.body], [200, { durability: "store" }]);
  }
  assert.equal((await kv.getWithMetadata(key)).metadata, "untouched");
});

test("a subject revoked again is cut anew, and the old cut is not lost", async () => {
  const sub = `subject-${crypto.randomUUID()}`;
  const [{ name }] = await addedBy(() => first.revoke({ subject: sub }));
  const cut_ms = Number((await kv.get(name)).split(" ")[1]);
  const { access_token } = await first.mint({ sub });
  assert.equal((await second.authorize(access_token)).status, 200);
  await first.revoke({ subject: sub });
  assert.ok(Number((await kv.get(name)).split(" ")[1]) > cut_ms);
  assertProblem(await second.authorize(access_token), 401, "ERR_JWT_REVOKED");
});

test("garbage under the token's own key refuses it, and says so in the log and a counter", async () => {
  const { access_token, key } = await mintRevoked();
  const seen = (await third.events("store_corrupt", 0)).length;
  for (const garbage of ["<html>", "", "2 1 1", "1 1"]) {
    await kv.put(key, garbage);
    assertProblem(await third.authorize(access_token), 401, "ERR_JWT_REVOKED");
  }
  const lines = (await third.events("store_corrupt", seen + 4)).slice(seen);
  assert.deepEqual(lines, Array(4).fill({ level: "error", event: "store_corrupt", scope: "token" }));
  assert.equal(counter(await third.metrics(), 'store_corrupt_total{scope="token"}'), 4);

  await kv.delete(key);
  assert.equal((await third.authorize(access_token)).status, 200, "an unreadable entry is no memory of a revocation");
});

test("a revocation overwrites garbage", async () => {
  const { access_token, key } = await mintRevoked();
  await kv.put(key, "<html>");
  assert.deepEqual((await third.revoke({ token: access_token })).body, { durability: "store" });
  assert.match(await kv.get(key), /^1 \d{13} \d{13}$/);
  assertProblem(await second.authorize(access_token), 401, "ERR_JWT_REVOKED");
});

test("garbage under any other key is ignored", async () => {
  const [{ key }, neighbour] = [await mintRevoked(), await first.mint()];
  for (const name of [key, `${key}x`, "portcullis:1:revoked:token:", "portcullis:1:revoked:subject:x", "x"]) {
    await kv.put(name, "<html>");
  }
  assert.equal((await third.authorize(neighbour.access_token)).status, 200);
});

test("nothing of this reached an error, a log line or a metric that should not have", async () => {
  for (const talk of [first, second, third]) await talk.assertNothingLeaked();
});
