// Every form that a request may have, and what each is answered with.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { startBridge } from "./harness.mjs";

let bridge;
before(async () => (bridge = await startBridge({ pipelineMax: 4 })));
after(() => bridge?.dispose());
beforeEach(() => bridge.command("FLUSHALL"));

const get = async (key) => (await bridge.command("GET", key)).body.result;

test("POST / takes a command as a JSON array", async () => {
  const { status, headers, body } = await bridge.command("SET", "k", "v");
  assert.deepEqual([status, body], [200, { result: "OK" }]);
  assert.equal(headers.get("content-type"), "application/json");
  assert.equal(headers.get("cache-control"), "no-store");
  assert.equal(await get("k"), "v");
});

test("numbers and booleans in the array are the text they are written as", async () => {
  assert.equal((await bridge.command("RPUSH", "k", 7, -1.5, 1e20 + "", true, false)).body.result, 5);
  const { body } = await bridge.command("LRANGE", "k", 0, -1);
  assert.deepEqual(body.result, ["7", "-1.5", "100000000000000000000", "true", "false"]);
});

for (const [what, path, expected] of [
  ["words of the path", "/set/k/v/EX/100", "v"],
  ["percent-encoded slashes and spaces", "/set/k/a%2Fb%20c", "a/b c"],
  ["a plus sign as it is", "/set/k/a+b", "a+b"],
  ["UTF-8", "/set/k/%C3%A9", "é"],
  ["an empty last word", "/set/k/", ""],
]) {
  test(`GET takes ${what}`, async () => {
    assert.deepEqual((await bridge.ask(path)).body, { result: "OK" });
    assert.equal(await get("k"), expected);
  });
}

test("a path may hold bytes that are not UTF-8", async () => {
  await bridge.ask("/set/k/%FF%00%80");
  const { body } = await bridge.ask("/get/k", { headers: { "upstash-encoding": "base64" } });
  assert.deepEqual([...Buffer.from(body.result, "base64")], [0xff, 0x00, 0x80]);
});

for (const method of ["POST", "PUT"]) {
  test(`${method} appends the body to the path's words, then the query's`, async () => {
    const value = Buffer.from([0, 255, 10, 13, 34]);
    const { body } = await bridge.ask("/set/k?EX=100&NX", { method, body: value });
    assert.deepEqual(body, { result: "OK" });
    assert.ok((await bridge.command("TTL", "k")).body.result > 90);
    const read = await bridge.ask("/get/k", { headers: { "upstash-encoding": "base64" } });
    assert.deepEqual(Buffer.from(read.body.result, "base64"), value);
    // NX, which has no value, was a word as well.
    assert.deepEqual((await bridge.ask("/set/k?NX", { method, body: "other" })).body, { result: null });
  });
}

test("a POST without a body appends nothing", async () => {
  assert.deepEqual((await bridge.ask("/incr/n", { method: "POST" })).body, { result: 1 });
});

test("HEAD carries the command out and leaves the body off", async () => {
  const { status, headers, body } = await bridge.ask("/incr/n", { method: "HEAD" });
  assert.deepEqual([status, body, headers.get("content-length")], [200, "", "12"]);
  assert.equal(await get("n"), "1");
});

test("a pipeline answers each command on its own, in order, with 200", async () => {
  const { status, body } = await bridge.ask("/pipeline", { body: [["SET", "k", "x"], ["INCR", "k"], ["NOPE"], ["GET", "k"]] });
  assert.equal(status, 200);
  assert.deepEqual([body[0], body[1], body[3]], [
    { result: "OK" },
    { error: "ERR value is not an integer or out of range" },
    { result: "x" },
  ]);
  assert.match(body[2].error, /^ERR unknown command/);
});

test("a transaction answers like a pipeline, and goes on after an error at run time", async () => {
  const { status, body } = await bridge.ask("/multi-exec", { body: [["SET", "k", "x"], ["INCR", "k"], ["HGETALL", "h"]] });
  assert.equal(status, 200);
  assert.deepEqual(body, [{ result: "OK" }, { error: "ERR value is not an integer or out of range" }, { result: [] }]);
});

test("a transaction that Redis discards is one error, and has done nothing", async () => {
  const { status, body } = await bridge.ask("/multi-exec", { body: [["SET", "k", "x"], ["GET"]] });
  assert.equal(status, 400);
  assert.deepEqual(body, {
    error: "EXECABORT Transaction discarded because of: ERR wrong number of arguments for 'get' command",
  });
  assert.equal(await get("k"), null);
});

test("nothing of another request comes between the commands of a transaction", async () => {
  const twice = [["INCR", "n"], ["INCR", "n"]];
  const answers = await Promise.all(Array.from({ length: 50 }, () => bridge.ask("/multi-exec", { body: twice })));
  for (const { body: [first, second] } of answers) assert.equal(second.result, first.result + 1);
  assert.equal(await get("n"), "100");
});

test("a command's error is 400 with Redis's own words", async () => {
  const { status, body } = await bridge.command("GET");
  assert.deepEqual([status, body], [400, { error: "ERR wrong number of arguments for 'get' command" }]);
});

for (const [what, path, init] of [
  ["no command at /", "/", { body: [] }],
  ["a body that is not JSON", "/", { body: "SET k v" }],
  ["a body that is not UTF-8", "/", { body: Buffer.from('["SET","k","\xff"]', "latin1") }],
  ["an object for a command", "/", { body: { SET: "k" } }],
  ["null for an argument", "/", { body: ["SET", "k", null] }],
  ["an array for an argument", "/", { body: ["SET", "k", ["v"]] }],
  ["a number that JSON rounds", "/", { body: '["SET","k",9007199254740993]' }],
  ["a name that is no name", "/", { body: ["SE T", "k", "v"] }],
  ["a name of 65 characters", "/", { body: ["x".repeat(65)] }],
  ["an empty pipeline", "/pipeline", { body: [] }],
  ["a pipeline with something else in it", "/pipeline", { body: [["SET", "k", "v"], "GET"] }],
  ["too many commands", "/pipeline", { body: Array(5).fill(["SET", "k", "v"]) }],
  ["too many commands in a transaction", "/multi-exec", { body: Array(5).fill(["SET", "k", "v"]) }],
  ["an encoding it does not know", "/set/k/v", { headers: { "upstash-encoding": "hex" } }],
  ["a format it does not have", "/set/k/v", { headers: { "upstash-response-format": "resp2" } }],
  ["a percent sign that encodes nothing", "/set/k/%zz", {}],
]) {
  test(`400, and nothing carried out, for ${what}`, async () => {
    const { status, body } = await bridge.ask(path, init);
    assert.equal(status, 400);
    assert.match(body.error, /^ERR /);
    assert.equal(await get("k"), null);
  });
}

for (const [method, path] of [["DELETE", "/set/k/v"], ["OPTIONS", "/"], ["PATCH", "/"], ["GET", "/"], ["GET", "/pipeline"], ["HEAD", "/multi-exec"]]) {
  test(`${method} ${path} is 405`, async () => {
    const { status, headers } = await bridge.ask(path, { method });
    assert.deepEqual([status, headers.get("allow")], [405, "GET, HEAD, POST, PUT"]);
    assert.equal(await get("k"), null);
  });
}

test("the sync token comes back as it was sent, and none where none was", async () => {
  const token = "zJ1PV:1:42";
  assert.equal((await bridge.ask("/ping", { headers: { "upstash-sync-token": token } })).headers.get("upstash-sync-token"), token);
  assert.equal((await bridge.ask("/ping")).headers.get("upstash-sync-token"), null);
});
