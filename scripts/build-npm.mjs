// Builds the WebAssembly module of the npm package into build/npm/: for the benchmarks and, later, the
// package. `--target web` leaves loading to js/npm, which is put beside it: a folder as a user
// would have it.

import { copyFileSync, readdirSync, renameSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { inRoot, NPM_MODULE_DIR } from "./lib/project.mjs";
import { run } from "./lib/process.mjs";
import { main, step } from "./lib/step.mjs";
import { compileWasm, wasmBuildEnv, whenChanged } from "./lib/wasm-build.mjs";

const LOADER_DIR = "js/npm";

// What rustc and wasm-bindgen use by default, and SIMD; wasm-opt has to be told.
const WASM_FEATURES = [
  "bulk-memory",
  "multivalue",
  "mutable-globals",
  "nontrapping-float-to-int",
  "reference-types",
  "sign-ext",
  "simd",
];

export async function buildNpmModule() {
  const env = wasmBuildEnv("npm");
  const wasm = await compileWasm("npm", env);
  await step("bind the npm module", () => {
    const inputs = [wasm, inRoot("Cargo.lock"), inRoot("package-lock.json")];
    const outputs = ["portcullis.js", "portcullis_bg.wasm"].map((name) => inRoot(NPM_MODULE_DIR, name));
    return whenChanged(inRoot("target/npm/module.sha256"), inputs, outputs, () => bind(wasm, env));
  });
  for (const name of readdirSync(inRoot(LOADER_DIR))) {
    copyFileSync(inRoot(LOADER_DIR, name), inRoot(NPM_MODULE_DIR, name));
  }
}

async function bind(wasm, env) {
  const next = "correct what the output above says";
  const bindgenArgs = [wasm, "--target", "web", "--out-dir", inRoot(NPM_MODULE_DIR)];
  await run(env.WASM_BINDGEN_BIN, bindgenArgs, { env, label: "wasm-bindgen", next });
  const bound = inRoot(NPM_MODULE_DIR, "portcullis_bg.wasm");
  const optimised = `${bound}.optimised`;
  const optArgs = ["-O4", ...WASM_FEATURES.map((feature) => `--enable-${feature}`), bound, "-o", optimised];
  await run(env.WASM_OPT_BIN, optArgs, { env, label: "wasm-opt", next });
  renameSync(optimised, bound);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(buildNpmModule);
