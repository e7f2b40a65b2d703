// Forward authentication with the proxies themselves, by the configurations that docs/proxies.md gives.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { NAMES, startProxied } from "./harness.mjs";

const ROUTES = [
  { match: "/public/**", public: true },
  { match: "/admin/**", scopes: ["write"] },
  { match: "/**" },
];
const LIMITS = [
  { name: "posts", key: "subject", algorithm: "fixed-window", limit: 1, window: "24h", methods: ["POST"], routes: ["/orders"] },
  { name: "guesses", key: "ip", trigger: "auth_failure", algorithm: "fixed-window", limit: 20, window: "24h" },
];
// What a client may try: to be somebody, and to ask for something else than it does.
const FORGED = {
  "x-auth-subject": "root",
  "x-auth-scope": "write",
  "x-auth-issuer": "https://evil.example",
  "x-forwarded-method": "GET",
  "x-forwarded-uri": "/public/",
  "x-forwarded-for": "203.0.113.99",
  "portcullis-proxy-secret": "guessed",
};

for (const name of NAMES) {
  describe(name, () => {
    let place, token;
    before(async () => {
      place = await startProxied(name, { routes: ROUTES, limits: LIMITS, cookie: { name: "__Host-token" } });
      token = await bearer({ scope: "read" });
    });
    after(() => place?.dispose());

    const bearer = async (order) => ({ authorization: `Bearer ${(await place.talk.mint(order)).access_token}` });

    test("without a token nothing reaches the service, and the client learns how to ask", async () => {
      const answer = await place.ask("GET", "/orders");
      assert.equal(answer.status, 401);
      assert.match(answer.headers["www-authenticate"], /^Bearer realm="portcullis"/);
      assert.equal(place.seen.length, 0);
    });

    test("with one the service learns whose it is, from us alone, and not the token", async () => {
      const answer = await place.ask("GET", "/orders/7?q=%2F&r=a%20b", { headers: { ...FORGED, ...token } });
      assert.deepEqual([answer.status, answer.text], [200, "served"]);
      const { url, headers } = place.seen.at(-1);
      assert.equal(url, "/orders/7?q=%2F&r=a%20b");
      assert.match(headers["x-auth-subject"], /^subject-/);
      assert.equal(headers["x-auth-scope"], "read");
      assert.ok(!headers["x-auth-issuer"], "it has none to say");
      assert.equal(headers.authorization, undefined);
    });

    test("a revoked token is refused", async () => {
      const { access_token } = await place.talk.mint();
      const headers = { authorization: `Bearer ${access_token}` };
      assert.equal((await place.ask("GET", "/a", { headers })).status, 200);
      await place.talk.revoke({ token: access_token });
      assert.equal((await place.ask("GET", "/a", { headers })).status, 401);
    });

    test("a route asks for its scopes, whatever the client says it asks for", async () => {
      const seen = place.seen.length;
      for (const headers of [token, { ...FORGED, ...token }]) {
        assert.equal((await place.ask("GET", "/admin/users", { headers })).status, 403);
      }
      assert.equal(place.seen.length, seen);
      assert.equal((await place.ask("GET", "/admin/users", { headers: await bearer({ scope: "write" }) })).status, 200);
    });

    test("on a public route anyone is nobody", async () => {
      const answer = await place.ask("GET", "/public/a", { headers: FORGED });
      assert.equal(answer.status, 200);
      const { headers } = place.seen.at(-1);
      for (const field of ["x-auth-subject", "x-auth-scope", "x-auth-issuer"]) assert.ok(!headers[field], field);
    });

    test("a token in a cookie counts, and a page of another site changes nothing with it", async () => {
      const { access_token } = await place.talk.mint({});
      const post = (headers) => place.ask("POST", "/a", { headers: { cookie: `__Host-token=${access_token}`, ...headers } });
      assert.equal((await post({ origin: place.origin })).status, 200);
      assert.match(place.seen.at(-1).headers["x-auth-subject"], /^subject-/);
      const seen = place.seen.length;
      const evil = { origin: "https://evil.example" };
      for (const headers of [{}, evil, { ...evil, ...FORGED, "x-forwarded-proto": "https", "x-forwarded-host": "evil.example" }]) {
        assert.equal((await post(headers)).status, 403);
      }
      assert.equal(place.seen.length, seen);
    });

    test("a path that can be read in two ways reaches nobody", async () => {
      const seen = place.seen.length;
      for (const path of ["/public//../admin/users", "/public/..%2fadmin/users", "/public/%2e%2e/admin/users", "/admin;x/users"]) {
        assert.equal((await place.ask("GET", path, { headers: token })).status, 403, path);
      }
      assert.equal(place.seen.length, seen);
    });

    test("a limit by method and route counts what the client asks for, and its body comes through", async () => {
      const headers = { ...(await bearer({})), "content-type": "text/plain" };
      const post = (more) => place.ask("POST", "/orders", { headers: { ...headers, ...more }, body: "a body" });
      assert.equal((await post({})).status, 200);
      assert.equal(place.seen.at(-1).body, "a body");
      for (const more of [{}, FORGED]) {
        const refused = await post({ ...more, ...headers });
        assert.equal(refused.status, 429);
        assert.match(refused.headers["retry-after"], /^\d+$/);
      }
      assert.equal((await place.ask("GET", "/orders", { headers })).status, 200);
    });

    test("guesses are counted by the address that the proxy saw, and not by what the client says", async () => {
      let last;
      for (let i = 0; i < 25; i++) {
        const headers = { "x-forwarded-for": `203.0.113.${i}`, authorization: "Bearer guessed" };
        last = await place.ask("GET", "/orders", { headers });
      }
      assert.equal(last.status, 429);
    });

    test("when the Worker is gone nothing passes", async () => {
      await place.talk.worker.dispose();
      place.talk.worker.dispose = async () => {};
      const seen = place.seen.length;
      const answer = await place.ask("GET", "/public/a", { headers: token });
      assert.ok(answer.status >= 500, String(answer.status));
      assert.equal(place.seen.length, seen);
    });
  });
}
