// A client that hangs up in the midst of its body. The reading of a body goes on without it and ends; work that
// waits for anything else never goes on, and a later request clears it away: in that request nothing of the other
// may be touched, which would end the instance and with it what it alone knows as revoked.

import assert from "node:assert/strict";
import net from "node:net";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { conversation, startConversation } from "./conversation.mjs";
import { sibling, urlOf } from "./sibling.mjs";
import { head } from "./wire.mjs";

const CLIENTS = 20;
const LATER_MS = 21_000;
/** As many as an instance has under way at once. */
const UNDER_WAY_MAX = 4_096;
const AHEAD = "x-clock-ahead-ms";
const OPEN = "x-open";

// The runtime's clock, as far ahead as the request before said; which wasm instance this is; and as many
// clients as a request says who never get to the end of their body.
const FRONT = `
  import { WorkerEntrypoint } from "cloudflare:workers";
  import Portcullis from "./index.js";

  const now = Date.now;
  let ahead_ms = 0;
  Date.now = () => now() + ahead_ms;

  export default class extends WorkerEntrypoint {
    async fetch(request) {
      ahead_ms = Number(request.headers.get("${AHEAD}") ?? ahead_ms);
      for (let open = Number(request.headers.get("${OPEN}")); open > 0; open--) this.#begin(request.url);
      const answer = await Portcullis.fetch(request, this.env, this.ctx);
      const { criticalError, instanceId } = globalThis.__worker_init_state;
      const headers = new Headers(answer.headers);
      headers.set("x-instance", criticalError + " " + instanceId);
      return new Response(answer.body, { status: answer.status, headers });
    }

    #begin(url) {
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const order = new Request(new URL("/oauth/revoke", url), { method: "POST", headers, body: new ReadableStream() });
      this.ctx.waitUntil(Portcullis.fetch(order, this.env, this.ctx));
    }
  }
`;

let talk;
let url;
before(async () => {
  const sound = await startConversation({ workers: (bindings) => [sibling("clocked", bindings, { front: FRONT })] });
  talk = sound;
  url = new URL(await urlOf(sound.worker, "clocked"));
});
after(() => talk?.worker.dispose());

/** Sends the head of a request and the beginning of its body, and resets the connection. */
function hangUp() {
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(url.port), url.hostname, () => {
      const order = head("POST /v1/tokens HTTP/1.1", "Content-Type: application/json", "Content-Length: 5000");
      socket.write(`${order}{ `, () => setTimeout(() => socket.resetAndDestroy(), 150));
    });
    socket.on("close", () => resolve());
    socket.on("error", reject);
  });
}

test("clients that hung up leave nothing behind that would end the instance", async () => {
  const { request } = conversation(talk.worker, url.origin);
  const instance = async (ahead_ms) => {
    const { status, headers } = await request("/healthz", { headers: { [AHEAD]: String(ahead_ms) } });
    return [status, headers.get("x-instance")];
  };
  const first = await instance(0);
  await Promise.all(Array.from({ length: CLIENTS }, hangUp));
  for (let i = 0; i < CLIENTS; i++) assert.deepEqual(await instance(LATER_MS), first);
  assert.equal(first[0], 200);
});

test("a client that hung up takes no room once its body has ended", async () => {
  const { request } = conversation(talk.worker, url.origin);
  await Promise.all(Array.from({ length: CLIENTS }, hangUp));
  await sleep(1_000);
  const open = UNDER_WAY_MAX - CLIENTS / 2;
  const { status, headers } = await request("/healthz", { headers: { [AHEAD]: "0", [OPEN]: String(open) } });
  assert.equal(status, 200);
  // Those are cleared away for the test that follows.
  const later = await request("/healthz", { headers: { [AHEAD]: String(LATER_MS) } });
  assert.deepEqual([later.status, later.headers.get("x-instance")], [200, headers.get("x-instance")]);
});

test("with 4,096 requests under way the next is refused, until those are cleared away", async () => {
  const { request } = conversation(talk.worker, url.origin);
  const { status, headers, body } = await request("/healthz", { headers: { [AHEAD]: "0", [OPEN]: String(UNDER_WAY_MAX) } });
  assert.deepEqual([status, body.code], [503, "ERR_OVERLOADED"]);
  assert.match(headers.get("retry-after"), /^[1-9]\d*$/);
  const later = await request("/healthz", { headers: { [AHEAD]: String(LATER_MS) } });
  assert.deepEqual([later.status, later.headers.get("x-instance")], [200, headers.get("x-instance")]);
});
