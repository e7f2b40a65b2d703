// The headers of OpenSSL, which worker-build links for a downloader that we never let it use. From
// the system where they are there; else from Debian's packages where we may install; else the user is
// told what to install.

import { probe } from "../lib/process.mjs";
import { StepError } from "../lib/step.mjs";
import { aptInstall, mayAptInstall } from "./apt.mjs";

export async function ensureOpenssl() {
  if (present()) return "already there";
  if (!mayAptInstall()) {
    throw new StepError("building worker-build needs pkg-config and the headers of OpenSSL", {
      next: "install them, on Debian and Ubuntu with `apt-get install pkg-config libssl-dev`",
    });
  }
  await aptInstall(["pkg-config", "libssl-dev"]);
  if (!present()) throw new StepError("libssl-dev was installed but pkg-config does not find it");
  return "installed";
}

/** openssl-sys also takes a folder by name, where there is no pkg-config. */
const present = () => Boolean(process.env.OPENSSL_DIR) || probe("pkg-config", ["--modversion", "openssl"]) !== undefined;
