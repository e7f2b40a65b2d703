// The description of the HTTP interface is what the Worker does: every documented example is sent, and every answer is
// one that is documented, with the body and the media type that are.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import Ajv2020 from "ajv/dist/2020.js";
import { inRoot } from "../../scripts/lib/project.mjs";
import { startConversation } from "./conversation.mjs";

const document = JSON.parse(readFileSync(inRoot("www/openapi.json"), "utf8"));
const ajv = new Ajv2020({ strict: false, formats: { int64: true, int32: true } });
ajv.addSchema(document, "openapi");

let talk;
before(async () => (talk = await startConversation({ durableObject: true })));
after(() => talk?.worker.dispose());

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => method !== "parameters")
    .map(([method, operation]) => ({ path, method: method.toUpperCase(), operation: { ...operation, shared: item.parameters } })),
);

/** The requests an operation documents: one for each example of its body, or one without. */
function* requestsOf({ path, method, operation }) {
  const parameters = [...(operation.shared ?? []), ...(operation.parameters ?? [])];
  const query = new URLSearchParams();
  for (const { in: place, name, example } of parameters) {
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(example));
    else if (example !== undefined) query.set(name, example);
  }
  const target = query.size ? `${path}?${query}` : path;
  const [[type, content] = []] = Object.entries(operation.requestBody?.content ?? {});
  if (!type) return yield { target, method, name: "it" };
  for (const [name, { value }] of Object.entries(content.examples)) {
    const body = type === "application/json" ? JSON.stringify(value) : String(new URLSearchParams(value));
    yield { target, method, name, headers: { "content-type": type }, body };
  }
}

/** The answer is documented: its status, its media type, its body. */
function assertDocumented({ path, method, operation }, answer) {
  const documented = operation.responses[answer.status];
  const said = `${method} ${path}: ${answer.status} ${answer.text}`;
  assert.ok(documented, `undocumented: ${said}`);
  if (!answer.text) return;
  const content = documented.content?.[answer.type];
  assert.ok(content, `undocumented media type ${answer.type}: ${said}`);
  const pointer = ["paths", path, method.toLowerCase(), "responses", String(answer.status), "content", answer.type, "schema"];
  const escaped = pointer.map((part) => part.replaceAll("~", "~0").replaceAll("/", "~1"));
  const validate = ajv.getSchema(`openapi#/${escaped.map(encodeURIComponent).join("/")}`);
  assert.ok(validate(answer.body ?? answer.text), `${ajv.errorsText(validate.errors)}: ${said}`);
}

test("every documented example is answered as documented, with credentials and without", async () => {
  const { access_token: token } = await talk.mint();
  const statuses = new Map();
  for (const described of operations) {
    const { operation } = described;
    const asks = (scheme) => operation.security.some((one) => scheme in one);
    for (const { target, name, ...request } of requestsOf(described)) {
      const credentials = asks("token") ? { token } : asks("client") ? { basic: talk.worker.authorization } : {};
      for (const who of [credentials, {}]) {
        const answer = await talk.request(target, { ...request, ...who });
        assertDocumented(described, answer);
        const key = `${operation.operationId} ${name}`;
        statuses.set(key, [...(statuses.get(key) ?? []), answer.status]);
      }
    }
  }
  const good = [...statuses].filter(([, [status]]) => status < 300).map(([key]) => key);
  assert.deepEqual([...statuses.keys()].filter((key) => !good.includes(key)), [], "every example is a good request");
  assert.ok(statuses.size >= operations.length);
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

test("a method that is not documented is 405, and a path that is not is 404", async () => {
  for (const [path, item] of Object.entries(document.paths)) {
    if (path === "/v1/authorize") continue;
    const target = path.replace(/\{\w+\}/, "x");
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((name) => !(name.toLowerCase() in item))) {
      assert.equal((await talk.request(target, { method })).status, 405, `${method} ${path}`);
    }
    // Of one that ends in a name the rest would be part of it.
    if (!path.includes("{")) assert.equal((await talk.request(`${target}/more`)).status, path === "/v1/sessions" ? 405 : 404, path);
  }
});

test("the document and the page over it are served, with fields that keep others out", async () => {
  const served = await talk.request("/openapi.json");
  assert.deepEqual([served.status, served.body], [200, document]);
  const page = await talk.request("/docs/");
  assert.deepEqual([page.status, page.type], [200, "text/html"]);
  const policy = page.headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'; script-src 'self';/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(page.text, /https?:\/\//, "nothing of it is elsewhere");
});
