// The one fault that no instance can notice by itself: Redis is well, and has dropped a revocation for another key.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { assertProblem } from "../../worker/conversation.mjs";
import { revokedKey, startChaos, until } from "../harness.mjs";
import { acceptedBy, untilTold } from "../losses.mjs";
import { LIMITS, mintMany } from "../outage.mjs";
import { fillUntil } from "./memory.mjs";

const SETTINGS_MS = 200;
// Redis tells idle times apart by the second.
const IDLE_MS = 1_500;
const EPOCH = "{portcullis}:1:epoch";

async function run({ revocations }) {
  const start = { redisArgs: ["--maxmemory-policy", "allkeys-lru"], bridgeOptions: { settingsMs: SETTINGS_MS } };
  const chaos = await startChaos({ vars: { limits: LIMITS }, siblings: { witness: { vars: { limits: LIMITS } } }, ...start });
  try {
    const { talk, siblings: { witness }, admin, events } = chaos;
    await untilTold(events, { event: "redis_may_evict", cause: "allkeys-lru" });
    // Before anything is revoked: what is revoked before the first check is told again after it.
    assert.equal((await talk.authorize((await talk.mint()).access_token)).status, 200);
    const minted = await mintMany(talk, revocations);
    const tokens = minted.map(({ access_token }) => access_token);
    for (const token of tokens) assert.deepEqual((await talk.revoke({ token })).body, { durability: "store" });
    await sleep(IDLE_MS);
    // Each check uses the epoch, which is how it outlives what it should tell of.
    assert.equal((await talk.authorize((await talk.mint()).access_token)).status, 200);
    const keys = minted.map(({ jti }) => revokedKey(jti));
    await fillUntil(admin, async () => (await admin("EXISTS", ...keys)) <= revocations / 2);
    const evicted_ms = performance.now();
    const lost = await acceptedBy(witness, tokens);
    assert.ok(lost >= revocations / 2, `${lost} of ${revocations} are accepted elsewhere`);
    for (const token of tokens) assertProblem(await talk.authorize(token), 401, "ERR_JWT_REVOKED");
    assert.equal((await talk.events("store_lost_data", 0)).length, 0, "the Worker cannot tell");
    await untilTold(events, { event: "redis_has_evicted" });
    const detect_ms = performance.now() - evicted_ms;

    // What docs/chaos-specification.md tells an operator to do.
    const mended_ms = performance.now();
    await admin("CONFIG", "SET", "maxmemory", 0);
    await admin("CONFIG", "SET", "maxmemory-policy", "noeviction");
    await admin("DEL", EPOCH);
    // Told by and by, 32 with each request.
    await until("what was evicted to be told again", async () => {
      await talk.authorize((await talk.mint()).access_token);
      return (await acceptedBy(witness, tokens)) === 0;
    });
    assert.ok((await talk.events("store_lost_data")).length >= 1);
    const recover_ms = performance.now() - mended_ms;
    await talk.assertNothingLeaked();
    return { detect_ms, recover_ms, acknowledged: revocations, kept: 0, lost, lostAtLast: await acceptedBy(witness, tokens), seen: { "200 exact, though revoked": lost } };
  } finally {
    await chaos.dispose();
  }
}

export const EVICTION = {
  id: "redis_evicts",
  title: "maxmemory reached under allkeys-lru: revocations are evicted",
  injected: "`maxmemory-policy allkeys-lru`, and another client writes until half of the revocations are gone",
  told: { event: "redis_has_evicted" },
  loses: "measured",
  run,
};
