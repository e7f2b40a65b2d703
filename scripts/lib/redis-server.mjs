// A redis-server that is ours: on loopback, on a free port, in a given folder. It ends with us,
// whatever becomes of us: see WATCHED.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

const HOST = "127.0.0.1";
const START_MS_MAX = 20_000;
const STARTS_MAX = 3;

// A shell that waits for its standard input to end, which it does when we end, even by SIGKILL, and
// then kills Redis. Of the two only Redis holds standard output, so its end is Redis's end.
const WATCHED = `redis-server "$@" & pid=$!; echo "pid $pid"; exec >&-; read -r _; kill -KILL $pid; wait`;

/**
 * Starts a server that keeps its data in `dir` over a restart. `args` are more of redis-server's own, as
 * ["--maxmemory", "2mb"]; config is a file of settings that no argument may show; onEnd(pid) is told when it ends without having been told to.
 *
 * Resolves to { url, port, dir, pid, pause, resume, kill, restart }; pid is undefined while none runs:
 * pause() and resume() send SIGSTOP and SIGCONT; kill() sends SIGKILL and waits for the end;
 * restart() starts it again on the same port and folder.
 */
export async function startRedisServer({ dir, args = [], config, onEnd = () => {} }) {
  let port;
  let running;
  const start = async () => {
    const started = await run(dir, port, args, config);
    running = started;
    started.ended.then(() => {
      if (running !== started) return;
      running = undefined;
      onEnd(started.pid);
    });
  };
  for (let left = STARTS_MAX; !running; left -= 1) {
    port = await freePort();
    await start().catch((error) => {
      // Between our look and its start another program may have taken the port.
      if (left === 1) throw error;
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
      const ending = running;
      running = undefined;
      await ending?.end();
    },
    async restart() {
      await redis.kill();
      await start();
    },
  };
  return redis;
}

/** Resolves once Redis says that it accepts connections, to its pid, how to end it, and a promise of its end. */
async function run(dir, port, args, config) {
  const own = ["--bind", HOST, "--port", String(port), "--dir", dir, "--save", "", "--appendonly", "yes"];
  // In a process group of its own: Ctrl-C in a terminal is for us, and we end Redis when its users have ended.
  const options = { stdio: ["pipe", "pipe", "ignore"], detached: true };
  const shell = spawn("sh", ["-c", WATCHED, "sh", ...(config ? [config] : []), ...own, ...args], options);
  const exited = once(shell, "close");
  exited.catch(() => {});
  const end = async () => {
    shell.stdin.end();
    await exited;
  };
  const ended = once(shell.stdout, "close").then(end);
  ended.catch(() => {});
  let pid;
  const lines = [];
  const timer = setTimeout(end, START_MS_MAX);
  try {
    for await (const line of createInterface({ input: shell.stdout })) {
      pid ??= Number(/^pid (\d+)$/.exec(line)?.[1]);
      lines.push(line);
      if (!/Ready to accept connections/i.test(line)) continue;
      shell.stdout.resume();
      return { pid, end, ended };
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
