// What the bridge can be told, with its defaults and bounds: one table for the function and the program.

/**
 * @typedef {object} BridgeOptions
 * @property {string} token the bearer token that clients send; at least 16 visible ASCII characters
 * @property {string} [redisUrl] redis://, rediss:// (TLS) or unix:/path/to/socket; of a cluster one or several, with commas between
 * @property {boolean} [cluster] whether redisUrl names nodes of a Redis Cluster
 * @property {string} [epochKey] in a cluster: a key to delete after a failover, by which clients notice that the last writes may be lost
 * @property {string} [host] address to listen on; the bridge speaks plain HTTP, so loopback by default
 * @property {number} [port] 0 takes a free one
 * @property {boolean} [allowQueryToken] take the token from `?_token=` too; it then ends up in access logs
 * @property {number} [bodyBytesMax] size of a request's body
 * @property {number} [pipelineMax] commands in one /pipeline or /multi-exec
 * @property {number} [connectionsMax] HTTP connections, and requests being answered, at any one time
 * @property {number} [requestMsMax] life of a request, from its header fields to the last byte of its answer
 * @property {number} [commandMsMax] how long Redis may take, or be silent while an answer is due
 * @property {number} [closeMsMax] how long a stopping bridge waits for requests that are being answered
 * @property {number} [settingsMs] how often Redis's settings are looked at, beside each new connection
 * @property {(event: BridgeEvent) => void} [onEvent] told of what an operator should know
 */

/**
 * Made of fixed words and error codes: never a token, a key, a value or a command's argument.
 * @typedef {{ event: "redis_ready" | "redis_lost" | "redis_unreachable" | "node_lost" | "node_ready" | "failover" |
 *   "redis_may_evict" | "redis_has_evicted" | "redis_not_durable" | "redis_is_replica" | "redis_settings_unknown" |
 *   "connection_refused" | "server_error", cause?: string }} BridgeEvent
 */

const MIB = 1024 * 1024;

/** Options that are numbers: default, least and greatest. */
export const NUMBERS = {
  port: { byDefault: 8079, min: 0, max: 65_535 },
  bodyBytesMax: { byDefault: MIB, min: 1, max: 512 * MIB },
  pipelineMax: { byDefault: 1_000, min: 1, max: 100_000 },
  connectionsMax: { byDefault: 256, min: 1, max: 65_535 },
  requestMsMax: { byDefault: 10_000, min: 10, max: 600_000 },
  commandMsMax: { byDefault: 5_000, min: 1, max: 600_000 },
  closeMsMax: { byDefault: 5_000, min: 0, max: 600_000 },
  settingsMs: { byDefault: 60_000, min: 100, max: 86_400_000 },
};

export const TEXTS = { host: "127.0.0.1", redisUrl: "redis://127.0.0.1:6379", epochKey: "" };
/** Options that are true or false, and false by default. */
export const SWITCHES = ["allowQueryToken", "cluster"];
const FUNCTIONS = ["onEvent"];
const TOKEN_CHARS_MIN = 16;

/** An option is missing or wrong. Its message never shows the value, which may hold a secret. */
export class OptionError extends Error {
  constructor(message) {
    super(message);
    this.name = "OptionError";
    this.code = "ERR_BRIDGE_OPTION";
  }
}

/**
 * Fills in defaults and checks every member.
 * @param {BridgeOptions} given
 * @returns {Required<BridgeOptions>}
 */
export function readOptions(given = {}) {
  const known = ["token", ...SWITCHES, ...Object.keys(TEXTS), ...Object.keys(NUMBERS), ...FUNCTIONS];
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown) throw new OptionError(`there is no option ${unknown}`);
  const options = { token: readToken(given.token) };
  for (const name of SWITCHES) {
    options[name] = given[name] ?? false;
    if (typeof options[name] !== "boolean") throw new OptionError(`${name} must be true or false`);
  }
  for (const [name, byDefault] of Object.entries(TEXTS)) {
    options[name] = given[name] ?? byDefault;
    if (typeof options[name] !== "string" || (byDefault && !options[name])) throw new OptionError(`${name} must be a text`);
  }
  for (const [name, { byDefault, min, max }] of Object.entries(NUMBERS)) {
    options[name] = given[name] ?? byDefault;
    if (!Number.isInteger(options[name]) || options[name] < min || options[name] > max) {
      throw new OptionError(`${name} must be a whole number from ${min} to ${max}`);
    }
  }
  if (options.epochKey && !options.cluster) throw new OptionError("epochKey is for a cluster: one server has no failover that the bridge could see");
  options.onEvent = given.onEvent ?? (() => {});
  if (typeof options.onEvent !== "function") throw new OptionError("onEvent must be a function");
  return options;
}

function readToken(token) {
  if (token === undefined || token === "") throw new OptionError("the token is missing");
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
    throw new OptionError("the token must be of visible ASCII characters, without spaces");
  }
  if (token.length < TOKEN_CHARS_MIN) throw new OptionError(`the token must have at least ${TOKEN_CHARS_MIN} characters`);
  return token;
}
