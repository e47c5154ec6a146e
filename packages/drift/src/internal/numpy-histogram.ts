// numpy's histogram rules, reproduced so that the compatibility modes count exactly what the originals count.

export type BinRule = 'sturges' | 'doane' | { readonly bins: number };

/** numpy.histogram_bin_edges: equal-width edges over the range of the values, both ends included. */
export function histogramEdges(values: Float64Array, rule: BinRule): Float64Array {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < first) first = value;
    if (value > last) last = value;
  }
  const range = last - first;
  if (first === last) {
    first -= 0.5;
    last += 0.5;
  }
  let bins = 1;
  if (typeof rule === 'object') {
    bins = rule.bins;
  } else if (range > 0) {
    const width = rule === 'sturges' ? range / (Math.log2(values.length) + 1) : doaneWidth(values, range);
    if (width > 0) bins = Math.ceil((last - first) / width);
  }
  const step = (last - first) / bins;
  return Float64Array.from({ length: bins + 1 }, (_, index) => (index === bins ? last : index * step + first));
}

/** Whether numpy accepts the edges: with bins narrower than rounding of the values it raises an error. */
export function areEdgesApart(edges: Float64Array): boolean {
  return edges.every((edge, index) => index === 0 || edge > edges[index - 1]!);
}

function doaneWidth(values: Float64Array, range: number): number {
  const size = values.length;
  if (size <= 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / size;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / size);
  if (!(deviation > 0)) return 0;
  const skew = values.reduce((sum, value) => sum + ((value - mean) / deviation) ** 3, 0) / size;
  const skewDeviation = Math.sqrt((6 * (size - 2)) / ((size + 1) * (size + 3)));
  return range / (1 + Math.log2(size) + Math.log2(1 + Math.abs(skew) / skewDeviation));
}

/** numpy.histogram with explicit edges: bins are [edge, next), the last one closed; values outside are left out. */
export function histogramCounts(values: Float64Array, edges: Float64Array): Float64Array {
  const counts = new Float64Array(edges.length - 1);
  const last = edges[edges.length - 1]!;
  for (const value of values) {
    if (!(value >= edges[0]! && value <= last)) continue;
    let low = 0;
    let high = edges.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (edges[middle]! <= value) low = middle;
      else high = middle;
    }
    counts[low] = counts[low]! + 1;
  }
  return counts;
}
