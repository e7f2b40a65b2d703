// Commands that a bridge cannot pass on. All its clients share one connection to Redis, so what
// changes or blocks that connection would be done to all of them; and what administers the server is
// not for the bearer of a token. Refused here rather than by Redis, which knows neither.

import { Refusal, refusal } from "./refusal.mjs";

/** @typedef {import("./request.mjs").Command} Command */

const reason = (names, why) => names.trim().split(/\s+/).map((name) => [name, why]);

const REFUSED = new Map([
  ...reason(
    `AUTH HELLO SELECT RESET QUIT CLIENT READONLY READWRITE ASKING`,
    "changes the connection, which is shared",
  ),
  ...reason(
    `SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE MONITOR SYNC PSYNC REPLCONF`,
    "turns the connection into a stream, and it is shared",
  ),
  ...reason(`MULTI EXEC DISCARD WATCH UNWATCH`, "needs a connection of its own: use /multi-exec"),
  ...reason(
    `BLPOP BRPOP BRPOPLPUSH BLMOVE BLMOVEM BLMPOP BZPOPMIN BZPOPMAX BZMPOP WAIT WAITAOF`,
    "would block the connection, which is shared",
  ),
  ...reason(
    `SHUTDOWN DEBUG CONFIG MODULE ACL SAVE MIGRATE REPLICAOF SLAVEOF FAILOVER CLUSTER RESTORE-ASKING PFDEBUG`,
    "administers the server",
  ),
]);

/** Reads that block only when told to. What comes after STREAMS is keys. */
const BLOCKING_READS = ["XREAD", "XREADGROUP"];

/**
 * @param {Command} command
 * @returns {Refusal | undefined} why it is not passed on
 */
export function refusedCommand([name, ...args]) {
  const upper = name.toUpperCase();
  const why = REFUSED.get(upper) ?? refusedArguments(upper, args);
  return why && refusal(400, `ERR ${upper} is not available over HTTP: it ${why}`);
}

function refusedArguments(name, args) {
  if (name === "SCRIPT" && upperCase(args[0]) === "DEBUG") return REFUSED.get("DEBUG");
  if (!BLOCKING_READS.includes(name)) return undefined;
  const words = args.map(upperCase);
  const streams = words.indexOf("STREAMS");
  const options = streams < 0 ? words : words.slice(0, streams);
  return options.includes("BLOCK") ? "would block the connection with BLOCK" : undefined;
}

const upperCase = (word) => String(word ?? "").toUpperCase();
