// The one connection to Redis that all requests share.
//
// Nothing waits for Redis to come back: while there is no connection a command fails at once, and a
// command that was sent is never sent again, because it may have been carried out.

import { Command as RedisCommand, Redis, ReplyError } from "ioredis";
import { redisAddress } from "./address.mjs";
import { refusal } from "./refusal.mjs";
import { report } from "./report.mjs";
import { watchSettings } from "./settings.mjs";

/** @typedef {import("./request.mjs").Command} Command */
/** @typedef {import("./reply.mjs").Reply} Reply */

const RECONNECT_MS_MIN = 50;
const RECONNECT_MS_MAX = 1_000;

/**
 * @param {Required<import("./options.mjs").BridgeOptions>} options
 * @returns what sends commands: `ready` is fulfilled once the first attempt to connect has ended, well or not
 */
export function connectRedis({ redisUrl, commandMsMax, settingsMs, onEvent }) {
  const redis = new Redis({ ...connectionOptions(commandMsMax), maxRetriesPerRequest: 0, retryStrategy: reconnectMs }, redisAddress(redisUrl));
  report(redis, onEvent);
  const settings = watchSettings(() => (redis.status === "ready" ? [redis] : []), { settingsMs, onEvent });
  let looking;
  redis.on("ready", () => (looking = settings.look()));
  return {
    ready: firstAttempt(redis, commandMsMax).then(() => looking),
    send: (commands) => send(redis, commands, commandMsMax),
    transaction: (commands) => transaction(redis, commands, commandMsMax),
    close() {
      settings.stop();
      redis.disconnect();
    },
  };
}

/** Fulfilled once it is ready, has failed, or has taken too long. */
export function firstAttempt(redis, ms_max) {
  return new Promise((resolve) => {
    // A Redis that reads a large file at its start is neither ready nor in error.
    setTimeout(resolve, ms_max).unref();
    redis.once("ready", resolve).once("error", resolve);
  });
}

/** How long to wait before an attempt to connect again. */
export const reconnectMs = (attempt) => Math.min(RECONNECT_MS_MIN * 2 ** Math.min(attempt - 1, 10), RECONNECT_MS_MAX);

/** These come first, and so win over whatever stands in the URL's query. */
export const connectionOptions = (commandMsMax) => ({
  // RESP2 has the shapes that Upstash's clients know.
  protocol: 2,
  stringNumbers: true,
  connectionName: "redis-http",
  enableOfflineQueue: false,
  // The commands in flight fail with the first loss of the connection.
  autoResendUnfulfilledCommands: false,
  connectTimeout: commandMsMax,
  commandTimeout: commandMsMax,
  // A Redis that stops answering costs its connection, and with it the queue of what it never answered.
  socketTimeout: commandMsMax,
});

/** In capitals: ioredis changes the shape of some replies, and knows those commands in small letters. */
export const redisCommand = ([name, ...args]) => new RedisCommand(name.toUpperCase(), args);

/**
 * Sends commands one after the other, with none of another request in between, and resolves to their
 * replies; an error of a command is its reply. Rejects with a Refusal of 502 to 504 without Redis.
 * @param {Command[]} commands
 * @returns {Promise<Reply[]>}
 */
async function send(redis, commands, commandMsMax) {
  // Checked and sent without a wait in between: all are written to one connection, or none.
  if (!isOpen(redis)) throw unreachable();
  const { stream } = redis;
  // All commands in one write, with those of the other requests that came in the same turn of the loop.
  stream.cork();
  setImmediate(() => stream.uncork());
  return Promise.all(commands.map((command) => replyTo(redis.sendCommand(redisCommand(command)), commandMsMax)));
}

export const isOpen = (redis) => redis.status === "ready" && redis.stream.writable;

export const unreachable = () => refusal(503, "ERR Redis is not reachable");

/** What was sent, as a reply; rejects with a Refusal where nobody knows what became of it. */
export async function replyTo(sent, commandMsMax) {
  try {
    return await sent;
  } catch (error) {
    if (error instanceof ReplyError) return error;
    throw lost(error, commandMsMax);
  }
}

function lost(error, commandMsMax) {
  if (error.message === "Command timed out") {
    return refusal(504, `ERR Redis did not answer in ${commandMsMax} ms: whether the command was carried out is unknown`);
  }
  return refusal(502, "ERR the connection to Redis was lost: whether the command was carried out is unknown");
}

/** As `send`, in MULTI and EXEC. Rejects with a Refusal of 400 where Redis discards all of it. */
export async function transaction(redis, commands, commandMsMax) {
  const replies = await send(redis, [["MULTI"], ...commands, ["EXEC"]], commandMsMax);
  const executed = replies.at(-1);
  if (Array.isArray(executed)) return executed;
  const cause = replies.find((reply) => reply instanceof Error);
  throw discarded(cause?.message ?? "no reply to EXEC");
}

export const discarded = (cause) => refusal(400, `EXECABORT Transaction discarded because of: ${cause}`);
