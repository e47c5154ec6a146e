import { studentTUpperQuantile } from '@switchyard/special-functions';
import { askModel, checkModel, type PredictRows } from '../ask-model.ts';
import { type Answer, type Refusal, refuse } from '../refusal.ts';
import {
  type Cell,
  checkConfidence,
  checkRandom,
  checkRows,
  checkWhole,
  describe,
  type RandomSource,
  type Rows,
  shuffle,
  shuffledPositions,
} from '../rows.ts';
import { type CustomMetric, type MetricName, type ResolvedMetric, resolveMetric } from './importance-metric.ts';
import { type GroupScores, scoreByGroups } from './pair-jackknife.ts';

export interface PermutationOptions<L> {
  readonly metric: MetricName | CustomMetric<L>;
  readonly random: RandomSource;
  /** Permutations, the same for every feature; 5 unless given. */
  readonly repeats?: number;
  /** Features permuted together, by position; every feature by itself unless given. Group those that depend on each other. */
  readonly groups?: readonly (readonly number[])[];
  /** Long-run share of intervals that hold the importance; 0.95 unless given. */
  readonly confidence?: number;
  /** Groups of rows for the interval, at most one per row; 50 unless given. */
  readonly jackknifeGroups?: number;
}

export interface FeatureImportance {
  /** Positions of the features that were permuted together. */
  readonly features: readonly number[];
  /** Mean over repeats of how much worse the metric gets: above 0 = the model uses the feature, may be negative. */
  readonly importance: number;
  /** Standard deviation over the repeats (division by their number, as scikit-learn): permutation noise only. */
  readonly deviation: number;
  readonly perRepeat: Float64Array;
  /** Of the importance as a figure of the population the rows come from; null when the jackknife had no answer. */
  readonly interval: { readonly lower: number; readonly upper: number; readonly standardError: number } | null;
}

export interface PermutationImportance {
  readonly metric: string;
  /** Metric of the model on the rows as they are. */
  readonly baseline: number;
  /** In the order of the groups (or features). */
  readonly importances: readonly FeatureImportance[];
  readonly rowCount: number;
}

/**
 * How much worse does the model get when a feature's column is shuffled? Importance = metric on the rows as they are −
 * metric with the column permuted, the other way round for metrics where lower is better, so that above 0 always means
 * the feature helps. Semantics of scikit-learn's `permutation_importance`: all features see the same permutations.
 *
 * The interval is paired: baseline and permuted metric come from the same rows, and a jackknife over groups of rows
 * (dropping them both as rows and as donors of permuted cells) measures how the importance would vary between samples;
 * mean ± t · standard error with groups − 1 degrees of freedom. Assumes independent rows; a little wide at few repeats.
 *
 * Use rows that the model was not trained on. Features that depend on each other share their importance, and permuting
 * one of them asks the model about rows that do not occur: permute them as one group.
 * Fails on rows of different width, fewer than two, labels that the metric cannot use, a model that throws or answers
 * with anything but finite numbers, a metric without an answer on these rows, unknown features in groups, and options
 * out of range (repeats below 1, jackknife groups below 5, confidence outside (0, 1), no random source).
 * Source: Breiman (2001); Fisher, Rudin and Dominici, JMLR 20 (2019).
 */
export async function permutationImportance<C extends Cell, L>(
  model: PredictRows<C>,
  rows: Rows<C>,
  labels: ArrayLike<L>,
  options: PermutationOptions<L>,
): Promise<Answer<PermutationImportance>> {
  const repeats = options?.repeats ?? 5;
  const confidence = options?.confidence ?? 0.95;
  const problem =
    checkModel(model) ??
    checkRows(rows, 'rows', 2) ??
    checkRandom(options?.random) ??
    checkWhole('repeats', repeats, 1) ??
    checkConfidence(confidence) ??
    checkWhole('jackknifeGroups', options.jackknifeGroups ?? 50, 5) ??
    checkGroups(options.groups, rows[0]!.length);
  if (problem) return problem;
  if (labels?.length !== rows.length) {
    return refuse('mismatched-shape', `a label for each of ${rows.length} rows`, `${labels?.length ?? 'none'}`);
  }
  const asked = await askModel(model, rows.length, (row) => Array.from(rows[row]!));
  if (!asked.ok) return asked;
  const resolved = resolveMetric(options.metric, labels, asked.predictions);
  if (!resolved.ok) return resolved;
  const order = shuffledPositions(rows.length, options.random);
  const permutations = Array.from({ length: repeats }, (_, repeat) => {
    if (repeat > 0) shuffle(order, options.random);
    return order.slice();
  });
  const groupCount = Math.min(rows.length, options.jackknifeGroups ?? 50);
  const run: Run<C, L> = {
    model,
    rows,
    labels: Array.from(labels),
    metric: resolved.metric,
    permutations,
    jackknife: { of: shuffledPositions(rows.length, options.random).map((at) => at % groupCount), count: groupCount },
    spread: studentTUpperQuantile((1 - confidence) / 2, groupCount - 1),
    baselinePredictions: asked.predictions,
  };
  return measure(run, options.groups ?? Array.from({ length: rows[0]!.length }, (_, feature) => [feature]));
}

interface Run<C extends Cell, L> {
  readonly model: PredictRows<C>;
  readonly rows: Rows<C>;
  readonly labels: readonly L[];
  readonly metric: ResolvedMetric<L>;
  readonly permutations: readonly Uint32Array[];
  readonly jackknife: { readonly of: Uint32Array; readonly count: number };
  readonly spread: number;
  readonly baselinePredictions: Float64Array;
}

async function measure<C extends Cell, L>(
  run: Run<C, L>,
  groups: readonly (readonly number[])[],
): Promise<Answer<PermutationImportance>> {
  const { form, name } = run.metric;
  // The rows as they are, on the same rows that each permutation is judged by without a group: a true pair, so that a
  // feature the model does not use gets an interval of 0.
  const baselines = run.permutations.map((donors) =>
    scoreByGroups(form, run.labels, { donors, predictions: run.baselinePredictions }, run.jackknife),
  );
  const baseline = baselines[0]!.all;
  if (baseline === null) return noMetric(name, 'the rows as they are');
  const importances: FeatureImportance[] = [];
  for (const features of groups) {
    const measured = await measureGroup(run, features, baselines);
    if (!measured.ok) return measured;
    importances.push(measured.importance);
  }
  return {
    ok: true,
    metric: name,
    baseline,
    importances,
    rowCount: run.rows.length,
  };
}

async function measureGroup<C extends Cell, L>(
  run: Run<C, L>,
  features: readonly number[],
  baselines: readonly GroupScores[],
): Promise<Answer<{ readonly importance: FeatureImportance }>> {
  const { rows, permutations, metric, jackknife } = run;
  const asked = await askModel(run.model, rows.length * permutations.length, (index) => {
    const row = index % rows.length;
    const donor = rows[permutations[Math.floor(index / rows.length)]![row]!]!;
    const cells = Array.from(rows[row]!);
    for (const feature of features) cells[feature] = donor[feature]!;
    return cells;
  });
  if (!asked.ok) return asked;
  const sign = metric.higherIsBetter ? 1 : -1;
  const perRepeat = new Float64Array(permutations.length);
  const without = new Float64Array(jackknife.count);
  for (const [repeat, donors] of permutations.entries()) {
    const predictions = asked.predictions.slice(repeat * rows.length, (repeat + 1) * rows.length);
    const permuted = scoreByGroups(metric.form, run.labels, { donors, predictions }, jackknife);
    const baseline = baselines[repeat]!;
    if (permuted.all === null || baseline.all === null)
      return noMetric(metric.name, `features ${features.join(', ')} permuted`);
    perRepeat[repeat] = sign * (baseline.all - permuted.all);
    for (let group = 0; group < jackknife.count; group += 1) {
      const [left, right] = [baseline.without[group] ?? Number.NaN, permuted.without[group] ?? Number.NaN];
      without[group] = without[group]! + (sign * (left - right)) / permutations.length;
    }
  }
  const importance = meanOf(perRepeat);
  const deviation = Math.sqrt(meanOf(perRepeat.map((one) => (one - importance) ** 2)));
  const interval = jackknifeInterval(importance, without, run.spread);
  return { ok: true, importance: { features, importance, deviation, perRepeat, interval } };
}

function jackknifeInterval(importance: number, without: Float64Array, spread: number): FeatureImportance['interval'] {
  if (!without.every(Number.isFinite)) return null;
  const centre = meanOf(without);
  const squares = meanOf(without.map((one) => (one - centre) ** 2));
  const standardError = Math.sqrt((without.length - 1) * squares);
  return { lower: importance - spread * standardError, upper: importance + spread * standardError, standardError };
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function noMetric(name: string, when: string): Refusal {
  return refuse('no-metric', `rows on which ${name} has an answer (both classes, labels and scores that vary)`, when);
}

function checkGroups(groups: readonly (readonly number[])[] | undefined, width: number): Refusal | undefined {
  if (groups === undefined) return undefined;
  if (!Array.isArray(groups) || groups.length === 0) return refuse('invalid-option', 'groups of features', 'none');
  for (const group of groups) {
    const known = Array.isArray(group) && group.every((one) => Number.isSafeInteger(one) && one >= 0 && one < width);
    if (!known || group.length === 0) {
      return refuse('invalid-option', `groups of feature positions below ${width}`, describe(group));
    }
  }
  return undefined;
}
