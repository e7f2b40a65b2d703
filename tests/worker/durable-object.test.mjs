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

for (const algorithm of ["sliding-window", "fixed-window", "sliding-log", "token-bucket", "gcra"]) {
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

// Around the object, in one isolate with it: its clock as far ahead as it is told, its storage as sound,
// and what is in its rows.
const AROUND = `
  import Portcullis, { PortcullisStore as Store } from "./index.js";

  const now = Date.now;
  let ahead_ms = 0;
  Date.now = () => now() + ahead_ms;

  export class PortcullisStore {
    constructor(state, env) {
      Object.assign(this, { env, real: state.storage, writesLeft: Infinity });
      const exec = (query, ...values) => {
        if (query.startsWith("INSERT INTO entries") && --this.writesLeft < 0) throw new Error("told to");
        return this.real.sql.exec(query, ...values);
      };
      const passed = ["transactionSync", "getAlarm", "setAlarm"].map((name) => [name, (...args) => this.real[name](...args)]);
      this.state = { storage: { sql: { exec }, ...Object.fromEntries(passed) } };
      this.anew();
    }

    anew() {
      this.store = new Store(this.state, this.env);
    }

    async told(what, value) {
      if (what === "anew") this.anew();
      if (what === "writes") this.writesLeft = value ?? Infinity;
      if (what === "layout") {
        this.real.sql.exec("UPDATE layout SET version = version + ?", value);
        this.anew();
      }
      if (what === "alarm") {
        ahead_ms = value;
        await this.store.alarm();
        ahead_ms = 0;
      }
      const rows = [...this.real.sql.exec("SELECT key, value FROM entries ORDER BY key")];
      return Response.json({ alarm: await this.real.getAlarm(), rows });
    }

    async fetch(request) {
      const [, , what] = new URL(request.url).pathname.split("/");
      return what ? this.told(what, await request.json()) : this.store.fetch(request);
    }

    alarm() {
      return this.store.alarm();
    }
  }

  export default {
    fetch(request, env, ctx) {
      const { PORTCULLIS_DO: objects } = env;
      if (!new URL(request.url).pathname.startsWith("/object")) return Portcullis.fetch(request, env, ctx);
      return objects.get(objects.idFromName("{portcullis}:1:epoch")).fetch(request);
    },
  };`;

/** A Worker whose object does as `tell(what, value)` says, in one isolate with it; returns its alarm and rows. */
async function startAround(t, limits = [{ name: "short", key: "subject", algorithm: "fixed-window", limit: 9, window: "1s" }]) {
  const workers = (bindings) => [
    sibling("around", { ...bindings, portcullis: { ...SETTINGS, ...LIMITS, limits } }, { front: AROUND, kvNamespaces: {}, durableObjects: { PORTCULLIS_DO: { className: "PortcullisStore", useSQLite: true } } }),
  ];
  const { worker } = await startConversation({ workers });
  t.after(() => worker.dispose());
  const talk = conversation(worker, await urlOf(worker, "around"));
  return { ...talk, tell: async (what, value = null) => (await talk.request(`/object/${what}`, { json: value })).body };
}

test("an object that is made anew does not put off the alarm that is set", async (t) => {
  const talk = await startAround(t);
  const { access_token: token } = await talk.mint();
  await talk.authorize(token);
  const { alarm: set } = await talk.tell("anew");
  await sleep(20);
  await talk.authorize(token);
  assert.ok(set > Date.now());
  assert.equal((await talk.tell("anew")).alarm, set);
});

test("an alarm removes what is over, and nothing else", async (t) => {
  const talk = await startAround(t);
  const alarm = (ahead_ms) => talk.tell("alarm", ahead_ms);
  const kindsOf = ({ rows }) => rows.map(({ key }) => key.split(":")[2]).sort();

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

test("of a command that fails half-way nothing is kept", async (t) => {
  const limit = (name) => ({ name, key: "subject", algorithm: "fixed-window", limit: 9, window: "24h" });
  const talk = await startAround(t, ["one", "two"].map(limit));
  const { access_token: token } = await talk.mint();
  await talk.authorize(token);
  const { rows: before } = await talk.tell("writes", 1);
  assert.equal(before.filter(({ key }) => key.includes(":limit:")).length, 2);
  const answer = await talk.authorize(token);
  assert.match(answer.headers.get(DEGRADED), /reason=http_5xx/);
  assert.deepEqual((await talk.tell("rows")).rows, before);
});

test("rows that a newer Worker laid out are neither read nor written", async (t) => {
  const talk = await startAround(t);
  const { access_token: token } = await talk.mint();
  await talk.authorize(token);
  const { rows: before } = await talk.tell("layout", 1);
  assert.match((await talk.authorize(token)).headers.get(DEGRADED), /reason=other_layout/);
  const revoked = await talk.revoke({ token });
  assert.notEqual(revoked.body.durability, "store");
  assert.deepEqual((await talk.tell("rows")).rows, before);

  await talk.tell("layout", -1);
  const { access_token: another } = await talk.mint();
  for (let i = 0; i < 100 && (await talk.tell("rows")).rows.every(({ key }) => !key.includes(":revoked:")); i++) {
    await talk.authorize(another);
    await sleep(100);
  }
  assert.match(await talk.metrics(), /^portcullis_journal_entries 0$/m);
});

test("a command longer than any of ours is refused, by its length and in chunks", async (t) => {
  const talk = await startAround(t);
  const long = JSON.stringify(["admit", "0", "x".repeat(128 * 1024)]);
  const chunked = new Blob([long]).stream();
  for (const body of [long, chunked]) {
    const answer = await talk.request("/object", { method: "POST", body, duplex: "half" });
    assert.deepEqual([answer.status, JSON.parse(answer.text)], [400, { error: "ERR malformed command" }]);
  }
});

// What a Worker with the binding can ask of the object beside its fetch().
const CALLER = {
  name: "caller",
  modules: true,
  compatibilityDate: "2026-10-20",
  durableObjects: OBJECT,
  script: `
    export default {
      async fetch(request, { PORTCULLIS_DO: objects }) {
        const stub = objects.get(objects.idFromName("called"));
        const outcome = (name) => Promise.resolve().then(() => stub[name]()).then(() => "answered", (error) => error.message);
        const names = await request.json();
        return Response.json(await Promise.all(names.map(outcome)));
      },
    };`,
};

test("nothing of the object but its fetch() can be called by RPC", async (t) => {
  const { worker } = await startConversation({ durableObject: true, workers: [CALLER] });
  t.after(() => worker.dispose());
  const caller = await worker.runtime.getWorker("caller");
  const names = ["alarm", "free", "__destroy_into_raw", "__wbg_ptr", "rows", "webSocketMessage"];
  const answers = await (await caller.fetch("http://localhost/", { method: "POST", body: JSON.stringify(names) })).json();
  for (const [i, name] of names.entries()) assert.match(answers[i], /not support RPC|not implement|reserved|not a function/, name);
});
