// Redis's replies in JSON, plain and with Upstash-Encoding: base64.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBridge } from "./harness.mjs";

const BYTES = Buffer.from([0, 1, 127, 128, 200, 255, 92, 34, 13, 10]);

let bridge;
before(async () => {
  bridge = await startBridge();
  await bridge.ask("/set/bytes", { body: BYTES });
  await bridge.ask("/set/ok/OK");
});
after(() => bridge?.dispose());

const base64 = (text) => Buffer.from(text).toString("base64");
const encoded = (path, body) => bridge.ask(path, { body, headers: { "upstash-encoding": "base64" } });
const evalResult = async (lua) => (await bridge.command("EVAL", lua, 0)).body.result;
const evalEncoded = async (lua) => (await encoded("/", ["EVAL", lua, 0])).body.result;

test("strings, integers, null and arrays are JSON's own", async () => {
  assert.deepEqual(await evalResult(`return {1, -2, "a", false, {"b", {}}}`), [1, -2, "a", null, ["b", []]]);
});

test("base64 encodes every string, at any depth, and nothing else", async () => {
  const result = await evalEncoded(`return {1, -2, "a", false, "", {"b", {"OK"}}}`);
  assert.deepEqual(result, [1, -2, base64("a"), null, "", [base64("b"), [base64("OK")]]]);
});

test("OK alone is never encoded, whether status or value", async () => {
  assert.deepEqual((await encoded("/", ["SET", "k", "v"])).body, { result: "OK" });
  assert.deepEqual((await encoded("/", ["GET", "ok"])).body, { result: "OK" });
  assert.deepEqual((await encoded("/", ["PING"])).body, { result: base64("PONG") });
});

test("base64 brings any bytes across", async () => {
  const { body } = await encoded("/", ["GET", "bytes"]);
  assert.deepEqual(Buffer.from(body.result, "base64"), BYTES);
});

test("without base64 what is not UTF-8 is replaced, and the JSON stays whole", async () => {
  const { body } = await bridge.command("GET", "bytes");
  assert.equal(body.result, BYTES.toString("utf8"));
  assert.match(body.result, /\ufffd/);
});

test("pipelines and transactions are encoded alike, errors never", async () => {
  const commands = [["SET", "k", "v"], ["GET", "k"], ["MGET", "k", "none", "ok"], ["INCR", "k"], ["DEL", "k"]];
  for (const path of ["/pipeline", "/multi-exec"]) {
    assert.deepEqual((await encoded(path, commands)).body, [
      { result: "OK" },
      { result: base64("v") },
      { result: [base64("v"), null, base64("OK")] },
      { error: "ERR value is not an integer or out of range" },
      { result: 1 },
    ]);
  }
  assert.match((await encoded("/", ["GET"])).body.error, /^ERR wrong number/);
});

test("integers keep all their digits", async () => {
  const response = await fetch(`${bridge.url}/incrby/big/9007199254740993`, { headers: { authorization: `Bearer ${bridge.token}` } });
  assert.equal(await response.text(), '{"result":9007199254740993}');
});

test("a string of digits stays a string", async () => {
  assert.equal(await evalResult(`return "42"`), "42");
});

test("an error inside an array is its text, and as a reply an error", async () => {
  assert.deepEqual(await evalResult(`return {redis.error_reply("ODD x")}`), ["ODD x"]);
  const { status, body } = await bridge.command("EVAL", `return redis.error_reply("ODD x")`, 0);
  assert.deepEqual([status, body], [400, { error: "ODD x" }]);
});

test("hashes and scored sets come as flat arrays, in a transaction too", async () => {
  await bridge.command("HSET", "h", "f", "1");
  await bridge.command("ZADD", "z", "1.5", "m");
  const commands = [["HGETALL", "h"], ["ZRANGE", "z", 0, -1, "WITHSCORES"]];
  for (const path of ["/pipeline", "/multi-exec"]) {
    assert.deepEqual((await bridge.ask(path, { body: commands })).body, [{ result: ["f", "1"] }, { result: ["m", "1.5"] }]);
  }
});
