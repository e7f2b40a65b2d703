// The bridge as a program: what it takes, what it says, and how it ends.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { createBridge } from "../../js/redis-http/bridge.mjs";
import { NUMBERS } from "../../js/redis-http/options.mjs";
import { inRoot } from "../../scripts/lib/project.mjs";
import { asker, newToken, passedOn, until } from "./harness.mjs";
import { freePort, startRedis } from "./redis-server.mjs";

const BIN = inRoot("js/redis-http/bin.mjs");
const TOKEN = newToken();

/** Starts the program with nothing of our own environment in it. */
function start(args, env) {
  const child = spawn(process.execPath, [BIN, ...args], { env: { ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const run = { child, stdout: "", stderr: "", ended: once(child, "close").then(([code]) => code) };
  child.stdout.on("data", (data) => (run.stdout += data));
  child.stderr.on("data", (data) => (run.stderr += data));
  return run;
}

/** Starts it and waits for its address. */
async function serving(t, args, env) {
  const run = start(["--port", "0", ...args], { REDIS_HTTP_TOKEN: TOKEN, ...env });
  t.after(() => run.child.kill("SIGKILL"));
  const [url] = await Promise.race([once(createInterface({ input: run.child.stdout }), "line"), run.ended.then(() => [])]);
  assert.ok(url, run.stderr);
  return { run, url, ask: asker(url, TOKEN) };
}

async function ended(args, env) {
  const run = start(args, env);
  return { code: await run.ended, stdout: run.stdout, stderr: run.stderr };
}

test("--help names every option, and the token as what it is", async () => {
  const { code, stdout } = await ended(["--help"]);
  assert.equal(code, 0);
  for (const name of Object.keys(NUMBERS)) assert.ok(stdout.includes(`--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)} `), name);
  for (const flag of ["--redis-url", "--cluster", "--epoch-key", "--host", "--allow-query-token", "REDIS_HTTP_TOKEN"]) assert.ok(stdout.includes(flag), flag);
  assert.ok(!stdout.includes("--token"));
});

for (const [what, args, env, message] of [
  ["no token", [], {}, /the token is missing: set REDIS_HTTP_TOKEN$/m],
  ["an empty token", [], { REDIS_HTTP_TOKEN: "" }, /the token is missing: set REDIS_HTTP_TOKEN$/m],
  ["a short token", [], { REDIS_HTTP_TOKEN: "s3cret" }, /at least 16 characters/],
  ["a token with a space", [], { REDIS_HTTP_TOKEN: "s3cret s3cret s3cret" }, /without spaces/],
  ["the token as a flag", ["--token", TOKEN], {}, /Unknown option '--token'/],
  ["an argument", ["serve"], { REDIS_HTTP_TOKEN: TOKEN }, /Unexpected argument 'serve'/],
  ["a port that is none", ["--port", "x1"], { REDIS_HTTP_TOKEN: TOKEN }, /port must be a whole number from 0 to 65535/],
  ["a port out of range", ["--port", "65536"], { REDIS_HTTP_TOKEN: TOKEN }, /port must be a whole number/],
  ["a bound of nothing", [], { REDIS_HTTP_TOKEN: TOKEN, REDIS_HTTP_BODY_BYTES_MAX: "0" }, /bodyBytesMax must be a whole number/],
  ["neither yes nor no", [], { REDIS_HTTP_TOKEN: TOKEN, REDIS_HTTP_ALLOW_QUERY_TOKEN: "perhaps" }, /allowQueryToken must be true or false/],
  ["a URL that is not Redis's", ["--redis-url", "http://127.0.0.1"], { REDIS_HTTP_TOKEN: TOKEN }, /redisUrl must be redis:/],
  ["a password for all to see", ["--redis-url", "redis://:s3cret@127.0.0.1"], { REDIS_HTTP_TOKEN: TOKEN }, /REDIS_HTTP_REDIS_URL/],
  ["one among several nodes", ["--cluster", "--redis-url", "redis://127.0.0.1,redis://:s3cret@127.0.0.1"], { REDIS_HTTP_TOKEN: TOKEN }, /REDIS_HTTP_REDIS_URL/],
  ["several nodes of no cluster", ["--redis-url", "redis://127.0.0.1:1,redis://127.0.0.1:2"], { REDIS_HTTP_TOKEN: TOKEN }, /redisUrl must be redis:/],
  ["a cluster behind a socket", ["--cluster", "--redis-url", "unix:/tmp/s"], { REDIS_HTTP_TOKEN: TOKEN }, /redisUrl of a cluster must be redis:/],
  ["an epoch key without a cluster", ["--epoch-key", "k"], { REDIS_HTTP_TOKEN: TOKEN }, /epochKey is for a cluster/],
  ["no cluster, nor none", [], { REDIS_HTTP_TOKEN: TOKEN, REDIS_HTTP_CLUSTER: "perhaps" }, /cluster must be true or false/],
]) {
  test(`${what} ends it with code 2 and a line that says why, without a secret`, async () => {
    const { code, stdout, stderr } = await ended(args, env);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, message);
    for (const secret of [TOKEN, "s3cret"]) assert.ok(!stderr.includes(secret), stderr);
  });
}

test("a port that is taken ends it with code 1", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { code, stderr } = await ended(["--port", String(server.address().port)], { REDIS_HTTP_TOKEN: TOKEN });
  assert.equal(code, 1);
  assert.match(stderr, /cannot listen \(EADDRINUSE\)/);
});

test("it serves, and writes neither token nor key nor value anywhere, whatever happens", async (t) => {
  const redis = await startRedis();
  t.after(() => redis.dispose());
  const { run, ask, url } = await serving(t, [], { REDIS_HTTP_REDIS_URL: redis.url });
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  await ask("/set/private-key/private-value");
  await ask("/", { body: ["NOPE", "private-value"] });
  await ask("/", { body: "private-value" });
  await asker(url, "private-value".repeat(3))("/ping");
  await redis.kill();
  await until("503", async () => (await ask("/get/private-key")).status === 503);
  run.child.kill("SIGTERM");
  assert.equal(await run.ended, 0);
  assert.match(run.stderr, /redis_ready\n(.*\n)*.*redis_lost\n(.*\n)*.*stopped\n$/);
  assert.equal(run.stdout, `${url}\n`);
  for (const secret of [TOKEN, "private"]) assert.ok(!run.stderr.includes(secret), run.stderr);
});

for (const signal of ["SIGTERM", "SIGINT"]) {
  test(`${signal} lets what is being answered end, then ends it with code 0`, async (t) => {
    const redis = await startRedis();
    t.after(() => redis.dispose());
    const { run, ask, url } = await serving(t, ["--redis-url", redis.url]);
    redis.pause();
    const flying = ask("/incr/n");
    await passedOn(ask);
    run.child.kill(signal);
    // Once it no longer takes connections it has seen the signal.
    await until("no new connections", () => fetch(url).then(() => false, () => true));
    redis.resume();
    assert.deepEqual((await flying).body, { result: 1 });
    assert.equal(await run.ended, 0);
  });
}

test("a second signal ends it at once", async (t) => {
  const redis = await startRedis();
  t.after(() => redis.dispose());
  const args = ["--redis-url", redis.url, "--request-ms-max", "600000", "--command-ms-max", "600000", "--close-ms-max", "600000"];
  const { run, ask, url } = await serving(t, args);
  redis.pause();
  const flying = assert.rejects(ask("/incr/n"));
  await passedOn(ask);
  run.child.kill("SIGTERM");
  await until("no new connections", () => fetch(url).then(() => false, () => true));
  run.child.kill("SIGTERM");
  assert.equal(await run.ended, 1);
  await flying;
});

test("flags win over the environment, and each reaches the bridge", async (t) => {
  const env = { REDIS_HTTP_REDIS_URL: `redis://127.0.0.1:${await freePort()}`, REDIS_HTTP_PIPELINE_MAX: "1", REDIS_HTTP_ALLOW_QUERY_TOKEN: "1", REDIS_HTTP_BODY_BYTES_MAX: "40" };
  const { ask, url } = await serving(t, ["--pipeline-max", "2"], env);
  assert.equal((await ask("/pipeline", { body: [["A"], ["B"]] })).status, 503);
  assert.equal((await ask("/pipeline", { body: [["A"], ["B"], ["C"]] })).status, 400);
  assert.equal((await ask("/pipeline", { body: [["A".repeat(40)]] })).status, 413);
  assert.equal((await asker(url)(`/ping?_token=${TOKEN}`)).status, 503);
});

test("as a function it refuses what it does not know, before it opens anything", async () => {
  for (const [given, message] of [
    [undefined, /token is missing/],
    [{ token: TOKEN, prot: 1 }, /there is no option prot/],
    [{ token: TOKEN, port: 1.5 }, /port must be/],
    [{ token: TOKEN, host: 7 }, /host must be a text/],
    [{ token: TOKEN, onEvent: "log" }, /onEvent must be a function/],
  ]) {
    await assert.rejects(createBridge(given), { name: "OptionError", code: "ERR_BRIDGE_OPTION", message });
  }
});
