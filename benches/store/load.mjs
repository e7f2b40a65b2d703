// A load generator on bare sockets: what it costs is not to be felt in what it measures, and fetch costs
// more than the Workers do. It reads no more of an answer than its status, its end, and whether it was
// decided without the store.

import { once } from "node:events";
import { connect } from "node:net";

const HOST = "127.0.0.1";
const OVERTIME_MS_MAX = 10_000;
const HEAD_END = Buffer.from("\r\n\r\n");
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

/**
 * Sends `requests` (bytes, taken in turn) over so many connections, each its next one when the last was
 * answered, until `ms` have passed or `count` were sent.
 * Resolves to { took_ms, answers: [{ status, degraded, ms }] in the order of their arrival }. Rejects when a
 * connection ends or an answer does not come.
 */
export async function load({ port, requests, connections, ms = Infinity, count = Infinity }) {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const answers = [];
  const started_ms = performance.now();
  let sent = 0;
  const next = () => {
    if (sent >= count || performance.now() - started_ms >= ms) return undefined;
    return requests[sent++ % requests.length];
  };
  const timeout = setTimeout(() => {
    for (const socket of sockets) socket.destroy(new Error("an answer did not come in time"));
  }, (ms === Infinity ? 0 : ms) + OVERTIME_MS_MAX);
  try {
    await Promise.all(sockets.map((socket) => converse(socket, next, answers)));
    return { took_ms: performance.now() - started_ms, answers };
  } finally {
    clearTimeout(timeout);
    for (const socket of sockets) socket.destroy();
  }
}

async function open(port) {
  const socket = connect(port, HOST).setNoDelay(true);
  await once(socket, "connect");
  return socket;
}

/** Resolves when there is nothing more to send, and the last answer is there. */
function converse(socket, next, answers) {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    let sent_ms;
    const send = () => {
      const request = next();
      if (!request) return resolve();
      sent_ms = performance.now();
      socket.write(request);
    };
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`the connection was closed before an answer; ${received.length} bytes of it had come`)));
    socket.on("data", (chunk) => {
      received = received.length ? Buffer.concat([received, chunk]) : chunk;
      const answer = whole(received);
      if (!answer) return;
      received = Buffer.alloc(0);
      answers.push({ ...answer, ms: performance.now() - sent_ms });
      send();
    });
    send();
  });
}

/** What there is to know of an answer, once it is there as a whole. */
function whole(bytes) {
  const headBytes = bytes.indexOf(HEAD_END);
  if (headBytes < 0) return undefined;
  const head = bytes.latin1Slice(0, headBytes);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const isWhole = length === undefined ? bytes.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK) : bytes.length >= headBytes + HEAD_END.length + Number(length);
  if (!isWhole) return undefined;
  return { status: Number(head.slice(9, 12)), degraded: /\r\nportcullis-degraded:/i.test(head) };
}
