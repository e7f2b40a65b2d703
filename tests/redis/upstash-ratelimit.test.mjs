// Upstash's rate limiter works against the bridge unchanged, its key-locking scripts included.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis";
import { startBridge } from "./harness.mjs";
import { startFaults } from "./faults.mjs";

// So long that no test meets the end of one.
const WINDOW = "4 w";

let bridge;
let faults;
let redis;
before(async () => {
  bridge = await startBridge();
  faults = await startFaults(bridge.url);
  redis = new Redis({ url: faults.url, token: bridge.token, retry: false, enableTelemetry: false });
});
after(async () => {
  await faults?.close();
  await bridge?.dispose();
});
beforeEach(() => bridge.ask("/pipeline", { body: [["FLUSHALL"], ["SCRIPT", "FLUSH"]] }));

/** `timeout: 0`: without it the limiter allows what it has not been able to ask about. */
const limiter = (algorithm) => new Ratelimit({ redis, limiter: algorithm, ephemeralCache: false, timeout: 0, prefix: "test" });

const take = async (limit, id, times) => {
  const taken = [];
  for (let i = 0; i < times; i += 1) {
    const { success, limit: quota, remaining, reset } = await limit.limit(id);
    assert.equal(quota, 3);
    assert.ok(reset > Date.now());
    taken.push([success, remaining]);
  }
  return taken;
};

for (const [name, algorithm] of [
  ["fixedWindow", Ratelimit.fixedWindow(3, WINDOW)],
  ["slidingWindow", Ratelimit.slidingWindow(3, WINDOW)],
  ["tokenBucket", Ratelimit.tokenBucket(3, WINDOW, 3)],
]) {
  test(`${name}: three allowed, the fourth denied, others not concerned, and a reset`, async () => {
    const limit = limiter(algorithm);
    assert.deepEqual(await take(limit, "one", 4), [[true, 2], [true, 1], [true, 0], [false, 0]]);
    assert.deepEqual(await take(limit, "two", 1), [[true, 2]]);
    assert.equal((await limit.getRemaining("two")).remaining, 2);
    await limit.resetUsedTokens("one");
    assert.deepEqual(await take(limit, "one", 1), [[true, 2]]);
  });

  test(`${name}: the first check is EVALSHA and EVAL, the next EVALSHA alone`, async () => {
    const limit = limiter(algorithm);
    const sent = [];
    faults.program(({ body }) => void sent.push(...JSON.parse(body).map(([command]) => command)));
    await take(limit, "one", 2);
    faults.clear();
    assert.deepEqual(sent, ["evalsha", "eval", "evalsha"]);
  });
}

test("a hundred takes at once: exactly as many allowed as there are", async () => {
  const limit = limiter(Ratelimit.slidingWindow(30, WINDOW));
  await limit.limit("warm");
  const taken = await Promise.all(Array.from({ length: 100 }, () => limit.limit("one")));
  assert.equal(taken.filter(({ success }) => success).length, 30);
});
