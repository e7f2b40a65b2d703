// `npm test`: every suite, whatever fails, and one line at the end that sums them up.
//
//   npm test                    all suites
//   npm test -- NAME...         these suites and what they need
//   npm run check               the fast ones, for use while editing (node scripts/test.mjs --fast)

import { spawn } from "node:child_process";
import { inRoot } from "./lib/project.mjs";
import { endWithUs } from "./lib/process.mjs";
import { main, seconds, StepError } from "./lib/step.mjs";
import { total, verdict } from "./test/counts.mjs";
import { SUITES } from "./test/suites.mjs";

const SUITE_MS_MAX = 30 * 60_000;

await main(async () => {
  const results = new Map();
  for (const suite of chosen(process.argv.slice(2))) {
    console.log(`\n━━ ${suite.name}: ${suite.title}`);
    const started_ms = Date.now();
    const blocked = results.get(suite.needs)?.failed;
    const result = blocked ? { passed: 0, failed: 1, reason: `${suite.needs} failed` } : await run(suite);
    results.set(suite.name, { ...result, time: seconds(started_ms) });
  }
  summarise(results);
});

function chosen(args) {
  if (args.includes("--fast")) return SUITES.filter((suite) => suite.fast);
  const all = SUITES.filter((suite) => !suite.fastOnly);
  const unknown = args.filter((name) => !all.some((suite) => suite.name === name));
  if (unknown.length) {
    throw new StepError(`no suite is named ${unknown.join(" or ")}`, {
      next: `npm test -- ${all.map((suite) => suite.name).join(" | ")}`,
    });
  }
  if (!args.length) return all;
  const wanted = all.filter((suite) => args.includes(suite.name));
  return all.filter((suite) => wanted.some(({ name, needs }) => suite.name === name || suite.name === needs));
}

/** Runs a suite with its output shown as it comes, and resolves to its verdict. */
function run({ command, args, env = () => ({}), counts }) {
  return new Promise((resolve) => {
    const child = spawn(command, typeof args === "function" ? args() : args, {
      cwd: inRoot(),
      env: { ...process.env, ...env() },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const detach = endWithUs(child);
    // Not spawn's own timeout: for a command that cannot be started, its timer is never cleared.
    const timer = setTimeout(() => child.kill(), SUITE_MS_MAX);
    const finish = (result) => {
      detach();
      clearTimeout(timer);
      resolve(result);
    };
    let output = "";
    for (const [from, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]]) {
      from.setEncoding("utf8").on("data", (text) => {
        output += text;
        to.write(text);
      });
    }
    child.on("error", (error) => {
      finish({ passed: 0, failed: 1, reason: `${command} could not be started (${error.code})` });
    });
    child.on("close", (exitCode) => finish(verdict(counts(output), exitCode)));
  });
}

function summarise(results) {
  console.log("\n━━ summary");
  for (const [name, { passed, failed, reason, time }] of results) {
    const note = reason ? ` (${reason})` : "";
    console.log(`${failed ? "✗" : "✓"} ${name.padEnd(17)} ${passed} passed, ${failed} failed${note}, ${time}`);
  }
  const { passed, failed } = total([...results.values()]);
  if (failed) process.exitCode = 1;
  // The last line, for people and for CI alike.
  console.log(`\n${passed} passed, ${failed} failed`);
}
