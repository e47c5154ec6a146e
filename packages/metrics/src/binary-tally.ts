import {
  type ConfusionCells,
  type ConfusionMetrics,
  type ConfusionOptions,
  confusionMetrics,
} from './confusion-metrics.ts';
import { checkedPoint, clampEstimate, type Estimate, meanFromSums } from './estimate.ts';
import { type BinaryLabel, checkRows, isMissing, readBinaryRows } from './internal/check.ts';
import { ExactSum } from './internal/exact-sum.ts';
import { failure, type Result } from './result.ts';

/** Scores are clipped this far from 0 and 1 before the logarithm, as scikit-learn does for doubles. */
export const LOG_LOSS_CLIP = 2 ** -52;

export interface BinarySummary extends ConfusionMetrics {
  readonly ok: true;
  readonly cells: ConfusionCells;
  readonly threshold: number;
  /** Rows with a label, and their share of all rows seen. */
  readonly labelled: number;
  readonly labelCoverage: number;
  /** Rows that could not be used: no finite score, or a label that is neither class. Never part of a figure. */
  readonly rejected: number;
  /** Labelled rows, or with weights the number of equally weighted rows worth as much: (Σw)²/Σw². */
  readonly effectiveCount: number;
  readonly logLoss: Result<Estimate>;
  readonly brierScore: Result<Estimate>;
  readonly meanScore: number;
}

const SUMS = [
  'truePositives',
  'falsePositives',
  'falseNegatives',
  'trueNegatives',
  'weight',
  'squaredWeight',
  'score',
  'logLoss',
  'squaredLogLoss',
  'squaredError',
  'fourthPowerError',
] as const;

export interface BinaryTallyState {
  readonly kind: 'binary-tally';
  readonly threshold: number;
  readonly labelled: number;
  readonly unlabelled: number;
  readonly rejected: number;
  readonly outsideUnit: number;
  readonly sums: Readonly<Record<(typeof SUMS)[number], readonly number[]>>;
}

/**
 * How good is a binary model so far, row by row? Mergeable in any order to the same bits, serialisable.
 *
 * Formulas and intervals as `binaryMetrics`, from exact sums. A score of at least `threshold` counts as a positive
 * prediction. A row is added when its prediction is made (label missing) or when its label comes; `learn` turns one of
 * the former into one of the latter.
 * Assumes independent rows, each added once. Domain: label 0/1, finite score, weight ≥ 0; other rows are counted as
 * rejected and are in no figure.
 * Fails: `summary` on no row (`empty`), no usable label yet (`all-missing`), one labelled row, a NaN threshold; `merge`
 * on another threshold (`different-settings`). Single figures carry their own reason.
 * Source: as `binaryMetrics`.
 */
export class BinaryTally {
  readonly threshold: number;
  #labelled = 0;
  #unlabelled = 0;
  #rejected = 0;
  #outsideUnit = 0;
  readonly #sums = new Map(SUMS.map((name) => [name, new ExactSum()]));

  constructor(threshold = 0.5) {
    this.threshold = threshold;
  }

  /** Counts a row; one that cannot be used is counted as rejected. `weight` must be finite and not negative. */
  add(label: BinaryLabel, score: number, weight = 1): void {
    if (isMissing(label)) {
      this.#unlabelled += 1;
      return;
    }
    const positive = label === true ? 1 : label === false ? 0 : label;
    if ((positive !== 0 && positive !== 1) || !Number.isFinite(score) || !(weight >= 0 && weight < Infinity)) {
      this.#rejected += 1;
      return;
    }
    if (weight === 0) return;
    this.#labelled += 1;
    const predicted = score >= this.threshold;
    this.#sum(
      predicted ? (positive ? 'truePositives' : 'falsePositives') : positive ? 'falseNegatives' : 'trueNegatives',
    ).add(weight);
    this.#sum('weight').add(weight);
    this.#sum('squaredWeight').addProduct(weight, weight);
    this.#sum('score').addProduct(weight, score);
    if (score < 0 || score > 1) {
      this.#outsideUnit += 1;
      return;
    }
    const loss = binaryLogLoss(positive, score);
    const error = (positive - score) ** 2;
    this.#sum('logLoss').addProduct(weight, loss);
    this.#sum('squaredLogLoss').addProduct(weight * loss, loss);
    this.#sum('squaredError').addProduct(weight, error);
    this.#sum('fourthPowerError').addProduct(weight * error, error);
  }

  /** A label came for a row that was added without one. */
  learn(label: BinaryLabel, score: number, weight = 1): void {
    if (isMissing(label)) return;
    if (this.#unlabelled > 0) this.#unlabelled -= 1;
    this.add(label, score, weight);
  }

  /** Adds everything the other tally has counted. Both must have the same threshold. */
  merge(other: BinaryTally): Result<{ readonly tally: BinaryTally }> {
    if (other.threshold !== this.threshold) {
      return failure('different-settings', `a tally with threshold ${this.threshold}; this one has ${other.threshold}`);
    }
    for (const name of SUMS) this.#sum(name).merge(other.#sum(name));
    this.#labelled += other.#labelled;
    this.#unlabelled += other.#unlabelled;
    this.#rejected += other.#rejected;
    this.#outsideUnit += other.#outsideUnit;
    return { ok: true, tally: this };
  }

  /** Every metric so far; a reason while there are fewer than two labelled rows. */
  summary(options: ConfusionOptions = {}): Result<BinarySummary> {
    const checked = checkedPoint(options);
    if (!checked.ok) return checked;
    if (this.#labelled === 0 && this.#unlabelled + this.#rejected > 0) {
      return failure('all-missing', 'at least two rows with a label and a finite score');
    }
    if (Number.isNaN(this.threshold)) return failure('invalid-argument', 'a threshold that is a number');
    const few = checkRows(this.#labelled);
    if (few) return few;
    const value = (name: (typeof SUMS)[number]) => this.#sum(name).value();
    const weight = value('weight');
    const effectiveCount = (weight * weight) / value('squaredWeight');
    const metrics = confusionMetrics(
      {
        truePositives: value('truePositives'),
        falsePositives: value('falsePositives'),
        falseNegatives: value('falseNegatives'),
        trueNegatives: value('trueNegatives'),
      },
      { ...options, effectiveCount },
    );
    if (!metrics.ok) return metrics;
    const { count: _, ...rest } = metrics;
    const mean = (sum: 'logLoss' | 'squaredError', squares: 'squaredLogLoss' | 'fourthPowerError', high: number) => {
      if (this.#outsideUnit > 0) return failure('not-a-probability', 'scores between 0 and 1');
      const sums = [this.#sum('weight'), this.#sum(sum), this.#sum(squares)] as const;
      return clampEstimate(meanFromSums(...sums, effectiveCount, checked.point), 0, high);
    };
    return {
      ...rest,
      threshold: this.threshold,
      labelled: this.#labelled,
      labelCoverage: this.#labelled / (this.#labelled + this.#unlabelled),
      rejected: this.#rejected,
      effectiveCount,
      logLoss: mean('logLoss', 'squaredLogLoss', Number.POSITIVE_INFINITY),
      brierScore: mean('squaredError', 'fourthPowerError', 1),
      meanScore: value('score') / weight,
    };
  }

  /** Equal tallies give equal states, in whatever order their rows came. */
  toJSON(): BinaryTallyState {
    return {
      kind: 'binary-tally',
      threshold: this.threshold,
      labelled: this.#labelled,
      unlabelled: this.#unlabelled,
      rejected: this.#rejected,
      outsideUnit: this.#outsideUnit,
      sums: Object.fromEntries(SUMS.map((name) => [name, this.#sum(name).toJSON()])) as never,
    };
  }

  static fromJSON(state: BinaryTallyState): BinaryTally {
    const tally = new BinaryTally(state.threshold);
    for (const name of SUMS) tally.#sum(name).merge(ExactSum.fromJSON(state.sums[name]));
    tally.#labelled = state.labelled;
    tally.#unlabelled = state.unlabelled;
    tally.#rejected = state.rejected;
    tally.#outsideUnit = state.outsideUnit;
    return tally;
  }

  #sum(name: (typeof SUMS)[number]): ExactSum {
    return this.#sums.get(name) as ExactSum;
  }
}

export function binaryLogLoss(positive: number, score: number): number {
  const probability = positive === 1 ? score : 1 - score;
  return -Math.log(Math.min(Math.max(probability, LOG_LOSS_CLIP), 1 - LOG_LOSS_CLIP));
}

export interface BinaryOptions extends ConfusionOptions {
  /** Scores from here on count as predicted positive; 0.5 unless given. */
  readonly threshold?: number;
  /** One per row, not negative; such as 1/probability of being labelled (see inverseLabelWeights). */
  readonly weights?: ArrayLike<number>;
}

/**
 * How good are the decisions and the probabilities of a binary model? All threshold metrics, log loss and Brier score,
 * each with an interval or a reason.
 *
 * Formulas: threshold metrics as `confusionMetrics`; log loss −mean ln p(label) with p clipped to [2⁻⁵², 1 − 2⁻⁵²];
 * Brier score mean (label − score)²; both with a normal interval on the mean.
 * Assumes independent rows; with weights, (Σw)²/Σw² of them.
 * Domain: `labels` are 0/1 (or booleans), missing while not known; `scores` are the probability of the positive class.
 * Scores outside [0, 1] leave log loss and Brier score without an answer. Fails on no row (`empty`), no label
 * (`all-missing`), one labelled row, a NaN score, columns of different length.
 * Source: scikit-learn `confusion_matrix`, `precision_recall_fscore_support`, `log_loss`, `brier_score_loss`.
 */
export function binaryMetrics(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  options: BinaryOptions = {},
): Result<BinarySummary> {
  const rows = readBinaryRows(labels, scores, options.weights);
  if (!rows.ok) return rows;
  const tally = new BinaryTally(options.threshold ?? 0.5);
  for (let index = 0; index < rows.count; index += 1) {
    tally.add(rows.positives[index], rows.scores[index] as number, rows.weights?.[index] ?? 1);
  }
  const summary = tally.summary(options);
  return summary.ok ? { ...summary, labelCoverage: rows.count / labels.length } : summary;
}
