// Commands that are used wrongly end with exit code 2, a line that says what is wrong and one that says what to do.

import { parseArgs } from "node:util";

export class UsageError extends Error {
  constructor(message, next) {
    super(message);
    this.next = next;
  }
}

/** As parseArgs; what it finds wrong is a UsageError. */
export function parse(args, options, usage) {
  try {
    return parseArgs({ args, options: { ...options, help: { type: "boolean" } }, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error.message.split(". ")[0], usage);
  }
}

/** The outermost call of a command: `work` returns what goes to standard output. */
export async function command(usage, work) {
  try {
    const text = process.argv.includes("--help") ? usage : await work(process.argv.slice(2));
    if (text) process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`portcullis: ${error.message}`);
    if (error.next) console.error(`what to do: ${error.next}`);
    process.exitCode = 2;
  }
}
