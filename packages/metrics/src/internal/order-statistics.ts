/** Linear interpolation between order statistics (type 7 of Hyndman and Fan 1996, NumPy's default). */
export function valueAtQuantile(sorted: ArrayLike<number>, quantile: number): number {
  const position = (sorted.length - 1) * quantile;
  const index = Math.min(Math.floor(position), sorted.length - 1);
  const low = sorted[index] as number;
  const high = sorted[Math.min(index + 1, sorted.length - 1)] as number;
  const fraction = position - index;
  // Interpolating from the nearer end, as NumPy does, keeps the result inside [low, high].
  return fraction < 0.5 ? low + (high - low) * fraction : high - (high - low) * (1 - fraction);
}

/** Number of entries < x in an ascending array: where x would be put in. */
export function countBelow(sorted: ArrayLike<number>, x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < x) low = middle + 1;
    else high = middle;
  }
  return low;
}
