// A server for the gateway to stand before: it keeps what it is asked, and answers as a test says.

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

/** Route rules as tests mostly want them. */
export const ROUTES = [
  { match: "GET /public/**", public: true },
  { match: "POST /admin/*", scopes: ["write"] },
  { match: "/items/**" },
  { match: "/faults/*" },
];

/**
 * Starts an upstream on a free loopback port. handlers: by path, (request, response) => what to do; every
 * other path is answered with what was asked, as JSON. A WebSocket is an echo, of short texts.
 *
 * Resolves to { url, seen, close }; seen grows with { method, url, headers, rawHeaders }.
 */
export async function startUpstream(handlers = {}) {
  const seen = [];
  const keep = ({ method, url, headers, rawHeaders }) => seen.push({ method, url, headers, rawHeaders });
  const server = createServer(async (request, response) => {
    keep(request);
    const { pathname } = new URL(request.url, "http://upstream");
    // A body that breaks off ends the handler with it.
    if (handlers[pathname]) return Promise.resolve(handlers[pathname](request, response)).catch(() => response.destroy());
    let body = "";
    for await (const chunk of request.setEncoding("latin1")) body += chunk;
    const { method, url, headers } = request;
    response.setHeader("content-type", "application/json").end(JSON.stringify({ method, url, headers, body }));
  });
  server.on("upgrade", (request, socket) => {
    keep(request);
    echo(request, socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, seen, close };
}

/** Takes a WebSocket (RFC 6455 section 4.2.2) and sends back each text of fewer than 126 bytes. */
function echo({ headers }, socket) {
  const accept = createHash("sha1").update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const protocol = headers["sec-websocket-protocol"];
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`, "X-Upstream: 1"];
  if (protocol) lines.push(`Sec-WebSocket-Protocol: ${protocol}`);
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  socket.on("error", () => {});
  let kept = Buffer.alloc(0);
  socket.on("data", (data) => {
    kept = Buffer.concat([kept, data]);
    for (let length; kept.length >= 6 && kept.length >= (length = 6 + (kept[1] & 0x7f)); kept = kept.subarray(length)) {
      if ((kept[0] & 0x0f) === 8) return void socket.end();
      const [mask, text] = [kept.subarray(2, 6), kept.subarray(6, length)];
      const plain = text.map((byte, at) => byte ^ mask[at % 4]);
      socket.write(Buffer.concat([Buffer.from([kept[0], plain.length]), plain]));
    }
  });
}

/** The settings of a gateway before `upstream`; `gateway` and `routes` over those of the tests. */
export const gatewayVars = ({ url }, gateway = {}, routes = ROUTES) => ({ gateway: { upstream: url, ...gateway }, routes });
