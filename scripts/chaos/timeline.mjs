// Two outages under a steady rate of requests, in `workerd serve`: kill -9 and restart, SIGSTOP and SIGCONT.

import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { startBackend } from "../../benches/store/backend.mjs";
import { ONE_LIMIT, credentials, newToken } from "../../benches/store/setup.mjs";
import { startOurs } from "../../benches/store/contestants.mjs";

export const RATE = 200;
const CONNECTIONS = 200;
const TICK_MS = 10;
const WARM_UP_MS = 2_000;
const ANSWER_MS_MAX = 5_000;
// Of ten requests two carry a token that is revoked.
const REVOKED_OF_TEN = 2;

/** When what happens, in seconds; the last is the end. */
const PLAN = [
  { at_s: 5, what: "kill -9", act: (redis) => redis.kill() },
  { at_s: 10, what: "restart", act: (redis) => redis.restart() },
  { at_s: 17, what: "SIGSTOP", act: (redis) => redis.pause() },
  { at_s: 22, what: "SIGCONT", act: (redis) => redis.resume() },
];
const END_S = 30;

/** Resolves to { marks: [{ at_s, what }], answers: [{ at_s, ms, kind }] }, kind being exact, degraded, denied or failed. */
export async function runTimeline() {
  const store = await startBackend({ redisArgs: ["--appendfsync", "always"] });
  try {
    const worker = await startOurs("EdDSA", ONE_LIMIT, store);
    try {
      return await observe(worker.port, store.redis);
    } finally {
      await worker.dispose();
    }
  } finally {
    await store.dispose();
  }
}

async function observe(port, redis) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const good = Array.from({ length: 20 }, () => newToken("EdDSA").token);
  const { token: revoked } = newToken("EdDSA");
  await revoke(port, revoked);
  const ask = (n) => authorize(agent, port, n % 10 < REVOKED_OF_TEN ? revoked : good[n % good.length]);
  try {
    for (const end_ms = performance.now() + WARM_UP_MS; performance.now() < end_ms; ) await ask(0);
    return await play(ask, redis);
  } finally {
    agent.destroy();
  }
}

async function play(ask, redis) {
  const answers = [];
  const marks = [];
  const pending = [];
  const begun_ms = performance.now();
  const now_s = () => (performance.now() - begun_ms) / 1000;
  const plan = [...PLAN];
  let sent = 0;
  for (; now_s() < END_S; await sleep(TICK_MS)) {
    if (plan.length && now_s() >= plan[0].at_s) {
      const { what, act } = plan.shift();
      marks.push({ at_s: now_s(), what });
      // Not waited for: the requests go on meanwhile.
      pending.push(act(redis));
    }
    // At a rate, whatever the answers do: a caller does not wait for another's.
    for (const due = Math.floor(now_s() * RATE); sent < due; sent += 1) {
      const at_s = now_s();
      pending.push(ask(sent).then((answer) => answers.push({ at_s, ...answer })));
    }
  }
  await Promise.all(pending);
  return { marks, answers, seconds: END_S };
}

function authorize(agent, port, token) {
  const started_ms = performance.now();
  return new Promise((resolve) => {
    const done = (kind) => resolve({ kind, ms: performance.now() - started_ms });
    const options = { agent, host: "127.0.0.1", port, path: "/v1/authorize", timeout: ANSWER_MS_MAX, headers: { authorization: `Bearer ${token}`, "cf-connecting-ip": "192.0.2.1" } };
    const sent = request(options, (response) => {
      response.resume().on("end", () => done(kindOf(response)));
    });
    sent.on("timeout", () => sent.destroy()).on("error", () => done("failed")).end();
  });
}

function kindOf({ statusCode, headers }) {
  if (statusCode === 401) return "denied";
  if (statusCode !== 200) return "failed";
  return headers["portcullis-degraded"] ? "degraded" : "exact";
}

async function revoke(port, token) {
  const { id, secret } = credentials.client;
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
  const { status } = await fetch(`http://127.0.0.1:${port}/oauth/revoke`, { method: "POST", headers: { authorization }, body: new URLSearchParams({ token }) });
  if (status !== 200) throw new Error(`the revocation was answered ${status}`);
}
