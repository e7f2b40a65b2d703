// A Worker in `workerd serve`, on a configuration of its own. Not in Miniflare: its development server
// stands in front of workerd, and would be what is measured.

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startWatched } from "./watched.mjs";

// The runtime that Miniflare brings, and so the one that our tests run in.
const { default: WORKERD } = createRequire(fileURLToPath(import.meta.resolve("miniflare")))("workerd");
const HOST = "127.0.0.1";

/**
 * Starts a Worker on a free loopback port; it reaches loopback and private addresses, and nothing else.
 * modules: { name, path, type: "esModule" or "wasm" }, the first the entry point;
 * bindings: a string is bound as text, anything else as JSON.
 * Resolves to { port, said: the lines of its console, dispose }.
 */
export async function startWorkerd({ modules, bindings, compatibilityDate }) {
  // Only its owner may enter this folder, and the configuration holds throw-away secrets.
  const dir = mkdtempSync(join(tmpdir(), "portcullis-workerd-"));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    for (const { name, path } of modules) copyFileSync(path, join(dir, name));
    const file = join(dir, "config.capnp");
    writeFileSync(file, configText({ modules, bindings, compatibilityDate }), { mode: 0o600 });
    const args = ["serve", file, "--socket-addr", `http=${HOST}:0`, "--control-fd=1"];
    const { value, said, stop } = await startWatched(WORKERD, args, { ready: listeningPort });
    return { port: value, said, dispose: stop };
  } finally {
    // Everything embedded has been read by the time it listens.
    process.off("exit", remove);
    remove();
  }
}

function listeningPort(line) {
  if (!line.startsWith('{"event":"listen"')) return undefined;
  return JSON.parse(line).port;
}

function configText({ modules, bindings, compatibilityDate }) {
  const module = ({ name, type }) => `    (name = ${text(name)}, ${type} = embed ${text(name)}),`;
  const binding = ([name, value]) =>
    `    (name = ${text(name)}, ${typeof value === "string" ? `text = ${text(value)}` : `json = ${text(JSON.stringify(value))}`}),`;
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "internet", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", http = (), service = "worker")],
);

const worker :Workerd.Worker = (
  modules = [
${modules.map(module).join("\n")}
  ],
  bindings = [
${Object.entries(bindings).map(binding).join("\n")}
  ],
  compatibilityDate = ${text(compatibilityDate)},
);
`;
}

/** A string of Cap'n Proto's text format; its escapes are C's, of which JSON's (but \\u) are part. */
function text(value) {
  if (/[^\x20-\x7e]/.test(value)) throw new Error("a binding or module name is not printable ASCII");
  return JSON.stringify(value);
}
