// The store that all share: a real redis-server, and our bridge in front of it, each a process of its own.

import { randomBytes } from "node:crypto";
import { inRoot } from "../../scripts/lib/project.mjs";
import { startRedis } from "../../tests/redis/redis-server.mjs";
import { startWatched } from "../lib/watched.mjs";

// Every contestant keeps its idle connections while the others have their turns.
const CONNECTIONS_MAX = "2000";

/** redisArgs: more of redis-server's. Resolves to { url, token, redis, dispose }. */
export async function startBackend({ redisArgs } = {}) {
  const token = randomBytes(32).toString("hex");
  const redis = await startRedis({ args: redisArgs });
  try {
    const args = [inRoot("js/redis-http/bin.mjs"), "--port", "0", "--connections-max", CONNECTIONS_MAX];
    const bridge = await startWatched(process.execPath, args, {
      env: { REDIS_HTTP_TOKEN: token, REDIS_HTTP_REDIS_URL: redis.url },
      ready: (line) => (line.startsWith("http://") ? line : undefined),
    });
    const dispose = async () => {
      await bridge.stop();
      await redis.dispose();
    };
    return { url: bridge.value, token, redis, dispose };
  } catch (error) {
    await redis.dispose();
    throw error;
  }
}
