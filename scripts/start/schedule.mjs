// The schedule of wrangler.toml, which workerd on one's own machine does not run: without it Redis would never
// hear of what an instance left in KV before it ended.

const EVERY_MS = 60_000;
const CRON = "* * * * *";

/** Runs the Worker's scheduled handler now and then every minute; say(line) tells of a failed run. Returns how to stop. */
export function runSchedule(runtime, say) {
  let running = false;
  let stopped = false;
  const run = async () => {
    if (running) return;
    running = true;
    const cause = await causeOfFailure(runtime);
    running = false;
    // A run that is cut short by the stop has not failed.
    if (cause && !stopped) say(`the Worker's scheduled run failed: ${cause}`);
  };
  const timer = setInterval(run, EVERY_MS).unref();
  run();
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}

async function causeOfFailure(runtime) {
  try {
    const { outcome } = await (await runtime.getWorker("portcullis")).scheduled({ cron: CRON });
    return outcome === "ok" ? undefined : outcome;
  } catch (error) {
    return error.message.split("\n")[0];
  }
}
