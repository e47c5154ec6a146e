import { normalCdf, normalQuantile } from '@switchyard/special-functions';
import { type ConfidenceOptions, checkedPoint, type Estimate } from './estimate.ts';
import { checkOneOf, checkRows, checkWhole } from './internal/check.ts';
import { valueAtQuantile } from './internal/order-statistics.ts';
import { failure, type Result } from './result.ts';

export interface BootstrapOptions extends ConfidenceOptions {
  /** Uniform numbers in [0, 1). The same source gives the same interval. */
  readonly random: () => number;
  /** Resamples; 1,000 unless given. */
  readonly replicates?: number;
  /** `bca` (default) corrects for bias and for a spread that changes with the value; `percentile`, `basic` do not. */
  readonly method?: 'bca' | 'percentile' | 'basic';
}

/**
 * How sure is a figure that has no formula for its interval (ECE, MCC of weighted rows, NDCG differences …)? It is
 * computed again on rows drawn with replacement. Assumes independent rows.
 *
 * `statistic` gets row numbers (some repeated) and returns the figure, or null when those rows cannot answer. BCa:
 * percentiles Φ(ẑ + (ẑ + z)/(1 − a(ẑ + z))) of the resampled values, ẑ from the share below the estimate (ties half),
 * a from leaving one row (or, above 400 rows, one of 400 groups of rows) out.
 * Domain: at least two rows and 20 replicates, `random` uniform in [0, 1).
 * For dependent rows (several a user) draw users: let the statistic expand user numbers into rows.
 * Fails outside that, when the figure itself has no answer, when more than 1 in 20 resamples have none, and when all
 * resamples agree (`constant`).
 * Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), ch. 13–14; equals SciPy `stats.bootstrap`.
 */
export function bootstrapInterval(
  rowCount: number,
  statistic: (rows: Uint32Array) => number | null,
  options: BootstrapOptions,
): Result<Estimate & { readonly standardError: number; readonly unanswered: number }> {
  const { replicates = 1000, method = 'bca', random } = options;
  const checked = checkedPoint(options);
  if (!checked.ok) return checked;
  const problem =
    checkWhole('rowCount', rowCount, 0) ??
    checkRows(rowCount) ??
    checkWhole('replicates', replicates, 20) ??
    checkOneOf('method', method, ['bca', 'percentile', 'basic']);
  if (problem) return problem;
  const rows = Uint32Array.from({ length: rowCount }, (_, index) => index);
  const value = statistic(rows);
  if (value === null || !Number.isFinite(value))
    return failure('no-solution', 'rows on which the figure has an answer');
  const values: number[] = [];
  for (let replicate = 0; replicate < replicates; replicate += 1) {
    for (let index = 0; index < rowCount; index += 1) rows[index] = Math.floor(random() * rowCount);
    const resampled = statistic(rows);
    if (resampled !== null && Number.isFinite(resampled)) values.push(resampled);
  }
  const unanswered = replicates - values.length;
  if (unanswered > replicates / 20) return failure('too-few-rows', 'more rows: many resamples had no answer');
  const sorted = Float64Array.from(values).sort();
  if (sorted[0] === sorted[sorted.length - 1]) return failure('constant', 'rows on which the figure varies');
  const { tail } = checked;
  const [low, high] =
    method === 'bca' ? correctedTails(sorted, value, tail, jackknife(rowCount, statistic)) : [tail, 1 - tail];
  let lower = valueAtQuantile(sorted, low);
  let upper = valueAtQuantile(sorted, high);
  if (method === 'basic') [lower, upper] = [2 * value - upper, 2 * value - lower];
  const standardError = standardDeviation(values);
  return { ok: true, value, lower, upper, count: rowCount, method: `bootstrap-${method}`, standardError, unanswered };
}

const JACKKNIFE_GROUPS = 400;

/** The figure without each row, or each group of rows. */
function jackknife(rowCount: number, statistic: (rows: Uint32Array) => number | null): number[] {
  const groups = Math.min(rowCount, JACKKNIFE_GROUPS);
  const values: number[] = [];
  for (let group = 0; group < groups; group += 1) {
    const [from, to] = [Math.floor((group * rowCount) / groups), Math.floor(((group + 1) * rowCount) / groups)];
    const kept = Uint32Array.from({ length: rowCount - (to - from) }, (_, at) => (at < from ? at : at + to - from));
    const value = statistic(kept);
    if (value !== null && Number.isFinite(value)) values.push(value);
  }
  return values;
}

function correctedTails(sorted: Float64Array, value: number, tail: number, without: readonly number[]) {
  let below = 0;
  for (const resampled of sorted) below += resampled < value ? 1 : resampled === value ? 0.5 : 0;
  // Keep the bias finite when every resample lies on one side.
  const share = Math.min(Math.max(below, 0.5), sorted.length - 0.5) / sorted.length;
  const bias = normalQuantile(share);
  const mean = without.reduce((total, one) => total + one, 0) / without.length;
  let squares = 0;
  let cubes = 0;
  for (const one of without) {
    squares += (mean - one) ** 2;
    cubes += (mean - one) ** 3;
  }
  const acceleration = squares > 0 ? cubes / (6 * squares ** 1.5) : 0;
  const moved = (z: number) => normalCdf(bias + (bias + z) / (1 - acceleration * (bias + z)));
  return [moved(normalQuantile(tail)), moved(normalQuantile(1 - tail))] as const;
}

function standardDeviation(values: readonly number[]): number {
  const mean = values.reduce((total, one) => total + one, 0) / values.length;
  const squares = values.reduce((total, one) => total + (one - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}
