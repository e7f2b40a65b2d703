// Chromium and its driver, for the tests that run the wasm in a browser. From PATH where they are
// there; else from Debian's packages where we may install; else the user is told what to install.

import { findOnPath, probe } from "../lib/process.mjs";
import { StepError } from "../lib/step.mjs";
import { aptInstall, mayAptInstall } from "./apt.mjs";

const BROWSERS = ["chromium", "chromium-browser", "google-chrome"];

export const chromedriver = () => process.env.CHROMEDRIVER || findOnPath("chromedriver");

export async function ensureBrowser() {
  if (present()) return "already there";
  if (!mayAptInstall()) {
    throw new StepError("the browser tests need Chromium and chromedriver on PATH", {
      next: "install them, on Debian and Ubuntu with `apt-get install chromium chromium-driver`",
    });
  }
  await aptInstall(["chromium", "chromium-driver"]);
  if (!present()) throw new StepError("chromium was installed but does not run", { next: "run `chromium --version`" });
  return "installed";
}

function present() {
  const driver = chromedriver();
  return findOnPath(...BROWSERS) !== undefined && driver !== undefined && probe(driver, ["--version"]) !== undefined;
}
