// The npm devDependencies, exactly as locked. Among them is a newer Node, which npm scripts find
// first because npm puts node_modules/.bin in front of PATH.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { inRoot, npmBin } from "../lib/project.mjs";
import { probe, run } from "../lib/process.mjs";
import { StepError } from "../lib/step.mjs";

const STAMP = inRoot("node_modules", ".portcullis-installed");

export async function installNpmPackages() {
  const wanted = lockHash();
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === wanted && !brokenPrograms().length) return "already there";
  // Warnings that the system's Node is too old for some packages are expected, and stay unseen: the
  // packages run on the Node that is being installed with them.
  await run("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: inRoot(),
    label: "npm ci",
    next: "check that the npm registry is reachable, then run the same command again",
  });
  const broken = brokenPrograms();
  if (broken.length) {
    throw new StepError(`installed by npm, but not running: ${broken.join(", ")}`, {
      next: "allow install scripts (`npm config get ignore-scripts` must be false), remove node_modules, run again",
    });
  }
  writeFileSync(STAMP, wanted);
  return "installed";
}

/** These arrive by install scripts, which npm can be told to skip: it then exits 0 without them. */
function brokenPrograms() {
  return ["node", "esbuild", "workerd", "wasm-opt"].filter((name) => !existsSync(npmBin(name)) || !starts(name));
}

// wasm-opt is JavaScript and slow to start: that it exists is enough.
const starts = (name) => name === "wasm-opt" || probe(npmBin(name), ["--version"]) !== undefined;

function lockHash() {
  return createHash("sha256")
    .update(readFileSync(inRoot("package-lock.json")))
    .update(`${process.platform} ${process.arch}`)
    .digest("hex");
}
