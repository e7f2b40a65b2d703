// Which paths and methods there are; every other is 404 or 405, and none of them is another by a detour.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFields, assertOAuthError, assertProblem, assertUncached, startConversation } from "./conversation.mjs";
import { rawRequest } from "./wire.mjs";

let talk, token, basic;
before(async () => {
  talk = await startConversation();
  basic = talk.worker.authorization;
  ({ access_token: token } = await talk.mint());
});
after(() => talk?.worker.dispose());

const rawGet = (target) => rawRequest(talk, `GET ${target} HTTP/1.1`, `Authorization: Bearer ${token}`);

for (const target of [
  "/v1", "/v1/", "//v1/authorize", "/v1//authorize", "/v1/authorize/", "/v1/authorize%2f", "/v1/%61uthorize", "/V1/authorize",
  "/v1/authorize;x", "/v1/authorize%00", "/v1%2fauthorize", "/v1/authorize%3F", "/v1/limits", "/oauth", "/healthz/", "/.well-known/",
  "/.env", "/index_bg.wasm", "/cdn-cgi", "/\u00e9",
]) {
  test(`there is no ${target}`, async () => assertProblem(await rawGet(target), 404, "ERR_ROUTE_NOT_FOUND"));
}

test("dots in a path are the runtime's to resolve, and lead to no other check than the path they come to", async () => {
  for (const target of ["/v1/./authorize", "/v1/%2e/authorize", "/x/../v1/authorize", "/x/%2E%2e/v1/authorize", "\\v1\\authorize"]) {
    assert.equal((await rawGet(target.replace(/^\\/, "/"))).status, 200, target);
    const anonymous = await rawRequest(talk, `GET ${target.replace(/^\\/, "/")} HTTP/1.1`);
    assertProblem(anonymous, 401, "ERR_CREDENTIALS_MISSING");
  }
});

test("a query is no part of the path", async () => {
  assert.equal((await rawGet("/v1/authorize?x=/v1/tokens")).status, 200);
  assert.equal((await rawGet("/healthz?")).status, 200);
});

test("a route under /oauth that is none answers as OAuth does", async () => {
  assertOAuthError(await talk.request("/oauth/tokens"), 404, "invalid_request", "ERR_ROUTE_NOT_FOUND");
});

for (const [path, allowed] of Object.entries({
  "/": ["GET", "HEAD"],
  "/v1/tokens": ["POST"],
  "/.well-known/jwks.json": ["GET", "HEAD"],
  "/healthz": ["GET", "HEAD"],
  "/readyz": ["GET", "HEAD"],
  "/metrics": ["GET", "HEAD"],
  "/v1/limits/per-subject": ["POST", "GET", "HEAD", "DELETE"],
})) {
  test(`${path} has ${allowed.join(", ")}, and says so to any other method`, async () => {
    const options = await talk.request(path, { method: "OPTIONS" });
    assert.deepEqual([options.status, options.headers.get("allow")], [204, [...allowed, "OPTIONS"].join(", ")]);
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      const answer = await talk.request(path, { method, basic });
      if (allowed.includes(method)) assert.notEqual(answer.status, 405, method);
      else assertProblem(answer, 405, "ERR_METHOD_NOT_ALLOWED", { allow: allowed.join(", ") });
    }
  });
}

test("the OAuth routes have POST", async () => {
  for (const path of ["/oauth/revoke", "/oauth/introspect"]) {
    for (const method of ["GET", "PUT", "DELETE"]) {
      const answer = await talk.request(path, { method, basic });
      assertOAuthError(answer, 405, "invalid_request", "ERR_METHOD_NOT_ALLOWED", { allow: "POST" });
    }
  }
});

test("any method may be authorised, a proxy forwards them all; its body is not looked at", async () => {
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
    const body = method === "POST" ? "x".repeat(100_000) : undefined;
    assert.equal((await talk.authorize(token, { method, body })).status, 200, method);
    assertProblem(await talk.request("/v1/authorize", { method, body }), 401, "ERR_CREDENTIALS_MISSING");
  }
});

test("HEAD is answered as GET is, without the body", async () => {
  for (const path of ["/healthz", "/readyz", "/.well-known/jwks.json"]) {
    const [got, asked] = [await talk.request(path), await talk.request(path, { method: "HEAD" })];
    assert.deepEqual([asked.status, asked.type, asked.text], [200, got.type, ""]);
  }
  assert.equal((await talk.authorize(token, { method: "HEAD" })).status, 200);
  const refused = await talk.request("/v1/authorize", { method: "HEAD" });
  assert.deepEqual([refused.status, refused.text], [401, ""]);
  assertFields(refused, { "www-authenticate": 'Bearer realm="portcullis"' });
  assert.equal((await talk.request("/v1/tokens", { method: "HEAD", basic })).status, 405);
});

test("whoever has the public keys is told so: 304, by GET and HEAD", async () => {
  const path = "/.well-known/jwks.json";
  const first = await talk.request(path);
  const etag = first.headers.get("etag");
  assert.match(etag, /^"[\w-]{43}"$/);
  assertFields(first, { "cache-control": "public, max-age=300" });
  for (const method of ["GET", "HEAD"]) {
    const known = await talk.request(path, { method, headers: { "if-none-match": `"other", W/${etag}` } });
    assert.deepEqual([known.status, known.text], [304, ""]);
    assertFields(known, { etag, "cache-control": "public, max-age=300" });
  }
  const other = await talk.request(path, { headers: { "if-none-match": '"other"' } });
  assert.deepEqual([other.status, other.text], [200, first.text]);
});

test("liveness and readiness need no credential, and tell nothing but themselves without one", async () => {
  for (const [path, status] of [["/healthz", "ok"], ["/readyz", "ready"]]) {
    const answer = await talk.request(path);
    assert.deepEqual([answer.status, answer.type, answer.body], [200, "application/json", { status }]);
    assertUncached(answer);
  }
});

const SAMPLE = /^portcullis_[a-z_]+(\{[a-z]+="[A-Za-z0-9_.:-]+"(,[a-z]+="[A-Za-z0-9_.:-]+")*\})? \d+$/;

test("metrics are Prometheus text, for a client that may read them", async () => {
  assertProblem(await talk.request("/metrics"), 401, "ERR_CREDENTIALS_MISSING");
  const answer = await talk.request("/metrics", { basic });
  assertFields(answer, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  const samples = answer.text.trimEnd().split("\n").filter((line) => !line.startsWith("#"));
  for (const sample of samples) assert.match(sample, SAMPLE);
  const gauges = samples.filter((sample) => !/_total[ {]/.test(sample)).map((sample) => sample.split(" ")[0]);
  assert.deepEqual(gauges, ["portcullis_store_up", "portcullis_outage_seconds", "portcullis_journal_entries"]);
  assert.ok(samples.includes("portcullis_tokens_issued_total 1"));
  assert.ok(samples.some((sample) => sample.startsWith('portcullis_requests_refused_total{code="')));
});

test("nothing of this reached an error, a log line or a metric that should not have", () => talk.assertNothingLeaked());
