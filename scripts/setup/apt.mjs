// Debian packages, where we are root or may become root without a password prompt.

import { findOnPath, probe, run } from "../lib/process.mjs";

const isRoot = () => process.getuid?.() === 0;
const hasSudo = () => findOnPath("sudo") !== undefined && probe("sudo", ["-n", "true"]) !== undefined;

export function mayAptInstall() {
  return findOnPath("apt-get") !== undefined && (isRoot() || hasSudo());
}

export async function aptInstall(packages) {
  await aptUpdate();
  await aptGet(["install", "--yes", "--no-install-recommends", ...packages]);
}

export const aptUpdate = () => aptGet(["update"]);

function aptGet(args) {
  const command = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", ...args];
  if (!isRoot()) command.unshift("sudo", "-n");
  return run(command[0], command.slice(1), {
    label: `apt-get ${args[0]}`,
    next: "check that Debian's package mirror is reachable, then run the same command again",
  });
}
