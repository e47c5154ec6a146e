import { type ConfidenceOptions, checkedPoint, clampEstimate, type Estimate, meanFromSums } from './estimate.ts';
import { checkAllFinite, checkOneOf, checkRows, checkSameLength, checkWhole } from './internal/check.ts';
import { ExactSum } from './internal/exact-sum.ts';
import { orderByFallingScore } from './internal/score-steps.ts';
import { type Failure, failure, type Result } from './result.ts';

/** What a relevance adds: itself (scikit-learn), or 2^relevance − 1 (web search, LightGBM). */
export type Gain = 'linear' | 'exponential';

export interface QueryMetrics {
  readonly ok: true;
  readonly normalizedGain: number;
  readonly averagePrecision: number;
  readonly reciprocalRank: number;
  readonly precision: number;
  readonly recall: number;
  /** 1 when a relevant item is among the first k. */
  readonly hit: number;
}

export interface RankingOptions {
  /** Only the first k places count; all unless given. */
  readonly k?: number;
  readonly gain?: Gain;
}

/**
 * How good is one ranked list? `relevances` and `scores` are one number an item; the list is the items by falling score.
 *
 * NDCG@k = DCG/ideal DCG with DCG = Σ gain/log₂(place + 1); items with the same score share the gain of their places,
 * so their order does not matter. An item is relevant when its relevance is above 0; AP@k divides by
 * min(k, relevant items), recall@k by relevant items; MRR uses the first relevant place within k (0 if none). For these
 * tied items keep the order they were given in. Assumes nothing: it describes this one list (for queries with an
 * interval see `RankingTally`). Domain: finite scores, relevances ≥ 0, k ≥ 1.
 * Fails without items, on one item (nothing is ranked), without a relevant item (no ideal to compare with), with only
 * relevant ones of one grade (every order is ideal), on a negative relevance, on NaN.
 * Source: Järvelin and Kekäläinen, TOIS 20 (2002); scikit-learn `ndcg_score` for ties.
 */
export function rankingMetrics(
  relevances: ArrayLike<number>,
  scores: ArrayLike<number>,
  options: RankingOptions = {},
): Result<QueryMetrics> {
  const { k = Math.max(1, relevances.length), gain = 'linear' } = options;
  const problem = checkItems(relevances, scores, k) ?? checkOneOf('gain', gain, ['linear', 'exponential']);
  if (problem) return problem;
  const gainOf = (relevance: number) => (gain === 'linear' ? relevance : 2 ** relevance - 1);
  const order = orderByFallingScore(scores);
  const ideal = Float64Array.from(relevances).sort().reverse();
  const places = Math.min(k, relevances.length);
  const relevant = ideal.filter((relevance) => relevance > 0).length;
  let idealGain = 0;
  for (let place = 0; place < places; place += 1) idealGain += gainOf(ideal[place] as number) / Math.log2(place + 2);
  let hits = 0;
  let precisionSum = 0;
  let firstHit = 0;
  for (let place = 0; place < places; place += 1) {
    if (!((relevances[order[place] as number] as number) > 0)) continue;
    hits += 1;
    precisionSum += hits / (place + 1);
    if (firstHit === 0) firstHit = place + 1;
  }
  return {
    ok: true,
    normalizedGain: Math.min(1, discountedGain(relevances, scores, order, places, gainOf) / idealGain),
    averagePrecision: precisionSum / Math.min(k, relevant),
    reciprocalRank: firstHit === 0 ? 0 : 1 / firstHit,
    precision: hits / k,
    recall: hits / relevant,
    hit: hits > 0 ? 1 : 0,
  };
}

function checkItems(relevances: ArrayLike<number>, scores: ArrayLike<number>, k: number): Failure | undefined {
  const problem =
    checkWhole('k', k, 1) ??
    checkSameLength('scores', scores.length, relevances.length) ??
    checkAllFinite('relevances', relevances) ??
    checkAllFinite('scores', scores);
  if (problem) return problem;
  if (relevances.length < 2) return failure('too-few-rows', 'at least two items; one cannot be ranked');
  let largest = 0;
  let smallest = Number.POSITIVE_INFINITY;
  for (let item = 0; item < relevances.length; item += 1) {
    const relevance = relevances[item] as number;
    if (relevance < 0) return failure('invalid-label', `relevances[${item}] must not be negative`);
    largest = Math.max(largest, relevance);
    smallest = Math.min(smallest, relevance);
  }
  if (largest === 0) return failure('no-actual-positives', 'at least one item with a relevance above 0');
  if (largest > 1000) return failure('out-of-range', 'relevances of at most 1000');
  return largest === smallest
    ? failure('constant', 'items that differ in relevance; now every order is ideal')
    : undefined;
}

function discountedGain(
  relevances: ArrayLike<number>,
  scores: ArrayLike<number>,
  order: Uint32Array,
  places: number,
  gainOf: (relevance: number) => number,
): number {
  let total = 0;
  for (let from = 0; from < places; ) {
    let to = from;
    let gains = 0;
    let discounts = 0;
    const score = scores[order[from] as number];
    while (to < order.length && scores[order[to] as number] === score) {
      gains += gainOf(relevances[order[to] as number] as number);
      if (to < places) discounts += 1 / Math.log2(to + 2);
      to += 1;
    }
    total += (gains / (to - from)) * discounts;
    from = to;
  }
  return total;
}

const METRICS = ['normalizedGain', 'averagePrecision', 'reciprocalRank', 'precision', 'recall', 'hit'] as const;
type MetricName = (typeof METRICS)[number];

export interface RankingSummary {
  readonly ok: true;
  readonly normalizedGain: Result<Estimate>;
  readonly meanAveragePrecision: Result<Estimate>;
  readonly meanReciprocalRank: Result<Estimate>;
  readonly precision: Result<Estimate>;
  readonly recall: Result<Estimate>;
  readonly hitRate: Result<Estimate>;
  readonly queries: number;
  /** Queries whose list has no answer, such as those without a relevant item; in no figure. */
  readonly unanswered: number;
}

export interface RankingTallyState {
  readonly kind: 'ranking-tally';
  readonly options: RankingOptions;
  readonly queries: number;
  readonly unanswered: number;
  readonly sums: Readonly<Record<MetricName, readonly [sum: number[], squares: number[]]>>;
}

/**
 * How good is a ranking over many queries (one list each), every query counting once? Mergeable in any order.
 *
 * Formula: mean of each metric of `rankingMetrics` over queries, with a normal interval cut to [0, 1]. Assumes
 * independent queries, enough of them for the mean to be near normal.
 * Domain: lists as `rankingMetrics` takes them; one that it cannot answer is left out and counted as unanswered.
 * Fails: `summary` on no query (`empty`), only unanswered ones (`all-missing`) and a single one; `merge` on another k
 * or gain (`different-settings`).
 * Source: as `rankingMetrics`.
 */
export class RankingTally {
  readonly options: RankingOptions;
  #queries = 0;
  #unanswered = 0;
  readonly #sums = new Map(METRICS.map((name) => [name, { sum: new ExactSum(), squares: new ExactSum() }]));

  constructor(options: RankingOptions = {}) {
    this.options = { ...options };
  }

  add(relevances: ArrayLike<number>, scores: ArrayLike<number>): void {
    const query = rankingMetrics(relevances, scores, this.options);
    if (!query.ok) {
      this.#unanswered += 1;
      return;
    }
    this.#queries += 1;
    for (const name of METRICS) {
      this.#of(name).sum.add(query[name]);
      this.#of(name).squares.addProduct(query[name], query[name]);
    }
  }

  merge(other: RankingTally): Result<{ readonly tally: RankingTally }> {
    const { k, gain } = this.options;
    if (other.options.k !== k || (other.options.gain ?? 'linear') !== (gain ?? 'linear')) {
      return failure('different-settings', 'a tally with the same k and gain');
    }
    for (const name of METRICS) {
      this.#of(name).sum.merge(other.#of(name).sum);
      this.#of(name).squares.merge(other.#of(name).squares);
    }
    this.#queries += other.#queries;
    this.#unanswered += other.#unanswered;
    return { ok: true, tally: this };
  }

  summary(options: ConfidenceOptions = {}): Result<RankingSummary> {
    const checked = checkedPoint(options);
    if (!checked.ok) return checked;
    if (this.#queries === 0 && this.#unanswered > 0) return failure('all-missing', 'queries with a relevant item');
    const few = checkRows(this.#queries);
    if (few) return few;
    const weight = new ExactSum().add(this.#queries);
    const mean = (name: MetricName) => {
      const { sum, squares } = this.#of(name);
      return clampEstimate(meanFromSums(weight, sum, squares, this.#queries, checked.point), 0, 1);
    };
    return {
      ok: true,
      normalizedGain: mean('normalizedGain'),
      meanAveragePrecision: mean('averagePrecision'),
      meanReciprocalRank: mean('reciprocalRank'),
      precision: mean('precision'),
      recall: mean('recall'),
      hitRate: mean('hit'),
      queries: this.#queries,
      unanswered: this.#unanswered,
    };
  }

  toJSON(): RankingTallyState {
    const sums = METRICS.map((name) => [name, [this.#of(name).sum.toJSON(), this.#of(name).squares.toJSON()]]);
    const { options } = this;
    return {
      kind: 'ranking-tally',
      options,
      queries: this.#queries,
      unanswered: this.#unanswered,
      sums: Object.fromEntries(sums),
    };
  }

  static fromJSON(state: RankingTallyState): RankingTally {
    const tally = new RankingTally(state.options);
    for (const name of METRICS) {
      tally.#of(name).sum.merge(ExactSum.fromJSON(state.sums[name][0]));
      tally.#of(name).squares.merge(ExactSum.fromJSON(state.sums[name][1]));
    }
    tally.#queries = state.queries;
    tally.#unanswered = state.unanswered;
    return tally;
  }

  #of(name: MetricName) {
    return this.#sums.get(name) as { readonly sum: ExactSum; readonly squares: ExactSum };
  }
}

/**
 * Which share of the catalogue do the recommendations reach at all?
 *
 * Formula: distinct recommended items over distinct items of the catalogue. Assumes nothing: it describes these lists,
 * and grows with their number. Domain: at least two items in the catalogue.
 * Fails without a recommended item or a catalogue (`empty`), on a catalogue of one item (`too-few-rows`), and when a
 * list holds an item that is not in it (`invalid-label`).
 * Source: definition (catalogue coverage of Ge, Delgado-Battenfeld and Jannach, RecSys 2010).
 */
export function catalogueCoverage(
  recommended: readonly (readonly string[])[],
  catalogue: readonly string[],
): Result<{ readonly value: number; readonly distinct: number }> {
  const known = new Set(catalogue);
  if (recommended.every((list) => list.length === 0)) return failure('empty', 'at least one recommended item');
  if (known.size < 2) return failure(known.size === 0 ? 'empty' : 'too-few-rows', 'a catalogue of at least two items');
  const seen = new Set(recommended.flat());
  for (const item of seen)
    if (!known.has(item)) return failure('invalid-label', `items of the catalogue; ${item} is not`);
  return { ok: true, value: seen.size / known.size, distinct: seen.size };
}
