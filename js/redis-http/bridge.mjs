// The HTTP server: Upstash's REST protocol in front of any Redis.
//
// Every request passes the same way: method, target, token, body, commands, Redis, answer. A Refusal
// thrown anywhere on it is the answer.

import { createServer } from "node:http";
import { authenticator } from "./auth.mjs";
import { readBody } from "./body.mjs";
import { connectCluster } from "./cluster.mjs";
import { readOptions } from "./options.mjs";
import { connectRedis } from "./redis.mjs";
import { Refusal, refusal } from "./refusal.mjs";
import { refusedCommand } from "./refused.mjs";
import { errorJson, replyJson } from "./reply.mjs";
import { checkMethod, readAsked, readTarget, takesBody } from "./request.mjs";
import { createScripts } from "./scripts.mjs";

const SWEEP_MS_MAX = 1_000;
// Longer than clients keep an idle connection: it is theirs to end it, or a request may meet its end.
const KEEP_ALIVE_MS = 30_000;

/**
 * Starts a bridge. Redis need not be there yet: until it is, requests are answered with 503.
 * @param {import("./options.mjs").BridgeOptions} given
 * @returns {Promise<{ url: string, close: () => Promise<void> }>} `close` lets requests that are being
 *   answered end, for at most closeMsMax. Rejects with an OptionError, or the error of listening.
 */
export async function createBridge(given) {
  const options = readOptions(given);
  const redis = options.cluster ? connectCluster(options) : connectRedis(options);
  const server = createHttpServer(options, answerer(options, redis));
  try {
    await listen(server, options);
  } catch (error) {
    redis.close();
    throw error;
  }
  // So that the first request after the start does not meet a Redis that is about to answer.
  await redis.ready;
  const { address, family, port } = server.address();
  let closed;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    close: () => (closed ??= close(server, options).finally(redis.close)),
  };
}

function createHttpServer({ requestMsMax, connectionsMax, onEvent }, answer) {
  let answering = 0;
  const server = createServer({
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Also for what is still coming of a request that has its answer.
    requestTimeout: requestMsMax,
    connectionsCheckingInterval: Math.min(requestMsMax, SWEEP_MS_MAX),
  });
  server.maxConnections = connectionsMax;
  server.on("drop", () => onEvent({ event: "connection_refused", cause: "connectionsMax" }));
  server.on("error", ({ code }) => onEvent({ event: "server_error", cause: code }));
  server.on("request", async (request, response) => {
    const timer = setTimeout(() => overdue(request, response, requestMsMax), requestMsMax);
    response.once("close", () => {
      clearTimeout(timer);
      answering -= 1;
      // It was promised to stay open, before the stop began.
      if (!server.listening) server.closeIdleConnections();
    });
    answering += 1;
    // A connection may carry a second request before the first is answered: those count as well.
    const answered = answering > connectionsMax ? failed(refusal(503, "ERR too many requests at once")) : await answer(request);
    respond(request, response, answered, { last: !server.listening });
  });
  return server;
}

/** Time is up: for a request that has no answer yet this is it, else for a client that does not read its own. */
function overdue(request, response, requestMsMax) {
  if (response.headersSent) return request.socket.destroy();
  const late = request.complete
    ? refusal(504, `ERR no answer in ${requestMsMax} ms: whether the command was carried out is unknown`)
    : refusal(408, `ERR the request did not arrive in ${requestMsMax} ms`);
  respond(request, response, failed(late), { last: true });
}

/** @typedef {{ status: number, json: string }} Answered */

/** @returns {(request: import("node:http").IncomingMessage) => Promise<Answered>} never rejects */
function answerer(options, redis) {
  const authenticate = authenticator(options);
  const scripts = createScripts();
  return async (request) => {
    try {
      checkMethod(request.method);
      const { path, query } = readTarget(request.url);
      authenticate(request.headers, query);
      const encoded = wantsBase64(request.headers);
      const body = takesBody(request.method) ? await readBody(request, options.bodyBytesMax) : Buffer.alloc(0);
      const asked = readAsked({ method: request.method, path, query, body, pipelineMax: options.pipelineMax });
      const replies = await ask(asked, redis, scripts);
      if (asked.form !== "single") return { status: 200, json: `[${replies.map((reply) => replyJson(reply, encoded)).join(",")}]` };
      return { status: replies[0] instanceof Error ? 400 : 200, json: replyJson(replies[0], encoded) };
    } catch (error) {
      // Anything else is a fault of ours, and its message might quote the request.
      return failed(error instanceof Refusal ? error : refusal(500, "ERR internal error"));
    }
  };
}

const failed = ({ status, message }) => ({ status, json: errorJson(message) });

function wantsBase64({ "upstash-encoding": encoding, "upstash-response-format": format = "json" }) {
  if (format !== "json") throw refusal(400, "ERR the bridge answers in JSON only");
  if (encoding !== undefined && encoding !== "base64") throw refusal(400, "ERR Upstash-Encoding must be base64");
  return encoding === "base64";
}

async function ask({ form, commands }, redis, scripts) {
  const refused = commands.map(refusedCommand);
  if (form === "multi-exec") {
    const first = refused.find(Boolean);
    if (first) throw refusal(400, `EXECABORT Transaction discarded because of: ${first.message}`);
  }
  const translated = commands.filter((_, i) => !refused[i]).map(scripts.translate);
  const sent = translated.map(({ command }) => command);
  const received = form === "multi-exec" ? await redis.transaction(sent) : sent.length ? await redis.send(sent) : [];
  const replies = received.map((reply, i) => (reply instanceof Error ? reply : (translated[i].reply ?? reply)));
  return refused.map((refusal) => refusal ?? replies.shift());
}

function respond(request, response, { status, json }, { last }) {
  if (response.headersSent) return;
  if (last) response.setHeader("Connection", "close");
  const syncToken = request.headers["upstash-sync-token"];
  if (syncToken) response.setHeader("Upstash-Sync-Token", syncToken);
  if (status === 405) response.setHeader("Allow", "GET, HEAD, POST, PUT");
  if (status === 401) response.setHeader("WWW-Authenticate", "Bearer");
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(json),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
  // Ended when it is sent, not before: a server that closes takes what has ended for idle, and cuts it off.
  // As text it goes out in one piece with the head.
  response.write(json, () => response.end());
}

const listen = (server, { host, port }) =>
  new Promise((resolve, reject) => server.once("error", reject).listen(port, host, resolve));

async function close(server, { closeMsMax }) {
  const timer = setTimeout(() => server.closeAllConnections(), closeMsMax);
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(timer);
}
