// Many verifications at once over a bounded number of connections, and what they leave behind.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { Agent, request } from "node:http";

const CONNECTIONS = 50;

/** Sends each token once, over at most CONNECTIONS connections, and resolves to the answers in order. */
export async function authorizeAll(url, tokens) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  try {
    return await Promise.all(tokens.map((token) => authorize(agent, url, token)));
  } finally {
    agent.destroy();
  }
}

const authorize = (agent, url, token) =>
  new Promise((resolve, reject) => {
    const options = { agent, headers: { authorization: `Bearer ${token}` } };
    const sent = request(`${url}/v1/authorize?claims`, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => (text += chunk)).on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: JSON.parse(text) }));
    });
    sent.on("error", reject).end();
  });

/** The workerd that this process started. */
export function workerdPid() {
  const ours = readdirSync("/proc").filter((name) => {
    const [, command, parent] = (/^\d+ \((.*)\) \S (\d+)/.exec(read(`/proc/${name}/stat`)) ?? []);
    return command === "workerd" && Number(parent) === process.pid;
  });
  if (ours.length !== 1) throw new Error(`${ours.length} processes of workerd are ours`);
  return Number(ours[0]);
}

/** Resident memory, in KiB. */
export const residentKib = (pid) => Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))[1]);

export const sockets = (pid) =>
  readdirSync(`/proc/${pid}/fd`).filter((fd) => link(`/proc/${pid}/fd/${fd}`).startsWith("socket:")).length;

// A process, or a descriptor, may go while it is looked at.
const orNothing = (look) => (path) => {
  try {
    return look(path);
  } catch {
    return "";
  }
};
const read = orNothing((path) => readFileSync(path, "utf8"));
const link = orNothing(readlinkSync);
