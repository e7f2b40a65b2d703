// A deployment that is not configured answers nothing but that; its log says where the fault is, and no
// secret. There is no default key to fall back on.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { newCredentials } from "../../scripts/lib/credentials.mjs";
import { assertProblem, conversation, logged, startConversation } from "./conversation.mjs";
import { SETTINGS, sibling, urlOf } from "./sibling.mjs";

const ROUTES = [
  "/healthz", "/readyz", "/metrics", "/", "/v1/tokens", "/v1/authorize", "/v1/limits/x", "/oauth/revoke", "/oauth/introspect",
  "/.well-known/jwks.json",
];
const LIMIT = { name: "a", key: "subject", algorithm: "sliding-window", limit: 3, window: "60s" };
const settings = (changes) => ({ portcullis: { ...SETTINGS, ...changes } });
const secret = (bytes) => randomBytes(bytes).toString("base64url");

const { keys: { keys: [jwk] }, clients: [client] } = newCredentials();
const keys = (...set) => ({ PORTCULLIS_KEYS: JSON.stringify({ keys: set }) });
const clients = (...records) => ({ PORTCULLIS_CLIENTS: JSON.stringify(records) });
const SHORT = secret(16);
const MALFORMED = secret(24);
const oct = (k) => ({ kty: "oct", alg: "HS256", kid: "a", k });

/** What is wrong, with the path its log line names. */
const FAULTS = [
  ["no settings at all", { portcullis: undefined }, /^portcullis$/],
  ["an unknown setting", settings({ acess_ttl: "5m" }), /^acess_ttl$/],
  ["an unknown field of a limit", settings({ limits: [LIMIT, { ...LIMIT, name: "b", burst: 5 }] }), /^limits\[1\]\.burst$/],
  ["an issuer that is no URL", settings({ issuer: "auth example" }), /^issuer$/],
  ["an issuer without TLS", settings({ issuer: "http://auth.example.com" }), /^issuer$/],
  ["an issuer with a query", settings({ issuer: "https://auth.example.com/?a" }), /^issuer$/],
  ["no audience", settings({ audience: [] }), /^audience$/],
  ["a window that is no duration", settings({ limits: [{ ...LIMIT, window: "60" }] }), /^limits\[0\]\.window$/],
  ["a limit of nothing", settings({ limits: [{ ...LIMIT, limit: 0 }] }), /^limits\[0\]/],
  ["two limits of one name", settings({ limits: [LIMIT, LIMIT] }), /^limits\[1\]\.name$/],
  ["a lifetime over the maximum", settings({ access_ttl: "25h" }), /^access_ttl$/],
  ["too many proxies", settings({ trusted_proxy_hops: 17 }), /^trusted_proxy_hops$/],
  ["no PORTCULLIS_KEYS", { PORTCULLIS_KEYS: undefined }, /^PORTCULLIS_KEYS$/],
  ["an empty PORTCULLIS_KEYS", { PORTCULLIS_KEYS: "" }, /^PORTCULLIS_KEYS$/],
  ["no keys in the set", keys(), /^PORTCULLIS_KEYS$/],
  ["a short key", keys(oct(SHORT)), /^PORTCULLIS_KEYS/],
  ["a private key that is not the public one's", keys({ ...jwk, x: newCredentials().keys.keys[0].x }), /^PORTCULLIS_KEYS/],
  ["two keys of one kid", keys(jwk, jwk), /^PORTCULLIS_KEYS/],
  ["a secret beside a public key", keys(jwk, oct(secret(32))), /^PORTCULLIS_KEYS/],
  ["keys that are not JSON", { PORTCULLIS_KEYS: MALFORMED }, /^PORTCULLIS_KEYS$/],
  ["keys cut off", { PORTCULLIS_KEYS: JSON.stringify({ keys: [jwk] }).slice(0, -3) }, /^PORTCULLIS_KEYS/],
  ["no PORTCULLIS_CLIENTS", { PORTCULLIS_CLIENTS: undefined }, /^PORTCULLIS_CLIENTS$/],
  ["no client", clients(), /^PORTCULLIS_CLIENTS$/],
  ["clients that are not JSON", { PORTCULLIS_CLIENTS: MALFORMED }, /^PORTCULLIS_CLIENTS$/],
  ["a client's secret in clear", clients({ ...client, secret_sha256: undefined, secret: MALFORMED }), /^PORTCULLIS_CLIENTS\[0\]/],
  ["a client's secret that is no hash", clients({ ...client, secret_sha256: [MALFORMED] }), /^PORTCULLIS_CLIENTS\[0\]\.secret_sha256$/],
  ["an unknown grant", clients(client, { ...client, id: "b", grants: ["root"] }), /^PORTCULLIS_CLIENTS\[1\]\.grants/],
];
const nameOf = (index) => `fault-${index}`;

let sound;
before(async () => {
  const siblingOf = (own) => ([, changes], index) => {
    const bindings = Object.entries({ ...settings(), ...own, ...changes }).filter(([, value]) => value !== undefined);
    return { ...sibling(nameOf(index), {}), bindings: Object.fromEntries(bindings) };
  };
  sound = await startConversation({ workers: (own) => FAULTS.map(siblingOf(own)) });
});
after(() => sound?.worker.dispose());

for (const [index, [what, , path]] of FAULTS.entries()) {
  test(`with ${what} every route is 500, and one line of the log names the fault`, async () => {
    const { worker } = sound;
    const talk = conversation(worker, await urlOf(worker, nameOf(index)));
    const seen = (await sound.events("config_invalid", 0)).length;
    for (const route of ROUTES) {
      const answer = await talk.request(route, { basic: worker.authorization, method: route === "/v1/tokens" ? "POST" : "GET" });
      assertProblem(answer, 500, "ERR_CONFIG_INVALID");
      assert.equal(answer.body.detail, "this deployment is not configured; its log names the fault");
    }
    const lines = (await sound.events("config_invalid", seen + 1)).slice(seen);
    assert.equal(lines.length, 1, JSON.stringify(lines));
    const [{ level, code, path: named, reason }] = lines;
    assert.deepEqual([level, code], ["error", "ERR_CONFIG_INVALID"]);
    assert.match(named, path);
    assert.ok(reason.length > 5 && !reason.includes("\n"), reason);
  });
}

test("a sound deployment of the same bundle answers", async () => {
  assert.equal((await sound.authorize((await sound.mint()).access_token)).status, 200);
});

test("each fault was said once, and none of these secrets with it", async () => {
  // Each route was asked after the line was there: a second one would have been seen by now.
  assert.equal(logged(sound.worker).filter(({ event }) => event === "config_invalid").length, FAULTS.length);
  sound.keepSecret(SHORT, MALFORMED, jwk.d, client.secret_sha256[0]);
  await sound.authorize("x");
  await sound.assertNothingLeaked();
});
