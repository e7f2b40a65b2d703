// What setup and start write and print.

import assert from "node:assert/strict";
import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseEnv } from "node:util";
import { credentialBindings, devVars, newCredentials } from "../../scripts/lib/credentials.mjs";
import { inRoot } from "../../scripts/lib/project.mjs";
import { banner, curls } from "../../scripts/start/banner.mjs";

const SECRETS = ["DEMO_CLIENT_ID", "DEMO_CLIENT_SECRET", "PORTCULLIS_CLIENTS", "PORTCULLIS_KEYS", "PORTCULLIS_REFRESH_SECRET"];

test("the credentials belong together", () => {
  const { keys, clients, client } = newCredentials();
  const [jwk] = keys.keys;
  const publicKey = createPublicKey({ key: { kty: jwk.kty, crv: jwk.crv, x: jwk.x }, format: "jwk" });
  const signature = sign(null, Buffer.from("x"), createPrivateKey({ key: jwk, format: "jwk" }));
  assert.ok(verify(null, Buffer.from("x"), publicKey, signature));
  assert.equal(clients[0].id, client.id);
  assert.deepEqual(clients[0].secret_sha256, [createHash("sha256").update(client.secret).digest("base64url")]);
  assert.equal(Buffer.from(client.secret, "base64url").length, 32);
});

test("no two runs share a secret", () => {
  const [one, two] = [newCredentials(), newCredentials()];
  assert.notEqual(one.client.secret, two.client.secret);
  assert.notEqual(one.keys.keys[0].d, two.keys.keys[0].d);
});

test(".dev.vars reads the same as dotenv and in a shell", (t) => {
  const credentials = newCredentials();
  const directory = mkdtempSync(join(tmpdir(), "portcullis-"));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, ".dev.vars"), devVars(credentials));

  const dotenv = parseEnv(devVars(credentials));
  const print = SECRETS.map((name) => `printf '%s\\n' "$${name}"`).join("; ");
  const shell = spawnSync("sh", ["-c", `. ./.dev.vars; ${print}`], { cwd: directory, encoding: "utf8" });
  assert.deepEqual(Object.keys(dotenv).sort(), SECRETS);
  assert.deepEqual(shell.stdout.trim().split("\n"), SECRETS.map((name) => dotenv[name]));
  assert.equal(dotenv.PORTCULLIS_KEYS, credentialBindings(credentials).PORTCULLIS_KEYS);
});

test(".dev.vars.example names the same variables, and none of its values work", () => {
  const example = parseEnv(readFileSync(inRoot(".dev.vars.example"), "utf8"));
  assert.deepEqual(Object.keys(example).sort(), SECRETS);
  for (const [name, value] of Object.entries(example)) assert.match(value, /<[^>]+>/, `${name} looks usable`);
});

test("the banner's commands are one line each, name secrets only as variables, and parse as shell", () => {
  const commands = curls("http://127.0.0.1:8787");
  assert.deepEqual(commands.map(({ status }) => status), [200, 200, 401]);
  for (const { command } of commands) {
    assert.equal(spawnSync("sh", ["-n", "-c", command]).status, 0, command);
    assert.doesNotMatch(command, /\n/);
    assert.ok(banner("http://127.0.0.1:8787", { durableObject: true }).includes(`\n${command}\n`));
  }
});

test("the lock file names no registry", () => {
  const lock = readFileSync(inRoot("package-lock.json"), "utf8");
  assert.doesNotMatch(lock, /"resolved"/);
});

for (const [args, message] of [
  [["--prot", "1"], /Unknown option '--prot'/],
  [["--port", "70000"], /number from 0 to 65535/],
  [["--store", "sqlite"], /--store takes embedded, redis, kv, not "sqlite"/],
]) {
  test(`npm start -- ${args.join(" ")} is refused with its usage`, () => {
    const { status, stderr } = spawnSync(process.execPath, [inRoot("scripts/start.mjs"), ...args], { encoding: "utf8" });
    assert.equal(status, 1);
    assert.match(stderr, message);
    assert.match(stderr, /npm start -- \[--port N\] \[--store embedded\|redis\|kv\]/);
  });
}

test("npm start -- --help prints the usage and starts nothing", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [inRoot("scripts/start.mjs"), "--help"], { encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^usage: npm start -- \[--port N\].*\n[^]*--store redis[^]*--help\n$/);
});

test("with Redis the banner also says how to try an outage, in commands that parse as shell", () => {
  const store = { port: 6379, pid: 4711, data: ".portcullis/redis", restart: "kill -USR2 4712" };
  const text = banner("http://127.0.0.1:8787", store);
  for (const { command } of curls("http://127.0.0.1:8787")) assert.ok(text.includes(`\n${command}\n`));
  const commands = /To try an outage of Redis:\n([^]+)$/.exec(text)[1].split("\n").filter((line) => /^[^#]/.test(line));
  assert.equal(commands.length, 6);
  assert.equal(commands[0], "kill -9 4711");
  assert.match(commands[1], / -i .*8787\/v1\/authorize$/);
  assert.match(commands[2], /8787\/readyz$/);
  assert.equal(commands[3], "kill -USR2 4712");
  assert.match(commands[4], /8787\/v1\/authorize; sleep 1; .* -i .*8787\/v1\/authorize$/);
  assert.match(commands[5], /8787\/metrics \| grep/);
  for (const command of commands) assert.equal(spawnSync("sh", ["-n", "-c", command]).status, 0, command);
});

for (const [args, message] of [
  [["heder"], /no target is named heder/],
  [["--seconds", "0"], /--seconds takes a number/],
  [["--hours", "1"], /Unknown option '--hours'/],
]) {
  test(`npm run fuzz -- ${args.join(" ")} is refused with its usage, before anything is built`, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [inRoot("scripts/fuzz.mjs"), ...args], { encoding: "utf8" });
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, message);
    assert.match(stderr, /npm run fuzz -- \[TARGET\.\.\.\] \[--seconds N\], targets: header, /);
  });
}
