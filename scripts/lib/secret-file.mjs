// Files that hold secrets: only their owner reads them, and they are replaced whole or not at all.

import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { UsageError } from "./usage.mjs";

/** What the file holds, as JSON; `absent` where there is none. */
export function readJson(path, absent) {
  if (!existsSync(path)) return absent;
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // Its text would be in the message.
    throw new UsageError(`${path} is not JSON`, "restore it, or name another --file");
  }
}

export function writeJson(path, value) {
  const next = `${path}.new`;
  // One that is there is somebody's, who would keep the means to read it.
  rmSync(next, { force: true });
  try {
    writeFileSync(next, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flag: "wx" });
    // The umask can only take permissions away from the mode above; a file that was there keeps its own.
    chmodSync(next, 0o600);
    renameSync(next, path);
  } finally {
    rmSync(next, { force: true });
  }
}
