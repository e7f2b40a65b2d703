// Which Rust compiles to WebAssembly: the user's own where it has the target, else the one that
// setup made from Debian's packages. It is chosen by PATH, in the environment of wasm builds only.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cacheDir, WASM_TARGET } from "./project.mjs";
import { probe } from "./process.mjs";

/** PORTCULLIS_WASM_TOOLCHAIN=debian takes Debian's toolchain even where rustup's would do. */
export const debianForced = () => process.env.PORTCULLIS_WASM_TOOLCHAIN === "debian";

export function ownToolchainHasTarget() {
  const library = probe("rustc", ["--print", "target-libdir", "--target", WASM_TARGET]);
  return library !== undefined && existsSync(library);
}

/** Where the toolchain around Debian's present rustc is, or will be. */
export function debianToolchain() {
  const version = /^rustc (\S+)/.exec(probe("/usr/bin/rustc", ["--version"]) ?? "")?.[1] ?? "none";
  return join(cacheDir(), `debian-wasm-${version}`);
}

export const debianToolchainIsBuilt = () => existsSync(debianToolchain());

/** What to add to the environment of every cargo that compiles to WebAssembly. */
export function wasmEnv() {
  if (!debianForced() && ownToolchainHasTarget()) return {};
  const sysroot = debianToolchain();
  return {
    PATH: `${join(sysroot, "bin")}${delimiter}${process.env.PATH}`,
    // Clippy's driver takes the sysroot from here, not from the rustc it stands in for.
    SYSROOT: sysroot,
  };
}
