// Schemathesis, which asks the Worker for what its own description allows and does not. From PyPI, in the versions of
// schemathesis.txt, into an environment of its own in the cache folder.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findOnPath, probe, run } from "../lib/process.mjs";
import { cacheDir, inRoot } from "../lib/project.mjs";
import { StepError } from "../lib/step.mjs";
import { aptInstall, mayAptInstall } from "./apt.mjs";

const PINNED = inRoot("scripts/setup/schemathesis.txt");
const NEXT = "check that PyPI is reachable, then run the same command again";

/** Another list of versions is another environment. */
function directory() {
  const name = createHash("sha256").update(readFileSync(PINNED)).digest("hex").slice(0, 12);
  return join(cacheDir(), `schemathesis-${name}`);
}

export const schemathesis = () => join(directory(), "bin", "schemathesis");

// Written last: an environment that was broken off is made anew.
const complete = () => join(directory(), "complete");

export async function ensureSchemathesis() {
  if (existsSync(complete())) return "already there";
  rmSync(directory(), { recursive: true, force: true });
  await run(await pythonWithVenv(), ["-m", "venv", directory()], { label: "python -m venv", next: NEXT });
  const pip = ["-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--requirement", PINNED];
  await run(join(directory(), "bin", "python"), pip, { label: "pip install", next: NEXT });
  writeFileSync(complete(), "");
  return "installed";
}

async function pythonWithVenv() {
  const able = (python) => python && probe(python, ["-c", "import ensurepip, sys; assert sys.version_info >= (3, 10)"]) !== undefined;
  const found = [findOnPath("python3"), "/usr/bin/python3"].find(able);
  if (found) return found;
  if (!mayAptInstall()) {
    throw new StepError("the tests of the HTTP interface need Python 3.10 or newer with venv", {
      next: "install it, on Debian and Ubuntu with `apt-get install python3-venv`",
    });
  }
  await aptInstall(["python3-venv"]);
  return "/usr/bin/python3";
}
