// What goes by the gateway as a stream: bodies both ways and WebSockets; and an upstream that does not answer.

import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect, createServer } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { assertProblem, counter, startConversation } from "./conversation.mjs";
import { sibling, SETTINGS, urlOf } from "./sibling.mjs";
import { gatewayVars, ROUTES, startUpstream } from "./upstream.mjs";
import { head } from "./wire.mjs";

const DEADLINE_MS = 700;
let arrived, release;

const ANSWERS = {
  "/items/up": async (request, response) => {
    let bytes = 0;
    for await (const chunk of request) arrived(String((bytes += chunk.length)));
    response.end(String(bytes));
  },
  "/items/down": async (_, response) => {
    response.writeHead(200, { "content-type": "text/plain" }).write("first");
    await new Promise((resolve) => (release = resolve));
    response.end("last");
  },
  "/items/early": (_, response) => response.writeHead(413, { connection: "close" }).end("enough"),
  "/items/slow-body": async (_, response) => {
    response.writeHead(200).write("a");
    await sleep(2 * DEADLINE_MS);
    response.end("z");
  },
  "/faults/hang": () => {},
  "/faults/hang-up": (request) => request.socket.destroy(),
  "/faults/break-off": (_, response) => {
    response.writeHead(200, { "content-length": 10 }).write("half!");
    setTimeout(() => response.destroy(), 50);
  },
  "/faults/no-http": (request) => request.socket.end("not HTTP at all\r\n\r\n"),
};

let upstream, talk, token, gone;
before(async () => {
  upstream = await startUpstream(ANSWERS);
  const nowhere = createServer();
  nowhere.listen(0, "127.0.0.1");
  await once(nowhere, "listening");
  gone = { url: `http://127.0.0.1:${nowhere.address().port}` };
  nowhere.close();
  const bare = (bindings) => sibling("gone", { ...bindings, portcullis: { ...SETTINGS, ...gatewayVars(gone) } });
  const patient = (bindings) => {
    const portcullis = { ...SETTINGS, gateway: { binding: "UPSTREAM" }, routes: ROUTES };
    return sibling("patient", { ...bindings, portcullis }, { front: PATIENT });
  };
  const limits = [{ name: "per-subject", key: "subject", algorithm: "sliding-window", limit: 10_000, window: "60s" }];
  const vars = { ...gatewayVars(upstream, { deadline: `${DEADLINE_MS}ms` }), limits };
  talk = await startConversation({ vars, workers: (bindings) => [bare(bindings), patient(bindings)] });
  ({ access_token: token } = await talk.mint());
});
after(async () => {
  await talk?.worker.dispose();
  upstream?.close();
});

// Miniflare would pack an answer, and hold back its first bytes for that.
const authorization = () => ({ authorization: `Bearer ${token}`, "accept-encoding": "identity" });

test("a body's first bytes arrive before its last are sent, however long that takes", async () => {
  const heard = [];
  arrived = (bytes) => heard.push(bytes);
  const request = httpRequest(new URL("/items/up", talk.url), { method: "POST", headers: authorization() });
  // From the start: one that comes too early fails, and is not waited for.
  const responded = once(request, "response");
  request.write("x".repeat(1_000));
  while (!heard.length) await sleep(10);
  assert.deepEqual(heard, ["1000"]);
  // The client takes its time: no delay of the upstream's.
  await sleep(1.5 * DEADLINE_MS);
  request.end("y".repeat(500));
  const [response] = await responded;
  assert.deepEqual([response.statusCode, (await response.toArray()).join("")], [200, "1500"]);
});

test("megabytes go by, of a length that is known or not", async () => {
  arrived = () => {};
  const size = 8 * 1024 * 1024;
  for (const framing of [{ "content-length": size }, {}]) {
    const request = httpRequest(new URL("/items/up", talk.url), { method: "PUT", headers: { ...authorization(), ...framing } });
    request.write(Buffer.alloc(size / 2));
    request.end(Buffer.alloc(size / 2));
    const [response] = await once(request, "response");
    assert.equal((await response.toArray()).join(""), String(size));
    const { headers } = upstream.seen.at(-1);
    const expected = framing["content-length"] ? [String(size), undefined] : [undefined, "chunked"];
    assert.deepEqual([headers["content-length"], headers["transfer-encoding"]], expected);
  }
});

test("an answer that comes before the body is whole is not waited for", async () => {
  const request = httpRequest(new URL("/items/early", talk.url), { method: "POST", headers: authorization() });
  request.on("error", () => {});
  request.write("x");
  const [response] = await once(request, "response");
  assert.deepEqual([response.statusCode, (await response.toArray()).join("")], [413, "enough"]);
  request.destroy();
});

test("an answer's first bytes arrive before its last are sent", async () => {
  const response = await fetch(new URL("/items/down", talk.url), { headers: authorization() });
  const reader = response.body.getReader();
  const read = async () => Buffer.from((await reader.read()).value ?? []).toString();
  assert.equal(await read(), "first");
  release();
  assert.equal(await read(), "last");
  assert.equal((await reader.read()).done, true);
});

test("the deadline is for the head of an answer, not for its body", async () => {
  const answer = await talk.request("/items/slow-body", { token });
  assert.deepEqual([answer.status, answer.text], [200, "az"]);
});

// An upstream that never answers, asked as often as a request says.
const PATIENT = `
  import { WorkerEntrypoint } from "cloudflare:workers";
  import Portcullis from "./index.js";

  export default class extends WorkerEntrypoint {
    async fetch(request) {
      const env = { ...this.env, UPSTREAM: { fetch: () => new Promise(() => {}) } };
      const open = Number(request.headers.get("x-open"));
      const asked = () => Portcullis.fetch(new Request(new URL("/public/1", request.url)), env, this.ctx);
      for (let n = 0; n < open; n++) this.ctx.waitUntil(asked());
      return Portcullis.fetch(request, env, this.ctx);
    }
  }
`;

test("what waits for the upstream takes up no room of the instance", async () => {
  const url = await urlOf(talk.worker, "patient");
  // More than an instance has under way at once.
  const answer = await fetch(new URL("/healthz", url), { headers: { "x-open": "4200" } });
  assert.equal(answer.status, 200);
  assert.equal((await fetch(new URL("/healthz", url))).status, 200);
});

test("an upstream that does not answer in time is told from ours", async () => {
  const before = counter(await talk.metrics(), 'upstream_failures_total{cause="timeout"}');
  assertProblem(await talk.request("/faults/hang", { token }), 504, "ERR_UPSTREAM_TIMEOUT");
  assert.equal(counter(await talk.metrics(), 'upstream_failures_total{cause="timeout"}'), before + 1);
  const [event] = await talk.events("upstream_failed");
  assert.deepEqual([event.level, event.cause], ["error", "timeout"]);
});

test("one that hangs up or speaks no HTTP cannot be reached", async () => {
  for (const path of ["/faults/hang-up", "/faults/no-http"]) {
    assertProblem(await talk.request(path, { token }), 502, "ERR_UPSTREAM_UNREACHABLE");
  }
  assert.equal(counter(await talk.metrics(), 'upstream_failures_total{cause="unreachable"}'), 2);
});

test("one that breaks off in its body is no answer that is whole", async () => {
  await assert.rejects(talk.request("/faults/break-off", { token }));
});

test("one that is not there cannot be reached, and is asked nothing for what is refused", async () => {
  const url = await urlOf(talk.worker, "gone");
  const answer = await fetch(new URL("/items/1", url), { headers: authorization() });
  assert.deepEqual([answer.status, (await answer.json()).code], [502, "ERR_UPSTREAM_UNREACHABLE"]);
  assert.equal((await fetch(new URL("/items/1", url))).status, 401);
});

/** A WebSocket of Node's own, which takes header fields where browsers do not. */
async function socket(path, { protocols = [], headers = {} } = {}) {
  const url = new URL(path, talk.url);
  url.protocol = "ws:";
  const opened = new WebSocket(url, { protocols, headers });
  opened.binaryType = "arraybuffer";
  await Promise.race([once(opened, "open"), once(opened, "error").then(([event]) => Promise.reject(new Error(String(event.message ?? event.type))))]);
  return opened;
}

test("a WebSocket is passed on, both ways", async () => {
  const opened = await socket("/items/live", { protocols: ["chat"], headers: { ...authorization(), "x-auth-subject": "spoofed" } });
  assert.equal(opened.protocol, "chat");
  for (const text of ["one", "two"]) {
    opened.send(text);
    assert.equal((await once(opened, "message"))[0].data, text);
  }
  opened.close();
  const { url, headers } = upstream.seen.at(-1);
  assert.equal(url, "/items/live");
  assert.notEqual(headers["x-auth-subject"], "spoofed");
  assert.equal(headers.authorization, undefined);
});

test("a WebSocket without a token is refused", async () => {
  const before = upstream.seen.length;
  await assert.rejects(socket("/items/live"));
  await assert.rejects(socket("/admin/live", { headers: authorization() }));
  assert.equal(upstream.seen.length, before);
});

test("a client that hangs up leaves nothing behind that would end the instance", async () => {
  const { hostname, port } = new URL(talk.url);
  for (let n = 0; n < 10; n += 1) {
    const client = connect(Number(port), hostname);
    client.write(head("POST /items/up HTTP/1.1", `Authorization: Bearer ${token}`, "Content-Length: 5000") + "abc");
    client.on("error", () => {});
    setTimeout(() => client.destroy(), 100);
  }
  await sleep(2 * DEADLINE_MS);
  assert.equal((await talk.request("/items/1", { token })).status, 200);
  await talk.assertNothingLeaked();
});

test("another Worker that is bound is the upstream, and sees the URL that was asked for", async () => {
  const script = `export default { fetch: (request) => Response.json({ url: request.url, subject: request.headers.get("x-auth-subject") }) };`;
  const bound = await startConversation({
    vars: { gateway: { binding: "UPSTREAM" }, routes: ROUTES },
    serviceBindings: { UPSTREAM: "behind" },
    workers: [{ name: "behind", modules: true, script, compatibilityDate: "2026-10-20" }],
  });
  try {
    const { access_token, sub } = await bound.mint();
    const { status, body } = await bound.request("/items/1?x", { token: access_token });
    assert.deepEqual([status, body], [200, { url: new URL("/items/1?x", bound.url).href, subject: sub }]);
  } finally {
    await bound.worker.dispose();
  }
});

test("a binding that is not there is named by its path", async () => {
  const unbound = await startConversation({ vars: { gateway: { binding: "UPSTREAM" }, routes: ROUTES } });
  try {
    assertProblem(await unbound.request("/items/1"), 500, "ERR_CONFIG_INVALID");
    const [event] = await unbound.events("config_invalid");
    assert.equal(event.path, "gateway.binding");
  } finally {
    await unbound.worker.dispose();
  }
});
