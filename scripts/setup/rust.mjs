// A Rust that can compile the crate natively. We check, and never install, the user's own Rust.

import { rustVersionMin } from "../lib/project.mjs";
import { findOnPath, probe } from "../lib/process.mjs";
import { StepError } from "../lib/step.mjs";

export function checkRust() {
  const wanted = rustVersionMin();
  const next = `install Rust ${wanted} or newer with rustup (https://rustup.rs), then open a new shell`;
  for (const tool of ["cargo", "rustc"]) {
    if (!findOnPath(tool)) throw new StepError(`${tool} is not on PATH`, { next });
  }
  const found = /^rustc (\d+\.\d+)/.exec(probe("rustc", ["--version"]) ?? "")?.[1];
  if (!found) throw new StepError("rustc is on PATH but does not run", { next });
  if (minor(found) < minor(wanted)) {
    throw new StepError(`rustc is ${found}, and ${wanted} is the oldest that works`, { next: "run `rustup update stable`" });
  }
  return `rustc ${found}`;
}

const minor = (version) => Number(version.split(".")[1]);

/** Components of a toolchain that only the tests need. */
export function checkRustComponents() {
  for (const [component, args] of [["rustfmt", ["fmt", "--version"]], ["clippy", ["clippy", "--version"]]]) {
    if (probe("cargo", args) === undefined) {
      throw new StepError(`cargo ${args[0]} does not run`, { next: `run \`rustup component add ${component}\`` });
    }
  }
  return "rustfmt, clippy";
}
