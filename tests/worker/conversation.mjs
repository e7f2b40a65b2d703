// A client's conversation with a Worker: the requests of a token's life, each answer read whole. All
// that is said is kept, so that a test can end by asking whether any of it gave a secret away.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { startWorker } from "./harness.mjs";

const FORM = "application/x-www-form-urlencoded";
const LOG_WAIT_MS = 3_000;
// Longer than anything waits; without it fetch waits for five minutes.
const ANSWER_MS_MAX = 60_000;

// What the tests count by, whatever wrangler.toml ships: no limit that they do not mean to meet.
export const LIMITS = {
  gate: { limit: 1_000_000, window: "60s" },
  limits: [{ name: "per-subject", key: "subject", algorithm: "sliding-window", limit: 100, window: "60s" }],
};

/** Starts a Worker, as startWorker does, and the conversation with it. */
export async function startConversation({ vars, ...options } = {}) {
  const worker = await startWorker({ vars: { ...LIMITS, ...vars }, ...options });
  return { worker, ...conversation(worker) };
}

/** The conversation with `worker`, or with the sibling of it that listens at `url`. */
export function conversation(worker, url = worker.url) {
  const overheard = [];
  const basic = worker.authorization;
  const secrets = new Set([worker.client.secret, basic.split(" ")[1], ...worker.keys.keys.map((key) => key.d)]);

  /** body: sent as it is; json and form: encoded, with their media type; token: the bearer token. */
  async function request(path, { json, form, token, basic, headers = {}, ...init } = {}) {
    if (json !== undefined) Object.assign(init, { method: "POST", ...init, body: JSON.stringify(json) });
    if (form !== undefined) Object.assign(init, { method: "POST", ...init, body: String(new URLSearchParams(form)) });
    const type = json !== undefined ? "application/json" : form !== undefined ? FORM : undefined;
    const authorization = token !== undefined ? `Bearer ${token}` : basic;
    const fields = Object.entries({ "content-type": type, authorization, ...headers });
    const sent = Object.fromEntries(fields.filter(([, value]) => value !== undefined));
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const response = await fetch(new URL(path, url), { redirect: "manual", signal, ...init, headers: sent });
    return heard(response.status, response.headers, await response.text());
  }

  /** Every answer passes here, the raw ones too. A good one may hold what it was asked for. */
  function heard(status, headers, text) {
    const type = headers.get("content-type")?.split(";")[0] ?? null;
    if (status >= 400) overheard.push(`${status} ${JSON.stringify([...headers])} ${text}`);
    return { status, type, headers, text, body: /json$/.test(type ?? "") && text ? JSON.parse(text) : undefined };
  }

  const talk = {
    request,
    heard,
    url,
    /** What the conversation must keep to itself, beside the tokens and subjects of mint(). */
    keepSecret: (...values) => values.forEach((value) => secrets.add(value)),
    authorize: (token, init) => request("/v1/authorize?claims", { token, ...init }),
    order: (json, init) => request("/v1/tokens", { basic, json, ...init }),
    revoke: (form, init) => request("/oauth/revoke", { basic, form, ...init }),
    refresh: (refresh_token, init) => request("/oauth/token", { basic, form: { grant_type: "refresh_token", refresh_token }, ...init }),
    introspect: (token, init) => request("/oauth/introspect", { basic, form: { token }, ...init }),

    async metrics(init) {
      const answer = await request("/metrics", { basic, ...init });
      assert.deepEqual([answer.status, answer.type], [200, "text/plain"]);
      return answer.text;
    },

    async mint(order, init) {
      const answer = await talk.order({ sub: `subject-${crypto.randomUUID()}`, ...order }, init);
      assert.equal(answer.status, 201, answer.text);
      const { sub } = claimsOf(answer.body.access_token);
      const [, payload, signature] = answer.body.access_token.split(".");
      talk.keepSecret(payload, signature, answer.body.jti, answer.body.session_id, sub);
      return { ...answer.body, sub };
    },

    /** The Worker's log lines of that event, once there are `count` of them. */
    async events(name, count = 1) {
      const there = () => logged(worker).filter(({ event }) => event === name);
      const end_ms = Date.now() + LOG_WAIT_MS;
      while (there().length < count && Date.now() < end_ms) await sleep(10);
      return there();
    },

    /** None of the errors, logs and metrics of this conversation holds a token, secret, key or subject. */
    async assertNothingLeaked(init) {
      const metrics = await talk.metrics(init);
      // Log lines come by another way than answers.
      await sleep(50);
      const all = [...overheard, ...worker.logs, metrics].join("\n");
      assert.ok(overheard.length > 0, "there were errors to look at");
      for (const secret of secrets) {
        assert.ok(secret.length >= 8, "short text is in anything");
        assert.ok(!all.includes(secret), "a secret of this conversation is in an error, a log line or a metric");
      }
      assert.doesNotMatch(all, /panick|Critical|Reinitializing|RuntimeError/, "the instance lived through all of it");
    },
  };
  return talk;
}

/** The Worker's log lines: `level: {json}`, or the JSON alone for information. */
export function logged(worker) {
  return worker.logs.flatMap((line) => {
    const json = line.slice(line.indexOf("{"));
    return line.includes("{") ? [JSON.parse(json)] : [];
  });
}

export const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());

/** The value of a counter; 0 when it has not been counted. */
export function counter(metrics, series) {
  const line = metrics.split("\n").find((text) => text.startsWith(`portcullis_${series} `));
  return Number(line?.split(" ").at(-1) ?? 0);
}

/** A refusal in full: RFC 9457's body with our code, of its media type, kept by no cache. */
export function assertProblem(answer, status, code, fields = {}) {
  assert.deepEqual([answer.status, answer.body?.code], [status, code], answer.text);
  assert.equal(answer.type, "application/problem+json");
  assert.equal(answer.body.status, status);
  assertUncached(answer);
  assertFields(answer, fields);
}

/** A refusal by an OAuth route: RFC 6749's body, with our code. */
export function assertOAuthError(answer, status, error, code, fields = {}) {
  assert.deepEqual([answer.status, answer.body?.error, answer.body?.code], [status, error, code], answer.text);
  assert.equal(answer.type, "application/json");
  assertUncached(answer);
  assertFields(answer, fields);
}

export function assertUncached(answer) {
  assertFields(answer, { "cache-control": "no-store", "x-content-type-options": "nosniff" });
}

/** Each field is that text, or matches that pattern, or is absent for null. */
export function assertFields(answer, fields) {
  for (const [name, expected] of Object.entries(fields)) {
    const value = answer.headers.get(name);
    if (expected instanceof RegExp) assert.match(value ?? "", expected, name);
    else assert.equal(value, expected, name);
  }
}
