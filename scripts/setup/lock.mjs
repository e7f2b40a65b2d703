// One builder at a time in the shared cache folder, across clones.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StepError } from "../lib/step.mjs";

const POLL_MS = 1_000;
const WAIT_MS_MAX = 15 * 60_000;

/** Runs `work` while holding `directory`, whose creation is atomic on every file system. */
export async function withLock(directory, work) {
  await acquire(directory);
  try {
    return await work();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function acquire(directory) {
  const pidFile = join(directory, "pid");
  for (const started_ms = Date.now(); ; await sleep(POLL_MS)) {
    try {
      mkdirSync(directory);
      writeFileSync(pidFile, String(process.pid));
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    if (!holderLives(pidFile)) {
      rmSync(directory, { recursive: true, force: true });
      continue;
    }
    if (Date.now() - started_ms > WAIT_MS_MAX) {
      throw new StepError("another setup has held the tool cache for 15 minutes", {
        next: `end that setup, or remove ${directory} if there is none`,
      });
    }
    if (Date.now() - started_ms < POLL_MS) console.log("  … waiting for another setup to finish building the tools");
  }
}

/** A holder that was killed leaves its folder behind. One between mkdir and write counts as alive. */
function holderLives(pidFile) {
  try {
    process.kill(Number(readFileSync(pidFile, "utf8")), 0);
    return true;
  } catch (error) {
    return error.code === "ENOENT" || error.code === "EPERM";
  }
}
