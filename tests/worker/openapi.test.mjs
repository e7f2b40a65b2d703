// The description of the HTTP interface is what the Worker does: every documented example is sent, and every answer is
// one that is documented, with the body, the media type and the fields that are.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startConversation } from "./conversation.mjs";
import { asks, assertDocumented, assertValid, document, operations, requestsOf, resolved } from "./described.mjs";

let talk;
before(async () => (talk = await startConversation({ durableObject: true })));
after(() => talk?.worker.dispose());

const credentialsFor = (described, { worker }, token) => {
  if (asks(described, "token")) return { token };
  return asks(described, "client") ? { basic: worker.authorization } : {};
};

test("every documented example is answered as documented, with credentials and without", async () => {
  const { access_token: token } = await talk.mint();
  const statuses = new Map();
  for (const described of operations) {
    for (const { target, name, ...request } of requestsOf(described)) {
      for (const who of [credentialsFor(described, talk, token), {}]) {
        const answer = await talk.request(target, { ...request, ...who });
        assertDocumented(described, answer);
        const key = `${described.operation.operationId} ${name}`;
        statuses.set(key, [...(statuses.get(key) ?? []), answer.status]);
      }
    }
  }
  const good = [...statuses].filter(([, [status]]) => status < 400).map(([key]) => key);
  assert.deepEqual([...statuses.keys()].filter((key) => !good.includes(key)), [], "every example is a good request");
  assert.ok(statuses.size >= operations.length);
});

test("every documented example is of its own schema", () => {
  let seen = 0;
  const check = (at, content = {}) => {
    for (const [type, { example, examples }] of Object.entries(content)) {
      const values = example === undefined ? Object.values(examples).map((one) => resolved(one).value) : [example];
      for (const value of values) assertValid([...at, "content", type, "schema"], value);
      seen += values.length;
    }
  };
  for (const { path, method, operation } of operations) {
    const at = ["paths", path, method.toLowerCase()];
    check([...at, "requestBody"], operation.requestBody?.content);
    for (const [status, { content }] of Object.entries(operation.responses)) check([...at, "responses", status], content);
  }
  assert.ok(seen > 100);
});

test("what is refused is refused as documented", async () => {
  const basic = talk.worker.authorization;
  const bodies = [
    { headers: { "content-type": "text/plain" }, body: "x" },
    { headers: { "content-type": "application/json" }, body: "{" },
    { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=1&a=2" },
    { headers: { "content-type": "application/json" }, body: JSON.stringify({ x: "x".repeat(70_000) }) },
  ];
  for (const described of operations) {
    const [{ target, method }] = requestsOf(described);
    const wrong = { basic: `${basic.slice(0, -4)}AAAA` };
    for (const request of method === "POST" ? bodies : [wrong]) {
      assertDocumented(described, await talk.request(target, { method, basic, ...request }));
    }
  }
});

test("a target that cannot be read is refused as documented, whatever its route", async () => {
  for (const described of operations) {
    const [{ target, name, ...request }] = requestsOf(described);
    const long = `${target}${target.includes("?") ? "&" : "?"}${"x".repeat(70_000)}`;
    const answer = await talk.request(long, request);
    // The runtime may have a bound of its own, and then nothing of ours answers.
    if (answer.body?.code) assertDocumented(described, answer);
    assert.ok(answer.status >= 400 && answer.status < 500, `${described.path}: ${answer.status}`);
  }
});

test("a method that is not documented is 405, and a path that is not is 404", async () => {
  for (const [path, item] of Object.entries(document.paths)) {
    if (path === "/v1/authorize") continue;
    const target = path.replace(/\{\w+\}/, "x");
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((name) => !(name.toLowerCase() in item))) {
      assert.equal((await talk.request(target, { method })).status, 405, `${method} ${path}`);
    }
    // Of one that ends in a name the rest would be part of it.
    if (path.includes("{")) continue;
    const more = await talk.request(`${target === "/" ? "" : target}/more`);
    assert.equal(more.status, path === "/v1/sessions" ? 405 : 404, path);
  }
});
