// `npm start` with a Redis over HTTP that .dev.vars names: used, said, and refused where it cannot be used.

import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { checkStore } from "../../scripts/start/check-store.mjs";
import { newToken, startBridge, until } from "../redis/harness.mjs";
import { printedCommands, run, sh, start, startFolder } from "./start.mjs";

test("a store that .dev.vars names is named in the banner, and refused when it does not answer", async (t) => {
  const bridge = await startBridge({ closeMsMax: 200 });
  t.after(() => bridge.dispose());
  const folder = startFolder();
  t.after(() => folder.remove());
  await (await start(folder.path)).stop();
  appendFileSync(join(folder.path, ".dev.vars"), `PORTCULLIS_STORE_URL='${bridge.url}'\nPORTCULLIS_STORE_TOKEN='${bridge.token}'\n`);

  const started = await start(folder.path, "--store", "embedded");
  const { host } = new URL(bridge.url);
  assert.ok(started.output.text.includes(`\nIts store: the Redis of .dev.vars (PORTCULLIS_STORE_URL), at ${host}\n`), started.output.text);
  assert.ok(!started.output.text.includes(bridge.token));
  assert.equal(await started.stop(), 0);

  await bridge.bridge.close();
  const { output, exited } = run(folder.path, ["--port", "0"]);
  assert.equal(await exited, 1, output.text);
  assert.match(output.text, /^portcullis: the store refused at start: not reachable\nwhat to do: correct PORTCULLIS_STORE_URL .+ in \.dev\.vars/m);
  assert.doesNotMatch(output.text, /is listening on/);
});

test("a store that refuses our token, has no Redis or is not there is refused at start", async (t) => {
  const bridge = await startBridge({ closeMsMax: 200 });
  t.after(() => bridge.dispose());
  const { url, token } = bridge;
  await checkStore({ url, token });
  await assert.rejects(checkStore({ url, token: newToken() }), /refused at start: it does not take our token$/);
  await bridge.redis.kill();
  await until("the loss to be noticed", () => bridge.events.some(({ event }) => event === "redis_lost"));
  await assert.rejects(checkStore({ url, token }), /refused at start: its answer to PING has status 503$/);
  await bridge.bridge.close();
  await assert.rejects(checkStore({ url, token }), /refused at start: not reachable$/);
});

test("with KV what is revoked is stored, and there are no sessions", async (t) => {
  const folder = startFolder();
  t.after(() => folder.remove());
  const started = await start(folder.path, "--store", "kv");
  t.after(() => started.stop());
  assert.match(started.output.text, /^Its store: Workers KV in \.portcullis, and the Worker's memory$/m);
  const [use, revoke, useAgain] = printedCommands(started.output.text).map(([, , , command]) => command);
  const open = use.replace('"scope":"read"', '"refresh":true').replace(/ \| sed.*$/, "").replace(/TOKEN=\$\(/, "");
  const [used, revoked, refused, opened] = await sh(folder.path, [use, revoke, useAgain, open]);
  assert.match(used, /\n200$/);
  assert.match(revoked, /"durability":"store"[^]*\n200$/);
  assert.match(refused, /ERR_JWT_REVOKED.*\n401$/);
  assert.match(opened, /ERR_SESSIONS_UNAVAILABLE/);
});

test("credentials of before there were sessions are given a secret for them, once", async (t) => {
  const folder = startFolder();
  t.after(() => folder.remove());
  await (await start(folder.path)).stop();
  const file = join(folder.path, ".dev.vars");
  const lines = readFileSync(file, "utf8").split("\n");
  writeFileSync(file, lines.filter((line) => !line.startsWith("PORTCULLIS_REFRESH_SECRET=")).join("\n").trimEnd());
  const started = await start(folder.path);
  assert.match(started.output.text, /already there; a secret for refresh tokens added/);
  assert.equal(await started.stop(), 0);
  const { PORTCULLIS_REFRESH_SECRET: secret, DEMO_CLIENT_ID, DEMO_CLIENT_SECRET } = parseEnv(readFileSync(file, "utf8"));
  assert.equal(secret.length, 43);
  const { DEMO_CLIENT_SECRET: before } = parseEnv(lines.join("\n"));
  assert.ok(DEMO_CLIENT_ID);
  assert.equal(DEMO_CLIENT_SECRET, before, "the line before it is whole");
  const again = await start(folder.path);
  assert.equal(parseEnv(readFileSync(file, "utf8")).PORTCULLIS_REFRESH_SECRET, secret);
  assert.equal(await again.stop(), 0);
});
