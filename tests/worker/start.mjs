// The real start script, in a copy of the project's set-up that has no credentials yet: as a newcomer has it.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { inRoot } from "../../scripts/lib/project.mjs";

const START_MS_MAX = 30_000;
const STOP_MS_MAX = 10_000;
const LIFE_MS_MAX = 60_000;
const MARK = "-- next --";
// The last lines that a banner ends with.
const BANNER_END = /^# 3\. .*\n.+\n/m;
const REDIS_BANNER_END = /^# what the Worker counted\n.+\n/m;

/** Returns { path, remove } of a folder in which the start script runs. */
export function startFolder() {
  const path = mkdtempSync(join(tmpdir(), "portcullis-start-"));
  for (const name of ["scripts", "js", "wrangler.toml", "package.json", "package-lock.json", "Cargo.toml", "Cargo.lock"]) {
    cpSync(inRoot(name), join(path, name), { recursive: true });
  }
  for (const name of ["node_modules", "build"]) symlinkSync(inRoot(name), join(path, name));
  // The Worker is built already, by a suite of its own; cargo would compile it anew for another folder.
  writeFileSync(join(path, "scripts/build-worker.mjs"), "export const buildWorker = async () => {};\n");
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs the start script in `folder`, in a process group of its own, and returns { pid, output: { text }, exited, kill }. */
export function run(folder, args) {
  const options = { cwd: folder, stdio: ["ignore", "pipe", "pipe"], detached: true };
  const child = spawn(process.execPath, ["scripts/start.mjs", ...args], options);
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk) => (output.text += chunk));
  // One that should have refused to start, or that a failed test left behind.
  const forced = setTimeout(() => child.kill("SIGKILL"), LIFE_MS_MAX);
  // Not its exit: what it wrote last may still be on its way then.
  const exited = new Promise((resolve) => child.once("close", (code, signal) => resolve(code ?? signal)));
  exited.then(() => clearTimeout(forced));
  return { pid: child.pid, output, exited, kill: (signal) => child.kill(signal) };
}

/** Runs it on a free port until it has printed its banner, and resolves to { pid, output, exited, kill, stop }; stop() to its exit code. */
export async function start(folder, ...args) {
  const { pid, output, exited, kill } = run(folder, ["--port", "0", ...args]);
  const stop = async () => {
    kill("SIGTERM");
    const forced = setTimeout(() => kill("SIGKILL"), STOP_MS_MAX);
    const code = await exited;
    clearTimeout(forced);
    return code;
  };
  let ended = false;
  exited.then(() => (ended = true));
  const timeout = setTimeout(stop, START_MS_MAX);
  await printed(output, args.includes("redis") ? REDIS_BANNER_END : BANNER_END, () => ended);
  clearTimeout(timeout);
  return { pid, output, exited, kill, stop };
}

/** Resolves to the match once `output` holds it; fails when the script ends before. */
export async function printed(output, pattern, ended = () => false) {
  for (const end_ms = Date.now() + START_MS_MAX; ; await new Promise((resolve) => setTimeout(resolve, 10))) {
    const match = pattern.exec(output.text);
    if (match) return match;
    assert.ok(!ended(), `start ended early:\n${output.text}`);
    assert.ok(Date.now() < end_ms, `never printed ${pattern}:\n${output.text}`);
  }
}

/** The numbered commands of a banner: [, what, status, command] each. */
export const printedCommands = (text) => [...text.matchAll(/^# \d\. (.*): prints (\d+)\n(.+)$/gm)];

/** Runs the commands in one shell, as a user would, and resolves to what each printed. */
export async function sh(folder, commands) {
  const script = commands.join(`\necho "${MARK}"\n`);
  const options = { cwd: folder, timeout: 20_000, env: { PATH: process.env.PATH } };
  const { stdout, stderr } = await promisify(execFile)("sh", ["-c", script], options);
  assert.equal(stderr, "");
  return stdout.split(`${MARK}\n`).map((text) => text.trimEnd());
}
