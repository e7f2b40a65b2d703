// A request's body, never more of it than the bound.

import { refusal } from "./refusal.mjs";

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {number} bytesMax
 * @returns {Promise<Buffer>} rejects with a Refusal of 413 as soon as it is known to be larger
 */
export function readBody(request, bytesMax) {
  const tooLarge = () => refusal(413, `ERR max request size exceeded. Limit: ${bytesMax} bytes`);
  return new Promise((resolve, reject) => {
    if (Number(request.headers["content-length"] ?? 0) > bytesMax) return reject(tooLarge());
    const chunks = [];
    let bytes = 0;
    request.on("data", (chunk) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) return void chunks.push(chunk);
      // The rest is read, for as long as requestTimeout lets it come, and dropped: a client that is cut
      // off while it sends would not see its answer.
      chunks.length = 0;
      reject(tooLarge());
    });
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.once("close", () => {
      // Every request closes; making an error, with its stack, costs as much as parsing the body.
      if (!request.readableEnded) reject(refusal(400, "ERR the request ended early"));
    });
  });
}
