// The outside of the Worker: starts it, and is its clock.

import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { build } from "esbuild";
import { inRoot, NPM_MODULE_DIR } from "../../../scripts/lib/project.mjs";
import { median } from "../../lib/report.mjs";
import { startWorkerd } from "../../lib/workerd.mjs";

const compatibilityDate = /^compatibility_date = "([^"]+)"/m.exec(readFileSync(inRoot("wrangler.toml"), "utf8"))[1];
const WASM = "portcullis_bg.wasm";
// One alone may have met something else, and would be taken from the calls.
const EMPTY_REQUESTS = 9;

/** Starts a Worker with every contestant: { contestants: each { name, returns, verify(token), turn(calls) }, dispose }. */
export async function startVerifiers(signer, tokens) {
  const modules = [await bundled(), { name: WASM, path: inRoot(NPM_MODULE_DIR, WASM), type: "wasm" }];
  const bindings = { CASE: { jwk: signer.jwk, tokens } };
  const { port, said, dispose } = await startWorkerd({ modules, bindings, compatibilityDate });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = (query, method, body) => exchange({ agent, port, path: `/?${new URLSearchParams(query)}`, method, body });
  const list = JSON.parse((await ask({})).text);
  if (!Array.isArray(list)) throw new Error(`the Worker does not start:\n${said.join("\n")}`);
  const contestants = list.map(({ name, returns }) => ({ name, returns, isInWorkerd: true, verify: verifier(ask, name), turn: turn(ask, name) }));
  const end = async () => {
    agent.destroy();
    await dispose();
  };
  return { contestants, dispose: end };
}

async function bundled() {
  const path = inRoot("build/bench/tokens.js");
  await build({
    entryPoints: [inRoot("benches/tokens/workerd/worker.mjs")],
    outfile: path,
    bundle: true,
    format: "esm",
    external: [`./${WASM}`],
    // As wrangler does.
    conditions: ["workerd", "worker", "browser"],
    target: "es2024",
    logLevel: "warning",
  });
  return { name: "index.js", path, type: "esModule" };
}

function verifier(ask, who) {
  return async (token) => {
    const { status, text } = await ask({ who }, "POST", token);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return JSON.parse(text);
  };
}

/** What so many calls take, without what a request takes that makes none: the median of the last few. */
function turn(ask, who) {
  const empty_ms = [];
  const timed = async (calls) => {
    const started_ms = performance.now();
    const { status, text } = await ask({ who, calls });
    if (status !== 204) throw new Error(`${who} fails after it was checked: ${status} ${text}`);
    return performance.now() - started_ms;
  };
  return async (calls) => {
    empty_ms.push(await timed(0));
    if (empty_ms.length > EMPTY_REQUESTS) empty_ms.shift();
    return (await timed(calls)) - median(empty_ms);
  };
}

/** One request on the one connection; not `fetch`, which takes longer and less evenly. */
function exchange({ agent, port, path, method = "GET", body }) {
  return new Promise((resolve, reject) => {
    const asked = request({ agent, host: "127.0.0.1", port, path, method }, (response) => {
      const pieces = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("end", () => resolve({ status: response.statusCode, text: Buffer.concat(pieces).toString() }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}
