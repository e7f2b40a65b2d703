// Chance that is the same each time, by a seed (mulberry32).

export function seeded(seed) {
  let state = seed >>> 0;
  const unit = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** A whole number from 0 to below `end`. */
  const below = (end) => Math.floor(unit() * end);
  return {
    below,
    chance: (probability) => unit() < probability,
    pick: (values) => values[below(values.length)],
  };
}
