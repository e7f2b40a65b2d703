// What is served beside the Worker: the description of its interface, the page over it, and nothing that stands in the
// way of a route.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { inRoot, WWW_DIR } from "../../scripts/lib/project.mjs";
import { assertFields, assertProblem, startConversation } from "./conversation.mjs";
import { document } from "./described.mjs";

let talk;
before(async () => (talk = await startConversation()));
after(() => talk?.worker.dispose());

test("the document and the page over it are served, with fields that keep others out", async () => {
  const served = await talk.request("/openapi.json");
  assert.deepEqual([served.status, served.type, served.body], [200, "application/json", document]);
  const page = await talk.request("/docs/");
  assert.deepEqual([page.status, page.type], [200, "text/html"]);
  const policy = page.headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'; script-src 'self';/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(page.text, /https?:\/\//, "nothing of it is elsewhere");
  assert.doesNotMatch(page.text, /<script>|<script [^>]*>[^<]|\son\w+=/, "no script stands in the page");
  for (const answer of [served, page]) {
    assertFields(answer, { "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" });
  }
});

test("the first page and /docs lead to the page", async () => {
  for (const [path, statuses] of [["/", [302]], ["/docs", [301, 302, 307, 308]]]) {
    const answer = await talk.request(path);
    assert.ok(statuses.includes(answer.status), `${path}: ${answer.status}`);
    assert.equal(new URL(answer.headers.get("location"), talk.url).pathname, "/docs/");
  }
});

test("what is served is the document, the page and what it needs", () => {
  const files = readdirSync(inRoot(WWW_DIR), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => `${parentPath.slice(inRoot(WWW_DIR).length)}/${name}`);
  assert.deepEqual(paths.sort(), [
    "/_headers", "/docs/favicon-32x32.png", "/docs/index.html", "/docs/init.js", "/docs/swagger-ui-bundle.js",
    "/docs/swagger-ui.css", "/openapi.json",
  ]);
  const routes = Object.keys(document.paths);
  for (const path of paths) assert.ok(!routes.includes(path), `${path} stands before a route`);
});

test("nothing else is: no file that says how to serve them, and no route is another by a trailing name", async () => {
  for (const path of ["/_headers", "/index.html", "/v1/authorize.html", "/docs/none.js"]) {
    assertProblem(await talk.request(path), 404, "ERR_ROUTE_NOT_FOUND");
  }
});
