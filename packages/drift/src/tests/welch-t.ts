import { studentTSurvival } from '@switchyard/special-functions';
import { type Answer, refuse } from '../refusal.ts';
import type { Comparison, TestResult } from './comparison.ts';

export interface WelchResult extends TestResult {
  readonly degreesOfFreedom: number;
  readonly referenceMean: number;
  readonly currentMean: number;
  /** Current mean minus reference mean, in standard deviations of the reference; null when the reference is constant. */
  readonly standardizedShift: number | null;
}

/**
 * t test, two-sided: are the means equal? `variance` 'unequal' (Welch–Satterthwaite, the default) or 'equal' (pooled,
 * Student's). t = (reference mean - current mean) / standard error, as SciPy's sign.
 * Assumes independent rows and means that are near normal, which large samples of limited skew give; for counts, that
 * rows lie at their bin's value. Refuses what `compareSamples` or `compareCounts` refused, an unknown variance, two
 * constant sides, and a variance that overflows or underflows. Source: Welch (1947); equals SciPy's `ttest_ind`.
 */
export function welchT(
  comparison: Comparison,
  options: { readonly variance?: 'unequal' | 'equal' } = {},
): Answer<WelchResult> {
  if (!comparison.ok) return comparison;
  const kind = options.variance ?? 'unequal';
  if (kind !== 'unequal' && kind !== 'equal') {
    return refuse('invalid-option', "variance 'unequal' or 'equal'", String(kind));
  }
  const { referenceSize: m, currentSize: n, values } = comparison;
  const reference = momentsOf(values, comparison.reference, m);
  const current = momentsOf(values, comparison.current, n);
  if (!(reference.squares > 0 || current.squares > 0)) {
    return refuse('constant', 'values that differ on at least one side', 'no variation on either side');
  }
  const referenceVariance = reference.squares / (m - 1);
  const currentVariance = current.squares / (n - 1);
  const a = referenceVariance / m;
  const b = currentVariance / n;
  let standardError = Math.sqrt(a + b);
  // By shares of the variance: squares of very small or large variances would leave the range of numbers.
  let degreesOfFreedom = 1 / ((a / (a + b)) ** 2 / (m - 1) + (b / (a + b)) ** 2 / (n - 1));
  if (kind === 'equal') {
    degreesOfFreedom = m + n - 2;
    standardError = Math.sqrt(((reference.squares + current.squares) / degreesOfFreedom) * (1 / m + 1 / n));
  }
  const difference = reference.mean - current.mean;
  const statistic = difference / standardError;
  if (!Number.isFinite(statistic) || !Number.isFinite(degreesOfFreedom)) {
    return refuse('not-finite', 'values whose variance is representable', 'variance overflows or underflows');
  }
  return {
    ok: true,
    statistic,
    pValue: Math.min(1, 2 * studentTSurvival(Math.abs(statistic), degreesOfFreedom)),
    method: 'asymptotic',
    referenceSize: m,
    currentSize: n,
    degreesOfFreedom,
    referenceMean: reference.mean,
    currentMean: current.mean,
    standardizedShift: reference.squares > 0 ? -difference / Math.sqrt(referenceVariance) : null,
  };
}

function momentsOf(values: Float64Array, counts: Float64Array, size: number): { mean: number; squares: number } {
  let first = 0;
  while (counts[first] === 0) first += 1;
  // Shifting by a value of the sample keeps the sums exact for constant columns and accurate for large offsets.
  const origin = values[first]!;
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) if (counts[i]! > 0) sum += counts[i]! * (values[i]! - origin);
  const shift = sum / size;
  let squares = 0;
  let correction = 0;
  for (let i = 0; i < values.length; i += 1) {
    if (counts[i] === 0) continue;
    const deviation = values[i]! - origin - shift;
    squares += counts[i]! * deviation * deviation;
    correction += counts[i]! * deviation;
  }
  return { mean: origin + shift, squares: squares - (correction * correction) / size };
}
