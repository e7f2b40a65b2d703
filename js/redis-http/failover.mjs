// A failover loses what the new primary had not got, and nothing in the data tells: the key by which clients know the
// data by (Portcullis's epoch) is older than that, and survives. So the bridge deletes it, once after each failover:
// whoever finds another one there tells again what it knows.

/**
 * Watches who serves `slot`. A former replica that does is a failover; another node is a slot that was moved whole.
 * forget: deletes the key, and resolves to the reply.
 */
export function watchFailover(cluster, slot, { forget, onEvent }) {
  let known;
  let [failovers, toldOf] = [0, 0];
  let forgetting = false;
  cluster.on("refresh", async () => {
    // A copy: ioredis writes into its own when it is told MOVED.
    const nodes = [...(cluster.slots[slot] ?? [])];
    const [primary] = nodes;
    if (!primary) return;
    if (known && primary !== known.primary && known.replicas.has(primary)) {
      failovers += 1;
      onEvent({ event: "failover" });
    }
    known = { primary, replicas: new Set([...nodes.slice(1), ...(known?.primary === primary ? known.replicas : [])]) };
    if (toldOf === failovers || forgetting) return;
    forgetting = true;
    // Another one meanwhile is one more to tell of.
    const upTo = failovers;
    // Where it fails the next look at the map tries again, a second later at the most.
    const reply = await forget().catch((error) => error);
    forgetting = false;
    if (!(reply instanceof Error)) toldOf = upTo;
  });
}
