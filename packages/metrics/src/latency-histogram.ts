import { binomialQuantile } from '@switchyard/special-functions';
import { type ConfidenceOptions, checkedPoint } from './estimate.ts';
import { checkRows, checkUnit } from './internal/check.ts';
import { ExactSum, outOfRange } from './internal/exact-sum.ts';
import { failure, type Result } from './result.ts';

export interface LatencyHistogramState {
  readonly kind: 'latency-histogram';
  readonly relativeError: number;
  readonly maximumBins: number;
  readonly zeros: number;
  readonly rejected: number;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly total: readonly number[];
  /** [bin, count], by rising bin; bin i holds values in (γ^(i−1), γ^i]. */
  readonly bins: readonly (readonly [bin: number, count: number])[];
}

export interface LatencyQuantile {
  /** Within `relativeError` of the exact quantile of the values counted. */
  readonly value: number;
  /** Sampling and binning error together: the quantile of the process lies here with the stated confidence. */
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

export interface LatencySummary {
  readonly ok: true;
  readonly count: number;
  readonly mean: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly rejected: number;
}

/**
 * What are the quantiles of latencies (or any durations, sizes, costs ≥ 0), to a stated relative error (1 % unless
 * given) whatever the range? Merging in any order gives the same bytes.
 *
 * Formula: value x in bin ⌈log_γ x⌉ with γ = (1 + e)/(1 − e), e the relative error; a bin answers with the value
 * equally far, relatively, from both its ends. With more than `maximumBins` bins the lowest are joined: then low
 * quantiles lose the guarantee, the tail keeps it (2,048 bins at 1 % span 17 powers of ten, so it does not happen in
 * practice).
 * Assumes nothing of the values; the interval of `quantile` assumes they are independent. Domain: finite values ≥ 0;
 * others are counted as rejected.
 * Fails: questions on no value (`empty`, or `all-missing` when all were rejected), one value, a relative error outside
 * (0, 0.5) and fewer than two bins; `quantile` on too few values to close its interval; `merge` on other settings.
 * Source: Masson, Rim and Lee, DDSketch, PVLDB 12 (2019).
 */
export class LatencyHistogram {
  readonly relativeError: number;
  readonly maximumBins: number;
  readonly #logGamma: number;
  readonly #bins = new Map<number, number>();
  #highest = Number.NEGATIVE_INFINITY;
  #zeros = 0;
  #rejected = 0;
  #minimum = Number.POSITIVE_INFINITY;
  #maximum = Number.NEGATIVE_INFINITY;
  readonly #total = new ExactSum();

  constructor(relativeError = 0.01, maximumBins = 2048) {
    this.relativeError = relativeError;
    this.maximumBins = maximumBins;
    this.#logGamma = Math.log1p((2 * relativeError) / (1 - relativeError));
  }

  /** Counts a value `times` times; a negative or non-finite one counts as rejected. */
  add(value: number, times = 1): void {
    if (!(value >= 0 && value < Infinity) || !(Number.isSafeInteger(times) && times >= 0)) {
      this.#rejected += 1;
      return;
    }
    if (times === 0) return;
    this.#minimum = Math.min(this.#minimum, value);
    this.#maximum = Math.max(this.#maximum, value);
    this.#total.addProduct(times, value);
    if (value === 0) this.#zeros += times;
    else {
      const bin = Math.ceil(Math.log(value) / this.#logGamma);
      this.#collapse(bin);
      this.#count(bin, times);
    }
  }

  merge(other: LatencyHistogram): Result<{ readonly histogram: LatencyHistogram }> {
    if (other.relativeError !== this.relativeError || other.maximumBins !== this.maximumBins) {
      return failure('different-settings', 'a histogram with the same relative error and maximum of bins');
    }
    this.#collapse(other.#highest);
    for (const [bin, count] of [...other.#bins]) this.#count(bin, count);
    this.#zeros += other.#zeros;
    this.#rejected += other.#rejected;
    this.#minimum = Math.min(this.#minimum, other.#minimum);
    this.#maximum = Math.max(this.#maximum, other.#maximum);
    this.#total.merge(other.#total);
    return { ok: true, histogram: this };
  }

  /**
   * Joins all bins more than `maximumBins` below the highest one. By span and not by the number of bins in use, so that
   * the outcome depends only on what was counted, not on when it was joined.
   */
  #collapse(highest: number): void {
    if (highest <= this.#highest) return;
    this.#highest = highest;
    const lowest = highest - this.maximumBins + 1;
    let joined = 0;
    for (const [bin, count] of [...this.#bins]) {
      if (bin >= lowest) continue;
      joined += count;
      this.#bins.delete(bin);
    }
    if (joined > 0) this.#count(lowest, joined);
  }

  #count(bin: number, times: number): void {
    const kept = Math.max(bin, this.#highest - this.maximumBins + 1);
    this.#bins.set(kept, (this.#bins.get(kept) ?? 0) + times);
  }

  get count(): number {
    let count = this.#zeros;
    for (const inBin of this.#bins.values()) count += inBin;
    return count;
  }

  summary(): Result<LatencySummary> {
    const problem = this.#check();
    if (problem) return problem;
    const count = this.count;
    const mean = this.#total.value() / count;
    if (!Number.isFinite(mean)) return outOfRange();
    return { ok: true, count, mean, minimum: this.#minimum, maximum: this.#maximum, rejected: this.#rejected };
  }

  /**
   * The value below which this share of the values lies, with the interval from order statistics: the ranks that a
   * binomial(count, share) leaves out on each side with probability (1 − confidence)/2, widened by the relative error.
   * Assumes independent values. Fails on none and one value, and when there are too few for the interval to close
   * (p99 at 95 % needs 368): the tail has then not been seen.
   */
  quantile(share: number, options: ConfidenceOptions = {}): Result<LatencyQuantile> {
    const checked = checkedPoint(options);
    if (!checked.ok) return checked;
    const problem = checkUnit('share', share) ?? this.#check();
    if (problem) return problem;
    const count = this.count;
    const lowRank = binomialQuantile(checked.tail, count, share) - 1;
    const highRank = binomialQuantile(1 - checked.tail, count, share);
    if (share > 0 && share < 1 && (lowRank < 0 || highRank >= count)) {
      const rarer = Math.max(share, 1 - share);
      const needed = Math.ceil(Math.log(checked.tail) / Math.log(rarer));
      return failure('too-few-rows', `about ${needed} values for this quantile; there are ${count}`);
    }
    return {
      ok: true,
      value: this.#valueAt(share * (count - 1)),
      lower: this.#endAt(Math.max(0, lowRank), -1),
      upper: this.#endAt(Math.min(count - 1, highRank), 1),
      count,
    };
  }

  /**
   * Share of values of at most `limit` (an objective such as "95 % within 100 ms"), between the share of bins wholly
   * at or below it and that of bins reaching up to it. Fails on none and one value, and on a negative limit.
   */
  shareWithin(limit: number): Result<{ readonly lower: number; readonly upper: number; readonly count: number }> {
    const problem = this.#check();
    if (problem) return problem;
    if (!(limit >= 0)) return failure('invalid-argument', 'limit must be a number of at least 0');
    let [sure, possible] = [this.#zeros, this.#zeros];
    for (const [bin, inBin] of this.#bins) {
      if (Math.min(Math.exp(bin * this.#logGamma), this.#maximum) <= limit) sure += inBin;
      if (Math.max(Math.exp((bin - 1) * this.#logGamma), this.#minimum) <= limit) possible += inBin;
    }
    const count = this.count;
    return { ok: true, lower: sure / count, upper: possible / count, count };
  }

  #check() {
    if (!(this.relativeError > 0 && this.relativeError < 0.5)) {
      return failure('invalid-argument', 'relativeError must lie strictly between 0 and 0.5');
    }
    if (!Number.isSafeInteger(this.maximumBins) || this.maximumBins < 2) {
      return failure('invalid-argument', 'maximumBins must be a whole number of at least 2');
    }
    const count = this.count;
    if (count === 0 && this.#rejected > 0) return failure('all-missing', 'values that are finite and not negative');
    return checkRows(count);
  }

  #binAt(rank: number): number | undefined {
    let seen = this.#zeros;
    if (rank < seen) return undefined;
    const rising = [...this.#bins].sort(([a], [b]) => a - b);
    for (const [bin, inBin] of rising) {
      seen += inBin;
      if (rank < seen) return bin;
    }
    return rising.at(-1)?.[0];
  }

  #valueAt(rank: number): number {
    const bin = this.#binAt(Math.floor(rank));
    if (bin === undefined) return 0;
    // 2γ^i/(γ + 1): the value whose relative distance to both ends of the bin is the same.
    const middle = Math.exp(bin * this.#logGamma) * (1 - this.relativeError);
    return Math.min(Math.max(middle, this.#minimum), this.#maximum);
  }

  #endAt(rank: number, side: -1 | 1): number {
    const bin = this.#binAt(rank);
    if (bin === undefined) return 0;
    const end = Math.exp((side < 0 ? bin - 1 : bin) * this.#logGamma);
    return Math.min(Math.max(end, this.#minimum), this.#maximum);
  }

  toJSON(): LatencyHistogramState {
    return {
      kind: 'latency-histogram',
      relativeError: this.relativeError,
      maximumBins: this.maximumBins,
      zeros: this.#zeros,
      rejected: this.#rejected,
      minimum: this.#maximum < 0 ? null : this.#minimum,
      maximum: this.#maximum < 0 ? null : this.#maximum,
      total: this.#total.toJSON(),
      bins: [...this.#bins].sort(([a], [b]) => a - b),
    };
  }

  static fromJSON(state: LatencyHistogramState): LatencyHistogram {
    const histogram = new LatencyHistogram(state.relativeError, state.maximumBins);
    histogram.#zeros = state.zeros;
    histogram.#rejected = state.rejected;
    histogram.#minimum = state.minimum ?? Number.POSITIVE_INFINITY;
    histogram.#maximum = state.maximum ?? Number.NEGATIVE_INFINITY;
    histogram.#total.merge(ExactSum.fromJSON(state.total));
    for (const [bin, count] of state.bins) {
      histogram.#collapse(bin);
      histogram.#count(bin, count);
    }
    return histogram;
  }
}
