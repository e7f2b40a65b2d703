// Builds the Worker into build/worker/: what `npm start` and the tests run and `wrangler deploy` uploads.
// It downloads nothing.

import { copyFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { cargoTool, inRoot, WORKER_BUNDLE_DIR } from "./lib/project.mjs";
import { run } from "./lib/process.mjs";
import { main, step } from "./lib/step.mjs";
import { buildWww } from "./build-www.mjs";
import { compileWasm, wasmBuildEnv, whenChanged } from "./lib/wasm-build.mjs";

const ENTRY = "js/worker/entry.mjs";
const STAGING_DIR = "target/worker/bundle";

export async function buildWorker() {
  const env = wasmBuildEnv("worker");
  const wasm = await compileWasm("worker", env);
  await step("bundle the Worker", () => bundle(wasm, env));
  buildWww();
}

async function bundle(wasm, env) {
  // The lock files decide the versions of every tool that shapes the bundle, this file their options.
  const files = [ENTRY, "scripts/build-worker.mjs", "Cargo.toml", "Cargo.lock", "package-lock.json"];
  const inputs = [wasm, ...files.map((file) => inRoot(file))];
  const outputs = ["index.js", "index_bg.wasm"].map((name) => inRoot(WORKER_BUNDLE_DIR, name));
  return whenChanged(inRoot("target/worker/bundle.sha256"), inputs, outputs, async () => {
    await run(
      cargoTool("worker-build").bin("worker-build"),
      ["--release", "--out-dir", STAGING_DIR, "--", "--locked", "--features", "worker"],
      { cwd: inRoot(), env, label: "worker-build", next: "correct what the output above says" },
    );
    await enter(env);
  });
}

/** Puts our entry point before what worker-build made. */
async function enter(env) {
  const files = [`--alias:worker-build-output=./${STAGING_DIR}/index.js`, `--outfile=${WORKER_BUNDLE_DIR}/index.js`];
  // wasm-bindgen registers each callback it makes, several for each request, to free it should JavaScript
  // drop it uncalled; without a registry it does not. Rust keeps and frees all of ours itself.
  const define = "--define:FinalizationRegistry=undefined";
  const external = ["--external:*.wasm", "--external:cloudflare:workers"];
  await run(env.ESBUILD_BIN, [ENTRY, ...files, ...external, define, "--bundle", "--minify", "--format=esm", "--log-level=warning"], {
    cwd: inRoot(),
    label: "esbuild",
    next: "correct what the output above says",
  });
  copyFileSync(inRoot(STAGING_DIR, "index_bg.wasm"), inRoot(WORKER_BUNDLE_DIR, "index_bg.wasm"));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(buildWorker);
