// HTTP/1.1 by hand, for what no client library sends: repeated fields, broken lengths, bodies without end.

import { connect } from "node:net";

/**
 * Writes `parts` to one connection, one after the other, and resolves to { text, closed, elapsed_ms } when
 * the server closes, or when `enough(text)` says so, or after `wait_ms`.
 */
export function exchange(url, parts, { enough = () => false, wait_ms = 5_000 } = {}) {
  const { hostname, port } = new URL(url);
  const started_ms = performance.now();
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let text = "";
    const end = (closed) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed, elapsed_ms: performance.now() - started_ms });
    };
    const timer = setTimeout(() => end(false), wait_ms);
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => {
      text += chunk;
      if (enough(text)) end(false);
    });
    // A reset is a way to close.
    socket.on("error", () => end(true)).on("close", () => end(true));
    for (const part of parts) socket.write(part);
  });
}

/** One request's head: the request line and field lines exactly as given. */
export const head = (requestLine, ...fields) => [requestLine, "Host: 127.0.0.1", ...fields, "", ""].join("\r\n");

/** One GET, or another method without a body, and its answer in the form of a conversation's. */
export async function rawRequest(talk, requestLine, ...fields) {
  const { text } = await exchange(talk.url, [head(requestLine, ...fields, "Connection: close")]);
  return parse(talk, text);
}

/** The first answer in `text`, heard by the conversation; undefined when there is none. */
export function parse(talk, text) {
  const match = /^HTTP\/1\.1 (\d{3})[^\r]*\r\n(.*?)\r\n\r\n/s.exec(text);
  if (!match) return undefined;
  const headers = new Headers(match[2].split("\r\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]));
  const rest = text.slice(match[0].length);
  return talk.heard(Number(match[1]), headers, headers.has("transfer-encoding") ? unchunked(rest) : rest.slice(0, Number(headers.get("content-length") ?? rest.length)));
}

function unchunked(text) {
  let body = "";
  for (let at = 0; ; ) {
    const line_end = text.indexOf("\r\n", at);
    const length = Number.parseInt(text.slice(at, line_end), 16);
    if (line_end < 0 || !length) return body;
    body += text.slice(line_end + 2, line_end + 2 + length);
    at = line_end + 2 + length + 2;
  }
}
