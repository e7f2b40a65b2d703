// An instance that dies before the store is back: what it acknowledged as written to the secondary reaches
// the store by the scheduled handler, whoever runs that.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertProblem, counter } from "../worker/conversation.mjs";
import { chaosFor, deadUrl, revokedKey, seen, untilLogged } from "./harness.mjs";

const KV = { PORTCULLIS_KV: "PORTCULLIS_KV" };
const drain = async (talk, name) => (await talk.worker.runtime.getWorker(name)).scheduled({ cron: "* * * * *" });

test("instance_died: what an instance left in the secondary reaches the store without it, once, and stays for those still cut off", async (t) => {
  const siblings = { cron: { kvNamespaces: KV }, witness: {}, cut: { storeUrl: await deadUrl(), kvNamespaces: KV } };
  const { talk, siblings: others, proxy, command } = await chaosFor(t, { siblings });
  const minted = await talk.mint();
  proxy.inject({ fault: "reset" });
  const revoked = await talk.revoke({ token: minted.access_token });
  assert.deepEqual([revoked.status, revoked.body], [200, { durability: "secondary" }]);
  // From here on the instance that took it is asked nothing any more: it does nothing either, as if it were gone.
  assert.equal((await others.witness.authorize(minted.access_token)).status, 200, "the store has not heard of it");

  await drain(talk, "cron");
  const [line] = await untilLogged(talk, "secondary_drained");
  assert.deepEqual(line, { level: "info", event: "secondary_drained", count: 1 });
  assert.notEqual(await command("GET", revokedKey(minted.jti)), null);
  assertProblem(await others.witness.authorize(minted.access_token), 401, "ERR_JWT_REVOKED");

  await drain(talk, "cron");
  assert.equal(counter(await others.cron.metrics(), "secondary_drained_total"), 1, "what was told is not told again");
  assertProblem(await others.cut.authorize(minted.access_token), 401, "ERR_JWT_REVOKED");
});

test("instance_died: a store that cannot be told leaves everything where it is, for the next run", async (t) => {
  const siblings = { cron: { storeUrl: ({ proxy }) => proxy.url, kvNamespaces: KV } };
  const { talk, proxy } = await chaosFor(t, { siblings });
  const { access_token: token } = await talk.mint();
  proxy.inject({ fault: "reset" });
  assert.deepEqual((await talk.revoke({ token })).body, { durability: "secondary" });
  await drain(talk, "cron");
  assert.equal(await seen(talk, "secondary_drained"), 0);
  proxy.clear();
  await drain(talk, "cron");
  assert.equal((await untilLogged(talk, "secondary_drained"))[0].count, 1);
});

test("instance_died: with the embedded store, KV is the store, and there is nothing to drain", async (t) => {
  const { talk } = await chaosFor(t, { storeUrl: "", storeToken: "" });
  await talk.revoke({ token: (await talk.mint()).access_token });
  await drain(talk, "portcullis");
  assert.equal(await seen(talk, "secondary_drained"), 0);
});
