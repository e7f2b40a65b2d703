// What would disturb the connection that all clients share is refused, in every form and spelling.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startBridge } from "./harness.mjs";

let bridge;
before(async () => (bridge = await startBridge()));
after(() => bridge?.dispose());

const REFUSED = [
  ["AUTH", "x"], ["HELLO", "3"], ["SELECT", "1"], ["RESET"], ["QUIT"], ["READONLY"],
  ["CLIENT", "REPLY", "OFF"], ["CLIENT", "PAUSE", "60000"], ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"],
  ["SUBSCRIBE", "c"], ["PSUBSCRIBE", "c*"], ["SSUBSCRIBE", "c"], ["UNSUBSCRIBE"], ["MONITOR"], ["SYNC"], ["PSYNC", "?", "-1"],
  ["MULTI"], ["EXEC"], ["DISCARD"], ["WATCH", "k"],
  ["BLPOP", "k", "0"], ["BRPOP", "k", "0"], ["BRPOPLPUSH", "a", "b", "0"], ["BLMOVE", "a", "b", "LEFT", "LEFT", "0"],
  ["BLMPOP", "0", "1", "k", "LEFT"], ["BZPOPMIN", "k", "0"], ["BZPOPMAX", "k", "0"], ["BZMPOP", "0", "1", "k", "MIN"],
  ["WAIT", "1", "0"], ["WAITAOF", "1", "0", "0"],
  ["XREAD", "COUNT", "1", "BLOCK", "0", "STREAMS", "s", "$"],
  ["XREADGROUP", "GROUP", "g", "c", "block", "0", "STREAMS", "s", ">"],
  ["SHUTDOWN", "NOSAVE"], ["DEBUG", "SLEEP", "60"], ["CONFIG", "SET", "dir", "/"], ["MODULE", "LIST"], ["ACL", "LIST"], ["SAVE"],
  ["MIGRATE", "127.0.0.1", "1", "k", "0", "1"], ["REPLICAOF", "127.0.0.1", "1"], ["SLAVEOF", "NO", "ONE"], ["FAILOVER"],
  ["CLUSTER", "RESET"], ["SCRIPT", "DEBUG", "YES"],
];

for (const command of REFUSED) {
  test(`${command.join(" ")} is refused, and the next request is served`, async () => {
    const named = new RegExp(`^ERR ${command[0]} is not available over HTTP: it `);
    for (const spelt of [command, [command[0].toLowerCase(), ...command.slice(1)]]) {
      const { status, body } = await bridge.command(...spelt);
      assert.equal(status, 400);
      assert.match(body.error, named);
    }
    assert.match((await bridge.ask(`/${command.map(encodeURIComponent).join("/")}`)).body.error, named);
    assert.deepEqual((await bridge.command("ECHO", "still here")).body, { result: "still here" });
  });
}

test("in a pipeline only the refused command fails", async () => {
  const { status, body } = await bridge.ask("/pipeline", { body: [["SELECT", "1"], ["SET", "a", "1"], ["QUIT"], ["GET", "a"]] });
  assert.equal(status, 200);
  assert.deepEqual(body.map(({ result, error }) => result ?? error.split(":")[0]), [
    "ERR SELECT is not available over HTTP",
    "OK",
    "ERR QUIT is not available over HTTP",
    "1",
  ]);
});

test("a pipeline of nothing but refused commands is answered", async () => {
  assert.equal((await bridge.ask("/pipeline", { body: [["QUIT"]] })).body.length, 1);
});

test("in a transaction a refused command discards all", async () => {
  const { status, body } = await bridge.ask("/multi-exec", { body: [["SET", "b", "1"], ["EXEC"]] });
  assert.equal(status, 400);
  assert.match(body.error, /^EXECABORT Transaction discarded because of: ERR EXEC is not available/);
  assert.deepEqual((await bridge.command("GET", "b")).body, { result: null });
});

test("reading a stream is refused for BLOCK alone, not for a key of that name", async () => {
  await bridge.command("XADD", "BLOCK", "1-1", "f", "v");
  const { body } = await bridge.command("XREAD", "COUNT", "1", "STREAMS", "BLOCK", "0");
  assert.deepEqual(body.result, [["BLOCK", [["1-1", ["f", "v"]]]]]);
});
