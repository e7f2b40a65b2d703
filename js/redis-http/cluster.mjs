// A Redis Cluster behind the bridge: a connection to each node, and a map of slots that is kept up to date. Where a
// command goes is in routing.mjs.

import { Cluster } from "ioredis";
import { clusterAddress } from "./address.mjs";
import { watchFailover } from "./failover.mjs";
import { connectionOptions, firstAttempt, isOpen, reconnectMs, redisCommand } from "./redis.mjs";
import { causeOf, report } from "./report.mjs";
import { addressOf, REDIRECTIONS_MAX, send, sendOne, transactionOn } from "./routing.mjs";
import { watchSettings } from "./settings.mjs";

const TRY_AGAIN_MS = 50;
// By itself a failover is not announced.
const SLOTS_MS = 1_000;
// While a slot has no primary every command asks for a new map: so often and no oftener.
const REFRESH_MS = 100;

/** As connectRedis, of options whose redisUrl names nodes of a cluster. */
export function connectCluster({ redisUrl, commandMsMax, settingsMs, epochKey, onEvent }) {
  const { nodes, credentials } = clusterAddress(redisUrl);
  const cluster = new Cluster(nodes, clusterOptions(commandMsMax, credentials));
  const settings = watchSettings(() => cluster.nodes("master").filter(isOpen), { settingsMs, onEvent });
  const refresh = refresher(cluster);
  const looking = setInterval(refresh, SLOTS_MS);
  looking.unref();
  const way = { cluster, refresh, commandMsMax };
  report(cluster, onEvent, causeOfNodes(cluster));
  keepConnected(cluster, { onEvent, refresh });
  if (epochKey) {
    const slot = redisCommand(["DEL", epochKey]).getSlot();
    watchFailover(cluster, slot, { onEvent, forget: () => sendOne(way, ["DEL", epochKey]) });
  }
  const ready = firstAttempt(cluster, commandMsMax).then(() => connected(cluster, commandMsMax)).then(settings.look);
  return {
    ready,
    send: (commands) => send(way, commands),
    transaction: (commands) => transactionOn(way, commands),
    close() {
      clearInterval(looking);
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
  // By a timer of our own: ioredis sets its own again after it was closed, where a look at the map was under way.
  slotsRefreshInterval: 0,
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
