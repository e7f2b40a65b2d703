// The gateway in workerd, before a real server: who is let through, as whom, and what either side is told.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFields, assertProblem, counter, startConversation } from "./conversation.mjs";
import { gatewayVars, startUpstream } from "./upstream.mjs";
import { exchange, head, rawRequest } from "./wire.mjs";

const ANSWERS = {
  "/items/answer": (_, response) => {
    const fields = { "Set-Cookie": ["a=1", "b=2"], "X-Own": "1", "Portcullis-Degraded": "none", RateLimit: '"x";r=1', "Proxy-Authenticate": "x" };
    response.writeHead(207, { ...fields, Connection: "close, X-Hop", "X-Hop": "1", "Cache-Control": "max-age=5" });
    response.end("answer");
  },
  "/items/moved": (_, response) => response.writeHead(302, { location: "/elsewhere" }).end(),
  "/items/broken": (_, response) => response.writeHead(503, { "content-type": "text/plain" }).end("broken"),
  "/items/none": (_, response) => response.writeHead(204).end(),
  "/items/zipped": (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(ZIPPED),
};
const ZIPPED = Buffer.from("H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA==", "base64");

let upstream, talk, token, sub;
before(async () => {
  upstream = await startUpstream(ANSWERS);
  talk = await startConversation({ vars: gatewayVars(upstream, { claims: { "x-user-email": "email" } }) });
  ({ access_token: token, sub } = await talk.mint({ scope: "read", claims: { email: "a\r\nX-Auth-Subject: root" } }));
});
after(async () => {
  await talk?.worker.dispose();
  upstream?.close();
});

const asked = (path, init) => talk.request(path, { token, ...init });

test("a request with a good token reaches the upstream, as whoever the token is of", async () => {
  const { status, body, headers } = await asked("/items/1?x=%2F..//&y", { method: "PUT", body: "hello" });
  assert.equal(status, 200);
  assert.deepEqual([body.method, body.url, body.body], ["PUT", "/items/1?x=%2F..//&y", "hello"]);
  assert.equal(body.headers["x-auth-subject"], sub);
  assert.equal(body.headers["x-auth-scope"], "read");
  assert.equal(body.headers.host, new URL(upstream.url).host);
  assert.equal(body.headers["x-forwarded-host"], new URL(talk.url).host);
  assert.equal(body.headers["x-forwarded-proto"], "http");
  assert.equal(body.headers.authorization, undefined);
  assert.match(headers.get("ratelimit"), /^"per-subject";r=\d+/);
});

test("without a token nothing reaches it but what is public", async () => {
  const before = upstream.seen.length;
  assertProblem(await talk.request("/items/1"), 401, "ERR_CREDENTIALS_MISSING");
  assertProblem(await talk.request("/items/1", { token: "x.y.z" }), 401, "ERR_JWS_INVALID");
  assertProblem(await talk.request("/public/1", { token: "x.y.z" }), 401, "ERR_JWS_INVALID");
  assertProblem(await asked("/other"), 403, "ERR_ROUTE_DENIED");
  const challenge = 'Bearer realm="portcullis", error="insufficient_scope", scope="write"';
  assertProblem(await asked("/admin/1", { method: "POST" }), 403, "ERR_SCOPE_INSUFFICIENT", { "www-authenticate": challenge });
  assert.equal(upstream.seen.length, before);
  const { status, body } = await talk.request("/public/1");
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(body.headers).filter((name) => name.startsWith("x-auth")), []);
});

test("a revoked token no longer reaches it", async () => {
  const { access_token } = await talk.mint();
  assert.equal((await talk.request("/items/1", { token: access_token })).status, 200);
  await talk.revoke({ token: access_token });
  assertProblem(await talk.request("/items/1", { token: access_token }), 401, "ERR_JWT_REVOKED");
});

test("nobody says of themselves who they are", async () => {
  const spoofed = ["X-Auth-Subject", "x-auth-scope", "X_Auth_Subject", "X-Auth-Admin", "X-User-Email", "X_User_Email", "Forwarded", "X-Original-Url"];
  const headers = Object.fromEntries(spoofed.map((name) => [name, "spoofed"]));
  for (const path of ["/items/1", "/public/1"]) {
    const { body } = await asked(path, { headers: { ...headers, "portcullis-proxy-secret": "spoofed" } });
    assert.ok(!JSON.stringify(body.headers).includes("spoofed"), JSON.stringify(body.headers));
    assert.equal(body.headers["x-auth-subject"], sub);
  }
});

test("fields named by Connection are dropped, and ours cannot be", async () => {
  const field = `Authorization: Bearer ${token}`;
  await rawRequest(talk, "GET /items/hop HTTP/1.1", field, "Connection: X-Hop, X-Auth-Subject", "X-Hop: 1", "Keep-Alive: 5", "TE: trailers", "X-Stays: 1");
  const { headers } = upstream.seen.at(-1);
  assert.deepEqual([headers["x-hop"], headers["keep-alive"], headers.te, headers["x-stays"]], [undefined, undefined, undefined, "1"]);
  assert.equal(headers["x-auth-subject"], sub);
});

test("a claim cannot begin a field of its own", async () => {
  await asked("/items/claim");
  const { headers, rawHeaders } = upstream.seen.at(-1);
  assert.equal(headers["x-user-email"], "a%0D%0AX-Auth-Subject: root");
  assert.equal(rawHeaders.filter((name) => /^x-auth-subject$/i.test(name)).length, 1);
});

test("text beyond ASCII in a field goes by as it is", async () => {
  const field = `Authorization: Bearer ${token}`;
  await exchange(talk.url, [Buffer.from(head("GET /items/text HTTP/1.1", field, "X-Name: Zo\u00eb", "Connection: close"), "utf8")]);
  const { rawHeaders } = upstream.seen.at(-1);
  const value = rawHeaders[rawHeaders.findIndex((name) => /^x-name$/i.test(name)) + 1];
  assert.equal(Buffer.from(value, "latin1").toString("utf8"), "Zo\u00eb");
});

test("its own fields come back, with ours in place of what only we can say", async () => {
  const answer = await asked("/items/answer");
  assert.deepEqual([answer.status, answer.text], [207, "answer"]);
  assert.deepEqual(answer.headers.getSetCookie(), ["a=1", "b=2"]);
  assertFields(answer, { "x-own": "1", "cache-control": "max-age=5", ratelimit: /^"per-subject"/, "portcullis-degraded": null, "x-hop": null, "proxy-authenticate": null });
});

test("redirects, errors and empty answers of its own pass as they are", async () => {
  const moved = await asked("/items/moved");
  assert.deepEqual([moved.status, moved.headers.get("location")], [302, "/elsewhere"]);
  const broken = await asked("/items/broken");
  assert.deepEqual([broken.status, broken.type, broken.text], [503, "text/plain", "broken"]);
  assert.deepEqual([(await asked("/items/none")).status, (await asked("/items/1", { method: "HEAD" })).text], [204, ""]);
  assert.equal((await asked("/items/zipped")).text, "hello");
});

test("a body that is empty, or none, has a length of none", async () => {
  for (const [method, body] of [["POST", ""], ["POST", undefined], ["DELETE", undefined], ["OPTIONS", undefined], ["PATCH", "x"]]) {
    const answer = await asked("/items/1", { method, body });
    assert.deepEqual([answer.status, answer.body.method, answer.body.body], [200, method, body ?? ""], method);
  }
});

test("the same URL is asked for again for everybody: no cache stands between", async () => {
  const before = upstream.seen.length;
  for (let n = 0; n < 3; n += 1) await asked("/items/answer");
  assert.equal(upstream.seen.length, before + 3);
  // There is none here; this is how the runtime tells those there may be.
  assert.equal(upstream.seen.at(-1).headers["cache-control"], "no-cache");
});

test("what is passed on is counted, and says nothing of anybody", async () => {
  assert.ok(counter(await talk.metrics(), "requests_proxied_total") > 5);
  await talk.assertNothingLeaked();
});
