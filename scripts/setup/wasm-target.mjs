// A standard library for wasm32-unknown-unknown: the user's, else rustup's, else Debian's.

import { debianForced, debianToolchainIsBuilt, ownToolchainHasTarget } from "../lib/wasm-toolchain.mjs";
import { WASM_TARGET } from "../lib/project.mjs";
import { findOnPath, run } from "../lib/process.mjs";
import { StepError } from "../lib/step.mjs";
import { mayAptInstall } from "./apt.mjs";
import { buildDebianToolchain } from "./debian-wasm-toolchain.mjs";

export async function ensureWasmTarget() {
  if (!debianForced()) {
    if (ownToolchainHasTarget()) return "already there";
    if (!debianToolchainIsBuilt() && (await rustupAdds())) return "added by rustup";
  }
  if (debianToolchainIsBuilt()) return "already built from Debian's packages";
  if (!mayAptInstall()) {
    throw new StepError(`this Rust has no standard library for ${WASM_TARGET}`, {
      next: `run \`rustup target add ${WASM_TARGET}\`, or run this again as root on Debian 12 or newer`,
    });
  }
  await buildDebianToolchain();
  return "built from Debian's packages";
}

/** Refused in places that reach package registries only; then there is another way. */
async function rustupAdds() {
  if (!findOnPath("rustup")) return false;
  try {
    await run("rustup", ["target", "add", WASM_TARGET], { label: "rustup target add" });
    return ownToolchainHasTarget();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    console.log(`  rustup could not add ${WASM_TARGET}: ${error.tail?.split("\n").pop() ?? error.message}`);
    return false;
  }
}
