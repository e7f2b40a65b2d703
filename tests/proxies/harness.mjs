// A real nginx or Caddy before a service, which asks the Worker, by the configuration of docs/proxies.md itself.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../scripts/lib/redis-server.mjs";
import { inRoot } from "../../scripts/lib/project.mjs";
import { proxyProgram } from "../../scripts/setup/proxies.mjs";
import { startConversation } from "../worker/conversation.mjs";

const HOST = "127.0.0.1";
const START_MS_MAX = 20_000;

/** A block of docs/proxies.md, with what is local put in place of its names. */
function documented(language, { port, authorizer, service, secret }) {
  const text = readFileSync(inRoot("docs/proxies.md"), "utf8");
  const block = new RegExp("```" + language + "\\n([^]*?)```").exec(text)[1];
  const replaced = [
    ["https://auth.example.com", authorizer],
    ["YOUR-SECRET", secret],
    [/\blisten 80;/, `listen ${HOST}:${port};`],
    ["http://:80", `http://${HOST}:${port}`],
    ["http://backend.internal:8080", service],
    ["backend.internal:8080", new URL(service).host],
  ];
  return replaced.reduce((config, [from, to]) => config.replace(from, to), block);
}

/** How each proxy is started in `dir`: its arguments, having written what it reads. */
const PROXIES = {
  nginx(dir, places) {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${dir}/${name};`);
    const config = [
      // Else root's workers are nobody's, who may not enter the folder.
      process.getuid() === 0 ? "user root;" : "",
      `daemon off; worker_processes 1; pid ${dir}/pid; error_log stderr;`,
      "events {}",
      `http { access_log off; ${temporary.join(" ")}`,
      documented("nginx", places),
      "}",
    ];
    writeFileSync(join(dir, "nginx.conf"), config.join("\n"));
    return ["-p", dir, "-e", "stderr", "-c", join(dir, "nginx.conf")];
  },
  caddy(dir, places) {
    writeFileSync(join(dir, "Caddyfile"), `{\n\tadmin off\n\tauto_https off\n}\n${documented("caddyfile", places)}`);
    return ["run", "--adapter", "caddyfile", "--config", join(dir, "Caddyfile")];
  },
};

export const NAMES = Object.keys(PROXIES);

/**
 * Starts the Worker, a service that keeps what it sees, and the proxy before both.
 *
 * vars: members of [vars.portcullis]. Resolves to { talk, ask, origin, seen, dispose }: ask(method, path, { headers, body })
 * goes through the proxy, which is at origin; seen grows with what the service was asked.
 */
export async function startProxied(name, vars) {
  const secret = randomBytes(32).toString("base64url");
  const secret_sha256 = [createHash("sha256").update(secret).digest("base64url")];
  const ends = [];
  const dispose = async () => {
    while (ends.length) await ends.pop()();
  };
  try {
    const talk = await startConversation({ vars: { trusted_proxy_hops: 1, forward_auth: { secret_sha256 }, ...vars } });
    talk.keepSecret(secret);
    ends.push(() => talk.worker.dispose());
    const service = await startService();
    ends.push(service.close);
    const port = await freePort();
    const places = { port, authorizer: talk.url, service: service.url, secret };
    ends.push(await startProxy(name, places));
    return { talk, seen: service.seen, ask: asker(port), origin: `http://${HOST}:${port}`, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function startService() {
  const seen = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push({ method: request.method, url: request.url, headers: request.headers, body });
    response.end("served");
  });
  server.listen(0, HOST);
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://${HOST}:${server.address().port}`, seen, close };
}

/** Resolves to how to end it, once it listens. */
async function startProxy(name, places) {
  const dir = mkdtempSync(join(tmpdir(), `portcullis-${name}-`));
  const env = { ...process.env, HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir };
  const child = spawn(proxyProgram(name), PROXIES[name](dir, places), { cwd: dir, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  const ended = once(child, "close");
  const end = async () => {
    child.kill("SIGTERM");
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  for (const end_ms = Date.now() + START_MS_MAX; !(await listens(places.port)); await sleep(20)) {
    if (child.exitCode === null && Date.now() < end_ms) continue;
    await end();
    assert.fail(`${name} does not listen:\n${output}`);
  }
  return end;
}

const listens = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, HOST);
    socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });

/** Sends the path as it is: fetch would write it anew. */
function asker(port) {
  return (method, path, { headers, body } = {}) =>
    new Promise((resolve, reject) => {
      const request = httpRequest({ host: HOST, port, method, path, headers, agent: false }, async (response) => {
        let text = "";
        for await (const chunk of response) text += chunk;
        resolve({ status: response.statusCode, headers: response.headers, text });
      });
      request.on("error", reject).end(body);
    });
}
