// `npm start -- --store redis`: a Redis of its own that one may end and start again, and that ends with it.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Redis } from "ioredis";
import { newCredentials } from "../../scripts/lib/credentials.mjs";
import { until } from "../redis/harness.mjs";
import { printed, printedCommands, run, sh, start, startFolder } from "./start.mjs";

const LISTENS = /redis-server on 127\.0\.0\.1:(\d+), process (\d+), data in \.portcullis\/redis/;

let folder, started;
before(() => {
  folder = startFolder();
});
after(async () => {
  await started?.stop();
  folder?.remove();
});

const alive = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** The workerds that `pid` started. */
function childrenOf(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
  return children.filter((child) => readFileSync(`/proc/${child}/comm`, "utf8").trim() === "workerd");
}

const listens = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });

/** Asks the redis-server itself, beside the bridge. */
async function redis(port, command, ...args) {
  const [, password] = /^requirepass (\S+)$/m.exec(readFileSync(join(folder.path, ".portcullis/redis/redis.conf"), "utf8"));
  const client = new Redis({ host: "127.0.0.1", port, password, retryStrategy: null });
  client.on("error", () => {});
  try {
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

const printedRedis = () => LISTENS.exec(started.output.text).slice(1).map(Number);
const commandsAfter = (comment) => new RegExp(`^# ${comment}.*\n((?:.+\n)+)`, "m").exec(started.output.text)?.[1].trimEnd().split("\n");

test("the banner says where redis-server listens and which process it is, and the three commands work", async () => {
  started = await start(folder.path, "--store", "redis");
  const [port, pid] = printedRedis();
  assert.ok(alive(pid));
  assert.match(await redis(port, "INFO", "server"), new RegExp(`^process_id:${pid}\r$`, "m"));
  const outputs = await sh(folder.path, printedCommands(started.output.text).map(([, , , command]) => command));
  assert.deepEqual(outputs.map((text) => text.split("\n").at(-1)), ["200", "200", "401"]);
});

test("it evicts nothing and writes everything to disk before it answers", async () => {
  const [port] = printedRedis();
  const settings = { appendonly: "yes", appendfsync: "always", "maxmemory-policy": "noeviction" };
  for (const [name, value] of Object.entries(settings)) assert.deepEqual(await redis(port, "CONFIG", "GET", name), [name, value]);
});

test("a second start in the same folder is refused: two servers would write to one file", async () => {
  const second = run(folder.path, ["--port", "0", "--store", "redis"]);
  assert.equal(await second.exited, 1);
  assert.match(second.output.text, /a redis-server already works on \.portcullis\/redis\nwhat to do: stop the other/);
  assert.ok(alive(printedRedis()[1]));
});

test("the printed commands end Redis, show degraded answers, start it again with its data, and read the counters", async () => {
  const [port, pid] = printedRedis();
  await redis(port, "SET", "kept", "yes");
  await sh(folder.path, commandsAfter("end Redis"));
  const [, restart] = await printed(started.output, new RegExp(`^redis-server \\(process ${pid}\\) ended; the Worker goes on\\. To start it again: (.+)$`, "m"));
  assert.equal(alive(pid), false);
  assert.deepEqual([restart], commandsAfter("start it again"));
  const [authorized, readiness] = await sh(folder.path, commandsAfter("look"));
  assert.match(authorized, /^HTTP\/1\.1 200 /);
  assert.match(authorized, /^Portcullis-Degraded: .*revocation;reason=/im);
  assert.match(readiness, /degraded/);

  await sh(folder.path, [restart]);
  const [, back] = await printed(started.output, new RegExp(`^redis-server is back on port ${port}\\. To end it again: kill -9 (\\d+)$`, "m"));
  assert.equal(await redis(port, "GET", "kept"), "yes");
  assert.notEqual(Number(back), pid);
  const [counters] = await sh(folder.path, commandsAfter("what the Worker counted"));
  assert.match(counters, /^portcullis_fallbacks_total\{/m);
  assert.doesNotMatch(counters, /^(?!portcullis_)/m, "no line that explains");

  await sh(folder.path, [restart]);
  await printed(started.output, /^redis-server is running$/m);
  assert.ok(alive(Number(back)));
});

test("nothing that was printed is a token or a secret", () => {
  assert.doesNotMatch(started.output.text, /[\w-]{43}/, "as long as the base64url of 256 bits");
});

test("Ctrl-C stops it cleanly, and no redis-server is left", async () => {
  const [port] = printedRedis();
  const pid = Number(/^process_id:(\d+)\r$/m.exec(await redis(port, "INFO", "server"))[1]);
  // A terminal sends it to everything in the foreground.
  process.kill(-started.pid, "SIGINT");
  assert.equal(await started.exited, 0, started.output.text);
  assert.match(started.output.text, /stopped\n$/);
  assert.deepEqual([alive(pid), await listens(port)], [false, false]);
  assert.equal(started.output.text.match(/redis-server .*ended;/g).length, 1, "its own end is no outage");
});

test("a revocation that only KV has when everything stops reaches Redis at the next start", async () => {
  started = await start(folder.path, "--store", "redis");
  const [[, , , mintAndUse], [, , , revoke]] = printedCommands(started.output.text);
  const [, , revoked, token] = await sh(folder.path, [mintAndUse, ...commandsAfter("end Redis"), revoke, 'echo "$TOKEN"']);
  assert.match(revoked, /"durability":"secondary".*\n200$/);
  assert.equal(await started.stop(), 0);

  started = await start(folder.path, "--store", "redis");
  await printed(started.output, /"event":"secondary_drained"/);
  const [, , [, , , useAgain]] = printedCommands(started.output.text);
  const [refused] = await sh(folder.path, [`TOKEN='${token}'; ${useAgain}`]);
  assert.match(refused, /ERR_JWT_REVOKED.*\n401$/);
  await started.stop();
});

test("killed with -9, it leaves no redis-server either", async () => {
  const { pid, output, exited, kill } = run(folder.path, ["--port", "0", "--store", "redis"]);
  let ended = false;
  exited.then(() => (ended = true));
  const [, port, redisPid] = await printed(output, LISTENS, () => ended);
  assert.ok(alive(pid) && alive(Number(redisPid)));
  const others = childrenOf(pid);
  kill("SIGKILL");
  await exited;
  // workerd is Miniflare's, which cannot end it now: so that the test leaves none behind.
  for (const other of others.filter(alive)) process.kill(other, "SIGKILL");
  await until("redis-server to end", async () => !alive(Number(redisPid)) && !(await listens(Number(port))));
});

test("a faulty configuration is named by its path, and the start ends with 1 and no redis-server", async () => {
  const other = startFolder();
  try {
    const { keys } = newCredentials();
    const secret = keys.keys[0].d;
    writeFileSync(join(other.path, ".dev.vars"), `PORTCULLIS_KEYS='${JSON.stringify(keys)}'\nPORTCULLIS_CLIENTS='[]'\n`);
    const { output, exited } = run(other.path, ["--port", "0", "--store", "redis"]);
    assert.equal(await exited, 1, output.text);
    assert.match(output.text, /portcullis: the configuration is faulty at PORTCULLIS_CLIENTS: .+\nwhat to do: correct it in/);
    assert.doesNotMatch(output.text, /is listening on/);
    assert.ok(!output.text.includes(secret));
    assert.equal(await listens(Number(readFileSync(join(other.path, ".portcullis/redis/port"), "utf8"))), false);
  } finally {
    other.remove();
  }
});
