// Child processes that end with us, whatever becomes of us.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const START_MS_MAX = 20_000;
const TAIL_LINES_MAX = 10;

// A shell that waits for its standard input to end, which it does when we end, even by SIGKILL, and
// then kills the program. Of the two only the program holds standard output.
const WATCHED = `"$@" & pid=$!; exec >&-; read -r _; kill -KILL $pid; wait`;

/**
 * Starts a program and waits until `ready` makes something of a line of its standard output.
 * Resolves to { value: what it made, said: the lines it printed last, stop() }; rejects with those lines instead.
 */
export async function startWatched(command, args, { env = process.env, ready }) {
  const shell = spawn("sh", ["-c", WATCHED, "sh", command, ...args], { env, stdio: ["pipe", "pipe", "pipe"] });
  const exited = once(shell, "close");
  exited.catch(() => {});
  const said = [];
  const keep = (line) => {
    said.push(line);
    if (said.length > TAIL_LINES_MAX) said.shift();
  };
  createInterface({ input: shell.stderr }).on("line", keep);
  const stop = async () => {
    shell.stdin.end();
    await exited;
  };
  const timer = setTimeout(stop, START_MS_MAX);
  const output = createInterface({ input: shell.stdout });
  const value = await new Promise((resolve) => {
    output.on("line", (line) => {
      const made = ready(line);
      if (made === undefined) keep(line);
      else resolve(made);
    });
    output.once("close", () => resolve(undefined));
  });
  clearTimeout(timer);
  if (value !== undefined) return { value, said, stop };
  await stop();
  throw new Error(`${command} did not start:\n${said.join("\n")}`);
}
