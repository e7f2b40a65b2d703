// What `npm start` can be told.

import { parseArgs } from "node:util";
import { StepError } from "../lib/step.mjs";

const STORES = ["embedded", "redis", "kv"];
const DEFAULTS = { port: "8787", store: "embedded" };
const FORM = `npm start -- [--port N] [--store ${STORES.join("|")}]`;

export const USAGE = `usage: ${FORM}

The Worker in workerd on this machine, with credentials of its own in .dev.vars. No account, no network.

  --port N          port on 127.0.0.1, 0 takes a free one [${DEFAULTS.port}]
  --store embedded  state in a Durable Object, with its data in .portcullis; the default
  --store redis     state in a redis-server that is started for it, with its data in .portcullis/redis
  --store kv        revocations in Workers KV, limits in the Worker's memory; no sessions
  --help`;

/** Returns { port, store, help }. */
export function readOptions(args) {
  const refused = (message) => new StepError(message, { next: FORM });
  const option = (name) => ({ type: "string", default: DEFAULTS[name] });
  let values;
  try {
    values = parseArgs({ args, options: { port: option("port"), store: option("store"), help: { type: "boolean" } } }).values;
  } catch (error) {
    throw refused(error.message.split(". ")[0]);
  }
  const { port, store, help } = values;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw refused(`--port takes a number from 0 to 65535, not "${port}"`);
  if (!STORES.includes(store)) throw refused(`--store takes ${STORES.join(", ")}, not "${store}"`);
  return { port: Number(port), store, help };
}
