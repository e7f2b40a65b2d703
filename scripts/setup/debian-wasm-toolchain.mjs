// The way to a WebAssembly compiler where only package registries can be reached.
//
// Debian's `-web` packages (made for building browsers) carry a current rustc, rust-lld and the source
// of the standard library, but no compiled one for wasm32. We compile it once, in an empty crate, and
// lay out a toolchain around it in our cache folder; nothing under /usr is written except by apt.
//
//   bin/rustc, bin/rustdoc   Debian's, told to use our sysroot
//   bin/cargo, bin/cargo-clippy   Debian's
//   lib/rustlib/<host>       Debian's
//   lib/rustlib/wasm32-...   ours: the reason for all this

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { cacheDir, WASM_TARGET } from "../lib/project.mjs";
import { probe, run } from "../lib/process.mjs";
import { debianToolchain } from "../lib/wasm-toolchain.mjs";
import { aptInstall } from "./apt.mjs";

const PACKAGES = [
  "rustc-web",
  "cargo-web",
  "rust-web-src",
  "libstd-rust-web-dev",
  "rust-web-llvm",
  "rust-web-clippy",
];
// A cdylib, so that building it also proves that the linker works.
const EMPTY_CRATE = `
[package]
name = "empty"
version = "0.0.0"
edition = "2021"
[lib]
path = "lib.rs"
crate-type = ["cdylib"]
`;
const LINKER = "/usr/bin/rust-lld";
const NEXT = "report this with the output above; `rustup target add wasm32-unknown-unknown` is the usual way";

export async function buildDebianToolchain() {
  await aptInstall(PACKAGES);
  // A link to the linker of one LLVM version, such as lld-22, from a package of that name which it does not require.
  if (!existsSync(LINKER)) await aptInstall([basename(readlinkSync(LINKER))]);
  const scratch = join(cacheDir(), "debian-wasm.partial");
  rmSync(scratch, { recursive: true, force: true });
  const rlibs = await compileStandardLibrary(join(scratch, "build"));
  // Named by Debian's version: an upgrade by apt makes the old library unreadable, and a new one is built.
  layOut(join(scratch, "toolchain"), debianToolchain(), rlibs);
  rmSync(debianToolchain(), { recursive: true, force: true });
  renameSync(join(scratch, "toolchain"), debianToolchain());
  rmSync(scratch, { recursive: true, force: true });
}

/** Compiles std for wasm32 and returns the paths of its rlibs. */
async function compileStandardLibrary(crate) {
  mkdirSync(crate, { recursive: true });
  writeFileSync(join(crate, "Cargo.toml"), EMPTY_CRATE);
  writeFileSync(join(crate, "lib.rs"), "");
  const target = join(crate, "target");
  await run(
    "/usr/bin/cargo",
    ["build", "--release", "--target", WASM_TARGET, "--target-dir", target, "-Zbuild-std=std,panic_abort,test"],
    {
      env: {
        RUSTC: "/usr/bin/rustc",
        // A released compiler refuses -Z flags without this.
        RUSTC_BOOTSTRAP: "1",
        // The release profile links with LTO, which needs the library's bitcode too.
        RUSTFLAGS: "-Cembed-bitcode=yes",
      },
      cwd: crate,
      label: "the standard library for wasm32",
      next: NEXT,
    },
  );
  const built = join(target, WASM_TARGET, "release", "deps");
  return readdirSync(built)
    .filter((name) => name.endsWith(".rlib"))
    .map((name) => join(built, name));
}

/** Fills `directory` with a toolchain that will live at `home`. */
function layOut(directory, home, rlibs) {
  const rustlib = join(directory, "lib", "rustlib");
  const library = join(rustlib, WASM_TARGET, "lib");
  mkdirSync(library, { recursive: true });
  for (const rlib of rlibs) copyFileSync(rlib, join(library, basename(rlib)));

  const host = /^host: (.+)$/m.exec(probe("/usr/bin/rustc", ["-vV"]))[1];
  symlinkSync(`/usr/lib/rustlib/${host}`, join(rustlib, host));

  const bin = join(directory, "bin");
  mkdirSync(bin);
  for (const name of ["cargo", "cargo-clippy"]) symlinkSync(`/usr/bin/${name}`, join(bin, name));
  for (const name of ["rustc", "rustdoc"]) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec /usr/bin/${name} --sysroot '${home}' "$@"\n`, { mode: 0o755 });
  }
}
