// `npm run keys` and `npm run client`: what they write is what the Worker takes, through every step of a rotation.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inRoot } from "../../scripts/lib/project.mjs";
import { basicOf, startWorker } from "../worker/harness.mjs";

const API = "https://api.example.com";

function run(script, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [inRoot("scripts", `${script}.mjs`), ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

function good(script, ...args) {
  const { status, stdout, stderr } = run(script, ...args);
  assert.deepEqual([status, stderr], [0, ""], stdout);
  return stdout;
}

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), "portcullis-keys-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return (name) => join(path, name);
}

const read = (path) => JSON.parse(readFileSync(path, "utf8"));

/** A Worker with what the files hold; mint(secret) and use(token) resolve to statuses. */
async function workerWith(t, keys, clients) {
  const bindings = { PORTCULLIS_KEYS: readFileSync(keys, "utf8"), PORTCULLIS_CLIENTS: readFileSync(clients, "utf8") };
  const worker = await startWorker({ bindings });
  t.after(() => worker.dispose());
  const mint = (client) =>
    worker.fetch("/v1/tokens", {
      method: "POST",
      headers: { authorization: basicOf(client), "content-type": "application/json" },
      body: JSON.stringify({ sub: "user_001", scope: "read" }),
    });
  const use = (token) => worker.fetch("/v1/authorize", { headers: { authorization: `Bearer ${token}` } });
  return { mint, use, fetch: worker.fetch };
}

test("a client's secret is rotated without a moment in which none is valid", async (t) => {
  const at = folder(t);
  const [keys, clients] = [at("keys.json"), at("clients.json")];
  good("keys", "new", "--file", keys);
  const make = ["--id", "billing", "--grants", "tokens:issue", "--scopes", "read", "--audiences", API, "--file", clients, "--json"];
  const { id, secret: first } = JSON.parse(good("client", ...make));
  const statuses = async () => {
    const { mint } = await workerWith(t, keys, clients);
    return Promise.all([first, second].map(async (secret) => (await mint({ id, secret })).status));
  };
  const { secret: second } = JSON.parse(good("client", "--rotate", id, "--file", clients, "--json"));
  assert.deepEqual(await statuses(), [201, 201]);
  good("client", "--finish", id, "--file", clients);
  assert.deepEqual(await statuses(), [401, 201]);
});

test("a key is rotated while its tokens live, and is published before it signs", async (t) => {
  const at = folder(t);
  const [keys, clients] = [at("keys.json"), at("clients.json")];
  good("keys", "new", "--alg", "ES256", "--file", keys);
  const client = JSON.parse(good("client", "--id", "c", "--grants", "tokens:issue", "--scopes", "read", "--audiences", API, "--file", clients, "--json"));
  const before = await workerWith(t, keys, clients);
  const { access_token } = await (await before.mint(client)).json();
  const said = good("keys", "rotate", "--file", keys, "--max-lifetime", "1h");
  const [old, next] = read(keys).keys;
  assert.match(said, new RegExp(`^${next.kid} \\(EdDSA\\) signs from `));
  assert.equal(old.retire_at, next.not_before + 3_600 + 300);
  assert.ok(next.not_before >= Math.floor(Date.now() / 1000) + 590);
  const after = await workerWith(t, keys, clients);
  assert.equal((await after.use(access_token)).status, 200);
  const published = await (await after.fetch("/.well-known/jwks.json")).json();
  assert.deepEqual(published.keys.map(({ kid }) => kid).sort(), [old.kid, next.kid].sort());
  const { access_token: minted } = await (await after.mint(client)).json();
  assert.equal(JSON.parse(Buffer.from(minted.split(".")[0], "base64url")).kid, old.kid, "the old one signs until then");
});

test("a key that has retired is dropped by the next rotation", (t) => {
  const keys = folder(t)("keys.json");
  good("keys", "new", "--file", keys);
  const [gone] = read(keys).keys;
  writeFileSync(keys, JSON.stringify({ keys: [{ ...gone, retire_at: 1 }] }));
  assert.match(good("keys", "rotate", "--file", keys), /1 that had retired are gone/);
  assert.ok(read(keys).keys.every(({ kid }) => kid !== gone.kid));
});

test("the public set has no private member, of whatever algorithm", (t) => {
  const at = folder(t);
  for (const alg of ["EdDSA", "ES384", "RS256", "ML-DSA-44"]) {
    const file = at(`${alg}.json`);
    good("keys", "new", "--alg", alg, "--file", file);
    const [{ kty, kid, ...members }] = JSON.parse(good("keys", "jwks", "--file", file)).keys;
    assert.ok(kty && kid);
    const known = ["alg", "use", "crv", "x", "y", "n", "e", "pub"];
    assert.deepEqual(Object.keys(members).filter((name) => !known.includes(name)), [], alg);
  }
});

test("files with secrets are for their owner alone, and are replaced whole", (t) => {
  const at = folder(t);
  good("keys", "new", "--file", at("keys.json"));
  good("client", "--id", "c", "--file", at("clients.json"));
  good("client", "--id", "d", "--file", at("clients.json"));
  for (const name of ["keys.json", "clients.json"]) assert.equal(statSync(at(name)).mode & 0o777, 0o600, name);
  assert.deepEqual(readdirSync(at(".")).sort(), ["clients.json", "keys.json"], "nothing else is left");
  assert.equal(Buffer.from(good("keys", "refresh-secret").trim(), "base64url").length, 32);
});

test("what is wrong is said with what to do, ends with 2, and changes nothing", (t) => {
  const at = folder(t);
  good("client", "--id", "c", "--file", at("clients.json"));
  good("keys", "new", "--file", at("keys.json"));
  good("keys", "new", "--alg", "HS256", "--file", at("secret.json"));
  writeFileSync(at("broken.json"), "{secret");
  const files = () => ["clients.json", "keys.json", "secret.json", "broken.json"].map((name) => readFileSync(at(name), "utf8"));
  const before = files();
  for (const [line, message] of [
    ["client", /one of --id, --rotate and --finish/],
    ["client --id a --rotate b", /one of --id, --rotate and --finish/],
    ["client --id a/b", /--id: must have 1 to 128/],
    ["client --id a --grants all", /--grants: knows tokens:issue/],
    ["client --id a --scopes a\"b", /--scopes: must be scope tokens/],
    ["client --id a --grants tokens:issue", /--audiences: a client that issues/],
    ["client --id a --oops", /Unknown option '--oops'/],
    ["client --id c --file clients.json", /has a client c already/],
    ["client --rotate c", /--rotate needs --file/],
    ["client --rotate x --file clients.json", /has no client x/],
    ["client --finish c --file clients.json", /c has one secret/],
    ["client --id x --file broken.json", /broken\.json is not JSON/],
    ["keys", /one of new, rotate, jwks, refresh-secret/],
    ["keys toString", /one of new, rotate, jwks, refresh-secret/],
    ["keys new --alg none", /--alg must be one of EdDSA/],
    ["keys new --file keys.json", /is there already/],
    ["keys rotate", /--file is needed/],
    ["keys rotate --file none.json", /holds no keys/],
    ["keys rotate --file keys.json --in 4m", /--in must be at least 5m/],
    ["keys rotate --file keys.json --max-lifetime soon", /must be a duration/],
    ["keys rotate --file keys.json --alg HS256", /all secret or all with a public part/],
    ["keys jwks --file secret.json", /no public part/],
  ]) {
    const [script, ...args] = line.split(" ").map((part) => (part.endsWith(".json") ? at(part) : part));
    const { status, stdout, stderr } = run(script, ...args);
    assert.deepEqual([status, stdout], [2, ""], line);
    assert.match(stderr, message);
    assert.match(stderr, /^what to do: ./m, line);
    assert.ok(!stderr.includes("secret\""), "what a file holds is not shown");
  }
  assert.deepEqual(files(), before);
  assert.ok(!existsSync(at("none.json")));
  for (const script of ["client", "keys"]) assert.match(good(script, "--help"), /^usage: npm run --silent /);
});
