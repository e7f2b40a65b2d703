// `npm start` as a newcomer meets it: the real start script, in a copy of the project's set-up that has
// no credentials yet, and the three commands it prints, run by sh exactly as printed.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseEnv, promisify } from "node:util";
import { inRoot } from "../../scripts/lib/project.mjs";

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 10_000;
const MARK = "-- next --";

let folder, started;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "portcullis-start-"));
  for (const name of ["scripts", "wrangler.toml", "package.json", "package-lock.json", "Cargo.toml", "Cargo.lock"]) {
    cpSync(inRoot(name), join(folder, name), { recursive: true });
  }
  for (const name of ["node_modules", "build"]) symlinkSync(inRoot(name), join(folder, name));
  // The Worker is built already, by a suite of its own; cargo would compile it anew for another folder.
  writeFileSync(join(folder, "scripts/build-worker.mjs"), "export const buildWorker = async () => {};\n");
  started = await start();
});
after(async () => {
  await started?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Runs the start script on a free port until it has printed its banner. */
async function start() {
  const child = spawn(process.execPath, ["scripts/start.mjs", "--port", "0"], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const output = { text: "" };
  const exited = new Promise((resolve) => child.once("exit", (code, signal) => resolve(code ?? signal)));
  const printed = new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk) => {
        output.text += chunk;
        if (/^# 3\. .*\n.+\n/m.test(output.text)) resolve();
      });
    }
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const forced = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    const code = await exited;
    clearTimeout(forced);
    return code;
  };
  const timeout = setTimeout(stop, START_MS_MAX);
  await Promise.race([printed, exited.then(() => assert.fail(`start ended early:\n${output.text}`))]);
  clearTimeout(timeout);
  return { output, stop };
}

const printedCommands = () => [...started.output.text.matchAll(/^# \d\. (.*): prints (\d+)\n(.+)$/gm)];

async function sh(commands) {
  const script = commands.join(`\necho "${MARK}"\n`);
  const options = { cwd: folder, timeout: 20_000, env: { PATH: process.env.PATH } };
  const { stdout, stderr } = await promisify(execFile)("sh", ["-c", script], options);
  assert.equal(stderr, "");
  return stdout.split(`${MARK}\n`).map((text) => text.trimEnd());
}

let answered = "";
let printedBefore = "";

test("the first start writes credentials that only their owner can read", () => {
  assert.match(started.output.text, /credentials in \.dev\.vars: written, fresh and random/);
  assert.equal(statSync(join(folder, ".dev.vars")).mode & 0o777, 0o600);
});

test("the three printed commands mint and use, revoke, and are refused: 200, 200, 401", async () => {
  const printed = printedCommands();
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
  const [[, , , mintAndUse], [, , , revoke]] = printedCommands();
  const [, , token] = await sh([mintAndUse, revoke, 'echo "$TOKEN"']);
  assert.equal(await started.stop(), 0, started.output.text);
  assert.match(started.output.text, /stopped\n$/);
  printedBefore = started.output.text;
  started = await start();
  assert.match(started.output.text, /credentials in \.dev\.vars: already there/);
  const [, , [, , , useAgain]] = printedCommands();
  const [refused] = await sh([`TOKEN='${token}'; ${useAgain}`]);
  assert.match(refused, /ERR_JWT_REVOKED.*\n401$/);
});

test("no secret and no token is printed, by the start or by the Worker's log", () => {
  const variables = parseEnv(readFileSync(join(folder, ".dev.vars"), "utf8"));
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
