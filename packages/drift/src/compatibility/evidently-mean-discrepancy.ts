import { drawPositions } from '../multivariate/matrix.ts';
import { type Answer, type RandomSource, refuse } from '../refusal.ts';

/**
 * Evidently's `empirical_mmd` on one column: Gaussian kernel with σ² = half the median squared distance within the
 * reference (the zero distances of the diagonal included, nearest-rank median), 100 permutations, and the share of
 * permuted statistics that reach the observed one as p-value (so it can be 0). Quadratic in rows, as there.
 */
export function evidentlyMeanDiscrepancy(
  reference: Float64Array,
  current: Float64Array,
  random: RandomSource | undefined,
): Answer<{ score: number; statistic: number }> {
  if (!random) return refuse('invalid-option', 'a random source for empirical_mmd', 'none');
  const size = reference.length + current.length;
  if (size > 6_000) return refuse('invalid-input', 'at most 6,000 rows in all for empirical_mmd', String(size));
  const distances = new Float64Array(reference.length ** 2);
  let next = 0;
  for (const a of reference) {
    for (const b of reference) {
      distances[next] = b ** 2 - 2 * a * b + a ** 2;
      next += 1;
    }
  }
  distances.sort();
  // numpy's 'nearest' rounds half to even.
  const position = 0.5 * (distances.length - 1);
  const rounded = position % 1 === 0.5 ? 2 * Math.round(position / 2) : Math.round(position);
  const sigma = Math.sqrt(0.5 * distances[rounded]!) || Math.sqrt(0.5);
  const gamma = 1 / (2 * sigma ** 2);
  const pooled = Float64Array.from([...reference, ...current]);
  const kernel = new Float64Array(size * size);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j < size; j += 1) {
      if (i !== j) {
        kernel[i * size + j] = Math.exp(-gamma * (pooled[j]! ** 2 - 2 * pooled[i]! * pooled[j]! + pooled[i]! ** 2));
      }
    }
  }
  const m = reference.length;
  const n = current.length;
  const discrepancy = (order: Uint32Array): number => {
    const side = new Uint8Array(size);
    for (let i = 0; i < m; i += 1) side[order[i]!] = 1;
    let [xx, yy, xy] = [0, 0, 0];
    for (let i = 0; i < size; i += 1) {
      for (let j = 0; j < size; j += 1) {
        const value = kernel[i * size + j]!;
        if (side[i] !== side[j]) xy += value / 2;
        else if (side[i] === 1) xx += value;
        else yy += value;
      }
    }
    return xx / (m * (m - 1)) + yy / (n * (n - 1)) - (2 * xy) / (m * n);
  };
  const statistic = discrepancy(Uint32Array.from({ length: size }, (_, index) => index));
  let atLeast = 0;
  for (let round = 0; round < 100; round += 1) {
    if (statistic <= discrepancy(drawPositions(size, size, random))) atLeast += 1;
  }
  return { ok: true, score: atLeast / 100, statistic };
}
