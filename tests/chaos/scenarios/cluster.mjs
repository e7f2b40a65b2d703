// Redis Cluster: the primary that has all keys of the deployment dies, and its replica takes over by itself.

import { until } from "../harness.mjs";

const EPOCH = "{portcullis}:1:epoch";
const REVOKED = "{portcullis}:1:revoked:*";
const start = { cluster: true, bridgeOptions: { epochKey: EPOCH } };
/** How many revocations the primary acknowledges that its replica will never get. */
const AHEAD = 3;

const counted = async ({ ask }) => (await ask("KEYS", REVOKED)).length;

/** Cuts a replica off, so that it knows no more than now: its primary does not wait for it. Resolves to the replica. */
async function cutReplica({ nodes }, primary) {
  const isOf = async ({ ask }) => (await ask("INFO", "replication")).includes(`master_port:${primary.redis.port}`);
  for (const node of nodes) {
    if (!(await isOf(node))) continue;
    // With a password that nobody asked for it is not let in again.
    await node.ask("CONFIG", "SET", "masterauth", "none");
    await primary.ask("CLIENT", "KILL", "TYPE", "replica");
    await until("the replica to be cut off", async () => (await node.ask("INFO", "replication")).includes("master_link_status:down"));
    return node;
  }
  throw new Error("the primary has no replica");
}

export const CLUSTER = [
  {
    id: "cluster_failover",
    title: "kill -9 of the primary in a Redis Cluster of 3 + 3",
    injected: "SIGKILL of the primary that owns the slot, between two revocations (`cluster-node-timeout 1000`)",
    start,
    inject: async ({ cluster }) => void (await (await cluster.primaryOf(EPOCH)).redis.kill()),
    reasons: ["cluster_down", "http_5xx"],
    told: { event: "failover" },
    loses: "measured",
  },
  {
    id: "cluster_failover_behind",
    title: "the same, with a replica that had fallen behind: acknowledged revocations are lost",
    injected: "the replica's link is cut, revocations go on, then SIGKILL of the primary",
    start,
    inject: async ({ cluster }) => {
      const primary = await cluster.primaryOf(EPOCH);
      const replica = await cutReplica(cluster, primary);
      const has = await counted(replica);
      await until("the primary to be ahead", async () => (await counted(primary)) >= has + AHEAD);
      // Stopped first: what it acknowledges is counted whole.
      await primary.ask("CLIENT", "PAUSE", 60_000, "WRITE");
      const willLose = (await counted(primary)) - has;
      await primary.redis.kill();
      return { willLose };
    },
    // Some answers met the pause.
    reasons: ["cluster_down", "http_5xx", "timeout"],
    told: { event: "failover" },
    loses: "some",
  },
];
