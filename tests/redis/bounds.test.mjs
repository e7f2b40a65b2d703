// Whatever a client sends, or does not send, costs the bridge no more than its bounds.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { startBridge, until } from "./harness.mjs";

async function started(t, options) {
  // Some of these clients never end what they began.
  const bridge = await startBridge({ closeMsMax: 200, ...options });
  t.after(() => bridge.dispose());
  return bridge;
}

/** A connection that speaks bytes. `closed` is fulfilled with all that came over it. */
async function raw(t, { url }) {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  t.after(() => socket.destroy());
  let received = "";
  socket.setEncoding("latin1").on("data", (text) => (received += text)).on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", () => resolve(received)));
  await Promise.race([once(socket, "connect"), closed]);
  return { socket, closed, write: (text) => socket.write(text, "latin1"), received: () => received };
}

const head = ({ token }, method, path, ...fields) =>
  [`${method} ${path} HTTP/1.1`, "Host: bridge", `Authorization: Bearer ${token}`, ...fields, "", ""].join("\r\n");

const statuses = (text) => [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status));

test("a body of exactly the bound is taken, one byte more is 413", async (t) => {
  const bridge = await started(t, { bodyBytesMax: 100 });
  const { status } = await bridge.ask("/set/k", { body: "x".repeat(100) });
  assert.equal(status, 200);
  const larger = await bridge.ask("/set/k", { body: "y".repeat(101) });
  assert.deepEqual([larger.status, larger.body], [413, { error: "ERR max request size exceeded. Limit: 100 bytes" }]);
  assert.equal((await bridge.command("STRLEN", "k")).body.result, 100);
});

test("a body that does not say its size is cut off at the bound", async (t) => {
  const bridge = await started(t, { bodyBytesMax: 100 });
  const client = await raw(t, bridge);
  client.write(`${head(bridge, "POST", "/set/k", "Transfer-Encoding: chunked")}65\r\n${"x".repeat(0x65)}\r\n`);
  await until("413 before the body's end", () => statuses(client.received()).includes(413));
  // The rest is read and dropped, so that the connection can go on.
  client.write(`100000\r\n${"x".repeat(0x100000)}\r\n0\r\n\r\n${head(bridge, "GET", "/ping", "Connection: close")}`);
  assert.deepEqual(statuses(await client.closed), [413, 200]);
  assert.deepEqual((await bridge.command("GET", "k")).body, { result: null });
});

test("the size that a request claims is enough to refuse it", async (t) => {
  const bridge = await started(t, { bodyBytesMax: 100 });
  const client = await raw(t, bridge);
  client.write(head(bridge, "POST", "/set/k", "Content-Length: 52428800"));
  await until("413 before any of the body", () => statuses(client.received()).includes(413));
});

test("a request that does not arrive in time is ended", async (t) => {
  const bridge = await started(t, { requestMsMax: 200, commandMsMax: 200 });
  const slowBody = await raw(t, bridge);
  slowBody.write(`${head(bridge, "POST", "/set/k", "Content-Length: 10")}1`);
  assert.deepEqual(statuses(await slowBody.closed), [408]);
  const slowHead = await raw(t, bridge);
  slowHead.write("GET /ping HTTP/1.1\r\n");
  assert.deepEqual(statuses(await slowHead.closed), [408]);
  const silent = await raw(t, bridge);
  await silent.closed;
  const answeredEarly = await raw(t, bridge);
  answeredEarly.write(`${head({ token: "wrong" }, "POST", "/set/k", "Content-Length: 10")}1`);
  assert.equal(statuses(await answeredEarly.closed)[0], 401);
  assert.equal((await bridge.ask("/ping")).status, 200);
});

test("a client that does not read its answer is cut off", async (t) => {
  const bridge = await started(t, { requestMsMax: 3_000, commandMsMax: 3_000, closeMsMax: 600_000 });
  await bridge.command("SETRANGE", "large", 20_000_000, "x");
  const socket = connect(Number(new URL(bridge.url).port), "127.0.0.1").on("error", () => {});
  t.after(() => socket.destroy());
  socket.write(head(bridge, "GET", "/get/large"));
  await once(socket, "readable");
  assert.equal(String(socket.read(12)), "HTTP/1.1 200");
  // Waits for every answer to end. Nothing but the bound ends this one.
  await bridge.bridge.close();
});

test("connections beyond the bound are closed, and reported; one that ends makes room", async (t) => {
  const bridge = await started(t, { connectionsMax: 2 });
  const first = await raw(t, bridge);
  const second = await raw(t, bridge);
  const third = await raw(t, bridge);
  third.write(head(bridge, "GET", "/ping"));
  assert.equal(await third.closed, "");
  assert.deepEqual(bridge.events.at(-1), { event: "connection_refused", cause: "connectionsMax" });
  second.write(head(bridge, "GET", "/ping"));
  await until("the second to be served", () => statuses(second.received()).includes(200));
  first.socket.destroy();
  await until("room for another", async () => {
    const next = await raw(t, bridge);
    next.write(head(bridge, "GET", "/ping", "Connection: close"));
    return statuses(await next.closed).includes(200);
  });
});

test("requests sent ahead on one connection count as well", async (t) => {
  const bridge = await started(t, { connectionsMax: 3 });
  const client = await raw(t, bridge);
  client.write(head(bridge, "GET", "/ping").repeat(9) + head(bridge, "GET", "/ping", "Connection: close"));
  const answers = statuses(await client.closed);
  assert.equal(answers.length, 10);
  assert.deepEqual(answers.slice(0, 4), [200, 200, 200, 503]);
});

test("a Redis that does not answer costs a request no more than its bound", async (t) => {
  const bridge = await started(t, { commandMsMax: 100 });
  bridge.redis.pause();
  const { status, body } = await bridge.command("INCR", "n");
  assert.equal(status, 504);
  assert.deepEqual(body, { error: "ERR Redis did not answer in 100 ms: whether the command was carried out is unknown" });
});

test("time runs out for a request as a whole, too", async (t) => {
  const bridge = await started(t, { requestMsMax: 100, commandMsMax: 60_000 });
  bridge.redis.pause();
  const { status, body } = await bridge.command("INCR", "n");
  assert.equal(status, 504);
  assert.match(body.error, /^ERR no answer in 100 ms/);
});

test("header fields have a bound", async (t) => {
  const bridge = await started(t);
  const client = await raw(t, bridge);
  client.write(head(bridge, "GET", "/ping", `X-Long: ${"x".repeat(100_000)}`));
  assert.deepEqual(statuses(await client.closed), [431]);
});
