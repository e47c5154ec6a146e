import { LOG_LOSS_CLIP } from './binary-tally.ts';
import {
  type ConfidenceOptions,
  checkedPoint,
  clampEstimate,
  type Estimate,
  meanFromSums,
  wilson,
} from './estimate.ts';
import { checkRows, checkSameLength, isMissing, notFinite } from './internal/check.ts';
import { ExactSum } from './internal/exact-sum.ts';
import { type Failure, failure, type Result } from './result.ts';

export interface ClassMetrics {
  readonly label: string;
  /** Rows whose label is this class, and rows predicted to be it. */
  readonly support: number;
  readonly predicted: number;
  readonly precision: Result<Estimate>;
  readonly recall: Result<Estimate>;
  readonly f1: Result<Estimate>;
}

export interface AveragedMetrics {
  readonly precision: Result<{ readonly value: number }>;
  readonly recall: Result<{ readonly value: number }>;
  readonly f1: Result<{ readonly value: number }>;
  /** Classes left out of an average because the metric has no answer for them. */
  readonly leftOut: { readonly precision: number; readonly recall: number; readonly f1: number };
}

export interface MulticlassSummary {
  readonly ok: true;
  readonly classes: readonly string[];
  /** confusion[i][j]: rows of class i predicted to be class j. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly ClassMetrics[];
  readonly micro: AveragedMetrics;
  readonly macro: AveragedMetrics;
  readonly weighted: AveragedMetrics;
  readonly accuracy: Result<Estimate>;
  readonly topAccuracy: Result<Estimate>;
  readonly balancedAccuracy: Result<{ readonly value: number }>;
  readonly matthewsCorrelation: Result<{ readonly value: number }>;
  readonly cohensKappa: Result<{ readonly value: number }>;
  readonly logLoss: Result<Estimate>;
  /** Σ over classes of (indicator − probability)², between 0 and 2. */
  readonly brierScore: Result<Estimate>;
  readonly labelled: number;
  readonly labelCoverage: number;
  readonly rejected: number;
}

export interface MulticlassTallyState {
  readonly kind: 'multiclass-tally';
  readonly classes: readonly string[];
  readonly top: number;
  readonly confusion: readonly (readonly number[])[];
  readonly counts: Readonly<Record<'unlabelled' | 'rejected' | 'topHits' | 'scored', number>>;
  readonly sums: Readonly<Record<(typeof SUMS)[number], readonly number[]>>;
}

const SUMS = ['logLoss', 'squaredLogLoss', 'brier', 'squaredBrier'] as const;

/**
 * How good is a multiclass model so far, over a fixed list of classes? Mergeable in any order to the same bits. A row
 * has a label, a predicted class and, when the model gives them, one probability a class.
 *
 * Formulas and intervals as `multiclassMetrics`, from exact sums. Assumes independent rows, each added once.
 * Domain: labels and predictions of the list, probabilities in [0, 1] that sum to 1 (within 1e-4); other rows are
 * counted as rejected.
 * Fails: `summary` on no row (`empty`), no usable label yet (`all-missing`), one labelled row, fewer than two different
 * classes and a `top` outside 1 to their number; log loss, Brier score and top accuracy when a row had no
 * probabilities; `merge` on other classes or `top` (`different-settings`).
 * Source: as `multiclassMetrics`.
 */
export class MulticlassTally {
  readonly classes: readonly string[];
  readonly top: number;
  readonly #index: ReadonlyMap<string, number>;
  readonly #confusion: number[][];
  readonly #counts = { unlabelled: 0, rejected: 0, topHits: 0, scored: 0 };
  readonly #sums = new Map(SUMS.map((name) => [name, new ExactSum()]));

  /** `top`: a row counts for top accuracy when its label is among the `top` most probable classes. */
  constructor(classes: readonly string[], top = 2) {
    this.classes = [...classes];
    this.top = top;
    this.#index = new Map(classes.map((name, at) => [name, at]));
    this.#confusion = classes.map(() => classes.map(() => 0));
  }

  /** Counts a row; an unknown class or a probability that is not one counts as rejected. */
  add(label: string | null | undefined, predicted: string, probabilities?: ArrayLike<number>): void {
    if (isMissing(label)) {
      this.#counts.unlabelled += 1;
      return;
    }
    const actual = this.#index.get(label);
    const answer = this.#index.get(predicted);
    if (actual === undefined || answer === undefined || (probabilities && !this.#isUsable(probabilities))) {
      this.#counts.rejected += 1;
      return;
    }
    const row = this.#confusion[actual] as number[];
    row[answer] = (row[answer] as number) + 1;
    if (probabilities) this.#addProbabilities(actual, probabilities);
  }

  #isUsable(probabilities: ArrayLike<number>): boolean {
    if (probabilities.length !== this.classes.length) return false;
    let total = 0;
    for (let at = 0; at < probabilities.length; at += 1) {
      const probability = probabilities[at] as number;
      if (!(probability >= 0 && probability <= 1)) return false;
      total += probability;
    }
    return Math.abs(total - 1) <= 1e-4;
  }

  #addProbabilities(actual: number, probabilities: ArrayLike<number>): void {
    const own = probabilities[actual] as number;
    let brier = 0;
    let rank = 0;
    for (let at = 0; at < probabilities.length; at += 1) {
      const probability = probabilities[at] as number;
      brier += ((at === actual ? 1 : 0) - probability) ** 2;
      // A tie goes to the later class, as in scikit-learn's top_k_accuracy_score.
      if (probability > own || (probability === own && at > actual)) rank += 1;
    }
    const loss = -Math.log(Math.min(Math.max(own, LOG_LOSS_CLIP), 1 - LOG_LOSS_CLIP));
    this.#sum('logLoss').add(loss);
    this.#sum('squaredLogLoss').addProduct(loss, loss);
    this.#sum('brier').add(brier);
    this.#sum('squaredBrier').addProduct(brier, brier);
    this.#counts.scored += 1;
    if (rank < this.top) this.#counts.topHits += 1;
  }

  merge(other: MulticlassTally): Result<{ readonly tally: MulticlassTally }> {
    if (other.top !== this.top || other.classes.join('\u0000') !== this.classes.join('\u0000')) {
      return failure('different-settings', 'tallies with the same classes in the same order and the same `top`');
    }
    for (const [i, row] of other.#confusion.entries()) {
      const own = this.#confusion[i] as number[];
      for (const [j, count] of row.entries()) own[j] = (own[j] as number) + count;
    }
    for (const name of SUMS) this.#sum(name).merge(other.#sum(name));
    for (const name of COUNTS) this.#counts[name] += other.#counts[name];
    return { ok: true, tally: this };
  }

  summary(options: ConfidenceOptions = {}): Result<MulticlassSummary> {
    const checked = checkedPoint(options);
    if (!checked.ok) return checked;
    const settings = this.#checkSettings();
    if (settings) return settings;
    const labelled = this.#confusion.flat().reduce((total, count) => total + count, 0);
    const { unlabelled, rejected, scored, topHits } = this.#counts;
    if (labelled === 0 && unlabelled + rejected > 0) return failure('all-missing', 'at least two usable labelled rows');
    const few = checkRows(labelled);
    if (few) return few;
    const z = checked.point;
    const mean = (sum: 'logLoss' | 'brier', squares: 'squaredLogLoss' | 'squaredBrier', high: number) => {
      if (scored < labelled) return failure('not-a-probability', 'probabilities with every row');
      const weight = new ExactSum().add(scored);
      return clampEstimate(meanFromSums(weight, this.#sum(sum), this.#sum(squares), scored, z), 0, high);
    };
    const averages = averagesOf(this.#confusion);
    const correct = this.#confusion.reduce((total, row, at) => total + (row[at] as number), 0);
    return {
      ok: true,
      classes: this.classes,
      confusion: this.#confusion.map((row) => [...row]),
      perClass: this.classes.map((label, at) => classMetrics(this.#confusion, at, label, z)),
      ...averages,
      accuracy: { ok: true, ...wilson(correct / labelled, labelled, z) },
      topAccuracy:
        scored < labelled
          ? failure('not-a-probability', 'probabilities with every row')
          : { ok: true, ...wilson(topHits / labelled, labelled, z) },
      balancedAccuracy: averages.macro.recall,
      ...agreement(this.#confusion, labelled, correct),
      logLoss: mean('logLoss', 'squaredLogLoss', Number.POSITIVE_INFINITY),
      brierScore: mean('brier', 'squaredBrier', 2),
      labelled,
      labelCoverage: labelled / (labelled + unlabelled),
      rejected,
    };
  }

  #checkSettings(): Failure | undefined {
    if (this.classes.length < 2 || this.#index.size !== this.classes.length) {
      return failure('invalid-argument', 'at least two classes with different names');
    }
    if (Number.isSafeInteger(this.top) && this.top >= 1 && this.top <= this.classes.length) return undefined;
    return failure('invalid-argument', '`top` must be a whole number between 1 and the number of classes');
  }

  toJSON(): MulticlassTallyState {
    return {
      kind: 'multiclass-tally',
      classes: this.classes,
      top: this.top,
      confusion: this.#confusion.map((row) => [...row]),
      counts: { ...this.#counts },
      sums: Object.fromEntries(SUMS.map((name) => [name, this.#sum(name).toJSON()])) as never,
    };
  }

  static fromJSON(state: MulticlassTallyState): MulticlassTally {
    const tally = new MulticlassTally(state.classes, state.top);
    for (const [i, row] of state.confusion.entries()) (tally.#confusion[i] as number[]).splice(0, row.length, ...row);
    for (const name of SUMS) tally.#sum(name).merge(ExactSum.fromJSON(state.sums[name]));
    Object.assign(tally.#counts, state.counts);
    return tally;
  }

  #sum(name: (typeof SUMS)[number]): ExactSum {
    return this.#sums.get(name) as ExactSum;
  }
}

const COUNTS = ['unlabelled', 'rejected', 'topHits', 'scored'] as const;

function totals(confusion: readonly (readonly number[])[], at: number) {
  const hits = confusion[at]?.[at] as number;
  const support = (confusion[at] as readonly number[]).reduce((total, count) => total + count, 0);
  const predicted = confusion.reduce((total, row) => total + (row[at] as number), 0);
  return { hits, support, predicted };
}

function classMetrics(confusion: readonly (readonly number[])[], at: number, label: string, z: number): ClassMetrics {
  const { hits, support, predicted } = totals(confusion, at);
  const union = support + predicted - hits;
  const jaccard = union > 0 ? wilson(hits / union, union, z) : undefined;
  const fromJaccard = (j: number) => (2 * j) / (1 + j);
  return {
    label,
    support,
    predicted,
    precision:
      predicted > 0
        ? { ok: true, ...wilson(hits / predicted, predicted, z) }
        : failure('no-predicted-positives', `a row predicted to be ${label}`),
    recall:
      support > 0
        ? { ok: true, ...wilson(hits / support, support, z) }
        : failure('no-actual-positives', `a row whose label is ${label}`),
    f1: jaccard
      ? {
          ok: true,
          ...jaccard,
          value: (2 * hits) / (support + predicted),
          lower: fromJaccard(jaccard.lower),
          upper: fromJaccard(jaccard.upper),
        }
      : failure('zero-denominator', `a row that is ${label} by label or by prediction`),
  };
}

function averagesOf(confusion: readonly (readonly number[])[]) {
  const classes = confusion.map((_, at) => totals(confusion, at));
  const ratios = classes.map(({ hits, support, predicted }) => ({
    support,
    precision: predicted > 0 ? hits / predicted : undefined,
    recall: support > 0 ? hits / support : undefined,
    f1: support + predicted > 0 ? (2 * hits) / (support + predicted) : undefined,
  }));
  const average = (name: 'precision' | 'recall' | 'f1', weigh: (support: number) => number) => {
    let weight = 0;
    let total = 0;
    for (const ratio of ratios) {
      const value = ratio[name];
      if (value === undefined) continue;
      weight += weigh(ratio.support);
      total += weigh(ratio.support) * value;
    }
    return weight > 0
      ? ({ ok: true, value: total / weight } as const)
      : failure('zero-denominator', `a class for which ${name} is defined`);
  };
  const leftOut = {
    precision: ratios.filter((ratio) => ratio.precision === undefined).length,
    recall: ratios.filter((ratio) => ratio.recall === undefined).length,
    f1: ratios.filter((ratio) => ratio.f1 === undefined).length,
  };
  const all = (weigh: (support: number) => number): AveragedMetrics => ({
    precision: average('precision', weigh),
    recall: average('recall', weigh),
    f1: average('f1', weigh),
    leftOut,
  });
  const rows = classes.reduce((total, { support }) => total + support, 0);
  const hits = classes.reduce((total, one) => total + one.hits, 0);
  // With one label a row, every micro average is the accuracy.
  const micro = { ok: true, value: hits / rows } as const;
  return {
    micro: { precision: micro, recall: micro, f1: micro, leftOut: { precision: 0, recall: 0, f1: 0 } },
    macro: all(() => 1),
    weighted: all((support) => support),
  };
}

function agreement(confusion: readonly (readonly number[])[], rows: number, correct: number) {
  let chance = 0;
  let actualSquares = 0;
  let predictedSquares = 0;
  for (let at = 0; at < confusion.length; at += 1) {
    const { support, predicted } = totals(confusion, at);
    chance += support * predicted;
    actualSquares += support * support;
    predictedSquares += predicted * predicted;
  }
  const spread = Math.sqrt(rows * rows - actualSquares) * Math.sqrt(rows * rows - predictedSquares);
  const needed = 'at least two classes among the labels and among the predictions';
  return {
    matthewsCorrelation:
      spread > 0
        ? ({ ok: true, value: (correct * rows - chance) / spread } as const)
        : failure('zero-denominator', needed),
    cohensKappa:
      rows * rows > chance
        ? ({ ok: true, value: (correct * rows - chance) / (rows * rows - chance) } as const)
        : failure('zero-denominator', needed),
  };
}

/**
 * How good are the decisions and the probabilities of a multiclass model? Confusion matrix, per class and averaged
 * precision, recall and F1, accuracy, top accuracy, Matthews correlation, kappa, log loss, Brier score.
 *
 * Domain: `labels` and `predicted` are class names, labels missing while not known; `probabilities`, when given, has
 * one row of one probability a class, summing to 1. Macro averages take every class once, weighted ones by its rows,
 * micro counts all rows together (which with one label a row equals accuracy). A class for which a metric has no answer
 * is left out of the average and counted in `leftOut`, as scikit-learn does with `zero_division=nan`. Intervals: Wilson
 * for rates, through the Jaccard index for F1, normal for log loss and Brier score; averages have none (see
 * `bootstrapInterval`).
 * Assumes independent rows.
 * Fails on fewer than two classes, on no label, on one labelled row, on a label or prediction that is not a class, and
 * on probabilities that are not.
 * Source: scikit-learn `precision_recall_fscore_support`, `matthews_corrcoef`, `cohen_kappa_score`, `log_loss`.
 */
export function multiclassMetrics(
  labels: ArrayLike<string | null | undefined>,
  predicted: ArrayLike<string>,
  classes: readonly string[],
  options: ConfidenceOptions & {
    readonly probabilities?: ArrayLike<ArrayLike<number>>;
    readonly top?: number;
  } = {},
): Result<MulticlassSummary> {
  const { probabilities, top } = options;
  const mismatch =
    checkSameLength('predicted', predicted.length, labels.length) ??
    (probabilities && checkSameLength('probabilities', probabilities.length, labels.length));
  if (mismatch) return mismatch;
  const known = new Set(classes);
  const tally = new MulticlassTally(classes, top ?? Math.min(2, classes.length));
  for (let index = 0; index < labels.length; index += 1) {
    const label = labels[index];
    if (isMissing(label)) {
      tally.add(label, '');
      continue;
    }
    const answer = predicted[index] as string;
    if (!known.has(label) || !known.has(answer)) {
      return failure('invalid-label', `row ${index} must have one of the classes as label and as prediction`);
    }
    const row = probabilities?.[index];
    const problem = row && checkProbabilities(row, classes.length, index);
    if (problem) return problem;
    tally.add(label, answer, row);
  }
  return tally.summary(options);
}

export function checkProbabilities(row: ArrayLike<number>, size: number, index: number): Failure | undefined {
  const mismatch = checkSameLength(`probabilities[${index}]`, row.length, size);
  if (mismatch) return mismatch;
  let total = 0;
  for (let at = 0; at < size; at += 1) {
    const probability = row[at] as number;
    if (!Number.isFinite(probability)) return notFinite(`probabilities[${index}]`, at);
    if (probability < 0 || probability > 1) total = Number.POSITIVE_INFINITY;
    total += probability;
  }
  if (Math.abs(total - 1) <= 1e-4) return undefined;
  return failure('not-a-probability', `probabilities[${index}] must lie in [0, 1] and sum to 1`);
}
