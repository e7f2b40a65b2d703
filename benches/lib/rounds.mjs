// Interleaved timing. In every round each contestant has one short turn, so whatever the machine does
// meanwhile (other programs, its clock, garbage collection) meets all of them alike.

const WARM_UP_MS = 700;
const TURN_MS = 10;
const ROUNDS_MAX = 400;
const TOTAL_MS_MAX = 15_000;
const PROGRESS_MS = 5_000;

/**
 * contestants: { name, turn(calls): milliseconds that so many calls take, or a promise of them }. Resolves to
 * { times_us: Map of name to microseconds per call, one for each round; count: of rounds }.
 */
export async function measure(contestants) {
  const runners = [];
  for (const contestant of contestants) runners.push({ ...contestant, calls: await warmUp(contestant) });
  const times_us = new Map(contestants.map(({ name }) => [name, []]));
  const started_ms = performance.now();
  let reported_ms = started_ms;
  let count = 0;
  for (; count < ROUNDS_MAX && performance.now() - started_ms < TOTAL_MS_MAX; count++) {
    for (const { name, turn, calls } of shuffled(runners)) {
      times_us.get(name).push(((await turn(calls)) / calls) * 1000);
    }
    if (performance.now() - reported_ms < PROGRESS_MS) continue;
    reported_ms = performance.now();
    console.log(`  … round ${count + 1} of ${ROUNDS_MAX}, ${Math.round((reported_ms - started_ms) / 1000)} s`);
  }
  return { times_us, count };
}

/** Runs until the compilers have had their say, and returns how many calls fill a turn. */
async function warmUp({ turn }) {
  const started_ms = performance.now();
  let calls = 10;
  for (;;) {
    const took_ms = Math.max(await turn(calls), 0.01);
    // At most tenfold: the first few calls tell little.
    calls = Math.max(1, Math.min(calls * 10, Math.round((calls * TURN_MS) / took_ms)));
    if (performance.now() - started_ms >= WARM_UP_MS) return calls;
  }
}

/** By chance: in a fixed order, another program's rhythm can meet one contestant every time. */
export function shuffled(list) {
  const drawn = [...list];
  for (let last = drawn.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [drawn[last], drawn[other]] = [drawn[other], drawn[last]];
  }
  return drawn;
}
