// Whether Redis keeps what it acknowledges, as far as INFO tells. A Redis that evicts forgets revocations, and
// nobody would notice: the bridge cannot mend it, but it says so.

import { Command as RedisCommand } from "ioredis";
import { causeOf } from "./report.mjs";

/** Each what is said, and its cause or undefined where all is well. `info` is INFO's fields, `before` those of the last look. */
const WARNINGS = [
  ["redis_may_evict", ({ maxmemory_policy: policy }) => (policy === "noeviction" ? undefined : policy)],
  ["redis_not_durable", ({ aof_enabled }) => (aof_enabled === "1" ? undefined : "no_append_only_file")],
  ["redis_is_replica", ({ role }) => (role === "slave" ? "role" : undefined)],
  ["redis_has_evicted", ({ evicted_keys }, before) => (Number(evicted_keys) > Number(before?.evicted_keys ?? 0) ? "evicted_keys" : undefined)],
];

/**
 * Looks now and then at the settings of the servers that `primaries()` returns, and tells `onEvent` of each fault
 * once, and again only after it was gone.
 * @returns {{ look: () => Promise<void>, stop: () => void }}
 */
export function watchSettings(primaries, { settingsMs, onEvent }) {
  const before = new Map();
  const said = new Set();
  const look = async () => {
    const causes = new Map();
    for (const redis of primaries()) {
      const { fields, cause } = await infoOf(redis);
      // A connection that went while it was asked is told of by others.
      if (cause) causes.set("redis_settings_unknown", cause);
      if (!fields) continue;
      const at = `${redis.options.host}:${redis.options.port}`;
      for (const [event, causeIn] of WARNINGS) {
        const found = causeIn(fields, before.get(at));
        if (found) causes.set(event, found);
      }
      before.set(at, fields);
    }
    for (const key of said) if (!causes.has(key.split(" ")[0])) said.delete(key);
    for (const [event, cause] of causes) {
      if (said.has(`${event} ${cause}`)) continue;
      said.add(`${event} ${cause}`);
      onEvent({ event, cause });
    }
  };
  const timer = setInterval(look, settingsMs);
  timer.unref();
  return { look, stop: () => clearInterval(timer) };
}

async function infoOf(redis) {
  try {
    const text = String(await redis.sendCommand(new RedisCommand("INFO")));
    const words = [...text.matchAll(/^(maxmemory_policy|aof_enabled|role|evicted_keys):([a-z0-9-]{1,32})\r?$/gm)];
    return { fields: Object.fromEntries(words.map(([, name, value]) => [name, value])) };
  } catch (error) {
    return { cause: error.name === "ReplyError" ? causeOf(error) : undefined };
  }
}
