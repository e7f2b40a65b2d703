// `npm start` as a newcomer meets it: the real start script, in a copy of the project's set-up that has
// no credentials yet, and the three commands it prints, run by sh exactly as printed.

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseEnv } from "node:util";
import { printedCommands, sh as shIn, start, startFolder } from "./start.mjs";

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
  const secrets = [variables.DEMO_CLIENT_SECRET, key.d, client.secret_sha256[0]];
  assert.ok(secrets.every((secret) => secret.length >= 43), "256 bits each");
  const printed = printedBefore + started.output.text;
  for (const secret of secrets) {
    assert.ok(!printed.includes(secret), "a secret is in the output");
    assert.ok(!answered.includes(secret), "a secret is in an answer");
  }
  assert.match(printed, /"event":"revoked"/, "the Worker's log is part of it");
  assert.doesNotMatch(printed, /eyJ[\w-]+\./, "a token is in the output");
});
