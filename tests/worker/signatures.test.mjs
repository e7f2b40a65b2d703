// Signatures in workerd: by the runtime's own cryptography where it has the algorithm, with the verdicts and
// codes of the table that holds for every engine.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ALGORITHMS, cases, expected, newKey, verify, WORKERD_ALONE_ACCEPTS } from "../signatures/cases.mjs";
import { startConversation } from "./conversation.mjs";

/** What workerd's WebCrypto lacks: these stay in WebAssembly. */
const LACKING = new Set(["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"]);

const now_s = Math.floor(Date.now() / 1000);
const claims = {
  iss: "https://auth.example.com",
  sub: "canary",
  aud: "https://api.example.com",
  client_id: "web",
  jti: "j",
  iat: now_s - 10,
  exp: now_s + 600,
};
const vars = { issuer: claims.iss, audience: [claims.aud] };
const keys = Object.keys(ALGORITHMS).map((alg) => newKey(alg, { typ: "at+jwt", claims }, alg));

let talk;
before(async () => {
  talk = await startConversation({
    vars,
    bindings: { PORTCULLIS_KEYS: JSON.stringify({ keys: keys.map((key) => key.privateJwk) }) },
  });
});
after(() => talk?.worker.dispose());

async function checks(engine, alg) {
  const sample = new RegExp(`signature_checks_total{engine="${engine}",algorithm="${alg}"} (\\d+)`).exec(await talk.metrics());
  return Number(sample?.[1] ?? 0);
}

for (const key of keys) {
  const { alg } = key;
  const isNative = !LACKING.has(alg);
  test(`${alg}: every token has the verdict and code it has everywhere`, async () => {
    const before = await checks("native", alg);
    const verdicts = {};
    const wanted = {};
    for (const [what, token] of Object.entries(cases(key))) {
      const { status, body } = await talk.authorize(token);
      verdicts[what] = status === 200 ? "accepted" : body.code;
      wanted[what] = WORKERD_ALONE_ACCEPTS.has(what) ? "accepted" : expected(what);
    }
    assert.deepEqual(verdicts, wanted);
    assert.equal((await checks("native", alg)) - before > 5, isNative);
    assert.ok(isNative || (await checks("wasm", alg)) > 5);
  });
}

test("a key the runtime does not take is said once, and not offered to it again", async () => {
  const text = await talk.metrics();
  for (const { alg } of keys) {
    const count = new RegExp(`native_refusals_total{algorithm="${alg}"} (\\d+)`).exec(text)?.[1];
    assert.equal(count, LACKING.has(alg) ? "1" : undefined, alg);
  }
  assert.equal((await talk.events("native_refused", LACKING.size)).length, LACKING.size);
});

test("requests at once, the first to need a key, are all answered", async () => {
  const key = keys.find(({ alg }) => alg === "ES256");
  const other = await startConversation({
    vars,
    bindings: { PORTCULLIS_KEYS: JSON.stringify({ keys: [key.privateJwk] }) },
  });
  try {
    const { good } = cases(key);
    const bad = `${good.slice(0, -10)}AAAAAAAAAA`;
    const tokens = Array.from({ length: 20 }, (_, at) => (at % 2 ? good : bad));
    const answers = await Promise.all(tokens.map((token) => other.authorize(token)));
    assert.deepEqual(answers.map(({ status }) => status), tokens.map((token) => (token === good ? 200 : 401)));
  } finally {
    await other.worker.dispose();
  }
});

for (const alg of ["EdDSA", "ES256", "RS256", "PS256", "ML-DSA-44"]) {
  test(`${alg}: what the Worker mints is a token of its key`, async () => {
    const key = keys.find((key) => key.alg === alg);
    const other = await startConversation({
      bindings: { PORTCULLIS_KEYS: JSON.stringify({ keys: [key.privateJwk] }) },
    });
    try {
      const { access_token, sub } = await other.mint();
      assert.equal(verify(key, access_token), true, "node:crypto says so");
      assert.equal((await other.authorize(access_token)).body.sub, sub);
    } finally {
      await other.worker.dispose();
    }
  });
}
