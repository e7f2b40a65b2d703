// Who answers /v1/authorize: our Worker, a Worker made of public packages, and one that does nothing. Each
// is a bundle and its bindings; how one revokes a token and spends a quota belongs to it as well.

import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { Ratelimit } from "@upstash/ratelimit";
import { Redis } from "@upstash/redis";
import { credentialBindings } from "../../scripts/lib/credentials.mjs";
import { inRoot, WORKER_BUNDLE_DIR } from "../../scripts/lib/project.mjs";
import { denied } from "./peer-names.mjs";
import { AUDIENCE, credentials, ISSUER, ONE_LIMIT, publicJwk, QUOTA, THREE_LIMITS, WINDOW } from "./setup.mjs";
import { startWorkerd } from "./workerd.mjs";

export const FLOOR = "empty Hono Worker";
export const OURS = "portcullis";
export const RIVAL = "Hono, Upstash";
export const RIVAL_AT_ONCE = "Hono, Upstash, all at once";

const compatibilityDate = /^compatibility_date = "([^"]+)"/m.exec(readFileSync(inRoot("wrangler.toml"), "utf8"))[1];

/** Each { name, limits: how many, start({ url, token }) of a store }: that resolves to { port, said, dispose }. */
export async function contestants() {
  const empty = [await bundled("empty-worker.mjs")];
  const peer = [await bundled("peer-worker.mjs")];
  const list = [{ name: FLOOR, limits: 0, start: () => startWorkerd({ modules: empty, bindings: {}, compatibilityDate }) }];
  for (const limits of [ONE_LIMIT, THREE_LIMITS]) {
    list.push({ name: OURS, limits: limits.length, start: (store) => startOurs(limits, store), revoke: revokeOurs, spend: spendOurs });
    for (const name of [RIVAL, RIVAL_AT_ONCE]) {
      const start = (store) => startPeer(peer, { limits, atOnce: name === RIVAL_AT_ONCE }, store);
      list.push({ name, limits: limits.length, start, revoke: revokePeers, spend: spendPeers });
    }
  }
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

function startOurs(limits, { url, token }) {
  const algorithm = "sliding-window";
  const portcullis = {
    issuer: ISSUER,
    audience: [AUDIENCE],
    gate: { limit: QUOTA, window: WINDOW },
    limits: limits.map((limit) => ({ ...limit, algorithm, limit: QUOTA, window: WINDOW })),
  };
  return startWorkerd({
    modules: [
      { name: "index.js", path: inRoot(WORKER_BUNDLE_DIR, "index.js"), type: "esModule" },
      { name: "index_bg.wasm", path: inRoot(WORKER_BUNDLE_DIR, "index_bg.wasm"), type: "wasm" },
    ],
    bindings: { portcullis, ...credentialBindings(credentials), PORTCULLIS_STORE_URL: url, PORTCULLIS_STORE_TOKEN: token },
    compatibilityDate,
  });
}

function startPeer(modules, { limits, atOnce }, { url, token }) {
  const CONFIG = { jwk: publicJwk, issuer: ISSUER, audience: AUDIENCE, limits, quota: QUOTA, window: WINDOW, atOnce };
  return startWorkerd({ modules, bindings: { CONFIG, REDIS_URL: url, REDIS_TOKEN: token }, compatibilityDate });
}

const revokeOurs = ({ port }, { token }) => ask(port, "/oauth/revoke", new URLSearchParams({ token }));

function spendOurs({ port }, { sub }) {
  const order = new Blob([JSON.stringify({ key: sub, cost: QUOTA })], { type: "application/json" });
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
