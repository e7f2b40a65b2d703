// redis-server, for the tests, the benchmarks and `npm start -- --store redis`. From PATH where it is there;
// else from Debian's packages where we may install; else the user is told what to install.

import { findOnPath, probe } from "../lib/process.mjs";
import { StepError } from "../lib/step.mjs";
import { aptInstall, mayAptInstall } from "./apt.mjs";

const PROGRAM = "redis-server";

export async function ensureRedis() {
  if (present()) return "already there";
  if (!mayAptInstall()) {
    throw new StepError("redis-server is not on PATH", {
      next: "install it, on Debian and Ubuntu with `apt-get install redis-server`",
    });
  }
  await aptInstall([PROGRAM]);
  if (!present()) throw new StepError("redis-server was installed but does not run", { next: "run `redis-server --version`" });
  return "installed";
}

function present() {
  return findOnPath(PROGRAM) !== undefined && probe(PROGRAM, ["--version"]) !== undefined;
}
