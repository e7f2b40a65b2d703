// Tokens in a cookie, as browsers send it along: taken, kept from the upstream, and not taken from a page of another's.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { assertProblem, startConversation } from "./conversation.mjs";
import { gatewayVars, startUpstream } from "./upstream.mjs";
import { exchange, head, rawRequest } from "./wire.mjs";

const NAME = "__Host-token";

let upstream, talk, token, sub;
before(async () => {
  upstream = await startUpstream();
  talk = await startConversation({ vars: { ...gatewayVars(upstream), cookie: { name: NAME, origins: ["https://other.example"] } } });
  ({ access_token: token, sub } = await talk.mint());
});
after(async () => {
  await talk?.worker.dispose();
  upstream?.close();
});

const withCookie = (path, { headers, ...init } = {}) => talk.request(path, { headers: { cookie: `a=1; ${NAME}=${token}; b=2`, ...headers }, ...init });

test("a token in the cookie is taken, and the upstream sees the other cookies alone", async () => {
  const { status, body } = await withCookie("/items/1");
  assert.deepEqual([status, body.headers["x-auth-subject"], body.headers.cookie], [200, sub, "a=1; b=2"]);
});

test("others' cookies go by beside it, beyond ASCII too", async () => {
  const request = head("GET /items/beyond HTTP/1.1", `Cookie: name=Zo\u00eb; ${NAME}=${token}; b=2`, "Connection: close");
  await exchange(talk.url, [Buffer.from(request, "utf8")]);
  const { url, headers } = upstream.seen.at(-1);
  assert.deepEqual([url, headers["x-auth-subject"]], ["/items/beyond", sub]);
  assert.equal(Buffer.from(headers.cookie, "latin1").toString("utf8"), "name=Zo\u00eb; b=2");
});

test("two tokens are refused, and so is one cookie twice, in one field or two", async () => {
  assertProblem(await withCookie("/items/1", { token }), 401, "ERR_CREDENTIALS_INVALID");
  const cookie = `${NAME}=${token}`;
  assertProblem(await talk.request("/items/1", { headers: { cookie: `${cookie}; ${cookie}` } }), 401, "ERR_CREDENTIALS_INVALID");
  const answer = await rawRequest(talk, "GET /items/1 HTTP/1.1", `Cookie: ${cookie}`, `Cookie: ${cookie}`);
  assert.ok([400, 401].includes(answer.status), answer.text);
});

test("a change is asked for by a page of the same origin, or of one that is named", async () => {
  const post = (headers) => withCookie("/items/1", { method: "POST", headers });
  assert.equal((await post({ origin: talk.url })).status, 200);
  assert.equal((await post({ origin: "https://other.example" })).status, 200);
  for (const headers of [{}, { origin: "https://evil.example" }, { origin: "null" }, { origin: "https://evil.example", "x-forwarded-host": "evil.example" }]) {
    assertProblem(await post(headers), 403, "ERR_CROSS_SITE");
  }
  // Node's own fetch would not send that field of a browser's.
  const raw = (site) => rawRequest(talk, "DELETE /items/1 HTTP/1.1", `Cookie: ${NAME}=${token}`, `Sec-Fetch-Site: ${site}`, "Connection: close");
  assert.equal((await raw("same-origin")).status, 200);
  assertProblem(await raw("same-site"), 403, "ERR_CROSS_SITE");
});

test("a page of another's opens no WebSocket with the cookie", async () => {
  const socket = (origin) => {
    const opened = new WebSocket(new URL("/items/live", talk.url.replace("http", "ws")), { headers: { cookie: `${NAME}=${token}`, origin } });
    return Promise.race([once(opened, "open").then(() => opened), once(opened, "error").then(() => undefined)]);
  };
  const before = upstream.seen.length;
  assert.equal(await socket("https://evil.example"), undefined);
  assert.equal(upstream.seen.length, before);
  const opened = await socket(talk.url);
  opened.send("hello");
  assert.equal((await once(opened, "message"))[0].data, "hello");
  opened.close();
  assert.equal(upstream.seen.at(-1).headers.cookie, undefined);
});

test("a cookie is no client's secret to /v1/authorize, which nobody proved to be asked by a proxy", async () => {
  assertProblem(await withCookie("/v1/authorize"), 401, "ERR_CREDENTIALS_MISSING");
  await talk.assertNothingLeaked();
});
