// `npm start` as a newcomer meets it: the real start script, in a copy of the project's set-up that has
// no credentials yet, and the three commands it prints, run by sh exactly as printed.

import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseEnv } from "node:util";
import { printed, printedCommands, run, sh as shIn, start, startFolder } from "./start.mjs";

let folder, started;
before(async () => {
  folder = startFolder();
  started = await start(folder.path);
});
after(async () => {
  await started?.stop();
  folder?.remove();
});

const commands = () => printedCommands(started.output.text);
const sh = (lines) => shIn(folder.path, lines);

let answered = "";
let printedBefore = "";

test("the first start writes credentials that only their owner can read", () => {
  assert.match(started.output.text, /credentials in \.dev\.vars: written, fresh and random/);
  assert.equal(statSync(join(folder.path, ".dev.vars")).mode & 0o777, 0o600);
});

test("the banner names the store", () => {
  assert.match(started.output.text, /^Its store: embedded, a Durable Object in \.portcullis$/m);
});

test("the three printed commands mint and use, revoke, and are refused: 200, 200, 401", async () => {
  const printed = commands();
  assert.deepEqual(printed.map(([, what, status]) => [what, status]), [
    ["mint a token and use it", "200"],
    ["revoke it", "200"],
    ["use it again", "401"],
  ]);
  const outputs = await sh(printed.map(([, , , command]) => command));
  const [used, revoked, refused] = outputs.map((text) => {
    const [body, status] = text.split("\n");
    return { status: Number(status), body: JSON.parse(body) };
  });
  answered = outputs.join("\n");
  assert.deepEqual([used.status, used.body.sub, used.body.scope], [200, "user_001", "read"]);
  assert.deepEqual([revoked.status, revoked.body], [200, { durability: "store" }]);
  assert.deepEqual([refused.status, refused.body.code], [401, "ERR_JWT_REVOKED"]);
});

test("a restart keeps the credentials and what was revoked", async () => {
  const [[, , , mintAndUse], [, , , revoke]] = commands();
  const [, , token] = await sh([mintAndUse, revoke, 'echo "$TOKEN"']);
  assert.equal(await started.stop(), 0, started.output.text);
  assert.match(started.output.text, /stopped\n$/);
  printedBefore = started.output.text;
  started = await start(folder.path);
  assert.match(started.output.text, /credentials in \.dev\.vars: already there/);
  const [, , [, , , useAgain]] = commands();
  const [refused] = await sh([`TOKEN='${token}'; ${useAgain}`]);
  assert.match(refused, /ERR_JWT_REVOKED.*\n401$/);
});

test("no secret and no token is printed, by the start or by the Worker's log", () => {
  const variables = parseEnv(readFileSync(join(folder.path, ".dev.vars"), "utf8"));
  const [key] = JSON.parse(variables.PORTCULLIS_KEYS).keys;
  const [client] = JSON.parse(variables.PORTCULLIS_CLIENTS);
  const secrets = [variables.DEMO_CLIENT_SECRET, key.d, client.secret_sha256[0], variables.PORTCULLIS_REFRESH_SECRET];
  assert.ok(secrets.every((secret) => secret.length >= 43), "256 bits each");
  const printed = printedBefore + started.output.text;
  for (const secret of secrets) {
    assert.ok(!printed.includes(secret), "a secret is in the output");
    assert.ok(!answered.includes(secret), "a secret is in an answer");
  }
  assert.match(printed, /"event":"revoked"/, "the Worker's log is part of it");
  assert.doesNotMatch(printed, /eyJ[\w-]+\./, "a token is in the output");
});

test("a Ctrl-C that npm passes on as well, while it stops, does not cut the stop short", async () => {
  started.kill("SIGINT");
  await printed(started.output, /^stopping$/m);
  for (const signal of ["SIGINT", "SIGTERM", "SIGINT"]) started.kill(signal);
  assert.equal(await started.exited, 0, started.output.text);
  assert.match(started.output.text, /^stopping\nstopped\n$/m);
});

test("a mistake in wrangler.toml is named by its line and column, without a stack trace", async (t) => {
  const broken = startFolder();
  t.after(() => broken.remove());
  writeFileSync(join(broken.path, "wrangler.toml"), 'name = "portcullis"\nmain = = "x"\n');
  const { output, exited } = run(broken.path, ["--port", "0"]);
  assert.equal(await exited, 1, output.text);
  assert.match(output.text, /^portcullis: wrangler\.toml cannot be read at line 2, column 8: .+\nwhat to do: correct it/m);
  assert.doesNotMatch(output.text, /^\s+at /m);
});
