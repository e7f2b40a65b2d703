// Who answers /v1/authorize: our Worker, a Worker made of public packages, and one that does nothing. Each
// is a bundle and its bindings; how one revokes a token and spends a quota belongs to it as well.

import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis";
import { credentialBindings } from "../../scripts/lib/credentials.mjs";
import { inRoot, WORKER_BUNDLE_DIR } from "../../scripts/lib/project.mjs";
import { denied } from "./peer-names.mjs";
import { ALGORITHMS, AUDIENCE, credentials, ISSUER, ONE_LIMIT, QUOTA, THREE_LIMITS, WINDOW } from "./setup.mjs";
import { startWorkerd } from "../lib/workerd.mjs";

export const FLOOR = "empty Hono Worker";
export const OURS = "portcullis";
export const RIVAL = "Hono, Upstash";
export const RIVAL_AT_ONCE = "Hono, Upstash, all at once";

const compatibilityDate = /^compatibility_date = "([^"]+)"/m.exec(readFileSync(inRoot("wrangler.toml"), "utf8"))[1];

/**
 * Each { name, algorithm, limits: how many, start({ url, token }) of a store }: that resolves to { port, said, dispose }.
 * HS256 is what hono/jwt takes by default; EdDSA is what our Worker is set up with.
 */
export async function contestants() {
  const empty = [await bundled("empty-worker.mjs")];
  const peer = [await bundled("peer-worker.mjs")];
  const floor = () => startWorkerd({ modules: empty, bindings: {}, compatibilityDate });
  const list = [{ name: FLOOR, algorithm: "HS256", limits: 0, start: floor }];
  const enter = (name, algorithm, limits) => {
    const start =
      name === OURS
        ? (store) => startOurs(algorithm, limits, store)
        : (store) => startPeer(peer, { algorithm, limits, atOnce: name === RIVAL_AT_ONCE }, store);
    const spending = name === OURS ? { revoke: revokeOurs, spend: spendOurs } : { revoke: revokePeers, spend: spendPeers };
    list.push({ name, algorithm, limits: limits.length, start, ...spending });
  };
  for (const name of [OURS, RIVAL]) for (const algorithm of Object.keys(ALGORITHMS)) enter(name, algorithm, ONE_LIMIT);
  for (const name of [OURS, RIVAL, RIVAL_AT_ONCE]) enter(name, "HS256", THREE_LIMITS);
  return list;
}

async function bundled(source) {
  const path = inRoot("build/bench", source.replace(".mjs", ".js"));
  await build({
    entryPoints: [inRoot("benches/store", source)],
    outfile: path,
    bundle: true,
    format: "esm",
    // As wrangler does.
    conditions: ["workerd", "worker", "browser"],
    target: "es2024",
    logLevel: "warning",
  });
  return { name: "index.js", path, type: "esModule" };
}

export function startOurs(algorithm, limits, { url, token }) {
  const portcullis = {
    issuer: ISSUER,
    audience: [AUDIENCE],
    gate: { limit: QUOTA, window: WINDOW },
    limits: limits.map((limit) => ({ ...limit, algorithm: "sliding-window", limit: QUOTA, window: WINDOW })),
  };
  return startWorkerd({
    modules: [
      { name: "index.js", path: inRoot(WORKER_BUNDLE_DIR, "index.js"), type: "esModule" },
      { name: "index_bg.wasm", path: inRoot(WORKER_BUNDLE_DIR, "index_bg.wasm"), type: "wasm" },
    ],
    bindings: { portcullis, ...credentialBindings({ ...credentials, keys: ALGORITHMS[algorithm].keys }), PORTCULLIS_STORE_URL: url, PORTCULLIS_STORE_TOKEN: token },
    compatibilityDate,
  });
}

function startPeer(modules, { algorithm, limits, atOnce }, { url, token }) {
  const CONFIG = { jwk: ALGORITHMS[algorithm].verifier, issuer: ISSUER, audience: AUDIENCE, limits, quota: QUOTA, window: WINDOW, atOnce };
  return startWorkerd({ modules, bindings: { CONFIG, REDIS_URL: url, REDIS_TOKEN: token }, compatibilityDate });
}

const revokeOurs = ({ port }, { token }) => ask(port, "/oauth/revoke", new URLSearchParams({ token }));

function spendOurs({ port }, { sub }) {
  // One was taken already, and more than is left is refused whole.
  const order = new Blob([JSON.stringify({ key: sub, cost: QUOTA - 1 })], { type: "application/json" });
  return ask(port, `/v1/limits/${ONE_LIMIT[0].name}`, order);
}

async function ask(port, path, body) {
  const { id, secret } = credentials.client;
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
  const { status } = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers: { authorization }, body });
  if (status !== 200) throw new Error(`${path} answers ${status}`);
}

const revokePeers = (_, { jti }, store) => redisAt(store).set(denied(jti), 1, { ex: 3600 });

function spendPeers(_, { sub }, store) {
  const limiter = Ratelimit.slidingWindow(QUOTA, WINDOW);
  return new Ratelimit({ redis: redisAt(store), prefix: ONE_LIMIT[0].name, limiter }).limit(sub, { rate: QUOTA });
}

const redisAt = ({ url, token }) => new Redis({ url, token, enableTelemetry: false });
