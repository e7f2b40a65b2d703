// What divan prints, read.

const UNITS_US = { ns: 1e-3, µs: 1, us: 1, ms: 1e3, s: 1e6 };

/** A Map of "contestant argument" to the median in microseconds. A line of the tree that ends a branch has the figures fastest, slowest, median and mean. */
export function mediansOf(output) {
  const medians = new Map();
  let contestant;
  for (const line of output.split("\n")) {
    const branch = /^[├╰]─ (\S+)/.exec(line);
    if (branch) contestant = branch[1];
    const leaf = /^(?:│| ) {2}[├╰]─ (.+?) +[\d.]+ (?:ns|µs|ms|s) +│ [^│]+│ ([\d.]+) (ns|µs|ms|s) /.exec(line);
    if (leaf) medians.set(`${contestant} ${leaf[1]}`, Number(leaf[2]) * UNITS_US[leaf[3]]);
  }
  return medians;
}
