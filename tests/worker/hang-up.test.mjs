// A client that hangs up in the midst of its body leaves work that never goes on. A later request clears it
// away: in that request nothing of the other may be touched, which would end the instance and with it what
// it alone knows as revoked.

import assert from "node:assert/strict";
import net from "node:net";
import { after, before, test } from "node:test";
import { conversation, startConversation } from "./conversation.mjs";
import { sibling, urlOf } from "./sibling.mjs";
import { head } from "./wire.mjs";

const CLIENTS = 20;
const AHEAD = "x-clock-ahead-ms";

// The runtime's clock, as far ahead as the request before said; and which wasm instance this is.
const FRONT = `
  import { WorkerEntrypoint } from "cloudflare:workers";
  import Portcullis from "./index.js";

  const now = Date.now;
  let ahead_ms = 0;
  Date.now = () => now() + ahead_ms;

  export default class extends WorkerEntrypoint {
    async fetch(request) {
      ahead_ms = Number(request.headers.get("${AHEAD}") ?? ahead_ms);
      const answer = await Portcullis.fetch(request, this.env, this.ctx);
      const { criticalError, instanceId } = globalThis.__worker_init_state;
      return new Response(answer.body, { status: answer.status, headers: { "x-instance": criticalError + " " + instanceId } });
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

test("clients that hung up are cleared away by others' requests, and the instance lives on", async () => {
  const { request } = conversation(talk.worker, url.origin);
  const instance = async (ahead_ms) => {
    const { status, headers } = await request("/healthz", { headers: { [AHEAD]: String(ahead_ms) } });
    return [status, headers.get("x-instance")];
  };
  const first = await instance(0);
  await Promise.all(Array.from({ length: CLIENTS }, hangUp));
  for (let i = 0; i < CLIENTS; i++) assert.deepEqual(await instance(10 * 60_000), first);
  assert.equal(first[0], 200);
});
