// From an HTTP request to what is asked of Redis. Upstash's REST protocol has four forms:
//
//   POST /              ["SET","k","v"]
//   POST /pipeline      [["SET","k","v"],["GET","k"]]     each answered on its own
//   POST /multi-exec    the same, in a transaction
//   ANY  /SET/k/v?EX=9  words of the path, then the body if there is one, then words of the query
//
// A word is a string or bytes: values need not be UTF-8.

import { refusal } from "./refusal.mjs";

/** @typedef {string | Buffer} Word */
/** @typedef {Word[]} Command the name, then the arguments */
/** @typedef {{ form: "single" | "pipeline" | "multi-exec", commands: Command[] }} Asked */

const UTF8 = new TextDecoder("utf-8", { fatal: true });
const METHODS = ["GET", "HEAD", "POST", "PUT"];

/** The parts of a request's target. Done before its body is read: authentication may need the query. */
export function readTarget(url) {
  if (!/^\/[\x21-\x7e]*$/.test(url)) throw refusal(400, "ERR the path must be percent-encoded ASCII");
  const [path, query = ""] = url.split(/\?(.*)/s, 2);
  return { path, query: new URLSearchParams(query) };
}

/** Whether there is a body to read: that of a GET or HEAD means nothing. */
export const takesBody = (method) => method === "POST" || method === "PUT";

export function checkMethod(method) {
  if (!METHODS.includes(method)) throw refusal(405, `ERR the method must be one of ${METHODS.join(", ")}`);
}

/**
 * @param {{ method: string, path: string, query: URLSearchParams, body: Buffer, pipelineMax: number }} request
 * @returns {Asked}
 */
export function readAsked({ method, path, query, body, pipelineMax }) {
  const form = { "/": "single", "/pipeline": "pipeline", "/multi-exec": "multi-exec" }[path];
  if (!form) return { form: "single", commands: [pathCommand(path, query, body)] };
  if (!takesBody(method)) throw refusal(405, `ERR ${path} takes POST or PUT`);
  const json = readJson(body);
  if (form === "single") return { form, commands: [jsonCommand(json)] };
  if (!Array.isArray(json) || json.length === 0) throw refusal(400, `ERR ${path} takes a JSON array of commands`);
  if (json.length > pipelineMax) throw refusal(400, `ERR more than ${pipelineMax} commands in one request`);
  return { form, commands: json.map(jsonCommand) };
}

function pathCommand(path, query, body) {
  const words = path.slice(1).split("/").map(percentDecoded);
  if (body.length > 0) words.push(body);
  for (const [name, value] of query) {
    if (name === "_token") continue;
    words.push(name);
    if (value !== "") words.push(value);
  }
  return named(words);
}

/** To bytes, not to text: %FF is a byte like any other. */
function percentDecoded(segment) {
  if (/%(?![0-9a-f]{2})/i.test(segment)) throw refusal(400, "ERR the path has a % that encodes nothing");
  return Buffer.from(segment.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))), "latin1");
}

function readJson(body) {
  try {
    return JSON.parse(UTF8.decode(body));
  } catch {
    throw refusal(400, "ERR the body is not JSON in UTF-8");
  }
}

function jsonCommand(json) {
  if (!Array.isArray(json)) throw refusal(400, "ERR a command is a JSON array of its name and arguments");
  return named(json.map(jsonWord));
}

function jsonWord(value) {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  if (typeof value !== "number") throw refusal(400, "ERR an argument is a string, a number, true or false");
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw refusal(400, "ERR an argument is a number that JSON readers round: send it as a string");
  }
  return String(value);
}

function named(words) {
  const name = String(words[0] ?? "");
  // No command is longer. Anything else would go into the error message that Redis makes of it.
  if (!/^[a-z][a-z0-9._-]{0,63}$/i.test(name)) throw refusal(400, "ERR the command's name is missing or no name");
  return [name, ...words.slice(1)];
}
