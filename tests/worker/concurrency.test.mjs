// Many requests at once in one instance: each gets its own answer, and a limit is exact.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startConversation } from "./conversation.mjs";

const PARALLEL = 200;
const LIMIT = 50;

let talk;
before(async () => {
  const limits = [
    { name: "wide", key: "client", algorithm: "sliding-window", limit: 100_000, window: "1h" },
    { name: "fifty", key: "subject", algorithm: "sliding-window", limit: LIMIT, window: "1h" },
  ];
  talk = await startConversation({ vars: { limits } });
});
after(() => talk?.worker.dispose());

const parallel = (work) => Promise.all(Array.from({ length: PARALLEL }, (_, n) => work(n)));
const tally = (answers) =>
  answers.reduce((counts, { status, body }) => {
    const key = body?.code ? `${status} ${body.code}` : String(status);
    return { ...counts, [key]: (counts[key] ?? 0) + 1 };
  }, {});
const remaining = async (policy, key) =>
  (await talk.request(`/v1/limits/${policy}?key=${key}`, { basic: talk.worker.authorization })).body.remaining;

test("200 tokens used at once, each of its own subject, are each answered with their own claims", async () => {
  const minted = await parallel(() => talk.mint());
  assert.equal(new Set(minted.map(({ jti }) => jti)).size, PARALLEL);
  const answers = await parallel((n) => talk.authorize(minted[n].access_token));
  answers.forEach((answer, n) => {
    const { jti, sub } = answer.body;
    assert.deepEqual([answer.status, jti, sub, answer.headers.get("x-auth-subject")], [200, minted[n].jti, minted[n].sub, minted[n].sub]);
  });
});

test("200 uses of one token at once under a limit of 50: exactly 50 are let through", async () => {
  const { access_token, sub } = await talk.mint();
  const before = await remaining("wide", talk.worker.client.id);
  const answers = await parallel(() => talk.authorize(access_token));
  assert.deepEqual(tally(answers), { 200: LIMIT, "429 ERR_RATE_LIMITED": PARALLEL - LIMIT });
  const left = answers.filter(({ status }) => status === 200).map(({ headers }) => Number(/"fifty";r=(\d+)/.exec(headers.get("ratelimit"))[1]));
  assert.deepEqual(left.sort((a, b) => a - b), Array.from({ length: LIMIT }, (_, n) => n), "each was told its own count");
  assert.equal(await remaining("fifty", sub), 0);
  assert.equal(before - (await remaining("wide", talk.worker.client.id)), LIMIT, "the refused took nothing of the other policy");
});

test("200 takes at once under a limit of 50: exactly 50 are let through", async () => {
  const json = { key: `subject-${crypto.randomUUID()}` };
  const answers = await parallel(() => talk.request("/v1/limits/fifty", { basic: talk.worker.authorization, json }));
  assert.deepEqual(tally(answers), { 200: LIMIT, "429 ERR_RATE_LIMITED": PARALLEL - LIMIT });
});

test("once a revocation is acknowledged no use of the token passes, however many are under way", async () => {
  const minted = await talk.mint();
  let acknowledged = false;
  const late = [];
  const revoking = talk.revoke({ token: minted.access_token }).then((answer) => {
    acknowledged = true;
    return answer;
  });
  const answers = await parallel(async () => {
    const afterwards = acknowledged;
    const answer = await talk.authorize(minted.access_token);
    if (afterwards) late.push(answer);
    return answer;
  });
  assert.equal((await revoking).status, 200);
  late.push(...(await parallel(() => talk.authorize(minted.access_token))));
  assert.deepEqual(tally(late), { "401 ERR_JWT_REVOKED": late.length });
  for (const status of Object.keys(tally(answers))) assert.match(status, /^(200|401 ERR_JWT_REVOKED|429 ERR_RATE_LIMITED)$/);
});

test("200 different refusals and successes at once do not mix", async () => {
  const { access_token: token } = await talk.mint({ claims: { mixed: true } });
  const kinds = [
    [() => talk.authorize(token), "200"],
    [() => talk.authorize(`${token}x`), "401 ERR_JWS_INVALID"],
    [() => talk.request("/v1/authorize"), "401 ERR_CREDENTIALS_MISSING"],
    [() => talk.order({ sub: "" }), "400 ERR_REQUEST_INVALID"],
    [() => talk.request("/nowhere"), "404 ERR_ROUTE_NOT_FOUND"],
  ];
  const answers = await parallel((n) => kinds[n % kinds.length][0]());
  answers.forEach((answer, n) => assert.deepEqual(tally([answer]), { [kinds[n % kinds.length][1]]: 1 }));
});

test("nothing of this reached an error, a log line or a metric that should not have", () => talk.assertNothingLeaked());
