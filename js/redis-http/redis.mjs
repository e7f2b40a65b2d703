// The one connection to Redis that all requests share.
//
// Nothing waits for Redis to come back: while there is no connection a command fails at once, and a
// command that was sent is never sent again, because it may have been carried out.

import { Command as RedisCommand, Redis, ReplyError } from "ioredis";
import { OptionError } from "./options.mjs";
import { refusal } from "./refusal.mjs";

/** @typedef {import("./request.mjs").Command} Command */
/** @typedef {import("./reply.mjs").Reply} Reply */

const RECONNECT_MS_MIN = 50;
const RECONNECT_MS_MAX = 1_000;

/**
 * @param {Required<import("./options.mjs").BridgeOptions>} options
 * @returns what sends commands: `ready` is fulfilled once the first attempt to connect has ended, well or not
 */
export function connectRedis({ redisUrl, commandMsMax, onEvent }) {
  const redis = new Redis(redisOptions(commandMsMax), redisAddress(redisUrl));
  report(redis, onEvent);
  return {
    ready: firstAttempt(redis, commandMsMax),
    send: (commands) => send(redis, commands, commandMsMax),
    transaction: (commands) => transaction(redis, commands, commandMsMax),
    close: () => redis.disconnect(),
  };
}

function firstAttempt(redis, ms_max) {
  return new Promise((resolve) => {
    // A Redis that reads a large file at its start is neither ready nor in error.
    setTimeout(resolve, ms_max).unref();
    redis.once("ready", resolve).once("error", resolve);
  });
}

function redisAddress(redisUrl) {
  const url = URL.canParse(redisUrl) ? new URL(redisUrl) : undefined;
  if (url?.protocol === "unix:" && url.pathname.startsWith("/")) return url.pathname;
  if (["redis:", "rediss:"].includes(url?.protocol) && url.hostname) return redisUrl;
  throw new OptionError("redisUrl must be redis://host:port, rediss://host:port or unix:/path");
}

/** These come first, and so win over whatever stands in the URL's query. */
const redisOptions = (commandMsMax) => ({
  // RESP2 has the shapes that Upstash's clients know.
  protocol: 2,
  stringNumbers: true,
  connectionName: "redis-http",
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  // The commands in flight fail with the first loss of the connection.
  maxRetriesPerRequest: 0,
  connectTimeout: commandMsMax,
  commandTimeout: commandMsMax,
  // A Redis that stops answering costs its connection, and with it the queue of what it never answered.
  socketTimeout: commandMsMax,
  retryStrategy: (attempt) => Math.min(RECONNECT_MS_MIN * 2 ** Math.min(attempt - 1, 10), RECONNECT_MS_MAX),
});

/** Says when Redis comes and goes; a cause that stays the same is said once, not at every attempt. */
function report(redis, onEvent) {
  let last;
  const say = (event, cause) => {
    if (last === `${event} ${cause}`) return;
    last = `${event} ${cause}`;
    onEvent(cause ? { event, cause } : { event });
  };
  let wasReady = false;
  redis.on("ready", () => {
    wasReady = true;
    say("redis_ready");
  });
  redis.on("close", () => {
    if (wasReady) say("redis_lost");
    wasReady = false;
  });
  redis.on("error", (error) => say("redis_unreachable", causeOf(error)));
}

function causeOf({ code, name, message }) {
  if (/timed out|timeout/i.test(message)) return "ETIMEDOUT";
  // Of a reply only its first word, the kind: the rest may quote a password.
  return code ?? /^[A-Z]{2,}\b/.exec(message)?.[0] ?? name;
}

/**
 * Sends commands one after the other, with none of another request in between, and resolves to their
 * replies; an error of a command is its reply. Rejects with a Refusal of 502 to 504 without Redis.
 * @param {Command[]} commands
 * @returns {Promise<Reply[]>}
 */
async function send(redis, commands, commandMsMax) {
  // Checked and sent without a wait in between: all are written to one connection, or none.
  if (redis.status !== "ready" || !redis.stream.writable) throw refusal(503, "ERR Redis is not reachable");
  const { stream } = redis;
  // All commands in one write, with those of the other requests that came in the same turn of the loop.
  stream.cork();
  setImmediate(() => stream.uncork());
  return Promise.all(commands.map((command) => sendOne(redis, command, commandMsMax)));
}

async function sendOne(redis, [name, ...args], commandMsMax) {
  try {
    // In capitals: ioredis changes the shape of some replies, and knows those commands in small letters.
    return await redis.sendCommand(new RedisCommand(name.toUpperCase(), args));
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
async function transaction(redis, commands, commandMsMax) {
  const replies = await send(redis, [["MULTI"], ...commands, ["EXEC"]], commandMsMax);
  const executed = replies.at(-1);
  if (Array.isArray(executed)) return executed;
  const cause = replies.find((reply) => reply instanceof Error);
  throw refusal(400, `EXECABORT Transaction discarded because of: ${cause?.message ?? "no reply to EXEC"}`);
}
