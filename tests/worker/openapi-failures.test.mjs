// What a deployment answers that is not as it should be is described too.

import assert from "node:assert/strict";
import { test } from "node:test";
import { freePort } from "../../scripts/lib/redis-server.mjs";
import { startConversation } from "./conversation.mjs";
import { asks, assertDocumented, operations, requestsOf } from "./described.mjs";

const denying = [{ name: "per-subject", key: "subject", algorithm: "sliding-window", limit: 100, window: "60s", on_outage: "closed" }];

/** Sends every documented example, each answer a documented one, and resolves to their statuses. */
async function ask({ worker, request }, token) {
  const statuses = new Set();
  for (const described of operations) {
    for (const { target, name, ...sent } of requestsOf(described)) {
      const who = asks(described, "token") ? { token } : { basic: worker.authorization };
      const answer = await request(target, { ...sent, ...who });
      assertDocumented(described, answer);
      statuses.add(answer.status);
    }
  }
  return statuses;
}

async function startedWith(t, options) {
  const talk = await startConversation(options);
  t.after(() => talk.worker.dispose());
  return talk;
}

test("with KV as the store", async (t) => {
  const talk = await startedWith(t, {});
  const { access_token: token } = await talk.mint();
  const statuses = await ask(talk, token);
  // There are no sessions.
  assert.ok(statuses.has(503) && statuses.has(200), [...statuses].join(" "));
});

test("with a store that does not answer, where limits and revocations wait for it", async (t) => {
  const bindings = { PORTCULLIS_STORE_URL: `http://127.0.0.1:${await freePort()}`, PORTCULLIS_STORE_TOKEN: "x".repeat(32) };
  const talk = await startedWith(t, { bindings, vars: { limits: denying, revocation: { on_outage: "closed" } } });
  const { access_token: token } = await talk.mint();
  const statuses = await ask(talk, token);
  assert.ok(statuses.has(503) && !statuses.has(500), [...statuses].join(" "));
});

test("with a store that does not answer, where this instance decides", async (t) => {
  const bindings = { PORTCULLIS_STORE_URL: `http://127.0.0.1:${await freePort()}`, PORTCULLIS_STORE_TOKEN: "x".repeat(32) };
  const talk = await startedWith(t, { bindings });
  const { access_token: token } = await talk.mint();
  const statuses = await ask(talk, token);
  assert.ok(statuses.has(200) && !statuses.has(500), [...statuses].join(" "));
});

test("over the gate", async (t) => {
  const talk = await startedWith(t, { vars: { gate: { limit: 1, window: "60s" } }, durableObject: true });
  await talk.request("/readyz");
  const statuses = await ask(talk, "x");
  // Liveness depends on no limit.
  assert.deepEqual(statuses, new Set([429, 200]));
});

test("over a limit, with the fields of older clients beside those of the draft", async (t) => {
  const limits = [{ ...denying[0], limit: 1 }];
  const talk = await startedWith(t, { vars: { limits, legacy_rate_limit_fields: true }, durableObject: true });
  const { access_token: token } = await talk.mint();
  const statuses = await ask(talk, token);
  assert.ok(statuses.has(200) && statuses.has(429), [...statuses].join(" "));
});

test("without a configuration", async (t) => {
  const talk = await startedWith(t, { bindings: { PORTCULLIS_KEYS: undefined } });
  assert.deepEqual(await ask(talk, "x"), new Set([500]));
});
