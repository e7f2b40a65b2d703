// wasm-bindgen-cli, worker-build and wasm-pack, built from source into our own cache folder, never
// into the user's cargo home.
//
// Unoptimised and without debug info they build in a third of the time, and cost half a second more
// per run. They share one target folder, so common crates compile once; it is removed at the end,
// because it is over a gigabyte and the finished programs are what later runs and clones need.

import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDir, cargoTool, inRoot } from "../lib/project.mjs";
import { probe, run } from "../lib/process.mjs";
import { step } from "../lib/step.mjs";
import { withLock } from "./lock.mjs";
import { ensureOpenssl } from "./openssl.mjs";

const PROGRAMS = {
  "wasm-bindgen-cli": ["wasm-bindgen", "wasm-bindgen-test-runner"],
  "worker-build": ["worker-build"],
  "wasm-pack": ["wasm-pack"],
};

export async function installCargoTools(names) {
  const tools = names.map(cargoTool);
  if (tools.every(works)) {
    for (const tool of tools) await step(`${tool.name} ${tool.version}`, () => "already there");
    return;
  }
  if (!tools.filter(({ name }) => name === "worker-build").every(works)) await step("OpenSSL headers", ensureOpenssl);
  mkdirSync(cacheDir(), { recursive: true });
  await withLock(join(cacheDir(), "lock"), async () => {
    const targetDir = join(cacheDir(), "build");
    for (const tool of tools) await step(`${tool.name} ${tool.version}`, () => install(tool, targetDir));
    rmSync(targetDir, { recursive: true, force: true });
  });
}

async function install(tool, targetDir) {
  if (works(tool)) return "already there";
  // Installed beside its place and renamed into it: an interrupted install leaves nothing half done.
  const staging = `${tool.directory}.partial`;
  rmSync(staging, { recursive: true, force: true });
  rmSync(tool.directory, { recursive: true, force: true });
  await run(
    "cargo",
    ["install", tool.name, "--version", `=${tool.version}`, "--debug", "--root", staging, "--target-dir", targetDir],
    {
      // Not --locked: the locked dependencies of a release can be missing from a registry mirror.
      env: { CARGO_PROFILE_DEV_DEBUG: "0" },
      cwd: inRoot(),
      label: `cargo install ${tool.name}`,
      next: "check that the registry of Rust crates is reachable, then run the same command again; finished tools are kept",
    },
  );
  // wasm-pack looks for newer versions of itself online each day, unless this file says it never has to.
  if (tool.name === "wasm-pack") writeFileSync(join(staging, "bin", "wasm-pack.stamp"), "created never\n");
  renameSync(staging, tool.directory);
  return "built";
}

/** Present, runnable on this machine and of the right version: a damaged or foreign binary is rebuilt. */
function works(tool) {
  return PROGRAMS[tool.name].every((program) => probe(tool.bin(program), ["--version"])?.endsWith(tool.version));
}
