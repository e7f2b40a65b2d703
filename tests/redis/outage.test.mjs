// The bridge while Redis is away: an answer at once, never a hang, and nothing done twice.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { createBridge } from "../../js/redis-http/bridge.mjs";
import { asker, newToken, passedOn, startBridge, until } from "./harness.mjs";
import { freePort, startRedis } from "./redis-server.mjs";

// Longer than a test may take: what is asserted here never comes of waiting for this.
const NEVER_MS = 600_000;
const UNREACHABLE = { error: "ERR Redis is not reachable" };

async function started(t, options) {
  const bridge = await startBridge({ closeMsMax: 200, ...options });
  t.after(() => bridge.dispose());
  return bridge;
}

const status = async (bridge) => (await bridge.command("PING")).status;

test("a bridge starts without Redis, answers 503, and serves once Redis is there", async (t) => {
  const token = newToken();
  const port = await freePort();
  const events = [];
  const redisUrl = `redis://127.0.0.1:${port}`;
  const bridge = await createBridge({ token, redisUrl, port: 0, requestMsMax: NEVER_MS, commandMsMax: NEVER_MS, onEvent: (event) => events.push(event) });
  t.after(() => bridge.close());
  const ask = asker(bridge.url, token);
  for (const [path, body] of [["/ping"], ["/", ["PING"]], ["/pipeline", [["PING"]]], ["/multi-exec", [["PING"]]]]) {
    const answer = await ask(path, { body });
    assert.deepEqual([answer.status, answer.body], [503, UNREACHABLE]);
  }
  assert.deepEqual(events, [{ event: "redis_unreachable", cause: "ECONNREFUSED" }]);

  const redis = await startRedis({ args: ["--port", String(port)] });
  t.after(() => redis.dispose());
  await until("the bridge to serve", async () => (await ask("/ping")).status === 200);
  assert.deepEqual(events.at(-1), { event: "redis_ready" });
});

test("Redis killed: 503 at once; started again: served, with what was written", async (t) => {
  const bridge = await started(t, { requestMsMax: NEVER_MS, commandMsMax: NEVER_MS });
  await bridge.command("SET", "k", "v");
  await bridge.redis.kill();
  await until("the loss to be noticed", () => bridge.events.some(({ event }) => event === "redis_lost"));
  const answer = await bridge.command("GET", "k");
  assert.deepEqual([answer.status, answer.body], [503, UNREACHABLE]);
  await bridge.redis.restart();
  await until("the bridge to serve", async () => (await status(bridge)) === 200);
  assert.deepEqual((await bridge.command("GET", "k")).body, { result: "v" });
  const names = bridge.events.map(({ event }) => event);
  assert.deepEqual([names[0], names[1], names.at(-1)], ["redis_ready", "redis_lost", "redis_ready"]);
});

test("what was in flight when the connection broke is 502, and is never sent again", async (t) => {
  const bridge = await started(t, { requestMsMax: NEVER_MS, commandMsMax: NEVER_MS });
  bridge.redis.pause();
  const flying = Promise.all([
    bridge.command("INCR", "n"),
    bridge.ask("/pipeline", { body: [["INCR", "n"], ["INCR", "n"]] }),
    bridge.ask("/multi-exec", { body: [["INCR", "n"]] }),
  ]);
  await passedOn(bridge.ask);
  await bridge.redis.kill();
  for (const { status, body } of await flying) {
    assert.equal(status, 502);
    assert.match(body.error, /^ERR the connection to Redis was lost: whether .* unknown$/);
  }
  await bridge.redis.restart();
  await until("the bridge to serve", async () => (await status(bridge)) === 200);
  assert.deepEqual((await bridge.command("GET", "n")).body, { result: null });
});

test("Redis stopped: 504, then 503 without waiting, and served once it goes on", async (t) => {
  const bridge = await started(t, { commandMsMax: 200 });
  bridge.redis.pause();
  assert.equal(await status(bridge), 504);
  await until("503 instead of a wait", async () => (await status(bridge)) === 503);
  bridge.redis.resume();
  await until("the bridge to serve", async () => (await status(bridge)) === 200);
});

test("a queue of unanswered commands does not outlive its connection", async (t) => {
  const bridge = await started(t, { commandMsMax: 200 });
  bridge.redis.pause();
  await Promise.all(Array.from({ length: 20 }, () => bridge.command("ECHO", "stale")));
  bridge.redis.resume();
  await until("the bridge to serve", async () => (await status(bridge)) === 200);
  assert.deepEqual((await bridge.command("ECHO", "fresh")).body, { result: "fresh" });
});

test("a Redis that wants a password gets it from the URL, and a wrong one is an event without it", async (t) => {
  const password = randomBytes(16).toString("hex");
  const redis = await startRedis({ args: ["--requirepass", password] });
  t.after(() => redis.dispose());
  for (const [given, expected, last] of [
    [password, 200, { event: "redis_ready" }],
    ["0".repeat(32), 503, { event: "redis_unreachable", cause: "WRONGPASS" }],
    ["", 503, { event: "redis_unreachable", cause: "NOAUTH" }],
  ]) {
    const token = newToken();
    const events = [];
    const redisUrl = `redis://${given ? `:${given}@` : ""}127.0.0.1:${redis.port}`;
    const bridge = await createBridge({ token, redisUrl, port: 0, onEvent: (event) => events.push(event) });
    t.after(() => bridge.close());
    assert.equal((await asker(bridge.url, token)("/ping")).status, expected);
    assert.deepEqual(events.at(-1), last);
  }
});

test("a Redis that is full says so itself, as an error of the command", async (t) => {
  const bridge = await started(t, { redisArgs: ["--maxmemory", "1mb", "--maxmemory-policy", "noeviction"] });
  await bridge.command("SETRANGE", "large", 2_000_000, "x");
  const { status, body } = await bridge.command("SET", "k", "x");
  assert.equal(status, 400);
  assert.match(body.error, /^OOM /);
});

test("close lets a request that is being answered end, and takes no more", async (t) => {
  const bridge = await started(t, { closeMsMax: NEVER_MS });
  bridge.redis.pause();
  const flying = bridge.command("INCR", "n");
  await passedOn(bridge.ask);
  const closed = bridge.bridge.close();
  await assert.rejects(bridge.ask("/ping"), "new connections must be refused");
  bridge.redis.resume();
  const { status, headers, body } = await flying;
  assert.deepEqual([status, headers.get("connection"), body], [200, "close", { result: 1 }]);
  await closed;
});

test("close lets an answer that is on its way arrive whole, and then waits for nothing", async (t) => {
  const bridge = await started(t, { requestMsMax: NEVER_MS, closeMsMax: NEVER_MS });
  await bridge.command("SETRANGE", "large", 20_000_000, "x");
  const response = await fetch(`${bridge.url}/get/large`, { headers: { authorization: `Bearer ${bridge.token}` } });
  const closed = bridge.bridge.close();
  assert.equal((await response.json()).result.length, 20_000_001);
  await closed;
});

test("close does not wait longer than its bound, and twice is once", async (t) => {
  const bridge = await started(t, { requestMsMax: NEVER_MS, commandMsMax: NEVER_MS, closeMsMax: 100 });
  bridge.redis.pause();
  const flying = assert.rejects(bridge.command("INCR", "n"));
  await passedOn(bridge.ask);
  await Promise.all([bridge.bridge.close(), bridge.bridge.close()]);
  await flying;
});
