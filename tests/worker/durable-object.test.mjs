// The Durable Object as the store, with SQLite, in workerd: what the contract cannot see from inside.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { conversation, LIMITS, startConversation } from "./conversation.mjs";
import { SETTINGS, sibling, urlOf } from "./sibling.mjs";

const OBJECT = { PORTCULLIS_DO: { className: "PortcullisStore", scriptName: "portcullis", useSQLite: true } };
const DEGRADED = "portcullis-degraded";

/** A Worker with the object, and another isolate with the same one and no KV. */
async function startTwo(t, options = {}) {
  const vars = { ...LIMITS, ...options.vars };
  const workers = (bindings) => [sibling("other", { ...bindings, portcullis: { ...SETTINGS, ...vars } }, { durableObjects: OBJECT, kvNamespaces: {} })];
  const talk = await startConversation({ durableObject: true, ...options, vars, workers });
  t.after(() => talk.worker.dispose());
  return { talk, other: conversation(talk.worker, await urlOf(talk.worker, "other")) };
}

test("a token is minted, used, revoked as stored, and refused by another isolate", async (t) => {
  const { talk, other } = await startTwo(t);
  const { access_token: token } = await talk.mint();
  for (const who of [talk, other]) {
    const answer = await who.authorize(token);
    assert.deepEqual([answer.status, answer.headers.get(DEGRADED)], [200, null]);
  }
  const revoked = await talk.revoke({ token });
  assert.deepEqual([revoked.status, revoked.body.durability], [200, "store"]);
  for (const who of [other, talk]) assert.equal((await who.authorize(token)).body.code, "ERR_JWT_REVOKED");
  assert.match(await talk.metrics(), /^portcullis_store_up 1$/m);
});

for (const algorithm of ["sliding-window", "fixed-window", "token-bucket", "gcra"]) {
  test(`of 100 requests at once through two isolates, a quota of 10 lets 10 pass (${algorithm})`, async (t) => {
    const limits = [{ name: "ten", key: "subject", algorithm, limit: 10, window: "24h" }];
    const { talk, other } = await startTwo(t, { vars: { limits } });
    const { access_token: token } = await talk.mint();
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => [talk, other][i % 2].authorize(token)));
    const count = (status) => answers.filter((answer) => answer.status === status).length;
    assert.deepEqual([count(200), count(429)], [10, 90]);
    assert.ok(answers.every(({ headers }) => headers.get(DEGRADED) === null));
  });
}

test("what was revoked and counted outlives the process", async (t) => {
  const persistDir = mkdtempSync(join(tmpdir(), "portcullis-object-"));
  t.after(() => rmSync(persistDir, { recursive: true, force: true }));
  const limits = [{ name: "two", key: "subject", algorithm: "fixed-window", limit: 2, window: "24h" }];
  const first = await startConversation({ durableObject: true, persistDir, vars: { limits } });
  const { worker } = first;
  const [{ access_token: revoked }, { access_token: counted }] = [await first.mint({ sub: "one" }), await first.mint({ sub: "two" })];
  await first.revoke({ token: revoked });
  for (const status of [200, 200, 429]) assert.equal((await first.authorize(counted)).status, status);
  await worker.dispose();

  const bindings = { PORTCULLIS_KEYS: JSON.stringify(worker.keys) };
  const again = await startConversation({ durableObject: true, persistDir, vars: { limits }, bindings });
  t.after(() => again.worker.dispose());
  assert.equal((await again.authorize(revoked)).body.code, "ERR_JWT_REVOKED");
  assert.equal((await again.authorize(counted)).status, 429);
});

// Before the object, of the same class and name: passes on what it is sent, or does as it was told.
const RIGGED = {
  name: "rigged",
  modules: true,
  compatibilityDate: "2026-10-20",
  durableObjects: { REAL: { className: "PortcullisStore", scriptName: "portcullis", useSQLite: true }, OWN: { className: "PortcullisStore", useSQLite: true } },
  script: `
    import { DurableObject } from "cloudflare:workers";
    let mode = "sound";
    export class PortcullisStore extends DurableObject {
      async fetch(request) {
        if (mode === "throws") throw new Error("told to");
        if (mode === "hangs") return new Promise(() => setTimeout(() => {}, 60_000));
        if (mode === "page") return new Response("<!doctype html>", { status: 503 });
        if (mode === "garbage") return new Response("{");
        return this.env.REAL.get(this.env.REAL.idFromName("real")).fetch(request);
      }
    }
    export default { fetch: async (request) => new Response((mode = await request.text())) };`,
};

for (const [mode, cause] of Object.entries({ throws: "unreachable", hangs: "timeout", page: "http_5xx", garbage: "not_a_reply" })) {
  test(`an object that fails (${mode}): the instance goes on by itself and says so, and tells it afterwards`, async (t) => {
    const talk = await startConversation({ durableObject: "rigged", workers: [RIGGED] });
    t.after(() => talk.worker.dispose());
    const rigged = await talk.worker.runtime.getWorker("rigged");
    const turn = async (to) => (await rigged.fetch("http://localhost/", { method: "POST", body: to })).text();
    const { access_token: token } = await talk.mint();
    assert.equal((await talk.authorize(token)).headers.get(DEGRADED), null);

    await turn(mode);
    const { access_token: lost } = await talk.mint();
    const answer = await talk.authorize(lost);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get(DEGRADED), new RegExp(`reason=${cause}`));
    const revoked = await talk.revoke({ token: lost });
    assert.notEqual(revoked.body.durability, "store");
    assert.equal((await talk.authorize(lost)).body.code, "ERR_JWT_REVOKED");

    await turn("sound");
    for (let i = 0; i < 100 && !/^portcullis_journal_entries 0$/m.test(await talk.metrics()); i++) {
      await talk.authorize(token);
      await sleep(100);
    }
    assert.match(await talk.metrics(), /^portcullis_revocations_replayed_total 1$/m);
    assert.equal((await talk.authorize(token)).headers.get(DEGRADED), null);
  });
}

// The object's own clock as far ahead as it was told, and what its alarm leaves of its rows.
const AHEAD = `
  import Portcullis, { PortcullisStore as Store } from "./index.js";

  const now = Date.now;
  let ahead_ms = 0;
  Date.now = () => now() + ahead_ms;

  export class PortcullisStore {
    constructor(state, env) {
      Object.assign(this, { state, env, store: new Store(state, env) });
    }

    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      const alarm = await this.state.storage.getAlarm();
      if (pathname === "/anew") {
        this.store = new Store(this.state, this.env);
        return Response.json({ alarm });
      }
      if (pathname !== "/alarm") return this.store.fetch(request);
      ahead_ms = Number(searchParams.get("ahead_ms"));
      await this.store.alarm();
      ahead_ms = 0;
      return Response.json({ alarm, rows: [...this.state.storage.sql.exec("SELECT key FROM entries_1")].map(({ key }) => key) });
    }

    alarm() {
      return this.store.alarm();
    }
  }

  export default {
    fetch(request, env, ctx) {
      const { PORTCULLIS_DO: objects } = env;
      if (!["/alarm", "/anew"].includes(new URL(request.url).pathname)) return Portcullis.fetch(request, env, ctx);
      return objects.get(objects.idFromName("{portcullis}:1:epoch")).fetch(request);
    },
  };`;

/** A Worker whose object's clock a test turns on, in one isolate with it. */
async function startAhead(t) {
  const limits = [{ name: "short", key: "subject", algorithm: "fixed-window", limit: 9, window: "1s" }];
  const workers = (bindings) => [
    sibling("ahead", { ...bindings, portcullis: { ...SETTINGS, ...LIMITS, limits } }, { front: AHEAD, kvNamespaces: {}, durableObjects: { PORTCULLIS_DO: { className: "PortcullisStore", useSQLite: true } } }),
  ];
  const { worker } = await startConversation({ workers });
  t.after(() => worker.dispose());
  return conversation(worker, await urlOf(worker, "ahead"));
}

test("an object that is made anew does not put off the alarm that is set", async (t) => {
  const talk = await startAhead(t);
  const madeAnew = async () => (await talk.request("/anew")).body.alarm;
  const { access_token: token } = await talk.mint();
  await talk.authorize(token);
  const set = await madeAnew();
  await sleep(20);
  await talk.authorize(token);
  assert.ok(set > Date.now());
  assert.equal(await madeAnew(), set);
});

test("an alarm removes what is over, and nothing else", async (t) => {
  const talk = await startAhead(t);
  const alarm = async (ahead_ms) => (await talk.request(`/alarm?ahead_ms=${ahead_ms}`)).body;
  const kindsOf = ({ rows }) => rows.map((key) => key.split(":")[2]).sort();

  const { access_token: token } = await talk.mint();
  assert.equal((await talk.authorize(token)).status, 200);
  await talk.revoke({ token });
  const first = await alarm(0);
  assert.deepEqual(kindsOf(first), ["epoch", "limit", "revoked"]);
  assert.ok(first.alarm > Date.now(), "it is set");
  assert.deepEqual(kindsOf(await alarm(2 * 60_000)), ["epoch", "revoked"], "the count is over, a minute ago");
  assert.deepEqual(kindsOf(await alarm(24 * 3_600_000)), ["epoch"]);
  assert.equal((await talk.authorize(token)).body.code, "ERR_JWT_REVOKED", "by the instance's own memory");
});
