// A turn of calls in this process. What the calls are given is made between batches, off the clock; batches
// are small, so that what was made last is still in the processor's cache, as a request just read is.

const BATCH = 200;

/** run(input), with a promise if `isAsync`; inputs(count): so many inputs. Returns the `turn` of a contestant. */
export function inProcess({ run, isAsync, inputs }) {
  return async (calls) => {
    let took_ms = 0;
    for (let left = calls; left > 0; left -= BATCH) {
      const batch = inputs(Math.min(left, BATCH));
      took_ms += isAsync ? await timeAwaited(run, batch) : time(run, batch);
    }
    return took_ms;
  };
}

function time(run, batch) {
  const started_ms = performance.now();
  for (const input of batch) run(input);
  return performance.now() - started_ms;
}

/** Only an asynchronous one pays for awaiting. */
async function timeAwaited(run, batch) {
  const started_ms = performance.now();
  for (const input of batch) await run(input);
  return performance.now() - started_ms;
}
