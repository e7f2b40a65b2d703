// The faults that other tests inject: each does to a client what its name says, and to Redis too.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import { inRoot } from "../../scripts/lib/project.mjs";
import { asker, startBridge, until } from "./harness.mjs";
import { QUOTA_EXCEEDED, startFaults, UNAUTHORIZED } from "./faults.mjs";

let bridge;
let faults;
let ask;
before(async () => {
  bridge = await startBridge();
  faults = await startFaults(bridge.url);
  ask = asker(faults.url, bridge.token);
});
after(async () => {
  await faults?.close();
  await bridge?.dispose();
});
beforeEach(async () => {
  faults.clear();
  await bridge.command("FLUSHALL");
});

const incr = (init) => ask("/", { body: ["INCR", "n"], ...init });
/** How often Redis carried the command out, which the client may not know. */
const carriedOut = async () => Number((await bridge.command("GET", "n")).body.result);

test("without a fault it is as if it were not there", async () => {
  const { status, body } = await incr();
  assert.deepEqual([status, body], [200, { result: 1 }]);
  assert.deepEqual((await ask("/", { body: ["GET"] })).status, 400);
  assert.deepEqual((await asker(faults.url)("/ping")).status, 401);
  const encoded = await ask("/echo/x", { headers: { "upstash-encoding": "base64", "upstash-sync-token": "t" } });
  assert.deepEqual([encoded.body, encoded.headers.get("upstash-sync-token")], [{ result: "eA==" }, "t"]);
});

for (const [fault, times] of [[{ fault: "reset" }, 0], [{ fault: "lost" }, 1]]) {
  test(`${fault.fault}: the client sees its connection break, Redis did it ${times} times`, async () => {
    faults.inject(fault);
    await assert.rejects(incr(), (error) => error.cause?.code === "ECONNRESET" || error.cause?.code === "UND_ERR_SOCKET");
    assert.equal(await carriedOut(), times);
  });
}

for (const [fault, times] of [["hang", 0], ["hangAfter", 1]]) {
  test(`${fault}: no answer, and Redis did it ${times} times`, async () => {
    faults.inject({ fault });
    const before = faults.requests;
    const { signal, abort } = abortable();
    const flying = incr({ signal });
    if (times) await until("Redis to have done it", async () => (await carriedOut()) === times);
    else await until("the request to arrive", () => faults.requests > before);
    const answered = await Promise.race([flying.then(() => true), bridge.command("PING").then(() => false)]);
    assert.equal(answered, false);
    abort();
    await assert.rejects(flying, { name: "AbortError" });
    assert.equal(await carriedOut(), times);
  });
}

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

test("delay: the right answer, later than Redis gave it", async () => {
  faults.inject({ fault: "delay", ms: 100 });
  const started_ms = performance.now();
  assert.deepEqual((await incr()).body, { result: 1 });
  // Timers may fire a millisecond early by this clock.
  assert.ok(performance.now() - started_ms > 98);
});

test("truncated: 200 with half of the JSON", async () => {
  faults.inject({ fault: "truncated" });
  const { status, body } = await incr();
  assert.deepEqual([status, body], [200, '{"resu']);
  assert.equal(await carriedOut(), 1);
});

for (const [what, fault, status, body] of [
  ["html", { fault: "html" }, 502, "<html><h1>502</h1></html>"],
  ["html with another status", { fault: "html", status: 200 }, 200, "<html><h1>200</h1></html>"],
  ["401", UNAUTHORIZED, 401, { error: "WRONGPASS invalid or missing auth token" }],
  ["429", QUOTA_EXCEEDED, 429, { error: "ERR max requests limit exceeded" }],
  ["JSON of another shape", { fault: "answer", body: '{"results":[]}' }, 200, { results: [] }],
  ["redirect", { fault: "redirect" }, 307, ""],
]) {
  test(`${what}: answered with ${status}, and Redis never asked`, async () => {
    faults.inject(fault);
    const answer = await incr();
    assert.deepEqual([answer.status, answer.body], [status, body]);
    assert.equal(await carriedOut(), 0);
  });
}

test("redirect: says where to, here or anywhere", async () => {
  faults.inject({ fault: "redirect", location: "http://127.0.0.1:1/" });
  assert.equal((await incr()).headers.get("location"), "http://127.0.0.1:1/");
});

test("huge: 50 MB of valid JSON, and stopped when the client has had enough", async () => {
  faults.inject({ fault: "huge" });
  const { body } = await incr();
  assert.equal(body.result.length, 50 * 1024 * 1024);
  const response = await fetch(faults.url);
  await response.body.cancel();
  await until("the connection to end", () => faults.connections <= 1);
});

test("drip: the right answer, byte by byte", async () => {
  faults.inject({ fault: "drip", ms: 1 });
  const response = await fetch(`${faults.url}/incr/n`, { headers: { authorization: `Bearer ${bridge.token}` } });
  let chunks = 0;
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    chunks += 1;
    text += chunk;
  }
  assert.equal(text, '{"result":1}');
  assert.ok(chunks > 1, "it came in one piece");
});

test("a fault strikes as many requests as it was given", async () => {
  faults.inject(QUOTA_EXCEEDED, 2);
  const statuses = [];
  for (let i = 0; i < 4; i += 1) statuses.push((await incr()).status);
  assert.deepEqual(statuses, [429, 429, 200, 200]);
});

test("a program sees each request, and requests are counted", async () => {
  const first = faults.requests;
  const seen = [];
  faults.program((request) => {
    seen.push(request);
    return request.body.includes("DEL") ? QUOTA_EXCEEDED : undefined;
  });
  assert.equal((await ask("/", { body: ["DEL", "n"] })).status, 429);
  assert.equal((await incr()).status, 200);
  assert.deepEqual(seen, [
    { method: "POST", url: "/", body: '["DEL","n"]', index: first },
    { method: "POST", url: "/", body: '["INCR","n"]', index: first + 1 },
  ]);
  assert.equal(faults.requests, first + 2);
});

test("a fault that does not exist is refused", () => {
  assert.throws(() => faults.inject({ fault: "flood" }), /no fault is named flood/);
});

test("what is shipped imports itself, Node's own and ioredis, and so none of this", () => {
  const files = readdirSync(inRoot("js/redis-http"));
  const imports = files.flatMap((name) => [...readFileSync(inRoot("js/redis-http", name), "utf8").matchAll(/^import .* from "(.*)";$/gm)]);
  assert.ok(imports.length > 10, "the imports were read wrongly");
  for (const [line, from] of imports) assert.match(from, /^(node:[a-z]+|ioredis|\.\/[a-z]+\.mjs)$/, line);
});
