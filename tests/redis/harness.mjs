// A bridge in front of a redis-server of its own, and the ways to speak to it.

import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createBridge } from "../../js/redis-http/bridge.mjs";
import { startRedis } from "./redis-server.mjs";

const WAIT_MS_MAX = 20_000;

export const newToken = () => randomBytes(32).toString("hex");

/**
 * Starts both. `redisArgs` are redis-server's, the rest are the bridge's options.
 *
 * Resolves to { url, token, redis, bridge, events, ask, command, dispose }:
 * ask(path, init) is fetch with the token, and resolves to { status, headers, body }, the body as
 * JSON where it is JSON; command(...words) is POST / with them; events are those of the bridge.
 */
export async function startBridge({ redisArgs, ...options } = {}) {
  const token = newToken();
  const events = [];
  const redis = await startRedis({ args: redisArgs });
  const bridge = await createBridge({ token, redisUrl: redis.url, port: 0, onEvent: (event) => events.push(event), ...options });
  const ask = asker(bridge.url, token);
  return {
    url: bridge.url,
    token,
    redis,
    bridge,
    events,
    ask,
    command: (...words) => ask("/", { body: words }),
    async dispose() {
      await bridge.close();
      await redis.dispose();
    },
  };
}

/** fetch for a bridge: a body that is neither text nor bytes is sent as JSON, and POST is the method where there is one. */
export function asker(url, token) {
  return async (path, { headers, body, method = body === undefined ? "GET" : "POST", ...init } = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers },
      body: body === undefined || typeof body === "string" || ArrayBuffer.isView(body) ? body : JSON.stringify(body),
      redirect: "manual",
      ...init,
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) };
  };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Resolves as soon as `condition` holds; rejects, saying what was awaited, when it takes too long. */
export async function until(what, condition) {
  for (const started_ms = Date.now(); !(await condition()); await sleep(10)) {
    if (Date.now() - started_ms > WAIT_MS_MAX) throw new Error(`did not happen in ${WAIT_MS_MAX} ms: ${what}`);
  }
}

/**
 * Resolves once requests sent before, and not answered because Redis is stopped, have been passed on
 * to it: the bridge has since answered several that it refuses itself.
 */
export async function passedOn(ask) {
  for (let i = 0; i < 10; i += 1) await ask("/quit");
}
