// A store that misbehaves on command: an HTTP proxy in front of a bridge, with a fault for each
// request that is to meet one. It counts what passes, so that round trips can be counted too.
//
// For tests; the shipped bridge has no faults to switch on.

import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const HOST = "127.0.0.1";
const HUGE_BYTES = 50 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, "x");
const LIFE_MS_MAX = 60_000;

/**
 * The faults, by name; the parameters that each takes stand beside it in its object.
 * Those that say "carried out" let the bridge do the work first: Redis has changed, the client never learns it.
 */
const FAULTS = {
  /** Answers late. { ms } */
  delay: async (exchange, { ms = 1_000 }) => {
    await sleep(ms, undefined, { ref: false });
    exchange.answer(await exchange.forward());
  },
  /** Closes the connection with RST before anything is done. */
  reset: (exchange) => exchange.socket.resetAndDestroy(),
  /** Carried out, and the connection reset before the answer. */
  lost: async (exchange) => {
    await exchange.forward();
    exchange.socket.resetAndDestroy();
  },
  /** Never answers; the connection stays until the client or close() ends it. */
  hang: () => {},
  /** Carried out, and never answered. */
  hangAfter: (exchange) => exchange.forward(),
  /** Carried out; half of the answer arrives as if it were all of it. */
  truncated: async (exchange) => {
    const answer = await exchange.forward();
    exchange.answer({ ...answer, body: answer.body.subarray(0, answer.body.length >> 1) });
  },
  /** An answer of one's own. { status, body, headers } */
  answer: (exchange, { status = 200, body = "", headers = {} }) => exchange.answer({ status, headers, body: Buffer.from(body) }),
  /** What a proxy or a wrong URL sends. { status } */
  html: (exchange, { status = 502 }) =>
    exchange.answer({ status, headers: { "content-type": "text/html" }, body: Buffer.from(`<html><h1>${status}</h1></html>`) }),
  /** Redirects, to itself if not told where to. { status, location } */
  redirect: (exchange, { status = 307, location = "/elsewhere" }) =>
    exchange.answer({ status, headers: { location }, body: Buffer.alloc(0) }),
  /** A valid answer of 50 MB, sent as fast as it is read. { bytes } */
  huge: (exchange, { bytes = HUGE_BYTES }) => exchange.stream(huge(bytes)),
  /** The same, under a length that says it is short. { bytes } */
  lie: async (exchange, { bytes = HUGE_BYTES }) => {
    const { socket } = exchange;
    socket.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const chunk of huge(bytes)) {
      const framed = [`${Buffer.byteLength(chunk).toString(16)}\r\n`, chunk, "\r\n"].map((part) => Buffer.from(part));
      if (socket.destroyed) return;
      if (!socket.write(Buffer.concat(framed))) await Promise.race([once(socket, "drain"), once(socket, "close")]);
    }
    socket.end("0\r\n\r\n");
  },
  /** Carried out; the answer arrives a byte at a time. { ms } between two */
  drip: async (exchange, { ms = 100 }) => exchange.stream(drip((await exchange.forward()).body, ms)),
};

export const FAULT_NAMES = Object.keys(FAULTS);

/** Shorthands for the statuses that a store answers with. */
export const UNAUTHORIZED = { fault: "answer", status: 401, body: '{"error":"WRONGPASS invalid or missing auth token"}' };
export const QUOTA_EXCEEDED = { fault: "answer", status: 429, body: '{"error":"ERR max requests limit exceeded"}' };

/**
 * Starts a proxy in front of `target`, the bridge's URL.
 *
 * Resolves to { url, requests, connections, program, inject, clear, close }:
 * program(decide) sets what happens: decide({ method, url, body, index }) returns a fault or undefined;
 * inject(fault, times) lets that many requests meet a fault, as { fault: "delay", ms: 50 }; clear() ends it;
 * requests is how many have come, connections how many are open, index counts requests from 0.
 */
export async function startFaults(target) {
  let decide = () => undefined;
  const proxy = { requests: 0, connections: 0 };
  const server = createServer(async (request, response) => {
    const index = proxy.requests;
    proxy.requests += 1;
    const body = await readAll(request).catch(() => undefined);
    // A client that went away while it sent meets nothing.
    if (!body) return;
    const exchange = exchangeWith(target, request, response, body);
    const { fault = "none", ...parameters } = decide({ method: request.method, url: request.url, body: String(body), index }) ?? {};
    try {
      if (fault === "none") exchange.answer(await exchange.forward());
      else await FAULTS[fault](exchange, parameters);
    } catch {
      // The bridge is gone, or the client: in both cases there is nobody to answer as planned.
      request.socket.destroy();
    }
  });
  server.on("connection", (socket) => {
    proxy.connections += 1;
    socket.setTimeout(LIFE_MS_MAX, () => socket.destroy());
    socket.on("close", () => (proxy.connections -= 1)).on("error", () => {});
  });
  server.listen(0, HOST);
  await once(server, "listening");
  return Object.assign(proxy, {
    url: `http://${HOST}:${server.address().port}`,
    program: (next) => (decide = next),
    inject(fault, times = Infinity) {
      if (!FAULTS[fault.fault]) throw new Error(`no fault is named ${fault.fault}`);
      let left = times;
      decide = () => (left-- > 0 ? fault : undefined);
    },
    clear: () => (decide = () => undefined),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  });
}

function exchangeWith(target, { method, url, headers, socket }, response, body) {
  return {
    socket,
    /** Has the bridge carry the request out, and resolves to its { status, headers, body }. */
    async forward() {
      const { host, connection, "transfer-encoding": _, ...rest } = headers;
      const onward = httpRequest(target + url, { method, headers: { ...rest, "content-length": body.length }, agent: false });
      onward.end(body);
      const [answer] = await once(onward, "response");
      return { status: answer.statusCode, headers: answer.headers, body: await readAll(answer) };
    },
    answer({ status, headers: { connection, "content-length": _, ...fields }, body }) {
      response.writeHead(status, { "content-type": "application/json", ...fields, "content-length": body.length });
      response.end(body);
    },
    async stream(chunks) {
      response.writeHead(200, { "content-type": "application/json" });
      for await (const chunk of chunks) {
        if (response.destroyed) return;
        if (!response.write(chunk)) await Promise.race([once(response, "drain"), once(response, "close")]);
      }
      response.end();
    },
  };
}

function* huge(bytes) {
  yield '{"result":"';
  for (let left = bytes; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, left);
  yield '"}';
}

async function* drip(body, ms) {
  for (const byte of body) {
    yield Buffer.of(byte);
    await sleep(ms, undefined, { ref: false });
  }
}

async function readAll(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
