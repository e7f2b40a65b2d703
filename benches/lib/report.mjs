// What a benchmark prints: where it ran, and a Markdown table that docs/benchmarks.md takes over as is.

import { availableParallelism, cpus } from "node:os";

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value that a tenth of them do not exceed: as good as the least, without its accidents. */
export const fastTenth = (values) => atShare(values, 0.1);

/** The value that this share of them does not exceed. */
export function atShare(values, share) {
  return values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))];
}

export function machine() {
  const date = new Date().toISOString().slice(0, 10);
  return `${date}: ${cpus()[0].model.trim()}, ${availableParallelism()} cores, Node ${process.versions.node} (V8 ${process.versions.v8})`;
}

/** Text columns first, figures to the right: the first two are text. */
export function table(heads, rows) {
  const widths = heads.map((head, i) => Math.max(head.length, ...rows.map((row) => row[i].length)));
  const pad = (text, i) => (i < 2 ? text.padEnd(widths[i]) : text.padStart(widths[i]));
  const line = (cells) => `| ${cells.map(pad).join(" | ")} |`;
  const rule = widths.map((width, i) => (i < 2 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(heads), line(rule), ...rows.map(line)].join("\n");
}
