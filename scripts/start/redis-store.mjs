// `--store redis`: a redis-server of our own and the bridge in front of it, so that the Worker has the
// store it has in production, and its outage can be tried by hand.

import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { Redis } from "ioredis";
import { createBridge } from "../../js/redis-http/bridge.mjs";
import { inRoot } from "../lib/project.mjs";
import { startRedisServer } from "../lib/redis-server.mjs";
import { StepError } from "../lib/step.mjs";
import { checkStore } from "./check-store.mjs";

const DATA = [".portcullis", "redis"];
const TOKEN_BYTES = 32;
const CLOSE_MS_MAX = 1_000;
const ANSWER_MS_MAX = 2_000;
// A revocation that is acknowledged has to outlive kill -9, and none may be evicted.
const SAFE = ["--appendfsync", "always", "--maxmemory-policy", "noeviction"];
// Node keeps SIGUSR1 for its inspector.
const RESTART_SIGNAL = "SIGUSR2";

/**
 * Starts both; say(line) tells of Redis's end and return. Resolves to { bindings, shown, close }:
 * bindings are what the Worker is given; shown is { port, pid, data, restart } for the banner.
 * Rejects with a StepError, and leaves nothing running then.
 */
export async function startRedisStore({ say }) {
  const dir = inRoot(...DATA);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  // It may have been there before, open to others.
  chmodSync(dir, 0o700);
  await refuseDataInUse(dir);
  const config = writePassword(dir);
  const restart = `kill -${RESTART_SIGNAL.slice(3)} ${process.pid}`;
  const onEnd = (pid) => say(`redis-server (process ${pid}) ended; the Worker goes on. To start it again: ${restart}`);
  const redis = await startRedisServer({ dir, args: SAFE, config, onEnd }).catch((error) => {
    const [message, ...lines] = error.message.split("\n");
    throw new StepError(message.replace(/:$/, ""), { tail: lines.join("\n"), next: `correct what its output says; its data are in ${DATA.join("/")}` });
  });
  writeFileSync(portFile(dir), String(redis.port));
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  let bridge;
  try {
    bridge = await createBridge({ token, redisUrl: withPassword(redis.url, dir), port: 0, closeMsMax: CLOSE_MS_MAX });
    await checkStore({ url: bridge.url, token, next: "run the same command again, or take --store embedded" });
  } catch (error) {
    await bridge?.close();
    await redis.kill();
    throw error;
  }
  const stopListening = restartOnSignal(redis, say);
  return {
    bindings: { PORTCULLIS_STORE_URL: bridge.url, PORTCULLIS_STORE_TOKEN: token },
    shown: { port: redis.port, pid: redis.pid, data: DATA.join("/"), restart },
    async close() {
      await bridge.close();
      await redis.kill();
      stopListening();
    },
  };
}

const portFile = (dir) => `${dir}/port`;
const configFile = (dir) => `${dir}/redis.conf`;

/**
 * Other users of this machine reach its loopback addresses: Redis asks them for a password, a new one for each
 * start. It stands in a file of settings, which only we may read; arguments can be read by all.
 */
function writePassword(dir) {
  const password = randomBytes(TOKEN_BYTES).toString("hex");
  writeFileSync(configFile(dir), `requirepass ${password}\n`, { mode: 0o600 });
  return configFile(dir);
}

const passwordOf = (dir) => /^requirepass (\S+)$/m.exec(readFileSync(configFile(dir), "utf8"))?.[1];

function withPassword(url, dir) {
  const own = new URL(url);
  own.password = passwordOf(dir);
  return own.href;
}

/** Two servers on one folder would write to one file. Each is asked where its data are: a port alone proves nothing. */
async function refuseDataInUse(dir) {
  if (!existsSync(portFile(dir)) || !existsSync(configFile(dir))) return;
  const redis = new Redis({
    password: passwordOf(dir),
    host: "127.0.0.1",
    port: Number(readFileSync(portFile(dir), "utf8")),
    retryStrategy: null,
    connectTimeout: ANSWER_MS_MAX,
    commandTimeout: ANSWER_MS_MAX,
  });
  // Nobody there, or somebody else: both are no answer of ours.
  redis.on("error", () => {});
  const [, theirs] = await redis.config("GET", "dir").catch(() => []);
  redis.disconnect();
  if (theirs !== realpathSync(dir)) return;
  throw new StepError(`a redis-server already works on ${DATA.join("/")}`, { next: "stop the other `npm start -- --store redis` of this folder" });
}

/** Returns how to stop listening. */
function restartOnSignal(redis, say) {
  let starting = false;
  const restart = async () => {
    if (redis.pid || starting) return say("redis-server is running");
    starting = true;
    await redis.restart().then(
      () => say(`redis-server is back on port ${redis.port}. To end it again: kill -9 ${redis.pid}`),
      (error) => say(error.message),
    );
    starting = false;
  };
  process.on(RESTART_SIGNAL, restart);
  return () => process.off(RESTART_SIGNAL, restart);
}
