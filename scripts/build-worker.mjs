// Builds the Worker into build/worker/: what `npm start` and the tests run and `wrangler deploy` uploads.
// It downloads nothing.

import { pathToFileURL } from "node:url";
import { cargoTool, inRoot, WORKER_BUNDLE_DIR } from "./lib/project.mjs";
import { run } from "./lib/process.mjs";
import { main, step } from "./lib/step.mjs";
import { compileWasm, wasmBuildEnv, whenChanged } from "./lib/wasm-build.mjs";

export async function buildWorker() {
  const env = wasmBuildEnv("worker");
  const wasm = await compileWasm("worker", env);
  await step("bundle the Worker", () => bundle(wasm, env));
}

function bundle(wasm, env) {
  // The lock files decide the versions of every tool that shapes the bundle.
  const inputs = [wasm, inRoot("Cargo.toml"), inRoot("Cargo.lock"), inRoot("package-lock.json")];
  const outputs = ["index.js", "index_bg.wasm"].map((name) => inRoot(WORKER_BUNDLE_DIR, name));
  return whenChanged(inRoot("target/worker/bundle.sha256"), inputs, outputs, () =>
    run(
      cargoTool("worker-build").bin("worker-build"),
      ["--release", "--out-dir", WORKER_BUNDLE_DIR, "--", "--locked", "--features", "worker"],
      { cwd: inRoot(), env, label: "worker-build", next: "correct what the output above says" },
    ),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(buildWorker);
