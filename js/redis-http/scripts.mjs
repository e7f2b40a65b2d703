// Scripts written for Upstash on stock Redis. There a first line of `#!lua flags=allow-key-locking`
// says that a script needs only its own keys locked; stock Redis refuses that flag. So the flag is
// taken out before a script is sent, and as that changes the script's SHA-1, by which clients call
// it, the SHA-1 they know is mapped to the one that Redis knows.
//
// A mapping that is forgotten costs one EVAL: Redis then says NOSCRIPT, as it does after a restart.

import { createHash } from "node:crypto";

/** @typedef {import("./request.mjs").Command} Command */

const FLAG = "allow-key-locking";
const SHEBANG = Buffer.from("#!lua");
const SCRIPTS_MAX = 1_000;

const sha1 = (text) => createHash("sha1").update(text).digest("hex");

export function createScripts() {
  /** SHA-1 as clients know it, to SHA-1 as Redis knows it; the least recently used first. */
  const known = new Map();

  const remember = (theirs, ours) => {
    known.delete(theirs);
    known.set(theirs, ours);
    if (known.size > SCRIPTS_MAX) known.delete(known.keys().next().value);
  };

  /** The script to send, and the SHA-1 that its sender knows it by. */
  const translateScript = (script) => {
    const stripped = withoutFlag(script);
    if (!stripped) return { script };
    const theirs = sha1(script);
    remember(theirs, sha1(stripped));
    return { script: stripped, theirs };
  };

  const translateSha = (sha) => {
    const theirs = String(sha).toLowerCase();
    const ours = known.get(theirs);
    if (ours) remember(theirs, ours);
    return ours ?? sha;
  };

  return {
    /**
     * @param {Command} command
     * @returns {{ command: Command, reply?: unknown }} what to send, and what to answer when it
     *   succeeds where that is not Redis's own answer
     */
    translate(command) {
      const [name, first, ...rest] = command;
      if (first === undefined) return { command };
      const upper = name.toUpperCase();
      if (upper === "EVAL" || upper === "EVAL_RO") return { command: [name, translateScript(first).script, ...rest] };
      if (upper === "EVALSHA" || upper === "EVALSHA_RO") return { command: [name, translateSha(first), ...rest] };
      if (upper !== "SCRIPT") return { command };
      const subcommand = String(first).toUpperCase();
      if (subcommand === "EXISTS") return { command: [name, first, ...rest.map(translateSha)] };
      if (subcommand !== "LOAD" || rest.length !== 1) return { command };
      const { script, theirs } = translateScript(rest[0]);
      return { command: [name, first, script], reply: theirs && Buffer.from(theirs) };
    },
    get size() {
      return known.size;
    },
  };
}

/**
 * The script without the flag; undefined where it has none. The first line stays a line, empty if
 * nothing else was on it, so that the line numbers in errors stay true.
 */
function withoutFlag(script) {
  const bytes = Buffer.from(script);
  if (!bytes.subarray(0, SHEBANG.length).equals(SHEBANG)) return undefined;
  const newline = bytes.indexOf("\n");
  const end = newline < 0 ? bytes.length : newline;
  const parts = bytes.toString("latin1", 0, end).split(/\s+/).filter(Boolean);
  const at = parts.findIndex((part) => part.startsWith("flags="));
  const flags = at < 0 ? [] : parts[at].slice("flags=".length).split(",");
  if (!flags.includes(FLAG)) return undefined;
  const others = flags.filter((flag) => flag !== FLAG);
  parts.splice(at, 1, ...(others.length ? [`flags=${others.join(",")}`] : []));
  // A bare #!lua means stricter rules than no first line, and Redis before 7 does not know it.
  const line = parts.length > 1 ? parts.join(" ") : "";
  return Buffer.concat([Buffer.from(line, "latin1"), bytes.subarray(end)]);
}
