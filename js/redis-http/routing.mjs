// Where a command goes in a Redis Cluster: to the primary of its slot.
//
// ioredis keeps the map of slots and follows MOVED and ASK, which say that nothing was done. As with one server
// nothing waits for a primary to come back, and what was sent to one that went is never sent again.

import { discarded, isOpen, redisCommand, replyTo, transaction, unreachable } from "./redis.mjs";

export const REDIRECTIONS_MAX = 4;
const NO_PRIMARY = "CLUSTERDOWN the primary of the slot is not reachable";
const CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot";

/** @typedef {{ cluster: import("ioredis").Cluster, refresh: () => void, commandMsMax: number }} Way refresh has the map read anew */

export const addressOf = ({ options: { host, port } }) => `${host}:${port}`;

/** The open connection to the primary of a slot, or to any primary where there is no key; undefined where there is none. */
function primaryOf(cluster, slot) {
  if (slot === null) return cluster.nodes("master").find(isOpen);
  const at = cluster.slots[slot]?.[0];
  const primary = cluster.nodes("all").find((redis) => addressOf(redis) === at);
  return primary && isOpen(primary) ? primary : undefined;
}

/** As for one server, each command on the way of its own key. */
export function send({ cluster, refresh, commandMsMax }, commands) {
  if (cluster.status !== "ready") throw unreachable();
  return Promise.all(commands.map((command) => sendOne({ cluster, refresh, commandMsMax }, command)));
}

export async function sendOne({ cluster, refresh, commandMsMax }, command) {
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
export async function transactionOn({ cluster, refresh, commandMsMax }, commands) {
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
