// Tokens of a foreign issuer in workerd, whose keys are fetched from a real server: how often it is asked,
// and what is answered when it does not answer as it should.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertProblem, conversation, counter, startConversation } from "./conversation.mjs";
import { json, newKey, publicPart, startIssuer, tokenOf } from "./issuer.mjs";
import { SETTINGS, sibling, urlOf } from "./sibling.mjs";

const ISSUER = "https://login.partner.example";
// A fetch, and what a slow machine adds.
const DEADLINE_MS = 500;
const ANSWER_MS_MAX = 4_000;
// What a second's cooldown is waited for.
const COOLDOWN_MS = 1_050;

const table = (url, settings) => ({
  name: "partner",
  issuer: ISSUER,
  jwks_url: url,
  algorithms: ["EdDSA"],
  max_lifetime: "1h",
  jwks_deadline: `${DEADLINE_MS}ms`,
  ...settings,
});

/** Each test has an instance and an issuer of its own, so that no set is kept from one to the next. */
const CASES = {
  good: {},
  rotation: { jwks_cooldown: "1s" },
  confirmed: { jwks_cooldown: "1s", jwks_max_age: "1s" },
  html: {},
  error: {},
  page: {},
  stall: {},
  redirect: {},
  hang: {},
  huge: {},
  drip: {},
  type: {},
  twice: {},
  many: {},
  utf8: {},
  outage: { jwks_cooldown: "1s", jwks_max_age: "1s" },
  aged: { jwks_cooldown: "1s", jwks_max_age: "1s", jwks_max_stale: "2s" },
  cold: { jwks_cooldown: "1s" },
  crowd: {},
};

let own;
const issuers = {};
const talks = {};
before(async () => {
  for (const name of Object.keys(CASES)) issuers[name] = await startIssuer();
  own = await startConversation({
    workers: (bindings) =>
      Object.entries(CASES).map(([name, settings]) => {
        const portcullis = { ...SETTINGS, issuers: [table(issuers[name].url, settings)] };
        return sibling(name, { ...bindings, portcullis });
      }),
  });
  for (const name of Object.keys(CASES)) talks[name] = conversation(own.worker, await urlOf(own.worker, name));
});
after(async () => {
  await own?.worker.dispose();
  await Promise.all(Object.values(issuers).map((issuer) => issuer.stop()));
});

/** `count` requests with that token, one after the other: their answers. */
async function authorized(talk, token, count = 1) {
  const answers = [];
  for (let i = 0; i < count; i++) answers.push(await talk.authorize(token));
  return answers;
}

const statuses = (answers) => [...new Set(answers.map(({ status }) => status))];

/** Until `there()`, for what goes on after an answer. */
async function eventually(there) {
  const end_ms = Date.now() + ANSWER_MS_MAX;
  while (!there() && Date.now() < end_ms) await sleep(20);
  assert.ok(there());
}

test("a key set is fetched once for fifty tokens, some of them at once", async () => {
  const { good: talk } = talks;
  const key = newKey();
  issuers.good.publish([key]);
  const tokens = Array.from({ length: 5 }, (_, i) => tokenOf(ISSUER, key, { sub: `subject-number-${i}` }));
  assert.equal((await talk.authorize(tokens[0])).status, 200);
  const answers = await Promise.all(tokens.map((each) => authorized(talk, each, 10)));
  assert.deepEqual(statuses(answers.flat()), [200]);
  assert.equal(issuers.good.asked.length, 1);
  const [{ method, headers }] = issuers.good.asked;
  assert.equal(method, "GET");
  assert.match(headers.accept, /application\/jwk-set\+json/);
  assert.equal(headers["content-length"], undefined);
  assert.equal(headers.authorization, undefined);
});

test("whose a token is is told where there are several issuers, and nothing is fetched for our own", async () => {
  const { good: talk } = talks;
  const fetches = issuers.good.asked.length;
  const answer = await own.authorize((await own.mint()).access_token);
  assert.equal(answer.headers.get("x-auth-issuer"), null, "an instance of our own tokens alone");
  const ours = await talk.authorize((await talk.mint()).access_token);
  assert.equal(ours.headers.get("x-auth-issuer"), "https://auth.example.com");
  assert.equal(issuers.good.asked.length, fetches);
});

test("a rotated key is found by the first token that names it; unknown ones cost a fetch in a cooldown", async () => {
  const { rotation: talk } = talks;
  const issuer = issuers.rotation;
  const [old, next] = [newKey(), newKey()];
  issuer.publish([old]);
  assert.equal((await talk.authorize(tokenOf(ISSUER, old))).status, 200);
  await sleep(COOLDOWN_MS);
  issuer.publish([old, next]);
  assert.equal((await talk.authorize(tokenOf(ISSUER, next))).status, 200);
  assert.equal((await talk.authorize(tokenOf(ISSUER, old))).status, 200);
  assert.equal(issuer.asked.length, 2);
  await sleep(COOLDOWN_MS);
  const before_ms = Date.now();
  for (let i = 0; i < 30; i++) {
    assertProblem(await talk.authorize(tokenOf(ISSUER, newKey())), 401, "ERR_JWKS_NO_MATCHING_KEY");
  }
  const cooldowns = 1 + Math.floor((Date.now() - before_ms) / 1_000);
  assert.ok(issuer.asked.length - 2 <= cooldowns, `${issuer.asked.length - 2} fetches`);
});

test("a set that was not changed is confirmed by its name, in the background", async () => {
  const { confirmed: talk } = talks;
  const issuer = issuers.confirmed;
  const key = newKey();
  issuer.answer = (request, response) => {
    if (request.headers["if-none-match"] === '"v1"') return response.writeHead(304, { etag: '"v1"' }).end();
    return json(JSON.stringify({ keys: [publicPart(key)] }), { etag: '"v1"' })(request, response);
  };
  for (const fetches of [1, 2, 3]) {
    assert.equal((await talk.authorize(tokenOf(ISSUER, key))).status, 200);
    await eventually(() => issuer.asked.length === fetches);
    await sleep(COOLDOWN_MS);
  }
  assert.deepEqual(issuer.asked.map(({ headers }) => headers["if-none-match"]), [undefined, '"v1"', '"v1"']);
  assert.equal(counter(await talk.metrics(), 'jwks_failures_total{issuer="partner"'), 0);
});

const page = "<!doctype html><title>Sign in</title>";
const set = (key) => JSON.stringify({ keys: [publicPart(key)] });
const BAD = {
  html: {
    answer: () => (_, response) => response.writeHead(200, { "content-type": "text/html" }).end(page),
    refusal: ["ERR_JWKS_INVALID", "media_type"],
  },
  error: {
    answer: (key) => (_, response) => response.writeHead(500, { "content-type": "application/json" }).end(set(key)),
    refusal: ["ERR_JWKS_UNAVAILABLE", "http_5xx"],
  },
  page: {
    answer: () => (_, response) => response.writeHead(503, { "content-type": "text/html" }).end(page.repeat(10_000)),
    refusal: ["ERR_JWKS_UNAVAILABLE", "http_5xx"],
  },
  stall: {
    answer: () => (_, response) => response.writeHead(503, { "content-type": "text/html" }).write(page),
    refusal: ["ERR_JWKS_UNAVAILABLE", "http_5xx"],
  },
  redirect: {
    answer: (key) => (request, response) =>
      request.url.startsWith("/other")
        ? json(set(key))(request, response)
        : response.writeHead(302, { location: "/other", "content-type": "application/json" }).end(set(key)),
    refusal: ["ERR_JWKS_UNAVAILABLE", "redirect"],
  },
  hang: { answer: () => () => {}, refusal: ["ERR_JWKS_TIMEOUT", "timeout"] },
  huge: {
    // 50 MB, without a length: whoever reads on finds out.
    answer: () => (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const chunk = Buffer.alloc(1 << 16, " ");
      let left = 800;
      const more = () => {
        while (left > 0) {
          left -= 1;
          if (!response.write(chunk)) return response.once("drain", more);
        }
        response.end();
      };
      more();
    },
    refusal: ["ERR_JWKS_INVALID", "jwks_too_large"],
  },
  drip: {
    answer: (key) => (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const bytes = [...set(key)];
      const timer = setInterval(() => (bytes.length ? response.write(bytes.shift()) : response.end()), 50);
      response.on("close", () => clearInterval(timer));
    },
    refusal: ["ERR_JWKS_TIMEOUT", "timeout"],
  },
  type: {
    answer: (key) => (_, response) => response.writeHead(200, { "content-type": "text/plain" }).end(set(key)),
    refusal: ["ERR_JWKS_INVALID", "media_type"],
  },
  many: {
    answer: (key) => json(JSON.stringify({ keys: [publicPart(key), ...Array(1_000).fill(0)] })),
    refusal: ["ERR_JWKS_INVALID", "too_many_keys"],
  },
  utf8: {
    answer: (key) => json(Buffer.concat([Buffer.from(set(key).slice(0, -1) + ',"x":"'), Buffer.from([0xff]), Buffer.from('"}')])),
    refusal: ["ERR_JWKS_INVALID", "not_a_jwks"],
  },
};

for (const [name, { answer, refusal: [code, cause] }] of Object.entries(BAD)) {
  test(`an issuer that answers badly (${name}): 503 with the cause, within the deadline, and one fetch for ten tokens`, async () => {
    const talk = talks[name];
    const issuer = issuers[name];
    const key = newKey();
    issuer.answer = answer(key);
    const started_ms = performance.now();
    const answers = await authorized(talk, tokenOf(ISSUER, key), 10);
    const elapsed_ms = performance.now() - started_ms;
    for (const each of answers) {
      assertProblem(each, 503, code, { "retry-after": /^[1-6]$/, "www-authenticate": null });
      assert.match(each.body.detail, code === "ERR_JWKS_TIMEOUT" ? /within 500 ms/ : new RegExp(cause));
    }
    assert.ok(elapsed_ms < ANSWER_MS_MAX, `took ${elapsed_ms} ms`);
    assert.equal(issuer.asked.length, 1);
    // What is not wanted is not received either.
    await eventually(() => issuer.open === 0);
    const metrics = await talk.metrics();
    assert.equal(counter(metrics, `jwks_failures_total{issuer="partner",cause="${cause}"}`), 1);
    assert.equal(counter(metrics, `jwks_unavailable_total{issuer="partner",cause="${cause}"}`), 10);
    const ours = await talk.authorize((await talk.mint()).access_token);
    assert.equal(ours.status, 200, "our own tokens go on");
  });
}

test("two keys of one kid verify nothing by that kid, and the others go on", async () => {
  const { twice: talk } = talks;
  const [one, other, sound] = [newKey("same"), newKey("same"), newKey()];
  issuers.twice.publish([one, other, sound]);
  assert.equal((await talk.authorize(tokenOf(ISSUER, sound))).status, 200);
  for (const key of [one, other]) {
    assertProblem(await talk.authorize(tokenOf(ISSUER, key)), 401, "ERR_JWKS_MULTIPLE_MATCHING_KEYS");
  }
});

test("an issuer whose server is gone: its old keys go on, answers say so, and nothing is fetched for a token", async () => {
  const { outage: talk } = talks;
  const issuer = issuers.outage;
  const key = newKey();
  issuer.publish([key]);
  const token = tokenOf(ISSUER, key);
  assert.equal((await talk.authorize(token)).status, 200);
  await issuer.stop();
  await sleep(COOLDOWN_MS);
  assert.equal((await talk.authorize(token)).status, 200, "refreshed after the answer");
  const stale = () => talk.authorize(token);
  let answer = await stale();
  const end_ms = Date.now() + ANSWER_MS_MAX;
  while (!answer.headers.get("portcullis-degraded") && Date.now() < end_ms) answer = await stale();
  assert.deepEqual([answer.status, answer.headers.get("portcullis-degraded")], [200, "keys;reason=unreachable"]);
  const started_ms = Date.now();
  assert.deepEqual(statuses(await authorized(talk, token, 50)), [200]);
  const failures = counter(await talk.metrics(), 'jwks_failures_total{issuer="partner",cause="unreachable"}');
  assert.ok(failures <= 2 + Math.ceil((Date.now() - started_ms) / 1_000), `${failures} fetches failed`);
  await issuer.restart();
  await sleep(COOLDOWN_MS);
  await stale();
  await eventually(() => issuer.asked.length >= 2);
  assert.equal((await stale()).headers.get("portcullis-degraded"), null);
});

test("keys that are too old are not used: 503, and 200 again once its server is back", async () => {
  const { aged: talk } = talks;
  const issuer = issuers.aged;
  const key = newKey();
  issuer.publish([key]);
  const token = tokenOf(ISSUER, key);
  assert.equal((await talk.authorize(token)).status, 200);
  await issuer.stop();
  await sleep(2_100);
  assertProblem(await talk.authorize(token), 503, "ERR_JWKS_UNAVAILABLE");
  await issuer.restart();
  await sleep(COOLDOWN_MS);
  assert.equal((await talk.authorize(token)).status, 200);
});

test("a server that comes up late is found without a restart", async () => {
  const { cold: talk } = talks;
  const issuer = issuers.cold;
  const key = newKey();
  await issuer.stop();
  assertProblem(await talk.authorize(tokenOf(ISSUER, key)), 503, "ERR_JWKS_UNAVAILABLE", { "retry-after": "1" });
  issuer.publish([key]);
  await issuer.restart();
  await sleep(COOLDOWN_MS);
  assert.equal((await talk.authorize(tokenOf(ISSUER, key))).status, 200);
});

test("a crowd at an instance without keys costs the issuer eight fetches at most, and nobody waits for another's", async () => {
  const { crowd: talk } = talks;
  const issuer = issuers.crowd;
  const key = newKey();
  issuer.answer = (request, response) => setTimeout(() => json(set(key))(request, response), 200);
  const token = tokenOf(ISSUER, key);
  const answers = await Promise.all(Array.from({ length: 40 }, () => talk.authorize(token)));
  assert.ok(issuer.asked.length <= 8, `${issuer.asked.length} fetches`);
  const accepted = answers.filter(({ status }) => status === 200).length;
  assert.ok(accepted >= 1);
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    assertProblem(answer, 503, "ERR_JWKS_UNAVAILABLE", { "retry-after": "1" });
  }
  assert.equal((await talk.authorize(token)).status, 200);
});

test("nothing of this reached an error, a log line or a metric that should not have", async () => {
  for (const name of Object.keys(BAD)) {
    talks[name].keepSecret("qu3ry-s3cret", "127.0.0.1", "login.partner.example");
    await talks[name].assertNothingLeaked();
  }
  const lines = (await own.events("jwks_failed", Object.keys(BAD).length)).map(({ level, issuer }) => [level, issuer]);
  assert.deepEqual(statuses(lines.map((line) => ({ status: line.join(" ") }))), ["error partner"]);
});
