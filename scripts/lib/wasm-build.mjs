// What the two WebAssembly builds share: compiling with cargo, and doing the slow work after it only
// when cargo's output has changed. Cargo decides what is fresh, so no list of inputs is kept here.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { cargoTool, inRoot, npmBin, WASM_TARGET } from "./project.mjs";
import { run } from "./process.mjs";
import { step, StepError } from "./step.mjs";
import { wasmEnv } from "./wasm-toolchain.mjs";

/**
 * The environment of a cargo that compiles to wasm, for a build or a test. Each Cargo feature has a target
 * folder of its own: sharing one, every switch between them would compile the crate anew.
 */
export function wasmCargoEnv(feature) {
  return {
    ...wasmEnv(),
    CARGO_TARGET_DIR: inRoot("target", feature),
    // sha2 takes a fifth less with vectors, which every runtime has.
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: "-Ctarget-feature=+simd128",
  };
}

/** The same with the tools of a whole build. */
export function wasmBuildEnv(feature) {
  const bindgen = cargoTool("wasm-bindgen-cli").bin("wasm-bindgen");
  if (!existsSync(bindgen) || !existsSync(npmBin("wasm-opt"))) {
    throw new StepError("the build tools are not installed", { next: "run `npm run setup`" });
  }
  return {
    ...wasmCargoEnv(feature),
    // With these three worker-build has nothing to download.
    WASM_BINDGEN_BIN: bindgen,
    WASM_OPT_BIN: npmBin("wasm-opt"),
    ESBUILD_BIN: npmBin("esbuild"),
    // worker-build compiles with this. Without it here, it would compile everything again.
    WASM_BINDGEN_USE_JS_SYS: "1",
  };
}

/** Compiles the library for wasm, as a step, and returns the path of the .wasm file. */
export async function compileWasm(feature, env) {
  await step(`compile with feature ${feature}`, async () => {
    await run("cargo", ["build", "--release", "--locked", "--lib", "--target", WASM_TARGET, "--features", feature], {
      cwd: inRoot(),
      env,
      label: `cargo build --features ${feature}`,
      next: "correct what the compiler says above",
    });
  });
  return inRoot("target", feature, WASM_TARGET, "release", "portcullis.wasm");
}

/** Runs `work` unless `stamp` says it was done for the same files, and all of `outputs` are still there. */
export async function whenChanged(stamp, inputs, outputs, work) {
  const hash = createHash("sha256");
  for (const input of inputs) hash.update(readFileSync(input));
  const wanted = hash.digest("hex");
  const done = existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (done && outputs.every((output) => existsSync(output))) return "unchanged";
  await work();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
  return "built";
}
