// A Redis that may forget what it acknowledged: the bridge cannot mend that, and says so.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Redis } from "ioredis";
import { createBridge } from "../../js/redis-http/bridge.mjs";
import { newToken, startBridge, until } from "./harness.mjs";
import { freePort } from "./redis-server.mjs";

const SETTINGS_MS = 100;
const SAFE = ["--maxmemory-policy", "noeviction"];
const MAY_EVICT = { event: "redis_may_evict", cause: "allkeys-lru" };

async function started(t, redisArgs) {
  const bridge = await startBridge({ redisArgs, settingsMs: SETTINGS_MS, closeMsMax: 200 });
  t.after(() => bridge.dispose());
  const admin = new Redis(bridge.redis.url);
  t.after(() => admin.disconnect());
  const warnings = () => bridge.events.filter(({ event }) => event !== "redis_ready");
  /** Once the settings have been looked at twice more: what there is to say has been said. */
  const looked = async () => {
    const looks = async () => Number(/cmdstat_info:calls=(\d+)/.exec(await admin.info("commandstats"))?.[1] ?? 0);
    const before = await looks();
    let own = 0;
    await until("two more looks", async () => (await looks()) - before - (own += 1) >= 2);
  };
  return { bridge, admin, warnings, looked };
}

test("one that evicts nothing and writes a log gets no warning", async (t) => {
  const { warnings, looked } = await started(t, SAFE);
  await looked();
  assert.deepEqual(warnings(), []);
});

test("eviction and a missing log are told at the start, once", async (t) => {
  const { warnings, looked } = await started(t, ["--maxmemory-policy", "allkeys-lru", "--appendonly", "no"]);
  await until("both warnings", () => warnings().length === 2);
  await looked();
  assert.deepEqual(warnings(), [MAY_EVICT, { event: "redis_not_durable", cause: "no_append_only_file" }]);
});

test("a policy that changes at run time is told, again after it was mended in between", async (t) => {
  const { admin, warnings, looked } = await started(t, SAFE);
  await admin.config("SET", "maxmemory-policy", "allkeys-lru");
  await until("the warning", () => warnings().length === 1);
  await admin.config("SET", "maxmemory-policy", "noeviction");
  await looked();
  await admin.config("SET", "maxmemory-policy", "allkeys-lru");
  await until("the warning again", () => warnings().length === 2);
  assert.deepEqual(warnings(), [MAY_EVICT, MAY_EVICT]);
});

test("keys that were evicted are told as such", async (t) => {
  const { admin, warnings } = await started(t, ["--maxmemory-policy", "allkeys-lru", "--maxmemory", "2mb"]);
  for (let n = 0; n < 40; n += 1) await admin.set(`k${n}`, "x".repeat(100_000));
  await until("the warning", () => warnings().some(({ event, cause }) => event === "redis_has_evicted" && cause === "evicted_keys"));
});

test("a replica is told: writes to it will be refused, or be lost", async (t) => {
  const { admin, warnings } = await started(t, SAFE);
  await admin.call("REPLICAOF", "127.0.0.1", await freePort());
  await until("the warning", () => warnings().length > 0);
  assert.deepEqual(warnings()[0], { event: "redis_is_replica", cause: "role" });
});

test("where INFO is not allowed, that the settings are unknown", async (t) => {
  const password = newToken();
  const { bridge, admin } = await started(t, SAFE);
  await admin.call("ACL", "SETUSER", "blind", "on", `>${password}`, "~*", "+@all", "-info");
  const events = [];
  const redisUrl = bridge.redis.url.replace("redis://", `redis://blind:${password}@`);
  const second = await createBridge({ token: newToken(), redisUrl, port: 0, onEvent: (event) => events.push(event) });
  t.after(() => second.close());
  await until("the warning", () => events.length === 2);
  assert.deepEqual(events, [{ event: "redis_ready" }, { event: "redis_settings_unknown", cause: "NOPERM" }]);
});
