// When KV fails the gate stays shut: 503, "cannot tell", within the deadline, with the cause told.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertOAuthError, assertProblem, conversation, counter, startConversation } from "./conversation.mjs";
import { FAULTY_KV, sibling, urlOf } from "./sibling.mjs";

// The first call of an instance has 1 s, later ones 300 ms; the rest is for a slow machine.
const FIRST_DEADLINE_MS = 1_000;
const DEADLINE_MS = 300;
const ANSWER_MS_MAX = 3_000;
const UNAVAILABLE = { "retry-after": "1", "www-authenticate": null };

const under = (fault) => ({ headers: { "x-kv-fault": fault } });

const INSTANCES = ["reading", "hanging", "revoking", "ready"];
let worker, sound;
const instances = {};
before(async () => {
  sound = await startConversation({
    workers: (bindings) => [
      ...INSTANCES.map((name) => sibling(name, bindings, { front: FAULTY_KV })),
      sibling("no-kv", bindings, { kvNamespaces: {} }),
      sibling("kv-is-text", { ...bindings, PORTCULLIS_KV: "not a namespace" }, { kvNamespaces: {} }),
    ],
  });
  worker = sound.worker;
  for (const name of [...INSTANCES, "no-kv", "kv-is-text"]) {
    instances[name] = conversation(worker, await urlOf(worker, name));
  }
});
after(() => worker?.dispose());

async function timed(work) {
  const started_ms = performance.now();
  return { answer: await work(), elapsed_ms: performance.now() - started_ms };
}

test("without a fault the front changes nothing", async () => {
  const { authorize, mint } = instances.reading;
  assert.equal((await authorize((await mint()).access_token)).status, 200);
});

for (const [fault, cause] of [["get throw", "kv_error"], ["get 429", "quota"]]) {
  test(`KV answers a read with an error (${fault}): 503, and the log and a counter name ${cause}`, async () => {
    const talk = instances.reading;
    const { access_token } = await talk.mint();
    const before = (await talk.events("store_failed", 0)).length;
    assertProblem(await talk.authorize(access_token, under(fault)), 503, "ERR_STORE_UNAVAILABLE", UNAVAILABLE);
    const introspection = await talk.introspect(access_token, under(fault));
    assertOAuthError(introspection, 503, "temporarily_unavailable", "ERR_STORE_UNAVAILABLE", UNAVAILABLE);
    const lines = await talk.events("store_failed", before + 2);
    assert.deepEqual(lines.slice(before), Array(2).fill({ level: "error", event: "store_failed", verb: "admit", cause }));
    assert.equal(counter(await talk.metrics(), `store_failures_total{verb="admit",cause="${cause}"}`), 2);
    assert.equal((await talk.authorize(access_token)).status, 200, "KV is back, and so is the answer");
  });
}

test("a malformed token is refused as such: its fault is known without KV", async () => {
  const answer = await instances.reading.authorize("a.b.c", under("get throw"));
  assertProblem(answer, 401, "ERR_JWS_INVALID");
});

test("KV hangs: 503 within the deadline, 1 s for an instance's first call and 300 ms after", async () => {
  const talk = instances.hanging;
  const { access_token } = await talk.mint();
  for (const deadline_ms of [FIRST_DEADLINE_MS, DEADLINE_MS, DEADLINE_MS]) {
    const { answer, elapsed_ms } = await timed(() => talk.authorize(access_token, under("get hang")));
    assertProblem(answer, 503, "ERR_STORE_UNAVAILABLE", UNAVAILABLE);
    assert.ok(elapsed_ms > deadline_ms - 50, `waited ${elapsed_ms} ms`);
    assert.ok(elapsed_ms < deadline_ms - FIRST_DEADLINE_MS + ANSWER_MS_MAX, `took ${elapsed_ms} ms`);
  }
  assert.equal(counter(await talk.metrics(), 'store_failures_total{verb="admit",cause="timeout"}'), 3);
  assert.equal((await talk.authorize(access_token)).status, 200);
});

for (const fault of ["put throw", "put hang", "get throw"]) {
  test(`a revocation KV does not take (${fault}) is not acknowledged, and yet this instance keeps to it`, async () => {
    const talk = instances.revoking;
    const { access_token } = await talk.mint();
    assert.equal((await talk.authorize(access_token)).status, 200);
    const { answer, elapsed_ms } = await timed(() => talk.revoke({ token: access_token }, under(fault)));
    assertOAuthError(answer, 503, "temporarily_unavailable", "ERR_STORE_UNAVAILABLE", UNAVAILABLE);
    assert.ok(elapsed_ms < ANSWER_MS_MAX, `took ${elapsed_ms} ms`);
    assertProblem(await talk.authorize(access_token), 401, "ERR_JWT_REVOKED");
    assert.deepEqual((await talk.introspect(access_token)).body, { active: false });
    assert.equal((await sound.authorize(access_token)).status, 200, "another instance never heard of it");
    const retried = await talk.revoke({ token: access_token });
    assert.deepEqual([retried.status, retried.body], [200, { durability: "store" }]);
    assertProblem(await sound.authorize(access_token), 401, "ERR_JWT_REVOKED");
  });
}

test("readiness follows KV: with a credential it asks, without one it tells of the last call", async () => {
  const talk = instances.ready;
  const ready = (init) => talk.request("/readyz", init);
  const asking = (fault) => ready({ basic: worker.authorization, headers: fault ? { "x-kv-fault": fault } : {} });
  const summary = ({ status, type, body }) => [status, type, body];
  assert.deepEqual(summary(await ready()), [200, "application/json", { status: "ready" }]);
  const failed = [503, "application/json", { status: "not ready", store: "ERR_STORE_UNAVAILABLE" }];
  assert.deepEqual(summary(await asking("get throw")), failed);
  assert.deepEqual(summary(await ready()), [503, "application/json", { status: "not ready" }]);
  const { answer, elapsed_ms } = await timed(() => asking("get hang"));
  assert.deepEqual(summary(answer), failed);
  assert.ok(elapsed_ms < ANSWER_MS_MAX, `took ${elapsed_ms} ms`);
  assert.deepEqual(summary(await asking()), [200, "application/json", { status: "ready", store: "reachable" }]);
  assert.deepEqual(summary(await ready()), [200, "application/json", { status: "ready" }]);
  assert.equal((await talk.request("/healthz", under("get throw"))).status, 200, "liveness is not KV's affair");
});

for (const name of ["no-kv", "kv-is-text"]) {
  test(`a deployment whose PORTCULLIS_KV is not a namespace (${name}) answers nothing`, async () => {
    const seen = (await sound.events("config_invalid", 0)).length;
    for (const path of ["/healthz", "/v1/authorize", "/.well-known/jwks.json"]) {
      assertProblem(await instances[name].request(path), 500, "ERR_CONFIG_INVALID");
    }
    const [line] = (await sound.events("config_invalid", seen + 1)).slice(seen);
    assert.deepEqual([line?.level, line?.code, line?.path], ["error", "ERR_CONFIG_INVALID", "PORTCULLIS_KV"]);
  });
}

test("nothing of this reached an error, a log line or a metric that should not have", async () => {
  for (const name of INSTANCES) await instances[name].assertNothingLeaked();
});
