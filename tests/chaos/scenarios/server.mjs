// A redis-server that runs and does not serve.

import { randomBytes } from "node:crypto";
import { Redis } from "ioredis";
import { freePort } from "../../redis/redis-server.mjs";
import { fill, unfill } from "./memory.mjs";

const SETTINGS_MS = 200;
const PASSWORD = randomBytes(16).toString("hex");

/** Ends the bridge's connection, and none of an operator's. */
async function cutBridge(admin) {
  const line = String(await admin("CLIENT", "LIST")).split("\n").find((text) => text.includes("name=redis-http"));
  await admin("CLIENT", "KILL", "ID", /^id=(\d+)/.exec(line)[1]);
}

/** Connects beside the bridge, and resolves to the connection. */
async function neighbour({ redis }) {
  const client = new Redis(redis.url, { retryStrategy: null, lazyConnect: true });
  client.on("error", () => {});
  await client.connect();
  return client;
}

export const SERVER = [
  {
    id: "redis_full",
    title: "maxmemory reached under noeviction",
    injected: "another client writes until Redis answers OOM; later its keys are deleted",
    inject: ({ admin }) => fill(admin),
    heal: ({ admin }) => unfill(admin),
    reasons: ["out_of_memory"],
    loses: "nothing",
  },
  {
    id: "wrong_password",
    title: "a password that is right no more",
    injected: "`requirepass` is changed and the bridge's connection ended; later it is changed back",
    start: { password: PASSWORD },
    inject: async ({ admin }) => {
      await admin("CONFIG", "SET", "requirepass", randomBytes(16).toString("hex"));
      await cutBridge(admin);
    },
    heal: ({ admin }) => admin("CONFIG", "SET", "requirepass", PASSWORD),
    reasons: ["http_5xx"],
    told: { event: "redis_unreachable", cause: "WRONGPASS" },
    loses: "nothing",
  },
  {
    id: "read_only_replica",
    title: "a server that has become a replica",
    injected: "`REPLICAOF` a primary that is not there; later `REPLICAOF NO ONE`",
    start: { bridgeOptions: { settingsMs: SETTINGS_MS } },
    inject: async ({ admin }) => admin("REPLICAOF", "127.0.0.1", await freePort()),
    heal: ({ admin }) => admin("REPLICAOF", "NO", "ONE"),
    reasons: ["read_only"],
    told: { event: "redis_is_replica" },
    loses: "nothing",
  },
  {
    id: "client_pause",
    title: "CLIENT PAUSE, as before a planned failover",
    injected: "`CLIENT PAUSE` of all writes; later `CLIENT UNPAUSE`",
    inject: ({ admin }) => admin("CLIENT", "PAUSE", 60_000, "WRITE"),
    heal: ({ admin }) => admin("CLIENT", "UNPAUSE"),
    reasons: ["timeout"],
    loses: "nothing",
  },
  {
    id: "slow_script",
    title: "a script of another client that does not end",
    injected: "an endless Lua script of another client, `lua-time-limit 20`; later `SCRIPT KILL`",
    start: { redisArgs: ["--lua-time-limit", "20"] },
    inject: async (chaos) => {
      const other = await neighbour(chaos);
      const ended = other.call("EVAL", "while true do end", 0).catch(() => {});
      return async () => {
        await chaos.admin("SCRIPT", "KILL");
        await ended;
        other.disconnect();
      };
    },
    heal: (_, end) => end(),
    reasons: ["busy"],
    loses: "nothing",
  },
  {
    id: "connection_limit",
    title: "no connection left for the bridge",
    injected: "`maxclients` lowered to what others hold, and the bridge's connection ended; later raised again",
    inject: async (chaos) => {
      const other = await neighbour(chaos);
      await chaos.admin("CONFIG", "SET", "maxclients", 2);
      await cutBridge(chaos.admin);
      return other;
    },
    heal: async ({ admin }, other) => {
      await admin("CONFIG", "SET", "maxclients", 10_000);
      other.disconnect();
    },
    reasons: ["http_5xx"],
    told: { event: "redis_unreachable" },
    loses: "nothing",
  },
];
