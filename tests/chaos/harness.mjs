// The whole way of a store call, every part of it real and every part to be broken:
//
//   the Worker in workerd -> fault proxy -> bridge -> redis-server

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { createBridge } from "../../js/redis-http/bridge.mjs";
import { startFaults } from "../redis/faults.mjs";
import { asker, newToken, until } from "../redis/harness.mjs";
import { startCluster } from "../redis/redis-cluster.mjs";
import { freePort, startRedis } from "../redis/redis-server.mjs";
import { conversation, LIMITS, startConversation } from "../worker/conversation.mjs";
import { SETTINGS, sibling, urlOf } from "../worker/sibling.mjs";

export { until } from "../redis/harness.mjs";
export const { issuer: ISSUER } = SETTINGS;

// For what is not about the deadline: a slow machine must not miss it. What is tested says its own.
const STORE = { deadline: "5s", first_deadline: "5s" };
const SAFE = ["--appendfsync", "always", "--maxmemory-policy", "noeviction"];
const RECOVERY_MS_MAX = 30_000;
const CLOSE_MS_MAX = 200;

/** A URL where nobody listens. */
export const deadUrl = async () => `http://127.0.0.1:${await freePort()}`;

/**
 * Starts all of it.
 *
 * vars: members of [vars.portcullis]; storeUrl and storeToken: instead of the proxy's URL and the bridge's token;
 * clients: client records beside the one that is made;
 * siblings: more instances of the same keys, { name: { vars, storeUrl, storeToken, kvNamespaces, bindings } }, by default
 * straight to the bridge and without KV, so that all they hear of others is in Redis; bindings: a function of the
 * first one's that returns those which are others;
 * a URL may be a function of { proxy, bridge };
 * redisArgs: more of redis-server's arguments; password: what it asks for; cluster: a Redis Cluster instead of it;
 * bridgeOptions: more of the bridge's.
 *
 * Resolves to { talk, siblings, redis, cluster, admin, proxy, bridge, events, token, command, dispose }: the conversations
 * with the Worker and, by name, with its siblings; events are the bridge's; admin(...words) asks Redis past the bridge,
 * command(...words) past the faults, and both resolve to the reply.
 */
export async function startChaos({ vars, clients, storeUrl, storeToken, siblings = {}, ...store } = {}) {
  const ends = [];
  // One that cannot be ended keeps none of the others.
  const dispose = async () => {
    const faults = [];
    while (ends.length) {
      try {
        await ends.pop()();
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw new AggregateError(faults, "not all of it ended");
  };
  try {
    const places = await startPlaces(ends, store);
    const { bridge, proxy, token } = places;
    const at = (url, fallback) => (typeof url === "function" ? url(places) : (url ?? fallback));
    const storeBindings = (own, fallback) => ({
      PORTCULLIS_STORE_URL: at(own.storeUrl, fallback),
      PORTCULLIS_STORE_TOKEN: own.storeToken ?? token,
    });
    const workers = (bindings) =>
      Object.entries(siblings).map(([name, own]) => {
        const portcullis = { ...SETTINGS, ...LIMITS, store: STORE, ...own.vars };
        return sibling(name, { ...bindings, ...own.bindings?.(bindings), ...storeBindings(own, bridge.url), portcullis }, { kvNamespaces: own.kvNamespaces ?? {} });
      });
    const bindings = storeBindings({ storeUrl, storeToken }, proxy.url);
    const talk = await startConversation({ vars: { store: STORE, ...vars }, clients, bindings, workers });
    ends.push(() => talk.worker.dispose());
    const others = {};
    for (const name of Object.keys(siblings)) others[name] = conversation(talk.worker, await urlOf(talk.worker, name));
    for (const one of [talk, ...Object.values(others)]) one.keepSecret(token, new URL(proxy.url).host, new URL(bridge.url).host);
    return { ...places, talk, siblings: others, command: commands(bridge, token), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** As startChaos, for one test: ends with it. */
export async function chaosFor(t, options) {
  const chaos = await startChaos(options);
  t.after(chaos.dispose);
  return chaos;
}

/** Redis, bridge and proxy; how each ends goes on `ends`. */
async function startPlaces(ends, { redisArgs = [], password, cluster: clustered = false, bridgeOptions }) {
  const token = newToken();
  const asked = password ? ["--requirepass", password] : [];
  const store = clustered ? await startCluster() : await startRedis({ args: [...SAFE, ...asked, ...redisArgs] });
  ends.push(() => store.dispose());
  const redisUrl = password ? store.url.replace("//", `//:${password}@`) : store.url;
  const events = [];
  const onEvent = (event) => events.push(event);
  const bridge = await createBridge({ token, redisUrl, cluster: clustered, port: 0, closeMsMax: CLOSE_MS_MAX, onEvent, ...bridgeOptions });
  ends.push(() => bridge.close());
  const proxy = await startFaults(bridge.url);
  ends.push(() => proxy.close());
  const places = { token, events, bridge, proxy };
  return clustered ? { ...places, cluster: store } : { ...places, redis: withBridge(store, events), admin: startAdmin(ends, redisUrl) };
}

/** A connection that an operator would have: open before the fault. */
function startAdmin(ends, redisUrl) {
  const client = new Redis(redisUrl);
  client.on("error", () => {});
  ends.push(() => client.disconnect());
  return (name, ...words) => client.call(name, ...words);
}

function commands(bridge, token) {
  const ask = asker(bridge.url, token);
  return async (...words) => {
    const { status, body } = await ask("/", { body: words });
    assert.equal(status, 200, JSON.stringify(body));
    return body.result;
  };
}

/** kill(), pause() and so on resolve once the bridge has noticed, so that what follows meets the new state. */
function withBridge(redis, events) {
  const next = async (event, work) => {
    const from = events.length;
    await work();
    await until(`the bridge to say ${event}`, () => events.slice(from).some((said) => said.event === event));
  };
  return {
    port: redis.port,
    url: redis.url,
    kill: () => next("redis_lost", redis.kill),
    restart: () => next("redis_ready", redis.restart),
    pause: () => redis.pause(),
    resume: () => redis.resume(),
  };
}

/** What an answer says of how it was decided; null where the store did. */
export const degraded = (answer) => answer.headers.get("portcullis-degraded");
export const withoutStore = (reason) => `revocation;reason=${reason}, limits;reason=${reason}`;

/** The sum of all series of one name, whatever their labels; with `labels` of those that have them. */
export function total(metrics, name, labels = "") {
  const lines = metrics.split("\n").filter((line) => line.startsWith(`portcullis_${name}{`) || line.startsWith(`portcullis_${name} `));
  return lines.filter((line) => line.includes(labels)).reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** How many lines of that event there are, to wait for those that come after. */
export const seen = async (talk, name) => (await talk.events(name, 0)).length;

/** Uses fresh tokens until the store decides again, as the users of a deployment would. Resolves to that answer. */
export async function untilRecovered(talk) {
  for (const end_ms = Date.now() + RECOVERY_MS_MAX; ; await sleep(50)) {
    const answer = await talk.authorize((await talk.mint()).access_token);
    assert.equal(answer.status, 200, answer.text);
    if (degraded(answer) === null) return answer;
    assert.ok(Date.now() < end_ms, `the store was not used again in ${RECOVERY_MS_MAX} ms`);
  }
}

/** Waits for a log line that comes by itself, some time after an answer. */
export async function untilLogged(talk, name, count = 1) {
  await until(`${count} lines of ${name}`, async () => (await seen(talk, name)) >= count);
  return talk.events(name, count);
}

export async function timed(work) {
  const started_ms = performance.now();
  const answer = await work();
  return { answer, elapsed_ms: performance.now() - started_ms };
}

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];

/** The name of a stored entry, as docs/storage-schema.md has it. */
export function digest(space, value, issuer = ISSUER) {
  const hash = createHash("sha256");
  for (const part of [space, issuer, value].map((text) => Buffer.from(text))) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(part.length));
    hash.update(length).update(part);
  }
  return hash.digest("base64url");
}

/** The key in Redis under which a token is revoked by its jti. */
export const revokedKey = (jti) => `{portcullis}:1:revoked:token:${digest("token", `jti:${jti}`)}`;
