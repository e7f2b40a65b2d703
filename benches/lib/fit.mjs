// A straight line through measured points, and how far they are from it.

/** points: [x, y]. Least squares of relative errors, as a small value must fit as well as a large one. */
export function lineThrough(points) {
  let [w, wx, wy, wxx, wxy] = [0, 0, 0, 0, 0];
  for (const [x, y] of points) {
    const weight = 1 / (y * y);
    w += weight;
    wx += weight * x;
    wy += weight * y;
    wxx += weight * x * x;
    wxy += weight * x * y;
  }
  const slope = (w * wxy - wx * wy) / (w * wxx - wx * wx);
  const start = (wy - slope * wx) / w;
  const off = Math.max(...points.map(([x, y]) => Math.abs(start + slope * x - y) / y));
  return { start, slope, off };
}
