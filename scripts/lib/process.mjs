// Running other programs: quietly while they succeed, with a sign of life while they are slow, and
// with the end of their output when they fail.

import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants as modes } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { StepError } from "./step.mjs";

const TAIL_LINES_MAX = 40;
const HEARTBEAT_TTY_MS = 1_000;
const HEARTBEAT_LOG_MS = 15_000;

/** Standard output of a short command, trimmed; undefined where it is missing or fails. */
export function probe(command, args, env = process.env) {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8", env, timeout: 30_000 });
  return status === 0 ? stdout.trim() : undefined;
}

/** The first of `names` that is an executable on PATH. */
export function findOnPath(...names) {
  for (const name of names) {
    for (const directory of (process.env.PATH ?? "").split(delimiter)) {
      const path = join(directory, name);
      try {
        accessSync(path, modes.X_OK);
        return path;
      } catch {
        // Not here: the next directory may have it.
      }
    }
  }
  return undefined;
}

/**
 * Runs a command to its end and resolves to what it printed. While it runs, its latest line is
 * shown with the elapsed time; when it fails, StepError carries its last lines and `next`.
 */
export function run(command, args, { env = {}, cwd, label = command, next } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    const lines = [];
    const release = endWithUs(child);
    const heartbeat = showProgress(label, () => lines.findLast((line) => line.trim())?.trim());
    for (const input of [child.stdout, child.stderr]) createInterface({ input }).on("line", (line) => lines.push(line));
    child.on("error", (error) => {
      release();
      heartbeat.stop();
      reject(new StepError(`${label} could not be started (${error.code})`, { next }));
    });
    child.on("close", (code, signal) => {
      release();
      heartbeat.stop();
      if (code === 0) return resolve(lines.join("\n"));
      const tail = lines.filter((line) => line.trim()).slice(-TAIL_LINES_MAX).join("\n");
      reject(new StepError(`${label} failed (${signal ?? `exit code ${code}`})`, { next, tail }));
    });
  });
}

/** A compiler must not go on after the script that wanted it was told to stop. Returns how to undo this. */
export function endWithUs(child) {
  const stop = (signal) => {
    child.kill(signal);
    process.exit(128 + constants.signals[signal]);
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  return () => process.off("SIGINT", stop).off("SIGTERM", stop);
}

/** On a terminal one line that is rewritten each second; in a log a line every quarter of a minute. */
function showProgress(label, latestLine) {
  const started_ms = Date.now();
  const tty = process.stdout.isTTY;
  const timer = setInterval(() => {
    const elapsed_s = Math.round((Date.now() - started_ms) / 1000);
    const text = `  … ${label}, ${elapsed_s} s: ${latestLine() ?? "started"}`;
    if (tty) process.stdout.write(`\r\x1b[2K${text.slice(0, (process.stdout.columns || 80) - 1)}`);
    else console.log(text);
  }, tty ? HEARTBEAT_TTY_MS : HEARTBEAT_LOG_MS);
  return {
    stop() {
      clearInterval(timer);
      if (tty) process.stdout.write("\r\x1b[2K");
    },
  };
}
