// The gateway in workerd, before a real HTTP server: what goes on to it, and how it and its answers stream.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { request as httpRequest } from "node:http";
import { after, before, test } from "node:test";
import { assertProblem, counter, startConversation } from "./conversation.mjs";

const ROUTES = [
  { match: "GET /public/**", public: true },
  { match: "POST /public/**", public: true },
  { match: "/admin/**", scopes: ["write"] },
  { match: "/**", scopes: ["read"] },
];
const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A server whose behaviour goes by the path's last part; `seen` grows with { method, url, headers, body }. */
async function startUpstream() {
  const seen = [];
  const held = [];
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    const name = url.split("?")[0].split("/").at(-1);
    if (name === "never") return void held.push(response);
    if (name === "reset") return request.socket.destroy();
    if (name === "echo") {
      response.writeHead(200, { "content-type": "application/octet-stream" });
      for await (const chunk of request) response.write(chunk);
      return response.end();
    }
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push({ method, url, headers, body });
    if (name === "failing") return response.writeHead(503, { "content-type": "text/plain", "x-own": "1" }).end("theirs");
    if (name === "moved") return response.writeHead(302, { location: "https://elsewhere.test/" }).end();
    if (name === "cookies") return response.writeHead(200, { "set-cookie": ["a=1", "b=2"], "portcullis-degraded": "forged", connection: "x-hop", "x-hop": "1" }).end("ok");
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ method, url }));
  });
  server.on("upgrade", (request, socket) => {
    seen.push({ method: request.method, url: request.url, headers: request.headers });
    const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + WEBSOCKET_GUID).digest("base64");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    // Sends each text frame back, upper case. Frames of clients are masked (RFC 6455 section 5.3).
    socket.on("data", (frame) => {
      const length = frame[1] & 0x7f;
      if ((frame[0] & 0x0f) === 8) return socket.end(Buffer.from([0x88, 0]));
      const mask = frame.subarray(2, 6);
      const text = Buffer.from(frame.subarray(6, 6 + length).map((byte, i) => byte ^ mask[i % 4])).toString().toUpperCase();
      socket.write(Buffer.concat([Buffer.from([0x81, text.length]), Buffer.from(text)]));
    });
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, seen, close };
}

let upstream, talk, token;
before(async () => {
  upstream = await startUpstream();
  const gateway = { upstream: upstream.url, claims: { "x-user-plan": "plan" }, deadline: "1s" };
  talk = await startConversation({ vars: { routes: ROUTES, gateway } });
  ({ access_token: token } = await talk.mint({ scope: "read", claims: { plan: "gold" } }));
});
after(async () => {
  await talk?.worker.dispose();
  upstream?.close();
});

const last = () => upstream.seen.at(-1);

test("an authorised request reaches the service with whose it is, and its answer comes back with the limits", async () => {
  const answer = await talk.request("/orders/7?q=%2F", { token, headers: { cookie: "a=1", "x-own": "mine" } });
  assert.deepEqual([answer.status, answer.body], [200, { method: "GET", url: "/orders/7?q=%2F" }]);
  assert.match(answer.headers.get("ratelimit"), /^"per-subject";r=\d+;t=\d+$/);
  const { headers } = last();
  assert.deepEqual([headers["x-auth-scope"], headers["x-user-plan"], headers["x-own"], headers.cookie], ["read", "gold", "mine", "a=1"]);
  assert.match(headers["x-auth-subject"], /^subject-/);
  assert.equal(headers.authorization, undefined, "it stays here");
  assert.equal(headers.host, new URL(upstream.url).host);
  assert.deepEqual([headers["x-forwarded-proto"], headers["x-forwarded-host"]], ["http", new URL(talk.url).host]);
});

test("what only we may say of a request does not come from its client", async () => {
  const forged = {
    "x-auth-subject": "root",
    "x-auth-anything": "root",
    "x-forwarded-for": "127.0.0.1",
    "x-forwarded-user": "root",
    "x-original-url": "/admin",
    "x-rewrite-url": "/admin",
    "x-http-method-override": "DELETE",
    "portcullis-proxy-secret": "x",
    forwarded: "for=127.0.0.1",
    "x-drop": "1",
    connection: "x-drop, keep-alive",
    te: "trailers",
  };
  await raw("GET", "/public/a", forged);
  const { headers } = last();
  for (const name of Object.keys(forged).filter((name) => name !== "connection" && name !== "x-forwarded-for")) {
    assert.equal(headers[name], undefined, name);
  }
  assert.notEqual(headers["x-forwarded-for"], "127.0.0.1, 127.0.0.1");
});

/** A request with fields that fetch would not send. */
function raw(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const request = httpRequest(new URL(path, talk.url), { method, headers }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode, headers: response.headers, text });
    });
    request.on("error", reject).end(body);
  });
}

test("without a token, with a scope too few, or on no route nothing goes on", async () => {
  const before = upstream.seen.length;
  assertProblem(await talk.request("/orders"), 401, "ERR_CREDENTIALS_MISSING");
  const refused = await talk.request("/admin/users", { token });
  assertProblem(refused, 403, "ERR_SCOPE_INSUFFICIENT", { "www-authenticate": /insufficient_scope", scope="write"$/ });
  for (const path of ["/public/%2e%2e%2fadmin", "/public//a", "/a;b", "/a%00", "/admin%5Cx", "/%252e"]) {
    assert.equal((await raw("GET", path, { authorization: `Bearer ${token}` })).status, 400, path);
  }
  // The runtime takes these out of a URL before anybody sees it: what is matched is what goes on.
  const normalised = await raw("GET", "/public/../admin/users", { authorization: `Bearer ${token}` });
  assert.equal(normalised.status, 403);
  assert.equal(upstream.seen.length, before);
});

test("a revoked token does not go on", async () => {
  const { access_token } = await talk.mint({ scope: "read" });
  assert.equal((await talk.request("/a", { token: access_token })).status, 200);
  await talk.revoke({ token: access_token });
  assertProblem(await talk.request("/a", { token: access_token }), 401, "ERR_JWT_REVOKED");
});

test("bodies stream both ways: the first bytes are answered before the last are sent", async () => {
  const request = httpRequest(new URL("/public/echo", talk.url), { method: "POST" });
  request.write("first");
  const [response] = await once(request, "response");
  const [first] = await once(response, "data");
  assert.equal(String(first), "first");
  request.end("last");
  let rest = "";
  for await (const chunk of response) rest += chunk;
  assert.equal(rest, "last");
});

test("a body of megabytes comes through whole", async () => {
  const body = Buffer.alloc(5 * 1024 * 1024, "x");
  const response = await fetch(new URL("/public/echo", talk.url), { method: "POST", body });
  assert.deepEqual([response.status, (await response.arrayBuffer()).byteLength], [200, body.length]);
});

test("a WebSocket is passed on, and only with a token", async () => {
  const connect = (headers) => new WebSocket(new URL("/socket", talk.url.replace("http", "ws")), { headers });
  const refused = connect({});
  await once(refused, "error");
  const socket = connect({ authorization: `Bearer ${token}` });
  await once(socket, "open");
  socket.send("hello");
  const [{ data }] = await once(socket, "message");
  assert.equal(data, "HELLO");
  assert.match(last().headers["x-auth-subject"], /^subject-/);
  socket.close();
});

test("the service's own errors, redirects and cookies pass as they are, but for what only we say", async () => {
  const failing = await talk.request("/public/failing");
  assert.deepEqual([failing.status, failing.text, failing.headers.get("x-own")], [503, "theirs", "1"]);
  const moved = await talk.request("/public/moved");
  assert.deepEqual([moved.status, moved.headers.get("location")], [302, "https://elsewhere.test/"]);
  const cookies = await talk.request("/public/cookies");
  assert.deepEqual(cookies.headers.getSetCookie(), ["a=1", "b=2"]);
  for (const name of ["portcullis-degraded", "x-hop"]) assert.equal(cookies.headers.get(name), null, name);
});

test("a service that is late, breaks off or is gone is told from one that answers an error, and counted", async (t) => {
  assertProblem(await talk.request("/public/never"), 504, "ERR_UPSTREAM_TIMEOUT");
  assertProblem(await talk.request("/public/reset"), 502, "ERR_UPSTREAM_UNREACHABLE");
  const gone = await startConversation({ vars: { routes: ROUTES, gateway: { upstream: "http://127.0.0.1:1" } } });
  t.after(() => gone.worker.dispose());
  assertProblem(await gone.request("/public/a"), 502, "ERR_UPSTREAM_UNREACHABLE");
  const metrics = await talk.metrics();
  for (const cause of ["timeout", "unreachable"]) {
    assert.equal(counter(metrics, `upstream_failures_total{cause="${cause}"}`), 1, cause);
  }
  assert.equal((await talk.events("upstream_failed", 2)).length, 2);
  await talk.assertNothingLeaked();
});

test("Authorization goes on where that is asked for, and a service binding is as good as a URL", async (t) => {
  const service = {
    name: "service",
    modules: true,
    script: `export default { fetch: (request) => Response.json({ url: request.url, authorization: request.headers.get("authorization") }) };`,
    compatibilityDate: "2026-10-20",
  };
  const other = await startConversation({
    vars: { routes: ROUTES, gateway: { binding: "UPSTREAM", pass_authorization: true } },
    workers: [service],
    serviceBindings: { UPSTREAM: "service" },
  });
  t.after(() => other.worker.dispose());
  const { access_token } = await other.mint({ scope: "read" });
  const answer = await other.request("/a?b", { token: access_token });
  assert.deepEqual(answer.body, { url: new URL("/a?b", other.url).href, authorization: `Bearer ${access_token}` });
});

test("a token in a cookie counts and stays here, and pages of other sites change nothing with it", async (t) => {
  const vars = { routes: ROUTES, gateway: { upstream: upstream.url }, cookie: { name: "__Host-token" } };
  const other = await startConversation({ vars });
  t.after(() => other.worker.dispose());
  const { access_token } = await other.mint({ scope: "read" });
  const cookie = `theme=dark; __Host-token=${access_token}`;
  const ask = (method, headers) => other.request("/a", { method, headers: { cookie, ...headers } });
  assert.equal((await ask("GET", {})).status, 200);
  assert.equal(last().headers.cookie, "theme=dark");
  assert.equal((await ask("POST", { origin: new URL(other.url).origin })).status, 200);
  assertProblem(await ask("POST", { origin: "https://evil.example" }), 403, "ERR_CROSS_SITE");
  assertProblem(await ask("POST", {}), 403, "ERR_CROSS_SITE");
  assertProblem(await ask("GET", { authorization: `Bearer ${access_token}` }), 401, "ERR_CREDENTIALS_INVALID");
});

test("our own routes are never the service's", async () => {
  const before = upstream.seen.length;
  for (const path of ["/healthz", "/readyz", "/.well-known/jwks.json", "/v1/authorize", "/metrics"]) {
    assert.notEqual((await talk.request(path)).status, 502, path);
  }
  assert.equal(upstream.seen.length, before);
});
