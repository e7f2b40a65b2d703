// `npm run simulate`: looks for seeds by which an invariant does not hold (docs/simulation.md).
//
//   npm run simulate                              2,000 seeds, as `npm test` runs them
//   npm run simulate -- --seeds 100000 --from 1   any number
//   npm run simulate -- --seed 7                  one, with its trace if it fails
//   npm run simulate -- --planted                 the bugs it must find
//
// Exit code 1: an invariant was violated, or a kind of fault or of answer never occurred.

import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { inRoot } from "./lib/project.mjs";
import { endWithUs } from "./lib/process.mjs";
import { main, StepError } from "./lib/step.mjs";

const USAGE = "npm run simulate -- [--seeds N] [--from N] | --seed N | --planted";
const HELP = `${USAGE}

--seeds N    so many seeds, 2,000 unless it is said; from 1,000 on every kind of fault and answer must occur
--from N     from this seed on
--seed N     one, with its trace if it fails
--planted    the bugs it must find
--help       this`;

await main(async () => {
  if (process.argv.slice(2).includes("--help")) {
    console.log(HELP);
    return;
  }
  console.log("built first, which takes some minutes the first time");
  process.exitCode = await simulate(cargoArgs(process.argv.slice(2)));
});

/** Optimised, and still with every check of arithmetic. */
function cargoArgs(args) {
  const { planted, ...numbers } = options(args);
  const features = planted ? ["--features", "planted-bugs"] : [];
  const asked = Object.entries(numbers).map(([name, value]) => `${name}=${value}`);
  const test = ["test", "--locked", "--profile", "simulation", ...features, "--test", "simulation"];
  return [...test, "--", ...(planted ? ["planted"] : asked)];
}

function options(args) {
  try {
    const number = { type: "string" };
    const { values } = parseArgs({
      args,
      options: { seed: number, seeds: number, from: number, planted: { type: "boolean" } },
    });
    const { planted, ...numbers } = values;
    for (const [name, value] of Object.entries(numbers)) {
      if (!/^\d{1,15}$/.test(value)) throw new Error(`--${name} takes a number`);
    }
    if (planted && Object.keys(numbers).length) throw new Error("--planted goes alone");
    if (numbers.seed && Object.keys(numbers).length > 1) throw new Error("--seed goes alone");
    return values;
  } catch (error) {
    throw new StepError(error.message, { next: USAGE });
  }
}

/** Runs it with its output shown as it comes: it tells every few seconds how far it is. */
function simulate(args) {
  return new Promise((resolve, reject) => {
    const child = spawn("cargo", args, { cwd: inRoot(), stdio: ["ignore", "inherit", "inherit"] });
    const detach = endWithUs(child);
    child.on("error", (error) => reject(new StepError(`cargo could not be started (${error.code})`)));
    child.on("close", (code) => {
      detach();
      resolve(code ?? 1);
    });
  });
}
