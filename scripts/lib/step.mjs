// What a person sees while the scripts work: every step has a name and a time, and every failure
// ends in one line that says what is wrong and one that says what to do about it.
// Runs before `npm ci`, so Node built-ins only, and nothing newer than Node 20.

/** A failure we can explain. `next` is what to do; `tail` is the end of a child's output. */
export class StepError extends Error {
  constructor(message, { next, tail } = {}) {
    super(message);
    this.name = "StepError";
    this.next = next;
    this.tail = tail;
  }
}

export function seconds(started_ms) {
  return `${((Date.now() - started_ms) / 1000).toFixed(1)} s`;
}

/** Runs `work` under a printed name, and prints how long it took. A string it returns is its outcome. */
export async function step(name, work) {
  const started_ms = Date.now();
  try {
    const outcome = await work();
    console.log(`✓ ${name}${typeof outcome === "string" ? `: ${outcome}` : ""} (${seconds(started_ms)})`);
    return outcome;
  } catch (error) {
    console.log(`✗ ${name} (${seconds(started_ms)})`);
    throw error;
  }
}

/** The outermost call of every script: turns an error into readable lines and exit code 1. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    if (error.tail) console.error(`\n${error.tail}\n`);
    console.error(`portcullis: ${error.message}`);
    if (error.next) console.error(`what to do: ${error.next}`);
    process.exitCode = 1;
  }
}
