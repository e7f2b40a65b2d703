// Redis Cluster: the primary that has all keys of the deployment dies, and its replica takes over by itself.

export const CLUSTER = [
  {
    id: "cluster_failover",
    title: "kill -9 of the primary in a Redis Cluster of 3 + 3",
    injected: "SIGKILL of the primary that owns the slot, between two revocations (`cluster-node-timeout 1000`)",
    start: { cluster: true },
    inject: async ({ cluster }) => (await cluster.primaryOf("{portcullis}:1:epoch")).redis.kill(),
    reasons: ["cluster_down", "http_5xx"],
    told: { event: "node_lost" },
    loses: "measured",
  },
];
