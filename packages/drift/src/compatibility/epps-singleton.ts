import { chiSquareSurvival } from '@switchyard/special-functions';
import { symmetricEigen } from '../internal/symmetric-eigen.ts';
import { type Answer, refuse } from '../refusal.ts';
import { checkSample } from '../tests/comparison.ts';

/**
 * Epps–Singleton test: do both samples come from one distribution? Compares the empirical characteristic functions at
 * t = 0.4 and 0.8 (in half interquartile ranges of the pooled sample).
 * W = N d' S⁻ d, d the difference of the mean cos(tx) and sin(tx), S = N/m · S₁ + N/n · S₂ from their covariances,
 * S⁻ its pseudo-inverse; p from chi-square with the rank of S as degrees of freedom. Below 25 rows on both sides W is
 * divided by 1 + N^-0.45 + 10.1 (m^-1.7 + n^-1.7).
 * Assumes independent rows; need not be continuous. Refuses fewer than 5 values a side, values that are not finite, and
 * an interquartile range of 0. Source: Epps and Singleton (1986); small-sample factor of Goerg and Kaiser (2009);
 * equals SciPy's `epps_singleton_2samp`.
 */
export function eppsSingleton(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
): Answer<{ statistic: number; pValue: number }> {
  const problem = checkSample(reference, 'reference', 5) ?? checkSample(current, 'current', 5);
  if (problem) return problem;
  const m = reference.length;
  const n = current.length;
  const total = m + n;
  const pooled = Float64Array.from([...Array.from(reference), ...Array.from(current)]).sort();
  const halfRange = (quantile(pooled, 0.75) - quantile(pooled, 0.25)) / 2;
  if (!(halfRange > 0)) return refuse('constant', 'an interquartile range above 0', '0');
  const points = [0.4 / halfRange, 0.8 / halfRange];
  const transform = (values: ArrayLike<number>): Float64Array[] => [
    ...points.map((t) => Float64Array.from(values, (value) => Math.cos(t * value))),
    ...points.map((t) => Float64Array.from(values, (value) => Math.sin(t * value))),
  ];
  const first = moments(transform(reference));
  const second = moments(transform(current));
  const covariance = first.covariance.map((row, i) =>
    row.map((value, j) => (total / m) * value + (total / n) * second.covariance[i]![j]!),
  );
  const difference = first.means.map((mean, i) => mean - second.means[i]!);
  // Pseudo-inverse: data with few distinct values make the covariance singular and take degrees of freedom away.
  const { values, vectors } = symmetricEigen(Float64Array.from(covariance.flat()), 4);
  const kept = values
    .map((value, k) => ({ value, vector: vectors[k]! }))
    .filter(({ value }) => value > 1e-14 * values[0]!);
  let statistic = 0;
  for (const { value, vector } of kept) {
    statistic += (total * difference.reduce((sum, entry, i) => sum + entry * vector[i]!, 0) ** 2) / value;
  }
  if (Math.max(m, n) < 25) statistic *= 1 / (1 + total ** -0.45 + 10.1 * (m ** -1.7 + n ** -1.7));
  return { ok: true, statistic, pValue: chiSquareSurvival(Math.max(0, statistic), kept.length) };
}

function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const low = Math.floor(position);
  const fraction = position - low;
  const [a, b] = [sorted[low]!, sorted[Math.min(low + 1, sorted.length - 1)]!];
  // numpy interpolates from the nearer end.
  return fraction >= 0.5 ? b - (b - a) * (1 - fraction) : a + (b - a) * fraction;
}

function moments(rows: Float64Array[]): { means: number[]; covariance: number[][] } {
  const size = rows[0]!.length;
  const means = rows.map((row) => row.reduce((sum, value) => sum + value, 0) / size);
  const covariance = rows.map((a, i) =>
    rows.map((b, j) => a.reduce((sum, value, k) => sum + (value - means[i]!) * (b[k]! - means[j]!), 0) / size),
  );
  return { means, covariance };
}
