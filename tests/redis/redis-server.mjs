// A real redis-server of one's own: loopback, a free port, a folder that goes with it. It ends with
// the test, whatever becomes of the test: see WATCHED.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const HOST = "127.0.0.1";
const START_MS_MAX = 20_000;
const STARTS_MAX = 3;

// A shell that waits for its standard input to end, which it does when we end, even by SIGKILL, and
// then kills Redis. Of the two only Redis holds standard output, so its end is Redis's end.
const WATCHED = `redis-server "$@" & pid=$!; echo "pid $pid"; exec >&-; read -r _; kill -KILL $pid; wait`;

/**
 * Starts a server that keeps its data over a restart. `args` are more of redis-server's own, as
 * ["--maxmemory", "2mb"].
 *
 * Resolves to { url, port, dir, pid, pause, resume, kill, restart, dispose }:
 * pause() and resume() send SIGSTOP and SIGCONT; kill() sends SIGKILL and waits for the end;
 * restart() starts it again on the same port and folder; dispose() ends it and removes the folder.
 */
export async function startRedis({ args = [] } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-redis-"));
  let port;
  let running;
  for (let left = STARTS_MAX; !running; left -= 1) {
    port = await freePort();
    running = await run(dir, port, args).catch((error) => {
      // Between our look and its start another program may have taken the port.
      if (left > 1) return undefined;
      rmSync(dir, { recursive: true, force: true });
      throw error;
    });
  }
  const redis = {
    url: `redis://${HOST}:${port}`,
    port,
    dir,
    get pid() {
      return running?.pid;
    },
    pause: () => process.kill(running.pid, "SIGSTOP"),
    resume: () => process.kill(running.pid, "SIGCONT"),
    async kill() {
      await running?.end();
      running = undefined;
    },
    async restart() {
      await redis.kill();
      running = await run(dir, port, args);
    },
    async dispose() {
      await redis.kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return redis;
}

/** Resolves once Redis says that it accepts connections, to its pid and how to end it. */
async function run(dir, port, args) {
  const own = ["--bind", HOST, "--port", String(port), "--dir", dir, "--save", "", "--appendonly", "yes"];
  const shell = spawn("sh", ["-c", WATCHED, "sh", ...own, ...args], { stdio: ["pipe", "pipe", "ignore"] });
  const exited = once(shell, "close");
  exited.catch(() => {});
  let pid;
  const lines = [];
  const end = async () => {
    shell.stdin.end();
    await exited;
  };
  const timer = setTimeout(end, START_MS_MAX);
  try {
    for await (const line of createInterface({ input: shell.stdout })) {
      pid ??= Number(/^pid (\d+)$/.exec(line)?.[1]);
      lines.push(line);
      if (!/Ready to accept connections/i.test(line)) continue;
      shell.stdout.resume();
      return { pid, end };
    }
  } finally {
    clearTimeout(timer);
  }
  await end();
  throw new Error(`redis-server did not start:\n${lines.slice(-10).join("\n")}`);
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
