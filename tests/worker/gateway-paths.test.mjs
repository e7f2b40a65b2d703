// Paths by which a request could be one for us and another for the upstream. The runtime resolves some before we see
// them: then what it came to is what is matched and what is passed on.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startConversation } from "./conversation.mjs";
import { sibling, SETTINGS, urlOf } from "./sibling.mjs";
import { gatewayVars, startUpstream } from "./upstream.mjs";
import { exchange, head } from "./wire.mjs";

const ROUTES = [{ match: "/admin/**", scopes: ["write"] }, { match: "/**" }];

let upstream, talk, token, direct;
before(async () => {
  upstream = await startUpstream();
  const vars = gatewayVars(upstream, {}, ROUTES);
  const workers = (bindings) => [sibling("direct", { ...bindings, portcullis: { ...SETTINGS, ...vars } })];
  talk = await startConversation({ vars, workers });
  // Its own socket: nothing stands before it that would tidy a path up.
  direct = await urlOf(talk.worker, "direct");
});
after(async () => {
  await talk?.worker.dispose();
  upstream?.close();
});

/** The answer's status, and the paths that the upstream was asked for. */
async function sent(url, method, target, ...fields) {
  token ??= (await talk.mint({ scope: "read" })).access_token;
  const before = upstream.seen.length;
  const { text } = await exchange(url, [head(`${method} ${target} HTTP/1.1`, `Authorization: Bearer ${token}`, "Connection: close", ...fields)]);
  return [Number(text.split(" ")[1]), text, upstream.seen.slice(before).map((request) => request.url)];
}

/**
 * Refused with that code where it arrives as it was sent, and with nothing let through where Miniflare, which
 * stands before, tidied it up.
 */
function trick(name, targets, [status, code] = [400, "ERR_TARGET_AMBIGUOUS"]) {
  for (const target of targets) {
    test(`${name}: ${target}`, async () => {
      const [refused, text, urls] = await sent(direct, "GET", target);
      assert.deepEqual([refused, JSON.parse(text.split("\r\n\r\n")[1]).code, urls], [status, code, []], text);
      const [, , tidied] = await sent(talk.url, "GET", target);
      assert.ok(!tidied.some((path) => /admin|\/\/|\.\.|;|\\|%(2e|2f|5c|3b|00|25)/i.test(path)), `${tidied}`);
    });
  }
}

trick("a double slash", ["//admin/x", "/admin//x", "/a//admin"]);
trick("dot segments", ["/a/../admin/x", "/./admin/x", "/a/.."]);
trick("encoded dot segments", ["/a/%2e%2e/admin/x", "/a/.%2E/admin/x"]);
trick("a dot segment with a parameter", ["/a/..;/admin/x", "/..;/admin"]);
trick("an encoded slash", ["/a%2f..%2fadmin", "/admin%2Fx"]);
trick("an encoded backslash", ["/a%5c..%5cadmin", "/a%5C"]);
trick("a backslash", ["/a\\..\\admin\\x", "/a\\b"]);
trick("a semicolon", ["/admin;x", "/a;/b", "/a%3bb"]);
trick("a NUL", ["/a%00", "/admin%00/x"]);
trick("a control character", ["/a%0d%0aX:y", "/a%09"]);
trick("a double encoding", ["/%252e%252e/admin", "/%2561dmin/x"]);
trick("a trailing dot", ["/admin./x", "/admin/x.", "/a%2e"]);
trick("another case", ["/ADMIN/x", "/%41dmin/x", "/%61dmin/x"], [403, "ERR_SCOPE_INSUFFICIENT"]);

test("a path that looks like one of ours is nobody's", async () => {
  for (const target of ["/V1/authorize", "/oauth", "/healthz/", "/HEALTHZ", "/metrics/", "/OAuth/revoke", "/%68ealthz", "/.well-known/JWKS.json"]) {
    for (const url of [talk.url, direct]) {
      const [status, text, urls] = await sent(url, "GET", target);
      assert.deepEqual([status, urls], [404, []], `${target} ${text}`);
    }
  }
});

test("our own paths are answered here", async () => {
  for (const [target, expected] of [["/healthz", 200], ["/v1/authorize", 200], ["/.well-known/jwks.json", 200], ["/oauth/nothing", 404], ["/openapi.json", 200], ["/docs/", 200]]) {
    const [status, text, urls] = await sent(talk.url, "GET", target);
    assert.deepEqual([status, urls], [expected, []], `${target} ${text}`);
  }
});

test("the path and query that were matched are those passed on", async () => {
  for (const target of ["/a", "/a/", "/a%20b/%C3%A9", "/a@b:c=d,e!(f)*", "/a?x=//../;%2f&y", "/a?", "/"]) {
    for (const url of [talk.url, direct]) {
      const [status, text, urls] = await sent(url, "GET", target);
      assert.deepEqual([status, urls], [200, [target]], text);
    }
  }
});

const PIECES = ["/", "/", "a", "admin", ".", "..", "%2e", "%2F", "%5c", "\\", ";", "%00", "%25", "%41", "|", "^", "'", '"', "{", "<", "`", "~", "!", "%c3%a9", "%C0%AE", "%", "\u00e9", ":", "@", "[", "x"];

test("whatever the path, it is passed on as it was sent or not at all, and never past its rule", async () => {
  let passed = 0;
  for (let n = 0; n < 500; n += 1) {
    const pieces = Array.from({ length: 1 + Math.floor(Math.random() * 6) }, () => PIECES[Math.floor(Math.random() * PIECES.length)]);
    const target = `/${pieces.join("")}`;
    const [status, text, urls] = await sent(direct, "GET", target);
    if (urls.length === 0) assert.ok([400, 403, 404].includes(status), `${target} ${text}`);
    else assert.deepEqual(urls, [target]);
    for (const url of urls) assert.ok(!/^\/(admin|%41dmin)(\/|$)/i.test(decodeURI(url)), url);
    passed += urls.length;
  }
  assert.ok(passed > 10, `${passed} were passed on`);
});

test("a method of connections reaches nothing", async () => {
  for (const method of ["TRACE", "TRACK"]) {
    const [status, text, urls] = await sent(direct, method, "/a");
    assert.ok(status >= 400 && status < 600, text);
    assert.deepEqual(urls, []);
  }
});

test("two lengths of one body lead to no second request", async () => {
  const hidden = "GET /admin/hidden HTTP/1.1\r\nHost: x\r\n\r\n";
  const smuggled = [
    ["Content-Length: 5", "Transfer-Encoding: chunked"],
    ["Content-Length: 0", "Content-Length: 44"],
    ["Content-Length: 5, 44"],
    ["Transfer-Encoding: chunked, identity"],
    ["Transfer-Encoding: xchunked", "Content-Length: 0"],
    ["Transfer-Encoding : chunked", "Content-Length: 44"],
  ];
  for (const fields of smuggled) {
    for (const url of [talk.url, direct]) {
      const before = upstream.seen.length;
      const request = head("POST /a HTTP/1.1", `Authorization: Bearer ${token}`, "Connection: close", ...fields);
      const { text } = await exchange(url, [`${request}0\r\n\r\n${hidden}`], { wait_ms: 3_000 });
      const urls = upstream.seen.slice(before).map(({ url }) => url);
      assert.ok(!urls.includes("/admin/hidden"), `${fields} ${urls}`);
      assert.ok(urls.length <= 1, `${fields} ${urls}`);
      if (urls.length === 0) assert.match(text, /^HTTP\/1\.1 4\d\d/, `${fields}: ${text}`);
    }
  }
});
