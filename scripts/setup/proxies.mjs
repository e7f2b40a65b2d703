// nginx and Caddy, for the tests of forward authentication. From PATH where they are there; else the programs alone,
// unpacked from Debian's packages: an installed one would be started as a service.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findOnPath, run } from "../lib/process.mjs";
import { cacheDir } from "../lib/project.mjs";
import { StepError } from "../lib/step.mjs";
import { aptUpdate, mayAptInstall } from "./apt.mjs";

const PROGRAMS = { nginx: "usr/sbin/nginx", caddy: "usr/bin/caddy" };

const unpacked = (name) => join(cacheDir(), "debian", name);

/** Where the program is; undefined where it is not there. */
export function proxyProgram(name) {
  const own = join(unpacked(name), PROGRAMS[name]);
  return findOnPath(name) ?? (existsSync(own) ? own : undefined);
}

export async function ensureProxies() {
  const missing = Object.keys(PROGRAMS).filter((name) => !proxyProgram(name));
  if (!missing.length) return "already there";
  if (findOnPath("apt-get") === undefined || findOnPath("dpkg") === undefined) {
    throw new StepError(`not on PATH: ${missing.join(", ")}`, { next: "install them" });
  }
  if (mayAptInstall()) await aptUpdate();
  for (const name of missing) await unpack(name);
  return `unpacked ${missing.join(", ")}`;
}

async function unpack(name) {
  const parent = join(cacheDir(), "debian");
  mkdirSync(parent, { recursive: true });
  const work = mkdtempSync(join(parent, `${name}-`));
  const next = "check that Debian's package mirror is reachable, then run the same command again";
  try {
    await run("apt-get", ["--quiet", "download", name], { cwd: work, label: `apt-get download ${name}`, next });
    const [file] = readdirSync(work);
    await run("dpkg", ["-x", file, "files"], { cwd: work, label: `dpkg -x ${name}`, next });
    rmSync(unpacked(name), { recursive: true, force: true });
    // Whole or not at all.
    renameSync(join(work, "files"), unpacked(name));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
