// Scripts with Upstash's flag run on stock Redis, under the SHA-1 that their clients know them by.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import { createScripts } from "../../js/redis-http/scripts.mjs";
import { startBridge } from "./harness.mjs";

const FLAG = "#!lua flags=allow-key-locking\n";
const sha1 = (text) => createHash("sha1").update(text).digest("hex");

let bridge;
before(async () => (bridge = await startBridge()));
after(() => bridge?.dispose());
beforeEach(() => bridge.command("SCRIPT", "FLUSH"));

const result = async (...words) => (await bridge.command(...words)).body.result;
const error = async (...words) => (await bridge.command(...words)).body.error;

test("stock Redis refuses the flag: without the bridge's help these tests would prove nothing", async () => {
  const script = `${FLAG}return 1`.replace("allow-key-locking", "allow-other-locking");
  assert.match(await error("EVAL", script, 0), /Unexpected flag/);
});

test("EVAL runs a flagged script, and EVALSHA then knows it by its own SHA-1", async () => {
  const script = `${FLAG}return {KEYS[1], ARGV[1]}`;
  assert.match(await error("EVALSHA", sha1(script), 1, "k", "a"), /^NOSCRIPT/);
  assert.deepEqual(await result("EVAL", script, 1, "k", "a"), ["k", "a"]);
  assert.deepEqual(await result("EVALSHA", sha1(script), 1, "k", "b"), ["k", "b"]);
  assert.deepEqual(await result("EVALSHA", sha1(script).toUpperCase(), 1, "k", "c"), ["k", "c"]);
});

test("the read-only forms are translated as well", async () => {
  const script = `${FLAG}return 7`;
  assert.equal(await result("EVAL_RO", script, 0), 7);
  assert.equal(await result("EVALSHA_RO", sha1(script), 0), 7);
});

test("SCRIPT LOAD answers with the original's SHA-1, and SCRIPT EXISTS finds it", async () => {
  const script = `${FLAG}return 8`;
  assert.deepEqual(await result("SCRIPT", "EXISTS", sha1(script), sha1("other")), [0, 0]);
  assert.equal(await result("SCRIPT", "LOAD", script), sha1(script));
  assert.deepEqual(await result("script", "exists", sha1(script), sha1("other")), [1, 0]);
  assert.equal(await result("EVALSHA", sha1(script), 0), 8);
});

test("SCRIPT LOAD in a transaction answers with the original's SHA-1 too", async () => {
  const script = `${FLAG}return 9`;
  const { body } = await bridge.ask("/multi-exec", { body: [["SET", "k", "v"], ["SCRIPT", "LOAD", script], ["EVALSHA", sha1(script), 0]] });
  assert.deepEqual(body, [{ result: "OK" }, { result: sha1(script) }, { result: 9 }]);
});

test("what does not load is an error, not a SHA-1", async () => {
  assert.match(await error("SCRIPT", "LOAD", `${FLAG}return (`), /^ERR Error compiling script/);
  assert.match(await error("SCRIPT", "LOAD"), /wrong number of arguments/);
});

test("after SCRIPT FLUSH a client is told NOSCRIPT, and its EVAL heals that", async () => {
  const script = `${FLAG}return 10`;
  await result("EVAL", script, 0);
  await result("SCRIPT", "FLUSH");
  assert.match(await error("EVALSHA", sha1(script), 0), /^NOSCRIPT/);
  assert.equal(await result("EVAL", script, 0), 10);
  assert.equal(await result("EVALSHA", sha1(script), 0), 10);
});

test("scripts without the flag are left as they are", async () => {
  for (const script of ["return 1", "#!lua flags=no-writes\nreturn 1", "-- #!lua flags=allow-key-locking\nreturn 1"]) {
    assert.equal(await result("SCRIPT", "LOAD", script), sha1(script));
    assert.equal(await result("EVALSHA", sha1(script), 0), 1);
  }
});

test("other flags stay: a script that says it writes nothing still may not", async () => {
  const script = "#!lua flags=no-writes,allow-key-locking\nreturn redis.call('SET', KEYS[1], 'v')";
  assert.match(await error("EVAL", script, 1, "k"), /Write commands are not allowed/);
});

test("line numbers in a script's errors stay true", async () => {
  assert.match(await error("EVAL", `${FLAG}\nredis.call("NOPE")`, 0), /@user_script:3/);
});

test("the mapping is bounded, and forgets what was used least recently", () => {
  const scripts = createScripts();
  const script = (i) => `${FLAG}return ${i}`;
  const isMapped = (i) => scripts.translate(["EVALSHA", sha1(script(i)), "0"]).command[1] !== sha1(script(i));
  for (let i = 0; i < 1_000; i += 1) scripts.translate(["EVAL", script(i), "0"]);
  assert.ok(isMapped(0), "this use makes it recent");
  scripts.translate(["EVAL", script(1_000), "0"]);
  assert.equal(scripts.size, 1_000);
  assert.deepEqual([isMapped(0), isMapped(1), isMapped(1_000)], [true, false, true]);
});
