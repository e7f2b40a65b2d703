// A body that cannot be done as asked is refused with its code and the name of the field, and nothing of it is.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newCredentials } from "../../scripts/lib/credentials.mjs";
import { assertOAuthError, assertProblem, counter, startConversation } from "./conversation.mjs";
import { basicOf } from "./harness.mjs";

const CHALLENGE = { "www-authenticate": 'Basic realm="portcullis", charset="UTF-8"' };
const SUB = "subject-of-bad-orders";
const powerless = newCredentials();

let talk, basic;
before(async () => {
  talk = await startConversation({ clients: [{ ...powerless.clients[0], grants: [] }] });
  basic = talk.worker.authorization;
  talk.keepSecret(SUB, powerless.client.secret);
});
after(() => talk?.worker.dispose());

const post = (path, type, body) => talk.request(path, { basic, method: "POST", headers: { "content-type": type }, body });
const assertInvalid = (answer, detail) => {
  assertProblem(answer, 400, "ERR_REQUEST_INVALID");
  assert.match(answer.body.detail, detail);
};

test("a body that is not one JSON object is refused", async () => {
  for (const body of ["", "{", "[]", '"sub"', "null", "sub=x", `{"sub":"${SUB}"} {}`, '{"sub":"\\ud800"}', Buffer.from([0x7b, 0xff, 0x7d])]) {
    assertInvalid(await post("/v1/tokens", "application/json", body), /^body: /);
  }
});

test("nesting is bounded, in what is read and in what is put into a token", async () => {
  for (const nested of ["[".repeat(30_000), `${"[".repeat(30_000)}${"]".repeat(30_000)}`, '{"a":'.repeat(10_000)]) {
    for (const body of [nested, `{"sub":"${SUB}","claims":{"x":${nested}}}`]) {
      assertInvalid(await post("/v1/tokens", "application/json", body), /^body: /);
    }
  }
});

test("fields that are unknown, missing, there twice or of the wrong type are named", async () => {
  for (const [body, detail] of [
    ['{"sub":"x","refresh_token":true}', /^refresh_token: unknown field$/],
    ['{"sub":"x","claims":{},"exp":1}', /^exp: unknown field$/],
    ["{}", /^sub: missing$/],
    ['{"sub":"x","sub":"y"}', /^body: duplicate member$/],
    ['{"sub":"x","claims":{"a":1,"a":2}}', /^body: duplicate member$/],
    ['{"sub":1}', /^sub: must be text/],
    ['{"sub":null}', /^sub: must be text/],
    ['{"sub":"x","scope":["read"]}', /^scope: must be text/],
    ['{"sub":"x","claims":[]}', /^claims: not a JSON object$/],
    ['{"sub":"x","aud":{"a":1}}', /^aud: of the wrong type/],
  ]) {
    assertInvalid(await post("/v1/tokens", "application/json", body), detail);
  }
});

test("a lifetime is a whole number of seconds from 1 to the configured maximum", async () => {
  for (const access_ttl of [0, -1, 1.5, 86_401, 1e18, 1e300, "60", true]) {
    assertInvalid(await talk.order({ sub: SUB, access_ttl }), /^access_ttl: /);
  }
  assertInvalid(await post("/v1/tokens", "application/json", `{"sub":"x","access_ttl":${"9".repeat(400)}}`), /^(access_ttl|body): /);
  for (const access_ttl of [1, 86_400]) {
    assert.equal((await talk.order({ sub: SUB, access_ttl })).body.expires_in, access_ttl);
  }
});

test("a subject has 1 to 255 bytes, no control characters and no space around it", async () => {
  const bad = ["", " ", " x", "x ", "a\nb", "a\r\nX-Auth-Scope: admin", "a\0b", "a\u007fb", "a\u0085b", "x".repeat(256), "x".repeat(10_000)];
  for (const sub of bad) assertInvalid(await talk.order({ sub }), /^sub: /);
  assert.equal((await talk.order({ sub: "x".repeat(255) })).status, 201);
});

test("claims may not say what the issuer says, nor more than 4 KiB", async () => {
  for (const name of ["iss", "sub", "aud", "exp", "nbf", "iat", "iat_ms", "jti", "sid", "scope", "client_id", "cnf", "act"]) {
    assertInvalid(await talk.order({ sub: SUB, claims: { [name]: "x" } }), /^claims: /);
  }
  assertInvalid(await talk.order({ sub: SUB, claims: { x: "y".repeat(4096) } }), /^claims: /);
});

test("scope and audience stay within the client's", async () => {
  for (const scope of ["admin", "read admin", "Read"]) {
    assertProblem(await talk.order({ sub: SUB, scope }), 403, "ERR_GRANT_EXCEEDED");
  }
  for (const scope of ["read  write", " read", 'read"', "read\nwrite", "x".repeat(1025)]) {
    assertInvalid(await talk.order({ sub: SUB, scope }), /^scope: /);
  }
  for (const aud of ["https://elsewhere.example", ["https://api.example.com", "https://elsewhere.example"]]) {
    assertProblem(await talk.order({ sub: SUB, aud }), 403, "ERR_GRANT_EXCEEDED");
  }
  assertInvalid(await talk.order({ sub: SUB, aud: [] }), /^aud: /);
});

test("a body of another media type is refused, and parameters of the right one are no matter", async () => {
  const json = JSON.stringify({ sub: SUB });
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""]) {
    assertProblem(await post("/v1/tokens", type, json), 415, "ERR_MEDIA_TYPE_UNSUPPORTED");
  }
  assert.equal((await post("/v1/tokens", "Application/JSON; charset=utf-8", json)).status, 201);
  const answer = await post("/oauth/revoke", "application/json", "{}");
  assertOAuthError(answer, 415, "invalid_request", "ERR_MEDIA_TYPE_UNSUPPORTED");
});

test("a form names each field once, and exactly one thing to revoke", async () => {
  for (const form of ["", "token=", "token=a&session=b", "token=a&token=b", "token_type_hint=access_token", `${"a=1&b=2&".repeat(20)}`]) {
    const answer = await post("/oauth/revoke", "application/x-www-form-urlencoded", form);
    assertOAuthError(answer, 400, "invalid_request", "ERR_REQUEST_INVALID");
  }
  assertOAuthError(await talk.introspect(""), 400, "invalid_request", "ERR_REQUEST_INVALID");
  for (const subject of ["a\nb", "x".repeat(256)]) {
    assertOAuthError(await talk.revoke({ subject }), 400, "invalid_request", "ERR_REQUEST_INVALID");
  }
});

test("a client that is not known by id and secret gets 401 and a Basic challenge on every route", async () => {
  const { id, secret } = talk.worker.client;
  const nearly = secret.slice(0, -1) + (secret.at(-1) === "A" ? "B" : "A");
  const wrong = [{ id, secret: nearly }, { id, secret: "" }, { id: "nobody", secret }, { id: `${id} `, secret }];
  const fields = [...wrong.map(basicOf), "Basic", "Basic !!!", `Basic ${btoa("no-colon")}`, "Bearer x", `${basic}, ${basic}`];
  for (const attempt of fields) {
    assertProblem(await talk.order({ sub: SUB }, { basic: attempt }), 401, "ERR_CLIENT_INVALID", CHALLENGE);
    const answer = await talk.revoke({ token: "x" }, { basic: attempt });
    assertOAuthError(answer, 401, "invalid_client", "ERR_CLIENT_INVALID", CHALLENGE);
  }
  for (const path of ["/metrics", "/v1/limits/per-subject?key=x"]) {
    assertProblem(await talk.request(path, { basic: fields[0] }), 401, "ERR_CLIENT_INVALID", CHALLENGE);
    assertProblem(await talk.request(path), 401, "ERR_CREDENTIALS_MISSING", CHALLENGE);
  }
  const anonymous = { basic: undefined };
  assertProblem(await talk.order({ sub: SUB }, anonymous), 401, "ERR_CREDENTIALS_MISSING", CHALLENGE);
  assertOAuthError(await talk.revoke({ token: "x" }, anonymous), 401, "invalid_client", "ERR_CREDENTIALS_MISSING", CHALLENGE);
  const form = { client_id: id, client_secret: nearly };
  assertOAuthError(await talk.revoke({ token: "x", ...form }, anonymous), 401, "invalid_client", "ERR_CLIENT_INVALID", CHALLENGE);
  talk.keepSecret(nearly);
});

test("a client may do only what its record grants", async () => {
  const init = { basic: basicOf(powerless.client) };
  assertProblem(await talk.order({ sub: SUB }, init), 403, "ERR_GRANT_MISSING");
  for (const path of ["/metrics", "/readyz", "/v1/limits/per-subject?key=x"]) {
    assertProblem(await talk.request(path, init), 403, "ERR_GRANT_MISSING");
  }
  for (const form of [{ subject: SUB }, { session: "session-of-another" }]) {
    assertOAuthError(await talk.revoke(form, init), 403, "unauthorized_client", "ERR_GRANT_MISSING");
  }
  assertOAuthError(await talk.introspect("x", init), 403, "unauthorized_client", "ERR_GRANT_MISSING");
});

test("of all these orders only the four that were in order did anything", async () => {
  const metrics = await talk.metrics();
  assert.equal(counter(metrics, "tokens_issued_total"), 4);
  assert.equal(counter(metrics, 'revocations_total{scope="subject",durability="store"}'), 0);
  assert.deepEqual((await talk.worker.kv.list()).keys, []);
});

test("nothing of this reached an error, a log line or a metric that should not have", () => talk.assertNothingLeaked());
