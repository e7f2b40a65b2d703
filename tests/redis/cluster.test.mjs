// The bridge in front of a real Redis Cluster: every command to the node of its slot, through moves and failovers.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createBridge } from "../../js/redis-http/bridge.mjs";
import { inRoot } from "../../scripts/lib/project.mjs";
import { asker, newToken, passedOn, until } from "./harness.mjs";
import { startCluster } from "./redis-cluster.mjs";
import { freePort } from "./redis-server.mjs";

// No request waits for a failover: an answer of any kind comes far sooner than that.
const ANSWER_MS_MAX = 700;
// The bridge reads the map of slots every second.
const SLOTS_MS = 1_500;
const TAG = "{portcullis}:1:";
const EPOCH = `${TAG}epoch`;
// What docs/storage-schema.md names, and what it adds for a cluster.
const PASSWORD = newToken();
const ALLOWED = "+eval +evalsha +get +set +del +time +pexpire +pttl +type +lindex +llen +lpush +lrange +lrem +lset +ltrim +rpush +info +ping".split(" ");
const FOR_CLUSTER = "+multi +exec +cluster|slots +cluster|info +readonly +readwrite +asking".split(" ");

let cluster;
let bridge;
const token = newToken();
const events = [];
before(async () => {
  cluster = await startCluster({ args: ["--user", "portcullis", "on", `>${PASSWORD}`, "~*", ...ALLOWED, ...FOR_CLUSTER] });
  const redisUrl = cluster.url.replaceAll("redis://", `redis://portcullis:${PASSWORD}@`);
  bridge = await createBridge({ token, cluster: true, redisUrl, epochKey: EPOCH, port: 0, closeMsMax: 200, commandMsMax: 2_000, onEvent: (event) => events.push(event) });
});
after(async () => {
  await bridge?.close();
  await cluster?.dispose();
});

const ask = (path, init) => asker(bridge.url, token)(path, init);
const command = async (...words) => (await ask("/", { body: words })).body;
/** Keys that lie on different nodes. */
const ONE_EACH = ["a", "b", "c"];

test("the user is the one that is documented", () => {
  const schema = readFileSync(inRoot("docs/storage-schema.md"), "utf8").replaceAll("\n", " ");
  for (const words of [ALLOWED.join(" "), FOR_CLUSTER.filter((word) => !/multi|exec/.test(word)).join(" ")]) assert.ok(schema.includes(words), words);
});

test("without a cluster it starts, answers 503, and says why", async (t) => {
  const said = [];
  const redisUrl = `redis://127.0.0.1:${await freePort()},redis://127.0.0.1:${await freePort()}`;
  const lonely = await createBridge({ token, cluster: true, redisUrl, port: 0, onEvent: (event) => said.push(event) });
  t.after(() => lonely.close());
  const answer = await asker(lonely.url, token)("/", { body: ["PING"] });
  assert.deepEqual([answer.status, answer.body], [503, { error: "ERR Redis is not reachable" }]);
  assert.deepEqual(said, [{ event: "redis_unreachable", cause: "ECONNREFUSED" }]);
});

test("a wrong password is told as what it is, without it", async (t) => {
  const said = [];
  const redisUrl = cluster.url.replaceAll("redis://", `redis://portcullis:${newToken()}@`);
  const wrong = await createBridge({ token, cluster: true, redisUrl, port: 0, onEvent: (event) => said.push(event) });
  t.after(() => wrong.close());
  assert.equal((await asker(wrong.url, token)("/", { body: ["PING"] })).status, 503);
  await until("its cause", () => said.length > 0);
  assert.deepEqual(said[0], { event: "redis_unreachable", cause: "WRONGPASS" });
});

test("it is ready from the first request on, and says so once", async () => {
  assert.deepEqual(await command("SET", `${TAG}k`, "v"), { result: "OK" });
  assert.deepEqual(events, [{ event: "redis_ready" }]);
});

test("each command goes to the node of its key, alone and in a pipeline, and replies keep their order", async () => {
  const owners = new Set();
  for (const key of ONE_EACH) owners.add((await cluster.primaryOf(key)).id);
  assert.equal(owners.size, ONE_EACH.length, "the keys lie on different nodes");
  for (const key of ONE_EACH) assert.deepEqual(await command("SET", key, `of ${key}`), { result: "OK" });
  const { status, body } = await ask("/pipeline", { body: [...ONE_EACH.map((key) => ["GET", key]), ["NOPE"], ["GET", "b"]] });
  assert.equal(status, 200);
  assert.deepEqual(body.map(({ result, error }) => result ?? error.slice(0, 19)), ["of a", "of b", "of c", "ERR unknown command", "of b"]);
});

test("integers are as exact as with one server", async () => {
  for (const key of ONE_EACH) {
    const response = await fetch(bridge.url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(["EVAL", "return 1152921504606846976", 1, key]),
    });
    assert.equal(await response.text(), '{"result":1152921504606846976}');
  }
});

test("a script reaches all the keys of a deployment", async () => {
  const script = "redis.call('SET', KEYS[1], ARGV[1]); return redis.call('GET', KEYS[2])";
  assert.deepEqual(await command("EVAL", script, 2, `${TAG}x`, `${TAG}k`, "1"), { result: "v" });
});

test("keys of several slots in one command are refused by Redis, and in a transaction by the bridge", async () => {
  assert.match((await command("DEL", "a", "b")).error, /^CROSSSLOT /);
  const { status, body } = await ask("/multi-exec", { body: [["SET", "a", "1"], ["SET", "b", "1"]] });
  assert.deepEqual([status, body], [400, { error: "EXECABORT Transaction discarded because of: CROSSSLOT Keys in request don't hash to the same slot" }]);
  assert.deepEqual(await command("GET", "a"), { result: "of a" });
});

test("a transaction is carried out on the node of its keys", async () => {
  for (const key of ONE_EACH) {
    const { body } = await ask("/multi-exec", { body: [["SET", key, "1"], ["GET", key]] });
    assert.deepEqual(body, [{ result: "OK" }, { result: "1" }]);
  }
});

/** Hands the slot of `key`, with all that is in it, from its node to another; `between` runs in the middle. */
async function move(key, between) {
  const from = await cluster.primaryOf(key);
  const slot = await from.ask("CLUSTER", "KEYSLOT", key);
  const to = cluster.nodes.slice(0, 3).find(({ id }) => id !== from.id);
  await to.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", from.id);
  await from.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id);
  for (const held of await from.ask("CLUSTER", "GETKEYSINSLOT", slot, 100)) await from.ask("MIGRATE", "127.0.0.1", to.redis.port, held, 0, 2_000);
  await between?.();
  for (const { ask } of [to, from]) await ask("CLUSTER", "SETSLOT", slot, "NODE", to.id);
}

test("a key on its way to another node is found, during and after, by commands and transactions", async () => {
  await command("SET", "a", "moved");
  await move("a", async () => assert.deepEqual(await command("GET", "a"), { result: "moved" }, "ASK is followed"));
  assert.deepEqual(await command("GET", "a"), { result: "moved" }, "MOVED is followed");
  await command("SET", "b", "moved");
  await command("SET", EPOCH, "kept");
  await move("b");
  await move(EPOCH);
  const { body } = await ask("/multi-exec", { body: [["GET", "b"]] });
  assert.deepEqual(body, [{ result: "moved" }]);
  // By then the map has been read anew.
  await until("the new owner to be known", async () => (await command("GET", EPOCH)).result === "kept");
  await sleep(SLOTS_MS);
  assert.deepEqual(await command("GET", EPOCH), { result: "kept" }, "a slot that was moved has lost nothing");
});

test("a slot that two nodes send to each other is given up after a few times, and told as MOVED", async () => {
  const key = "of-no-node";
  const from = await cluster.primaryOf(key);
  const slot = await from.ask("CLUSTER", "KEYSLOT", key);
  const to = cluster.nodes.slice(0, 3).find(({ id }) => id !== from.id);
  await from.ask("CLUSTER", "SETSLOT", slot, "NODE", to.id);
  const { status, body, took_ms } = await timed(["GET", key]);
  assert.deepEqual([status, body], [400, { error: "MOVED too many redirections" }]);
  assert.ok(took_ms < ANSWER_MS_MAX, `took ${took_ms} ms`);
  // Nobody else has heard of it: it is as before.
  await from.ask("CLUSTER", "SETSLOT", slot, "NODE", from.id);
  assert.deepEqual(await command("GET", key), { result: null });
});

async function timed(words) {
  const started_ms = performance.now();
  const answer = await ask("/", { body: words });
  return { ...answer, took_ms: performance.now() - started_ms };
}

test("kill -9 of a primary: an answer at once, that the cluster is down; then the replica has all that was acknowledged", async (t) => {
  const key = `${TAG}count`;
  const dead = await cluster.primaryOf(key);
  let acknowledged = 0;
  for (; acknowledged < 20; acknowledged += 1) assert.equal((await ask("/", { body: ["RPUSH", key, acknowledged] })).status, 200);
  // The replica is a moment behind; what it had not got would be lost, as docs/storage-schema.md says.
  await until("the replica to have it", async () => (await dead.ask("INFO", "replication")).match(/master_repl_offset:(\d+)/)[1] === (await dead.ask("INFO", "replication")).match(/slave0:.*offset=(\d+)/)?.[1]);
  dead.redis.pause();
  const flying = ask("/", { body: ["RPUSH", key, "flying"] });
  await passedOn(ask);
  await dead.redis.kill();
  assert.deepEqual((await flying).status, 502, "whether it was done is unknown");
  const causes = new Set();
  let sent = 0;
  await until("the replica to answer", async () => {
    sent += 1;
    const { status, body, took_ms } = await timed(["RPUSH", key, "more"]);
    assert.ok(took_ms < ANSWER_MS_MAX, `took ${took_ms} ms`);
    if (status === 200) return true;
    causes.add(status === 400 ? body.error.split(" ")[0] : String(status));
    return false;
  });
  t.diagnostic(`answered while there was no primary: ${[...causes].join(", ")}`);
  assert.ok(causes.has("CLUSTERDOWN"));
  // 502: it may have been on its way as the connection broke.
  for (const cause of causes) assert.match(cause, /^(CLUSTERDOWN|502)$/);
  const { result } = await command("LRANGE", key, 0, -1);
  assert.deepEqual(result.filter((item) => item !== "more"), Array.from({ length: acknowledged }, (_, n) => String(n)));
  assert.ok(sent > 1 && result.filter((item) => item === "more").length === 1, "nothing waited");
  assert.ok(!result.includes("flying"), "what was in flight was not sent again");
  assert.ok(events.some(({ event }) => event === "node_lost"));
  // It may have lost the last writes: who keeps an epoch there is to notice.
  await until("the epoch to be deleted", async () => (await command("GET", EPOCH)).result === null);
  assert.equal(events.filter(({ event }) => event === "failover").length, 1);
  await command("SET", EPOCH, "new");

  await cluster.restart(dead);
  await cluster.whole();
  await until("the connection to it", () => events.at(-1).event === "node_ready");
  assert.deepEqual(await command("GET", EPOCH), { result: "new" }, "deleted once");
  assert.deepEqual(await command("GET", `${TAG}k`), { result: "v" });
});

test("a primary that is stopped costs each request its bound at the most, until it is replaced", async () => {
  const key = `${TAG}k`;
  const stopped = await cluster.primaryOf(key);
  stopped.redis.pause();
  try {
    const first = await timed(["GET", key]);
    assert.ok([504, 502, 200].includes(first.status), String(first.status));
    assert.ok(first.took_ms < 2_000 + ANSWER_MS_MAX, `took ${first.took_ms} ms`);
    await until("the replica to answer", async () => (await ask("/", { body: ["GET", key] })).status === 200);
  } finally {
    stopped.redis.resume();
  }
  await cluster.whole();
});

test("with no node at all it answers 503 at once, and serves once they are back", async () => {
  await Promise.all(cluster.nodes.map(({ redis }) => redis.kill()));
  await until("503", async () => (await ask("/", { body: ["GET", `${TAG}k`] })).status === 503);
  const { status, body, took_ms } = await timed(["GET", `${TAG}k`]);
  assert.deepEqual([status, body], [503, { error: "ERR Redis is not reachable" }]);
  assert.ok(took_ms < ANSWER_MS_MAX, `took ${took_ms} ms`);
  await Promise.all(cluster.nodes.map((node) => cluster.restart(node)));
  await until("the bridge to serve", async () => (await command("GET", `${TAG}k`)).result === "v");
});
