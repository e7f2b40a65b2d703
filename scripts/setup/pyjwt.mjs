// Python with PyJWT, which the differential tests compare with. Where no Python has it, from Debian's
// packages if we may install; else the user is told what to install.

import { findOnPath, probe } from "../lib/process.mjs";
import { StepError } from "../lib/step.mjs";
import { aptInstall, mayAptInstall } from "./apt.mjs";

// Debian's packages are for Debian's Python, which another may stand before on PATH.
const DEBIAN_PYTHON = "/usr/bin/python3";
const ASK = "import jwt, cryptography; print(jwt.__version__)";

/** The first Python that has PyJWT and what it needs for public keys. */
export const pythonWithJwt = () => [findOnPath("python3"), DEBIAN_PYTHON].find((python) => python && probe(python, ["-c", ASK]));

export async function ensurePyJwt() {
  if (pythonWithJwt()) return "already there";
  if (!mayAptInstall()) {
    throw new StepError("the differential tests need Python with PyJWT and cryptography", {
      next: "install them, on Debian and Ubuntu with `apt-get install python3-jwt python3-cryptography`",
    });
  }
  await aptInstall(["python3", "python3-jwt", "python3-cryptography"]);
  if (!pythonWithJwt()) throw new StepError("python3-jwt was installed but does not load", { next: `run \`${DEBIAN_PYTHON} -c "${ASK}"\`` });
  return "installed";
}
