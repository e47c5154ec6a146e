import { normalUpperQuantile } from '@switchyard/special-functions';
import { type Answer, refuse } from '../refusal.ts';
import { checkConfidence, checkNumericRows, describe, type Rows } from '../rows.ts';

export interface SummaryOptions {
  /** Names by feature position; "0", "1", … unless given. */
  readonly names?: readonly string[];
  /** Of the intervals that ranks are judged by; 0.95 unless given. */
  readonly confidence?: number;
}

export interface FeatureSummary {
  readonly feature: number;
  readonly name: string;
  /** Mean |value| over the rows, in the unit of the values. */
  readonly importance: number;
  readonly standardError: number;
  /** Mean value: which way the feature moves predictions, over all rows. */
  readonly meanValue: number;
  /** Part of all features' importance, 0 to 1. */
  readonly share: number;
  readonly shareStandardError: number;
  /** 1 = most important. */
  readonly rank: number;
  /** Ranks that the sampling error leaves possible: features whose intervals overlap cannot be told apart. */
  readonly bestRank: number;
  readonly worstRank: number;
}

export interface ImportanceTable {
  /** Most important first; ties by position. */
  readonly features: readonly FeatureSummary[];
  readonly rowCount: number;
}

/**
 * Which features does a model use most? Mean |value| of local explanations (Shapley values, Tree SHAP, LIME effects)
 * over rows, with standard error sd/√rows, as a table by rank. `values` is one list per row, one number per feature.
 * Shares, mean |v_f| / Σ_g mean |v_g|, carry the error of the ratio (delta method), which is smaller than that of a
 * part and the whole apart. Ranks are by share; those left open are judged by share ± z · standard error. Assumes
 * independent rows, and enough of them for normal intervals. All values 0 is an answer: every share is then 0 and every
 * rank open. Fails on fewer than two rows, rows of different width, values that are not finite, names of another
 * number, and a confidence outside (0, 1).
 * Source: Lundberg et al., Nature Machine Intelligence 2 (2020), for mean |value|; Cochran, Sampling Techniques (1977),
 * §6, for the error of a ratio.
 */
export function summarizeExplanations(values: Rows<number>, options: SummaryOptions = {}): Answer<ImportanceTable> {
  const confidence = options?.confidence ?? 0.95;
  const read = readValues(values);
  if (!read.ok) return read;
  const problem = checkConfidence(confidence) ?? checkNames(options?.names, read.width);
  if (problem) return problem;
  const importance = influenceOf(read, false);
  const share = influenceOf(read, true);
  return {
    ok: true,
    rowCount: values.length,
    features: rankFeatures(
      Array.from({ length: read.width }, (_, feature) => ({
        feature,
        name: options.names?.[feature] ?? String(feature),
        importance: importance.means[feature]!,
        standardError: standardErrorOf(importance.perRow, feature),
        meanValue: meanColumn(values, feature),
        share: share.means[feature]!,
        shareStandardError: standardErrorOf(share.perRow, feature),
      })),
      confidence,
    ),
  };
}

export interface ReadValues {
  readonly width: number;
  /** |value|, row by row. */
  readonly sizes: readonly Float64Array[];
}

export function readValues(values: Rows<number>, name = 'values'): Answer<ReadValues> {
  const problem = checkNumericRows(values, name, 2);
  if (problem) return problem;
  const sizes = Array.from(values, (row) => Float64Array.from(row, Math.abs));
  const bad = sizes.findIndex((row) => row.some(Number.isNaN));
  if (bad >= 0) return refuse('not-finite', `finite values in ${name}[${bad}]`, 'NaN');
  return { ok: true, width: sizes[0]!.length, sizes };
}

export interface Influence {
  readonly means: Float64Array;
  /** What each row adds to the figure beyond the mean; its spread over √rows is the standard error. */
  readonly perRow: readonly Float64Array[];
}

/** Mean |value| per feature, or each feature's share of the sum of those means, with each row's influence on it. */
export function influenceOf(read: ReadValues, asShare: boolean): Influence {
  const means = new Float64Array(read.width);
  for (const row of read.sizes) {
    for (let at = 0; at < read.width; at += 1) means[at] = means[at]! + row[at]! / read.sizes.length;
  }
  const total = means.reduce((sum, mean) => sum + mean, 0);
  if (!asShare) return { means, perRow: read.sizes.map((row) => row.map((size, at) => size - means[at]!)) };
  if (total === 0) return { means, perRow: read.sizes.map((row) => row.slice()) };
  const shares = means.map((mean) => mean / total);
  const perRow = read.sizes.map((row) => {
    const rowTotal = row.reduce((sum, size) => sum + size, 0);
    return row.map((size, at) => (size - shares[at]! * rowTotal) / total);
  });
  return { means: shares, perRow };
}

export function standardErrorOf(perRow: readonly Float64Array[], feature: number): number {
  const squares = perRow.reduce((sum, row) => sum + row[feature]! ** 2, 0);
  return Math.sqrt(squares / (perRow.length - 1) / perRow.length);
}

type Unranked = Omit<FeatureSummary, 'rank' | 'bestRank' | 'worstRank'>;

/** Sorts by share and says which ranks the intervals of the shares leave open. */
export function rankFeatures<T extends Pick<Unranked, 'feature' | 'share' | 'shareStandardError'>>(
  features: readonly T[],
  confidence: number,
): (T & Pick<FeatureSummary, 'rank' | 'bestRank' | 'worstRank'>)[] {
  const z = normalUpperQuantile((1 - confidence) / 2);
  const lower = (one: T) => one.share - z * one.shareStandardError;
  const upper = (one: T) => one.share + z * one.shareStandardError;
  return [...features]
    .sort((a, b) => b.share - a.share || a.feature - b.feature)
    .map((one, position, sorted) => ({
      ...one,
      rank: position + 1,
      bestRank: 1 + sorted.filter((other) => lower(other) > upper(one)).length,
      worstRank: sorted.length - sorted.filter((other) => upper(other) < lower(one)).length,
    }));
}

export function checkNames(names: readonly string[] | undefined, width: number) {
  if (names === undefined || names.length === width) return undefined;
  return refuse('mismatched-shape', `${width} names, one per feature`, describe(names));
}

function meanColumn(values: Rows<number>, feature: number): number {
  let sum = 0;
  for (let row = 0; row < values.length; row += 1) sum += values[row]![feature]!;
  return sum / values.length;
}
