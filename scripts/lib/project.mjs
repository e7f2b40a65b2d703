// Where things are and which versions they have. Cargo.toml and Cargo.lock are the one truth for
// versions; nothing here repeats them.

import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { StepError } from "./step.mjs";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const WORKER_BUNDLE_DIR = "build/worker";
export const WWW_DIR = "build/www";
export const NPM_MODULE_DIR = "build/npm";
export const WASM_TARGET = "wasm32-unknown-unknown";

// wasm-pack is the one tool whose version no crate of ours dictates.
const WASM_PACK_VERSION = "0.15.1";

export const inRoot = (...parts) => join(ROOT, ...parts);
export const npmBin = (name) => inRoot("node_modules", ".bin", name);

/** Our own folder, by the XDG convention, so that every clone of a user shares the built tools. */
export function cacheDir() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "portcullis");
}

/** A tool's version, and where its programs are once installed. */
export function cargoTool(name) {
  const version = {
    // The bindings' format is not stable between versions: generator and library must be equal.
    "wasm-bindgen-cli": () => lockedVersion("wasm-bindgen"),
    // Released in step with the crate it builds for.
    "worker-build": () => lockedVersion("worker"),
    "wasm-pack": () => WASM_PACK_VERSION,
  }[name]();
  const directory = join(cacheDir(), `${name}-${version}`);
  return { name, version, directory, bin: (program) => join(directory, "bin", program) };
}

function lockedVersion(crate) {
  const lock = readFileSync(inRoot("Cargo.lock"), "utf8");
  const match = new RegExp(`^name = "${crate}"\\nversion = "([^"]+)"`, "m").exec(lock);
  if (!match) throw new StepError(`Cargo.lock holds no version of ${crate}`, { next: "restore Cargo.lock from git" });
  return match[1];
}

/** The oldest Rust that builds the crate, from Cargo.toml. */
export function rustVersionMin() {
  return /^rust-version = "([^"]+)"/m.exec(readFileSync(inRoot("Cargo.toml"), "utf8"))[1];
}
