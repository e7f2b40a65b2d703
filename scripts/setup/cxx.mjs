// A C++ compiler, with which the crate libfuzzer-sys builds libFuzzer. From PATH where it is there; else
// from Debian's packages where we may install; else the user is told what to install.

import { findOnPath, probe } from "../lib/process.mjs";
import { StepError } from "../lib/step.mjs";
import { aptInstall, mayAptInstall } from "./apt.mjs";

export async function ensureCxx() {
  if (present()) return "already there";
  if (!mayAptInstall()) {
    throw new StepError("the fuzz targets need a C++ compiler (c++) on PATH", {
      next: "install one, on Debian and Ubuntu with `apt-get install g++`",
    });
  }
  await aptInstall(["g++"]);
  if (!present()) throw new StepError("g++ was installed but does not run", { next: "run `c++ --version`" });
  return "installed";
}

const present = () => Boolean(process.env.CXX) || (findOnPath("c++") !== undefined && probe("c++", ["--version"]) !== undefined);
