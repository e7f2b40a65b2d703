// A real Redis Cluster of a test's own: three primaries with a replica each, every one a redis-server process.

import { Redis } from "ioredis";
import { until } from "./harness.mjs";
import { freePort, startRedis } from "./redis-server.mjs";

const HOST = "127.0.0.1";
const PRIMARIES = 3;
const SLOTS = 16_384;
const CALL_MS_MAX = 5_000;
export const NODE_TIMEOUT_MS = 1_000;

const SETTINGS = {
  "cluster-enabled": "yes",
  "cluster-node-timeout": String(NODE_TIMEOUT_MS),
  "cluster-replica-validity-factor": "0",
  "repl-diskless-sync-delay": "0",
  appendfsync: "always",
  "maxmemory-policy": "noeviction",
};

/**
 * Starts one; `args` are more of each redis-server's own.
 *
 * Resolves to { url, nodes, primaryOf, restart, whole, dispose }: url names three of its nodes for the bridge; each node is
 * { redis, ask, id }, ask(...words) a command to that one alone; primaryOf(key) is the node that has it now;
 * restart(node) starts one again that was killed; whole() resolves once no slot is without a primary and each primary has a replica.
 */
export async function startCluster({ args = [] } = {}) {
  const nodes = [];
  const dispose = async () => {
    for (const { client } of nodes) client.disconnect();
    await Promise.all(nodes.map(({ redis }) => redis.dispose()));
  };
  try {
    while (nodes.length < 2 * PRIMARIES) nodes.push(await startNode(args));
    await join(nodes);
    const cluster = {
      url: nodes.slice(0, PRIMARIES).map(({ redis }) => redis.url).join(","),
      nodes,
      primaryOf: (key) => primaryOf(nodes, key),
      restart: (node) => node.redis.restart(),
      whole: () => whole(nodes),
      dispose,
    };
    await cluster.whole();
    return cluster;
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function startNode(args) {
  // By default it is the port and 10,000, which may be taken or no port at all.
  const busPort = await freePort();
  const settings = Object.entries({ ...SETTINGS, "cluster-port": String(busPort) }).flatMap(([name, value]) => [`--${name}`, value]);
  const redis = await startRedis({ args: [...settings, ...args] });
  const client = new Redis({ host: HOST, port: redis.port, commandTimeout: CALL_MS_MAX, maxRetriesPerRequest: 0, retryStrategy: () => 50, enableOfflineQueue: false, lazyConnect: true });
  client.on("error", () => {});
  await client.connect();
  const ask = (name, ...words) => client.call(name, ...words);
  return { redis, client, busPort, ask, id: await ask("CLUSTER", "MYID") };
}

async function join(nodes) {
  const [first, ...others] = nodes;
  for (const [n, { ask }] of nodes.entries()) await ask("CLUSTER", "SET-CONFIG-EPOCH", n + 1);
  for (const { redis, busPort } of others) await first.ask("CLUSTER", "MEET", HOST, redis.port, busPort);
  await until("the nodes to know each other", async () => (await Promise.all(nodes.map(({ ask }) => ask("CLUSTER", "INFO")))).every((text) => text.includes(`cluster_known_nodes:${nodes.length}`)));
  const share = Math.ceil(SLOTS / PRIMARIES);
  for (const [n, { ask }] of nodes.slice(0, PRIMARIES).entries()) {
    await ask("CLUSTER", "ADDSLOTSRANGE", n * share, Math.min((n + 1) * share, SLOTS) - 1);
  }
  for (const [n, { ask }] of nodes.slice(PRIMARIES).entries()) await ask("CLUSTER", "REPLICATE", nodes[n].id);
}

/** A node that is down says nothing. */
const said = ({ ask }, ...words) => ask(...words).catch(() => "");

async function primaryOf(nodes, key) {
  for (const node of nodes) {
    const slot = Number(await said(node, "CLUSTER", "KEYSLOT", key));
    const own = (await said(node, "CLUSTER", "NODES")).split("\n").find((line) => line.includes("myself")) ?? "";
    const ranges = own.split(" ").slice(8).map((range) => range.split("-").map(Number));
    if (own.includes("master") && ranges.some(([from, to = from]) => from <= slot && slot <= to)) return node;
  }
  throw new Error("no node has that slot");
}

async function whole(nodes) {
  const isWhole = async (node) => {
    const [info, links] = [await said(node, "CLUSTER", "INFO"), await said(node, "INFO", "replication")];
    return info.includes("cluster_state:ok") && info.includes("cluster_slots_ok:16384") && (links.includes("master_link_status:up") || /slave0:.*state=online/.test(links));
  };
  try {
    await until("the cluster to be whole", async () => (await Promise.all(nodes.map(isWhole))).every(Boolean));
  } catch (error) {
    const views = await Promise.all(nodes.map((node) => said(node, "CLUSTER", "NODES")));
    throw new Error([error.message, ...views].join("\n"), { cause: error });
  }
}
