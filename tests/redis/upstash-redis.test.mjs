// Upstash's own client works against the bridge unchanged: with and without automatic pipelining (it
// then sends single commands through /pipeline), with and without base64.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { Redis } from "@upstash/redis";
import { asker, newToken, startBridge } from "./harness.mjs";
import { startFaults } from "./faults.mjs";

const sha1 = (text) => createHash("sha1").update(text).digest("hex");

let bridge;
let faults;
before(async () => {
  bridge = await startBridge();
  faults = await startFaults(bridge.url);
});
after(async () => {
  await faults?.close();
  await bridge?.dispose();
});
beforeEach(() => bridge.command("FLUSHALL"));

const client = (options) => new Redis({ url: bridge.url, token: bridge.token, retry: false, enableTelemetry: false, ...options });

for (const [what, options] of [
  ["as it comes", {}],
  ["without pipelining", { enableAutoPipelining: false }],
  ["without base64", { responseEncoding: false }],
  ["without either", { enableAutoPipelining: false, responseEncoding: false }],
]) {
  describe(`@upstash/redis, ${what}`, () => {
    let redis;
    before(() => (redis = client(options)));

    test("strings", async () => {
      assert.equal(await redis.set("k", "v"), "OK");
      assert.equal(await redis.get("k"), "v");
      assert.equal(await redis.get("none"), null);
      assert.equal(await redis.set("k", "w", { nx: true }), null);
      assert.equal(await redis.set("k", "w", { xx: true, ex: 100, get: true }), "v");
      assert.ok((await redis.ttl("k")) > 90);
      assert.equal(await redis.getset("k", "x"), "w");
      assert.equal(await redis.append("k", "yz"), 3);
      assert.equal(await redis.strlen("k"), 3);
      assert.equal(await redis.getrange("k", 0, 1), "xy");
      assert.equal(await redis.getdel("k"), "xyz");
      assert.equal(await redis.mset({ a: "1", b: "two" }), "OK");
      assert.deepEqual(await redis.mget("a", "none", "b"), [1, null, "two"]);
      assert.equal(await redis.exists("a", "b", "c"), 2);
    });

    test("values that look like something else", async () => {
      for (const value of ["OK", "", " ", "é✓🔑", "null", "T0s=", 'a"b\\c\n', "0123", "12345678901234567890"]) {
        await redis.set("k", value);
        assert.equal(await redis.get("k"), value === "null" ? null : value, JSON.stringify(value));
        assert.deepEqual(await redis.mget("k", "k"), value === "null" ? [null, null] : [value, value]);
      }
    });

    test("JSON values", async () => {
      for (const value of [{ a: [1, "x", null, { b: true }] }, [1, 2, { c: "é" }], true, 42, 1.5]) {
        await redis.set("k", value);
        assert.deepEqual(await redis.get("k"), value);
      }
    });

    test("counters and keys", async () => {
      assert.equal(await redis.incr("n"), 1);
      assert.equal(await redis.incrby("n", 9), 10);
      assert.equal(await redis.decrby("n", 3), 7);
      assert.equal(Number(await redis.incrbyfloat("n", 0.5)), 7.5);
      assert.equal(await redis.expire("n", 100), 1);
      assert.equal(await redis.persist("n"), 1);
      assert.equal(await redis.pttl("n"), -1);
      assert.equal(await redis.type("n"), "string");
      assert.equal(await redis.rename("n", "m"), "OK");
      assert.deepEqual(await redis.keys("*"), ["m"]);
      assert.equal(await redis.dbsize(), 1);
      assert.equal(await redis.del("m", "none"), 1);
      assert.equal(await redis.ping(), "PONG");
      assert.equal(await redis.echo("hello"), "hello");
    });

    test("hashes", async () => {
      assert.equal(await redis.hset("h", { a: 1, b: { deep: true }, c: "text" }), 3);
      assert.equal(await redis.hget("h", "c"), "text");
      assert.deepEqual(await redis.hgetall("h"), { a: 1, b: { deep: true }, c: "text" });
      assert.equal(await redis.hgetall("none"), null);
      assert.deepEqual(await redis.hmget("h", "a", "none"), { a: 1, none: null });
      assert.deepEqual((await redis.hkeys("h")).sort(), ["a", "b", "c"]);
      assert.equal(await redis.hincrby("h", "a", 2), 3);
      assert.equal(await redis.hexists("h", "b"), 1);
      assert.equal(await redis.hdel("h", "b"), 1);
      assert.equal(await redis.hlen("h"), 2);
    });

    test("lists", async () => {
      assert.equal(await redis.rpush("l", "a", "b", "OK"), 3);
      assert.equal(await redis.lpush("l", { x: 1 }), 4);
      assert.deepEqual(await redis.lrange("l", 0, -1), [{ x: 1 }, "a", "b", "OK"]);
      assert.equal(await redis.llen("l"), 4);
      assert.deepEqual(await redis.lpop("l"), { x: 1 });
      assert.deepEqual(await redis.rpop("l", 2), ["OK", "b"]);
      assert.equal(await redis.lindex("l", 0), "a");
      assert.equal(await redis.ltrim("l", 1, 0), "OK");
    });

    test("sets and sorted sets", async () => {
      assert.equal(await redis.sadd("s", "a", "b", "c"), 3);
      assert.equal(await redis.sismember("s", "a"), 1);
      assert.deepEqual(await redis.smismember("s", ["a", "z"]), [1, 0]);
      assert.deepEqual((await redis.smembers("s")).sort(), ["a", "b", "c"]);
      assert.equal(await redis.srem("s", "a"), 1);
      assert.equal(await redis.zadd("z", { score: 1, member: "one" }, { score: 2.5, member: "two" }), 2);
      assert.equal(await redis.zscore("z", "two"), 2.5);
      assert.deepEqual(await redis.zrange("z", 0, -1), ["one", "two"]);
      assert.deepEqual(await redis.zrange("z", 0, -1, { rev: true, withScores: true }), ["two", 2.5, "one", 1]);
      assert.deepEqual(await redis.zrange("z", 2, "+inf", { byScore: true }), ["two"]);
      assert.equal(await redis.zrank("z", "two"), 1);
      assert.equal(await redis.zincrby("z", 2, "one"), 3);
      assert.equal(await redis.zremrangebyscore("z", 0, 10), 2);
    });

    test("streams, bits and what estimates", async () => {
      assert.equal(await redis.xadd("x", "1-1", { f: "v" }), "1-1");
      assert.deepEqual(await redis.xrange("x", "-", "+"), { "1-1": { f: "v" } });
      assert.equal(await redis.setbit("b", 7, 1), 0);
      assert.equal(await redis.bitcount("b", 0, -1), 1);
      assert.equal(await redis.pfadd("p", "a", "b"), 1);
      assert.equal(await redis.pfcount("p"), 2);
      assert.equal(await redis.geoadd("g", { longitude: 13.4, latitude: 52.5, member: "m" }), 1);
    });

    test("scans", async () => {
      await redis.mset(Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`key:${i}`, i])));
      const found = new Set();
      let cursor = "0";
      do {
        const [next, keys] = await redis.scan(cursor, { match: "key:*", count: 50 });
        for (const key of keys) found.add(key);
        cursor = next;
      } while (cursor !== "0");
      assert.equal(found.size, 250);
      await redis.hset("h", { a: 1 });
      assert.deepEqual(await redis.hscan("h", 0), ["0", ["a", 1]]);
      await redis.sadd("s", "m");
      assert.deepEqual(await redis.sscan("s", 0), ["0", ["m"]]);
      await redis.zadd("z", { score: 1, member: "m" });
      assert.deepEqual(await redis.zscan("z", 0), ["0", ["m", 1]]);
    });

    test("pipelines, with an error kept or thrown", async () => {
      const filled = () => redis.pipeline().set("k", "x").incr("k").get("k");
      assert.deepEqual(await redis.pipeline().set("k", "x").get("k").hgetall("none").exec(), ["OK", "x", null]);
      const kept = await filled().exec({ keepErrors: true });
      assert.deepEqual(kept.map(({ result, error }) => error ?? result), ["OK", "ERR value is not an integer or out of range", "x"]);
      await assert.rejects(filled().exec(), /Command 2 \[ incr \] failed: ERR value is not an integer/);
    });

    test("transactions", async () => {
      assert.deepEqual(await redis.multi().incr("n").set("k", { a: 1 }).get("k").exec(), [1, "OK", { a: 1 }]);
      await assert.rejects(redis.multi().incr("n").lpush("l").exec(), /EXECABORT Transaction discarded/);
      assert.equal(await redis.get("n"), 1);
    });

    test("scripts", async () => {
      const script = "return {KEYS[1], ARGV[1], tonumber(ARGV[2])}";
      assert.deepEqual(await redis.eval(script, ["k"], ["a", 2]), ["k", "a", 2]);
      assert.equal(await redis.scriptLoad(script), sha1(script));
      assert.deepEqual(await redis.scriptExists(sha1(script), sha1("none")), [1, 0]);
      assert.deepEqual(await redis.evalsha(sha1(script), ["k"], ["b", 3]), ["k", "b", 3]);
      await redis.scriptFlush();
      await assert.rejects(redis.evalsha(sha1(script), ["k"], ["b", 3]), /NOSCRIPT/);
    });

    test("scripts with key locking, by the client's own EVALSHA and EVAL", async () => {
      await redis.scriptFlush();
      const script = redis.createScript("#!lua flags=allow-key-locking\nreturn redis.call('INCRBY', KEYS[1], ARGV[1])");
      assert.equal(await script.exec(["n"], ["5"]), 5);
      assert.equal(await script.exec(["n"], ["5"]), 10);
      assert.equal(await script.evalsha(["n"], ["5"]), 15);
    });

    test("commands it has no method for, and errors in Redis's words", async () => {
      assert.equal(await redis.exec(["SET", "k", "v"]), "OK");
      assert.deepEqual(await redis.exec(["OBJECT", "ENCODING", "k"]), "embstr");
      await assert.rejects(redis.exec(["HGET", "k", "f"]), /WRONGTYPE Operation against a key/);
      await assert.rejects(redis.exec(["SELECT", "1"]), /ERR SELECT is not available over HTTP/);
    });
  });
}

test("many calls at once go through one pipeline", async () => {
  const redis = client({ url: faults.url });
  const before = faults.requests;
  const results = await Promise.all(Array.from({ length: 100 }, () => redis.incr("n")));
  assert.deepEqual(results, Array.from({ length: 100 }, (_, i) => i + 1));
  assert.equal(faults.requests, before + 1);
});

test("a wrong token is an error in the bridge's words", async () => {
  await assert.rejects(client({ token: newToken() }).get("k"), /WRONGPASS invalid or missing auth token/);
});

test("the sync token it got last is the one it sends next", async () => {
  const ask = asker(bridge.url, bridge.token);
  assert.equal((await ask("/ping", { headers: { "upstash-sync-token": "a1" } })).headers.get("upstash-sync-token"), "a1");
  const redis = client({ enableAutoPipelining: false });
  redis.client.upstashSyncToken = "a1";
  await redis.set("k", "v");
  assert.equal(redis.client.upstashSyncToken, "a1");
});
