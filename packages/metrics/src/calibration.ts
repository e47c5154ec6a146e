import { type ConfidenceOptions, checkedPoint, type Estimate, wilson } from './estimate.ts';
import { type BinaryLabel, checkOneOf, checkRows, checkWhole, isMissing, readBinaryRows } from './internal/check.ts';
import { ExactSum } from './internal/exact-sum.ts';
import { countBelow, valueAtQuantile } from './internal/order-statistics.ts';
import { failure, type Result } from './result.ts';

export interface ReliabilityBin {
  /** Scores in (from, to]; the first bin holds its lower end too. */
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly meanScore: number;
  /** Share of positives, with Wilson's interval. */
  readonly observed: Estimate;
}

export interface CalibrationSummary {
  readonly ok: true;
  /** Bins that hold rows, by rising score. */
  readonly bins: readonly ReliabilityBin[];
  /** Σ (rows in bin / rows)·|observed − mean score| (ECE). */
  readonly expectedCalibrationError: number;
  /** The ECE a perfectly calibrated model would show on that many rows, by chance alone. */
  readonly noiseFloor: number;
  /** The largest |observed − mean score| of a bin (MCE). */
  readonly maximumCalibrationError: number;
  readonly brier: BrierDecomposition;
  readonly labelled: number;
  readonly labelCoverage: number;
  readonly rejected: number;
}

/** score = reliability − resolution + uncertainty + withinBins, exactly. */
export interface BrierDecomposition {
  readonly score: number;
  /** Σ share·(mean score − observed)²: the lower, the better calibrated. */
  readonly reliability: number;
  /** Σ share·(observed − prevalence)²: the higher, the more the bins tell apart. */
  readonly resolution: number;
  /** prevalence·(1 − prevalence): what is there to be known. */
  readonly uncertainty: number;
  /** What differs inside bins (Stephenson, Coelho and Jolliffe 2008); 0 when a bin holds one score only. */
  readonly withinBins: number;
}

export interface CalibrationTallyState {
  readonly kind: 'calibration-tally';
  readonly binCount: number;
  readonly unlabelled: number;
  readonly rejected: number;
  readonly bins: readonly (readonly [
    rows: number,
    positives: number,
    scores: number[],
    squares: number[],
    both: number[],
  ])[];
}

class Bin {
  rows = 0;
  positives = 0;
  readonly scores = new ExactSum();
  readonly squares = new ExactSum();
  /** Σ score over the positives. */
  readonly both = new ExactSum();

  add(positive: number, score: number): void {
    this.rows += 1;
    this.positives += positive;
    this.scores.add(score);
    this.squares.addProduct(score, score);
    if (positive === 1) this.both.add(score);
  }

  merge(other: Bin): void {
    this.rows += other.rows;
    this.positives += other.positives;
    this.scores.merge(other.scores);
    this.squares.merge(other.squares);
    this.both.merge(other.both);
  }
}

/**
 * Does a live model's score of 0.8 mean that it happens 8 times in 10? Row by row, over equal-width bins, mergeable in
 * any order to the same bits.
 *
 * Formulas as `calibrationCurve` with `equal-width` bins, from exact sums. Assumes independent rows, each added once.
 * Domain: label 0/1, score in [0, 1]; other rows are counted as rejected.
 * Fails: `summary` on no row (`empty`), no usable label yet (`all-missing`), one labelled row, and a `binCount` that is
 * not a whole number of at least 1; `merge` on another `binCount` (`different-settings`).
 * Source: as `calibrationCurve`.
 */
export class CalibrationTally {
  readonly binCount: number;
  readonly #bins: readonly Bin[];
  #unlabelled = 0;
  #rejected = 0;

  constructor(binCount = 10) {
    this.binCount = binCount;
    const usable = Number.isSafeInteger(binCount) && binCount >= 1;
    this.#bins = Array.from({ length: usable ? binCount : 0 }, () => new Bin());
  }

  /** Counts a row; a score outside [0, 1] or a label that is neither class counts as rejected. */
  add(label: BinaryLabel, score: number): void {
    if (isMissing(label)) {
      this.#unlabelled += 1;
      return;
    }
    const positive = label === true ? 1 : label === false ? 0 : label;
    if ((positive !== 0 && positive !== 1) || !(score >= 0 && score <= 1)) {
      this.#rejected += 1;
      return;
    }
    this.#bins[equalWidthBin(score, this.binCount)]?.add(positive, score);
  }

  /** A label came for a row that was added without one. */
  learn(label: BinaryLabel, score: number): void {
    if (isMissing(label)) return;
    if (this.#unlabelled > 0) this.#unlabelled -= 1;
    this.add(label, score);
  }

  merge(other: CalibrationTally): Result<{ readonly tally: CalibrationTally }> {
    if (other.binCount !== this.binCount) {
      return failure('different-settings', `a tally with ${this.binCount} bins; this one has ${other.binCount}`);
    }
    for (const [at, bin] of this.#bins.entries()) bin.merge(other.#bins[at] as Bin);
    this.#unlabelled += other.#unlabelled;
    this.#rejected += other.#rejected;
    return { ok: true, tally: this };
  }

  summary(options: ConfidenceOptions = {}): Result<CalibrationSummary> {
    const problem = checkWhole('binCount', this.binCount, 1);
    if (problem) return problem;
    const edges = equalWidthEdges(this.binCount);
    return summarise(this.#bins, edges, this.#unlabelled, this.#rejected, options);
  }

  toJSON(): CalibrationTallyState {
    return {
      kind: 'calibration-tally',
      binCount: this.binCount,
      unlabelled: this.#unlabelled,
      rejected: this.#rejected,
      bins: this.#bins.map((bin) => [
        bin.rows,
        bin.positives,
        bin.scores.toJSON(),
        bin.squares.toJSON(),
        bin.both.toJSON(),
      ]),
    };
  }

  static fromJSON(state: CalibrationTallyState): CalibrationTally {
    const tally = new CalibrationTally(state.binCount);
    for (const [at, [rows, positives, scores, squares, both]] of state.bins.entries()) {
      const bin = tally.#bins[at] as Bin;
      bin.rows = rows;
      bin.positives = positives;
      bin.scores.merge(ExactSum.fromJSON(scores));
      bin.squares.merge(ExactSum.fromJSON(squares));
      bin.both.merge(ExactSum.fromJSON(both));
    }
    tally.#unlabelled = state.unlabelled;
    tally.#rejected = state.rejected;
    return tally;
  }
}

export interface ReliabilityOptions extends ConfidenceOptions {
  /** 10 unless given. */
  readonly binCount?: number;
  /** `equal-width` (default) cuts [0, 1] evenly; `equal-count` at quantiles of the scores, tied scores staying together. */
  readonly bins?: 'equal-width' | 'equal-count';
}

/**
 * Does a score of 0.8 mean that it happens 8 times in 10? Reliability curve, ECE, MCE and the parts of the Brier score.
 *
 * Formula: with a bin's gap |observed share − mean score|, ECE = Σ (rows of the bin/rows)·gap, MCE the largest gap;
 * parts of the Brier score at `BrierDecomposition`. The ECE is never 0 on real rows, even for a perfect model: compare
 * it with `noiseFloor`, Σ share·√(2/π · Σ p(1−p))/rows of the bin.
 * Assumes independent rows. Domain: scores are probabilities of the positive class.
 * Fails on no row (`empty`), no label (`all-missing`), one labelled row, NaN scores and scores outside [0, 1]
 * (`not-a-probability`).
 * Source: Guo et al., ICML 2017 (ECE); Murphy 1973 and Stephenson et al. 2008 (Brier parts); bins as scikit-learn
 * `calibration_curve`.
 */
export function calibrationCurve(
  labels: ArrayLike<BinaryLabel>,
  scores: ArrayLike<number>,
  options: ReliabilityOptions = {},
): Result<CalibrationSummary> {
  const { binCount = 10, bins = 'equal-width' } = options;
  const problem = checkWhole('binCount', binCount, 1) ?? checkOneOf('bins', bins, ['equal-width', 'equal-count']);
  if (problem) return problem;
  const rows = readBinaryRows(labels, scores, undefined, { probabilities: true });
  if (!rows.ok) return rows;
  const edges = bins === 'equal-width' ? equalWidthEdges(binCount) : quantileEdges(rows.scores, binCount);
  const filled = Array.from({ length: binCount }, () => new Bin());
  const inner = edges.slice(1, -1);
  for (let index = 0; index < rows.count; index += 1) {
    const score = rows.scores[index] as number;
    filled[countBelow(inner, score)]?.add(rows.positives[index] as number, score);
  }
  return summarise(filled, edges, rows.unlabelled, 0, options);
}

/** Multiples of the rounded width rather than i/n: the same doubles as NumPy's linspace, so rows on an edge fall alike. */
function equalWidthEdges(binCount: number): Float64Array {
  return Float64Array.from({ length: binCount + 1 }, (_, at) => (at === binCount ? 1 : at * (1 / binCount)));
}

function equalWidthBin(score: number, binCount: number): number {
  const width = 1 / binCount;
  let bin = Math.min(Math.max(Math.ceil(score / width) - 1, 0), binCount - 1);
  while (bin > 0 && score <= bin * width) bin -= 1;
  while (bin < binCount - 1 && score > (bin + 1) * width) bin += 1;
  return bin;
}

function quantileEdges(scores: Float64Array, binCount: number): Float64Array {
  const sorted = scores.slice().sort();
  return equalWidthEdges(binCount).map((share) => valueAtQuantile(sorted, (share * 100) / 100));
}

function summarise(
  bins: readonly Bin[],
  edges: Float64Array,
  unlabelled: number,
  rejected: number,
  options: ConfidenceOptions,
): Result<CalibrationSummary> {
  const checked = checkedPoint(options);
  if (!checked.ok) return checked;
  const labelled = bins.reduce((total, bin) => total + bin.rows, 0);
  if (labelled === 0 && unlabelled + rejected > 0) return failure('all-missing', 'at least two usable labelled rows');
  const few = checkRows(labelled);
  if (few) return few;
  const prevalence = bins.reduce((total, bin) => total + bin.positives, 0) / labelled;
  const shown: ReliabilityBin[] = [];
  const parts = { error: 0, floor: 0, maximum: 0, reliability: 0, resolution: 0, within: 0 };
  const squaredErrors = new ExactSum();
  for (const [at, bin] of bins.entries()) {
    if (bin.rows === 0) continue;
    const share = bin.rows / labelled;
    const meanScore = bin.scores.value() / bin.rows;
    const rate = bin.positives / bin.rows;
    const gap = Math.abs(rate - meanScore);
    const [squares, both, scores] = [bin.squares.value(), bin.both.value(), bin.scores.value()];
    parts.error += share * gap;
    parts.floor += share * (Math.sqrt((2 / Math.PI) * Math.max(0, scores - squares)) / bin.rows);
    parts.maximum = Math.max(parts.maximum, gap);
    parts.reliability += share * gap * gap;
    parts.resolution += share * (rate - prevalence) ** 2;
    // Variance of the scores in the bin less twice their covariance with the labels.
    parts.within += share * (squares / bin.rows - meanScore ** 2 - 2 * (both / bin.rows - meanScore * rate));
    squaredErrors
      .merge(bin.squares)
      .add(-2 * both)
      .add(bin.positives);
    const observed = wilson(rate, bin.rows, checked.point);
    shown.push({ from: edges[at] as number, to: edges[at + 1] as number, count: bin.rows, meanScore, observed });
  }
  return {
    ok: true,
    bins: shown,
    expectedCalibrationError: parts.error,
    noiseFloor: parts.floor,
    maximumCalibrationError: parts.maximum,
    brier: {
      score: squaredErrors.value() / labelled,
      reliability: parts.reliability,
      resolution: parts.resolution,
      uncertainty: prevalence * (1 - prevalence),
      withinBins: parts.within,
    },
    labelled,
    labelCoverage: labelled / (labelled + unlabelled),
    rejected,
  };
}
