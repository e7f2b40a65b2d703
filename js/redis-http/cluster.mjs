// A Redis Cluster behind the bridge: one connection to each node, and each command to the primary of its slot.
//
// ioredis keeps the map of slots and follows MOVED and ASK, which say that nothing was done. As with one server
// nothing waits for a primary to come back, and what was sent to one that went is never sent again.

import { Cluster } from "ioredis";
import { clusterAddress } from "./address.mjs";
import { watchFailover } from "./failover.mjs";
import { connectionOptions, discarded, firstAttempt, isOpen, reconnectMs, redisCommand, replyTo, transaction, unreachable } from "./redis.mjs";
import { causeOf, report } from "./report.mjs";
import { watchSettings } from "./settings.mjs";

const REDIRECTIONS_MAX = 4;
const TRY_AGAIN_MS = 50;
// By itself a failover is not announced.
const SLOTS_MS = 1_000;
// While a slot has no primary every command asks for a new map: so often and no oftener.
const REFRESH_MS = 100;

const NO_PRIMARY = "CLUSTERDOWN the primary of the slot is not reachable";
const CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot";

/** As connectRedis, of options whose redisUrl names nodes of a cluster. */
export function connectCluster({ redisUrl, commandMsMax, settingsMs, epochKey, onEvent }) {
  const { nodes, credentials } = clusterAddress(redisUrl);
  const cluster = new Cluster(nodes, clusterOptions(commandMsMax, credentials));
  const settings = watchSettings(() => cluster.nodes("master").filter(isOpen), { settingsMs, onEvent });
  const refresh = refresher(cluster);
  report(cluster, onEvent, causeOfNodes(cluster));
  keepConnected(cluster, { onEvent, refresh });
  if (epochKey) {
    const slot = redisCommand(["DEL", epochKey]).getSlot();
    watchFailover(cluster, slot, { onEvent, forget: () => sendOne({ cluster, refresh, commandMsMax }, ["DEL", epochKey]) });
  }
  const ready = firstAttempt(cluster, commandMsMax).then(() => connected(cluster, commandMsMax));
  ready.then(settings.look);
  return {
    ready,
    send: (commands) => send({ cluster, refresh, commandMsMax }, commands),
    transaction: (commands) => transactionOn({ cluster, refresh, commandMsMax }, commands),
    close() {
      settings.stop();
      cluster.disconnect();
    },
  };
}

const clusterOptions = (commandMsMax, credentials) => ({
  redisOptions: { ...connectionOptions(commandMsMax), ...credentials },
  // For ioredis's own first questions. A command of a client is sent only where a connection is open, and waits for one
  // only when Redis itself has named a node that nobody knew, for as long as a command may take.
  enableOfflineQueue: true,
  maxRedirections: REDIRECTIONS_MAX,
  retryDelayOnTryAgain: TRY_AGAIN_MS,
  // Not tried again by itself: a broken connection does not say whether the command was carried out,
  retryDelayOnFailover: 0,
  // and whoever asked has a deadline.
  retryDelayOnClusterDown: 0,
  slotsRefreshInterval: SLOTS_MS,
  slotsRefreshTimeout: Math.min(commandMsMax, SLOTS_MS),
  clusterRetryStrategy: reconnectMs,
});

/** The cluster's own error says that no node could be asked; why, each node has said before. */
function causeOfNodes(cluster) {
  let last;
  cluster.on("node error", (error) => {
    const cause = causeOf(error);
    // A connection that was closed has no cause of its own.
    if (cause !== "Error") last = cause;
  });
  return (error) => last ?? causeOf(error);
}

/** ioredis connects a node at its first command, which would have to wait for that. */
function keepConnected(cluster, { onEvent, refresh }) {
  const lost = new Set();
  const connect = (redis) => {
    if (redis.status === "wait") redis.connect().catch(() => {});
  };
  cluster.on("+node", (redis) => {
    const at = addressOf(redis);
    countInNumbers(redis);
    redis.on("ready", () => lost.delete(at) && onEvent({ event: "node_ready" }));
    redis.on("close", () => {
      // One that could not be reached again is lost already; one that we close ourselves is not.
      if (cluster.status !== "ready" || lost.has(at)) return;
      lost.add(at);
      onEvent({ event: "node_lost" });
    });
    connect(redis);
  });
  cluster.on("-node", refresh);
}

/**
 * ioredis reads the map of slots over a connection made like this one. With numbers as text, which replies to clients
 * need, it compares "5462" with "10923" and leaves that range out.
 */
function countInNumbers(redis) {
  const { duplicate } = redis;
  redis.duplicate = (override) => duplicate.call(redis, { ...override, stringNumbers: false });
}

/** Fulfilled once the primaries that the map names are connected, or have taken too long. */
async function connected(cluster, ms_max) {
  for (const end_ms = Date.now() + ms_max; cluster.status === "ready" && Date.now() < end_ms; await new Promise((resolve) => setTimeout(resolve, 5))) {
    if (cluster.nodes("master").every(isOpen)) return;
  }
}

/** Has the map of slots read anew, soon and once for all who ask meanwhile. */
function refresher(cluster) {
  let timer;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (cluster.status === "ready") cluster.refreshSlotsCache();
    }, REFRESH_MS);
    timer.unref();
  };
}

const addressOf = ({ options: { host, port } }) => `${host}:${port}`;

/** The open connection to the primary of a slot, or to any primary where there is no key; undefined where there is none. */
function primaryOf(cluster, slot) {
  if (slot === null) return cluster.nodes("master").find(isOpen);
  const at = cluster.slots[slot]?.[0];
  const primary = cluster.nodes("all").find((redis) => addressOf(redis) === at);
  return primary && isOpen(primary) ? primary : undefined;
}

function send({ cluster, refresh, commandMsMax }, commands) {
  if (cluster.status !== "ready") throw unreachable();
  return Promise.all(commands.map((command) => sendOne({ cluster, refresh, commandMsMax }, command)));
}

async function sendOne({ cluster, refresh, commandMsMax }, command) {
  const sent = redisCommand(command);
  const slot = sent.getSlot();
  const primary = primaryOf(cluster, slot);
  if (!primary) {
    refresh();
    return new Error(NO_PRIMARY);
  }
  const reply = await replyTo(slot === null ? primary.sendCommand(sent) : followed(cluster.sendCommand(sent)), commandMsMax);
  if (reply instanceof Error && reply.message.startsWith("CLUSTERDOWN")) refresh();
  return reply;
}

/** A command that was sent from node to node is none of them's: it was not carried out. */
const followed = (sent) =>
  sent.catch((error) => {
    const [, last] = /^Too many Cluster redirections\. Last error: \w+: ([A-Z]+)/.exec(error.message) ?? [];
    if (!last) throw error;
    return new Error(`${last} too many redirections`);
  });

/** As `transaction`, on the one node that has all its keys. */
async function transactionOn({ cluster, refresh, commandMsMax }, commands) {
  if (cluster.status !== "ready") throw unreachable();
  const slots = new Set(commands.map((command) => redisCommand(command).getSlot()).filter((slot) => slot !== null));
  if (slots.size > 1) throw discarded(CROSS_SLOT);
  const [slot = null] = slots;
  for (let left = REDIRECTIONS_MAX; ; left -= 1) {
    const primary = primaryOf(cluster, slot);
    if (!primary) {
      refresh();
      throw discarded(NO_PRIMARY);
    }
    try {
      return await transaction(primary, commands, commandMsMax);
    } catch (error) {
      if (left <= 1 || !/because of: MOVED /.test(error.message)) throw error;
      // Nothing of it was done: the map was old.
      await new Promise((resolve) => cluster.refreshSlotsCache(() => resolve()));
    }
  }
}
