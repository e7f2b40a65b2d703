// Bodies on the wire: too long, never ending, of a length that is not the stated one. Each is answered or
// cut off within bounds, and the instance goes on.

import assert from "node:assert/strict";
import { Agent, request as httpRequest } from "node:http";
import { after, before, test } from "node:test";
import { assertOAuthError, assertProblem, startConversation } from "./conversation.mjs";
import { exchange, head, parse } from "./wire.mjs";

const BODY_BYTES_MAX = 64 * 1024;
// A client has 10 s to send its body; the rest is for a slow machine.
const BODY_DEADLINE_MS = 10_000;
const ANSWER_MS_MAX = 15_000;
const TYPE = "Content-Type: application/json";
const ORDER = '{"sub":"subject-on-the-wire"}';

let talk, basic, authorization;
before(async () => {
  talk = await startConversation();
  talk.keepSecret("subject-on-the-wire");
  basic = talk.worker.authorization;
  authorization = `Authorization: ${basic}`;
});
after(() => talk?.worker.dispose());

const order = (...fields) => head("POST /v1/tokens HTTP/1.1", authorization, TYPE, ...fields);
const answered = { enough: (text) => text.includes("\r\n\r\n"), wait_ms: ANSWER_MS_MAX };

/** What the server does of `parts`, then whether a second request is served. */
async function answerTo(parts, options = answered) {
  const result = await exchange(talk.url, parts, options);
  assert.equal((await talk.request("/healthz")).status, 200);
  return { ...result, answer: parse(talk, result.text) };
}

/** Sends `body` on a connection of `agent`. */
function send(agent, path, body, headers) {
  return new Promise((resolve, reject) => {
    const options = { agent, method: body ? "POST" : "GET", headers: { ...headers, "content-length": body?.length ?? 0 } };
    const request = httpRequest(new URL(path, talk.url), options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      response.on("end", () => resolve(talk.heard(response.statusCode, new Headers(response.headers), text)));
    });
    request.on("error", reject).setTimeout(ANSWER_MS_MAX, () => request.destroy(new Error("no answer")));
    request.end(body);
  });
}

test("64 KiB of body are read, and one byte more is refused", async () => {
  const padded = (bytes) => ORDER + " ".repeat(bytes - ORDER.length);
  const post = (body) => talk.request("/v1/tokens", { method: "POST", basic, headers: { "content-type": "application/json" }, body });
  assert.equal((await post(padded(BODY_BYTES_MAX))).status, 201);
  assertProblem(await post(padded(BODY_BYTES_MAX + 1)), 413, "ERR_BODY_TOO_LARGE");
  const form = await talk.revoke({ token: "x".repeat(BODY_BYTES_MAX) });
  assertOAuthError(form, 413, "invalid_request", "ERR_BODY_TOO_LARGE");
});

test("a body of 1 MiB is refused, and the next request is served", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const headers = { authorization: basic, "content-type": "application/json" };
    assertProblem(await send(agent, "/v1/tokens", Buffer.alloc(1 << 20, " "), headers), 413, "ERR_BODY_TOO_LARGE");
    assert.equal((await send(agent, "/healthz")).status, 200);
    assert.equal((await send(agent, "/v1/tokens", Buffer.from(ORDER), headers)).status, 201);
  } finally {
    agent.destroy();
  }
});

test("a body of 1 GiB is refused after its first 64 KiB: the rest is not waited for", async () => {
  const { answer, elapsed_ms } = await answerTo([order(`Content-Length: ${1 << 30}`), " ".repeat(BODY_BYTES_MAX + 1)]);
  assertProblem(answer, 413, "ERR_BODY_TOO_LARGE");
  assert.ok(elapsed_ms < BODY_DEADLINE_MS / 2, `took ${elapsed_ms} ms`);
});

test("a chunked body is read like any other, and bounded like any other", async () => {
  const chunk = (text) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const whole = await answerTo([order("Transfer-Encoding: chunked"), chunk(ORDER), "0\r\n\r\n"]);
  assert.equal(whole.answer.status, 201);
  const long = await answerTo([order("Transfer-Encoding: chunked"), ...Array(20).fill(chunk(" ".repeat(8192)))]);
  assertProblem(long.answer, 413, "ERR_BODY_TOO_LARGE");
});

test("bytes beyond the stated length are no part of the body", async () => {
  const { text, answer } = await answerTo([order(`Content-Length: ${ORDER.length}`) + ORDER + "{}garbage"]);
  assert.equal(answer.status, 201);
  assert.doesNotMatch(text.slice(12), /HTTP\/1\.1 2/, "and the rest is no second request that is served");
});

for (const [what, fields] of Object.entries({
  "two lengths": [`Content-Length: ${ORDER.length}`, "Content-Length: 3"],
  "a negative length": ["Content-Length: -1"],
  "a length that is no number": ["Content-Length: 0x10"],
  "an unknown transfer coding": ["Transfer-Encoding: chunked, x"],
  "a broken chunk": ["Transfer-Encoding: chunked"],
})) {
  test(`a body framed by ${what} is refused or cut off, never taken`, async () => {
    const { answer, closed, elapsed_ms } = await answerTo([order(...fields) + ORDER]);
    assert.ok(closed || (answer && answer.status >= 400 && answer.status < 600), answer?.text);
    assert.notEqual(answer?.status, 201);
    assert.ok(elapsed_ms < ANSWER_MS_MAX, `took ${elapsed_ms} ms`);
  });
}

test("a length beside a transfer coding cannot smuggle a second request", async () => {
  const smuggled = head("GET /healthz HTTP/1.1");
  const body = `0\r\n\r\n${smuggled}`;
  const parts = [order(`Content-Length: ${body.length}`, "Transfer-Encoding: chunked") + body];
  const { text } = await answerTo(parts, { wait_ms: 2_000 });
  assert.doesNotMatch(text, /"status":"ok"/);
});

test("a body that never comes to its end is answered after 10 s: 408", { timeout: 40_000 }, async () => {
  const chunked = order("Transfer-Encoding: chunked");
  const form = ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 9"];
  const cases = [
    [chunked, "5\r\n{\"sub\r\n"],
    [chunked],
    [order(`Content-Length: ${ORDER.length + 1}`) + ORDER],
    [head("POST /oauth/revoke HTTP/1.1", authorization, ...form), "token="],
  ];
  const results = await Promise.all(cases.map((parts) => answerTo(parts)));
  const revoking = results.pop();
  assertOAuthError(revoking.answer, 408, "invalid_request", "ERR_BODY_TIMEOUT");
  for (const { answer } of results) assertProblem(answer, 408, "ERR_BODY_TIMEOUT");
  for (const { elapsed_ms } of [...results, revoking]) {
    assert.ok(elapsed_ms > BODY_DEADLINE_MS - 500 && elapsed_ms < ANSWER_MS_MAX, `took ${elapsed_ms} ms`);
  }
});

test("a client that goes away in the middle of its body hurts nobody", async () => {
  await exchange(talk.url, [order("Content-Length: 1000"), "{"], { wait_ms: 50 });
  assert.equal((await talk.mint()).token_type, "Bearer");
});

test("nothing of this reached an error, a log line or a metric that should not have", () => talk.assertNothingLeaked());
