// A store that is wrongly configured, or that answers what a store would not: the cause is told, nobody hangs,
// and what was revoked before stays refused by whoever knows it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { newToken } from "../redis/harness.mjs";
import { UNAUTHORIZED } from "../redis/faults.mjs";
import { assertProblem, counter } from "../worker/conversation.mjs";
import { chaosFor, deadUrl, degraded, seen, startChaos, timed, total, withoutStore } from "./harness.mjs";

const DEADLINE_MS = 1_000;
const ANSWER_MS_MAX = 4_000;
// What waits for the whole of an answer needs a deadline that ends; the others never meet it.
const vars = { store: { deadline: "1s", first_deadline: "5s" } };
const hasty = { store: { deadline: "1s", first_deadline: "1s" } };
const json = (body) => ({ fault: "answer", status: 200, body: JSON.stringify(body) });

/** What the store answers, with the cause that is told of it. */
const ANSWERS = [
  ["HTML with 200, as of a wrong URL", { fault: "html", status: 200 }, "not_a_reply"],
  ["HTML with 502, as of a proxy", { fault: "html", status: 502 }, "http_5xx"],
  ["404", { fault: "answer", status: 404, body: "{}" }, "http_status"],
  ["JSON of another API", json({ status: "ok" }), "not_a_reply"],
  ["JSON that is no object", json([1, 2]), "not_a_reply"],
  ["a result and an error at once", json({ result: 1, error: "ERR" }), "not_a_reply"],
  ["nothing", { fault: "answer", status: 200, body: "" }, "not_a_reply"],
  ["a yes of another script", json({ result: 1 }), "unexpected_reply"],
  ["the right shape, and too short", json({ result: [0, 0, 0, 1, 0, 0] }), "unexpected_reply"],
  ["the right shape, and too long", json({ result: [0, 0, 0, 1, 0, 0, 1, 99, 60_000, -1, 1] }), "unexpected_reply"],
  ["more left than the quota", json({ result: [0, 0, 0, 1, 0, 0, 1, 101, 60_000, -1] }), "unexpected_reply"],
  ["text for numbers", json({ result: ["0", "0", "0", "1", "0", "1", "99", "60000", "-1"] }), "unexpected_reply"],
  ["50 MB", { fault: "huge" }, "reply_too_large"],
  ["a redirect", { fault: "redirect" }, "redirect"],
  ["a redirect to itself", { fault: "redirect", status: 308, location: "/" }, "redirect"],
  ["a byte at a time", { fault: "drip", ms: 200 }, "timeout"],
  ["out of memory", { fault: "answer", status: 400, body: '{"error":"OOM command not allowed when used memory > maxmemory"}' }, "out_of_memory"],
  ["that it is a replica", { fault: "answer", status: 400, body: '{"error":"READONLY You can\'t write against a read only replica."}' }, "read_only"],
  ["that it is still loading", { fault: "answer", status: 400, body: '{"error":"LOADING Redis is loading the dataset in memory"}' }, "loading"],
];

const nameOf = (index) => `answer-${index}`;

/** A good token is let through, said to be decided without the store; one revoked before is refused; both in time. */
async function assertDegraded(talk, { good, revoked, cause }) {
  const { answer, elapsed_ms } = await timed(() => talk.authorize(good.access_token));
  assert.deepEqual([answer.status, degraded(answer)], [200, withoutStore(cause)], answer.text);
  assert.ok(elapsed_ms < DEADLINE_MS + ANSWER_MS_MAX, `took ${elapsed_ms} ms`);
  assertProblem(await talk.authorize(revoked.access_token), 401, "ERR_JWT_REVOKED");
}

/**
 * A token, and one whose revocation this instance was told to store. It is asked for the first before: what is revoked
 * before any check is told again after it.
 */
async function mintBoth(talk) {
  const [good, revoked] = [await talk.mint(), await talk.mint()];
  assert.equal((await talk.authorize(good.access_token)).status, 200);
  assert.deepEqual((await talk.revoke({ token: revoked.access_token })).body, { durability: "store" });
  assert.equal((await talk.authorize(good.access_token)).status, 200);
  return { good, revoked };
}

describe("store_answers_wrongly: a store that answers what none would", () => {
  let chaos;
  before(async () => {
    const one = { vars, storeUrl: ({ proxy }) => proxy.url };
    chaos = await startChaos({ siblings: Object.fromEntries(ANSWERS.map((_, index) => [nameOf(index), one])) });
  });
  after(() => chaos?.dispose());

  for (const [index, [what, fault, cause]] of ANSWERS.entries()) {
    test(`store_answers_wrongly: ${what}: ${cause}`, async () => {
      const { proxy, siblings } = chaos;
      const talk = siblings[nameOf(index)];
      proxy.clear();
      const tokens = await mintBoth(talk);
      const lines = await seen(talk, "store_failed");
      proxy.inject(fault);
      await assertDegraded(talk, { ...tokens, cause });
      const [line] = (await talk.events("store_failed", lines + 1)).slice(lines);
      assert.deepEqual(line, { level: "error", event: "store_failed", verb: "admit", cause });
      assert.ok(counter(await talk.metrics(), `store_failures_total{verb="admit",cause="${cause}"}`) >= 1);
      assert.equal(total(await talk.metrics(), "store_failures_total", `cause="${cause}"`), total(await talk.metrics(), "store_failures_total"));
      await talk.assertNothingLeaked();
    });
  }
});

test("store_misconfigured: a wrong port: unreachable, from the first request on", async (t) => {
  const { talk } = await chaosFor(t, { vars, storeUrl: await deadUrl() });
  const answer = await talk.authorize((await talk.mint()).access_token);
  assert.deepEqual([answer.status, degraded(answer)], [200, withoutStore("unreachable")]);
});

test("store_misconfigured: a wrong host: unreachable, or no answer in time", async (t) => {
  const { talk } = await chaosFor(t, {
    vars: { ...hasty, store: { ...hasty.store, plain_http: true } },
    storeUrl: "http://store.invalid",
  });
  const { answer, elapsed_ms } = await timed(async () => talk.authorize((await talk.mint()).access_token));
  assert.equal(answer.status, 200, answer.text);
  assert.match(degraded(answer), /^revocation;reason=(unreachable|timeout), limits;reason=\1$/);
  assert.ok(elapsed_ms < DEADLINE_MS + ANSWER_MS_MAX, `took ${elapsed_ms} ms`);
});

for (const [name, value, path] of [
  ["a URL that is none", { storeUrl: "no-url-at-all" }, "PORTCULLIS_STORE_URL"],
  ["a URL with a password", { storeUrl: "http://user:password-in-url@127.0.0.1" }, "PORTCULLIS_STORE_URL"],
  ["a token of two words", { storeToken: "two words, and long" }, "PORTCULLIS_STORE_TOKEN"],
]) {
  test(`store_misconfigured: ${name} is a fault of configuration, named by its path and not by its value`, async (t) => {
    const { siblings } = await chaosFor(t, { siblings: { faulty: value } });
    assertProblem(await siblings.faulty.request("/healthz"), 500, "ERR_CONFIG_INVALID");
    const [line] = await siblings.faulty.events("config_invalid");
    assert.equal(line.path, path);
    assert.ok(!JSON.stringify(line).includes(Object.values(value)[0]));
  });
}

test("store_unauthorized: a wrong token is a fault of configuration: critical, not ready, and the store is left alone at once", async (t) => {
  const { talk, proxy } = await chaosFor(t, { storeToken: newToken() });
  const { access_token } = await talk.mint();
  // It was never right: nobody here ever hears of a revocation, so nothing is accepted unchecked.
  assertProblem(await talk.authorize(access_token), 503, "ERR_STORE_UNAVAILABLE", { "retry-after": "1" });
  const [line] = await talk.events("store_unauthorized");
  assert.deepEqual([line?.level, line?.event], ["critical", "store_unauthorized"]);
  assert.equal(counter(await talk.metrics(), "store_unauthorized_total"), 1);
  const sent = proxy.requests;
  assertProblem(await talk.authorize(access_token), 503, "ERR_STORE_UNAVAILABLE");
  assert.equal(proxy.requests, sent, "one refusal opens the breaker");
  const ready = await talk.request("/readyz");
  assert.deepEqual([ready.status, ready.body], [503, { status: "not ready" }]);
  await talk.assertNothingLeaked();
});

test("store_unauthorized: a token that stops being right at run time is the same, and what was revoked stays refused", async (t) => {
  const { talk, proxy } = await chaosFor(t);
  const tokens = await mintBoth(talk);
  proxy.inject(UNAUTHORIZED);
  await assertDegraded(talk, { ...tokens, cause: "unauthorized" });
  assert.equal((await talk.events("store_unauthorized")).length, 1);
  assert.equal((await talk.request("/readyz")).status, 503);
});

test("scripts_forgotten: scripts that the server forgot are sent once more, and nobody notices", async (t) => {
  const { talk, proxy, command } = await chaosFor(t);
  const { access_token } = await talk.mint();
  const sent = [];
  proxy.program(({ body }) => void sent.push(JSON.parse(body)[0]));
  const use = async () => {
    const answer = await talk.authorize(access_token);
    assert.deepEqual([answer.status, degraded(answer)], [200, null], answer.text);
    return sent.splice(0);
  };
  assert.deepEqual(await use(), ["EVALSHA", "EVAL"], "the first of all");
  assert.deepEqual(await use(), ["EVALSHA"]);
  for (let n = 0; n < 2; n += 1) {
    assert.equal(await command("SCRIPT", "FLUSH"), "OK");
    assert.deepEqual(await use(), ["EVALSHA", "EVAL"]);
    assert.deepEqual(await use(), ["EVALSHA"]);
  }
  assert.equal(total(await talk.metrics(), "store_failures_total"), 0);
});

test("store_clock_off: a store whose clock is an hour ahead or behind neither lets a revoked token pass nor ends one early", async (t) => {
  const { talk, proxy, command } = await chaosFor(t);
  const { good, revoked } = await mintBoth(talk);
  for (const ahead_ms of [3_600_000, -3_600_000]) {
    const epoch = Number(await command("GET", "{portcullis}:1:epoch"));
    proxy.inject(json({ result: [0, 0, 0, epoch, 0, ahead_ms, 1, 99, 60_000, -1] }));
    assert.equal((await talk.authorize(good.access_token)).status, 200);
    assertProblem(await talk.authorize(revoked.access_token), 401, "ERR_JWT_REVOKED");
  }
  const [line] = await talk.events("store_clock_off");
  assert.deepEqual(line, { level: "warn", event: "store_clock_off" });
  assert.equal(counter(await talk.metrics(), "store_clock_off_total"), 1, "said once, not for each answer");
  proxy.clear();
  assertProblem(await talk.authorize(revoked.access_token), 401, "ERR_JWT_REVOKED");
});
