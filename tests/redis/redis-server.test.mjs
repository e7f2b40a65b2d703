// The tests' own redis-server: what other tests take for granted about it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { inRoot } from "../../scripts/lib/project.mjs";
import { startBridge, until } from "./harness.mjs";
import { startRedis } from "./redis-server.mjs";

const alive = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("it ends, and its folder goes, when it is disposed of, stopped or not", async () => {
  for (const before of [() => {}, (redis) => redis.pause(), (redis) => redis.kill()]) {
    const redis = await startRedis();
    const { pid, dir } = redis;
    assert.ok(alive(pid) && existsSync(dir));
    await before(redis);
    await redis.dispose();
    assert.deepEqual([alive(pid), existsSync(dir)], [false, false]);
  }
});

test("it keeps its port and data over kill -9, under another pid", async (t) => {
  const bridge = await startBridge();
  t.after(() => bridge.dispose());
  const { pid, port } = bridge.redis;
  await bridge.command("SET", "k", "v");
  await bridge.redis.kill();
  assert.equal(alive(pid), false);
  await bridge.redis.restart();
  assert.notEqual(bridge.redis.pid, pid);
  assert.equal(bridge.redis.port, port);
  await until("the bridge to serve", async () => (await bridge.command("PING")).status === 200);
  assert.deepEqual((await bridge.command("GET", "k")).body, { result: "v" });
});

test("it ends even when the process that started it is killed", async (t) => {
  const module = JSON.stringify(inRoot("tests/redis/redis-server.mjs"));
  const code = `import { startRedis } from ${module}; const { pid, dir } = await startRedis(); console.log(pid, dir); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const [pid, dir] = [Number(line.split(" ")[0]), line.split(" ")[1]];
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  assert.ok(alive(pid));
  child.kill("SIGKILL");
  await until("redis-server to end", () => !alive(pid));
});

test("a server that cannot start says why", async () => {
  await assert.rejects(startRedis({ args: ["--no-such-option", "1"] }), /redis-server did not start/);
});
