// A real redis-server of a test's own, in a folder that goes with it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRedisServer } from "../../scripts/lib/redis-server.mjs";

export { freePort } from "../../scripts/lib/redis-server.mjs";

/** As startRedisServer, with a folder of its own; and dispose(), which ends it and removes the folder. */
export async function startRedis({ args } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-redis-"));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  try {
    const redis = await startRedisServer({ dir, args });
    const dispose = () => redis.kill().then(remove);
    return Object.defineProperty(redis, "dispose", { value: dispose });
  } catch (error) {
    remove();
    throw error;
  }
}
