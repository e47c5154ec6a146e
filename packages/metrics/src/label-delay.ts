import { type ConfidenceOptions, checkedPoint } from './estimate.ts';
import {
  checkPositive,
  checkRows,
  checkSameLength,
  checkUnit,
  firstFailure,
  isMissing,
  type NumericLabel,
  notFinite,
} from './internal/check.ts';
import { type Failure, failure, type Result } from './result.ts';

/** The learned share of predictions whose label has come by a given age. */
export interface LabelDelayCurve {
  /** Ages at which labels came, rising, and the share labelled by then. */
  readonly delaysMs: readonly number[];
  readonly labelledShares: readonly number[];
  readonly standardErrors: readonly number[];
  /** Age up to which the curve was observed: the oldest prediction. */
  readonly observedUntilMs: number;
  /** Share labelled by that age: what the curve levels out at, often below 1. */
  readonly finalShare: number;
  readonly count: number;
  readonly labelled: number;
}

/** When each prediction was made and when its label came (missing while it has not), in milliseconds since an epoch. */
export interface LabelTimes {
  readonly predictedAtMs: ArrayLike<number>;
  readonly labelledAtMs: ArrayLike<NumericLabel>;
  readonly nowMs: number;
}

/**
 * How long do labels take? Kaplan–Meier over label delays, predictions still without a label counting as waiting up to
 * `nowMs`: young predictions say nothing about late labels, and this does not hold their youth against the curve.
 *
 * Formula: share at age t = 1 − Π over delays d ≤ t of (1 − labels at d / still waiting at d); standard errors by
 * Greenwood.
 * Assumes that whether a label is late does not depend on when the prediction was made; fit a curve for each group
 * (endpoint, predicted class) where delays differ. A label stamped before its prediction counts as delay 0.
 * Domain: finite times in milliseconds, no prediction after `nowMs`.
 * Fails on no row, one row, no label at all, NaN times and predictions from the future.
 * Source: Kaplan and Meier, JASA 53 (1958); equals statsmodels `SurvfuncRight`.
 */
export function fitLabelDelay(times: LabelTimes): Result<{ readonly curve: LabelDelayCurve }> {
  const problem = checkTimes(times);
  if (problem) return problem;
  const { predictedAtMs, labelledAtMs, nowMs } = times;
  const count = predictedAtMs.length;
  const few = checkRows(count);
  if (few) return few;
  const waits: { waitMs: number; isLabelled: boolean }[] = [];
  let labelled = 0;
  let observedUntilMs = 0;
  for (let row = 0; row < count; row += 1) {
    const made = predictedAtMs[row] as number;
    const known = labelledAtMs[row];
    const isLabelled = !isMissing(known) && known <= nowMs;
    if (isLabelled) labelled += 1;
    observedUntilMs = Math.max(observedUntilMs, nowMs - made);
    waits.push({ waitMs: isLabelled ? Math.max(0, known - made) : nowMs - made, isLabelled });
  }
  if (labelled === 0) return failure('all-missing', 'at least one label; none has come yet');
  waits.sort((a, b) => a.waitMs - b.waitMs);
  const curve: { delaysMs: number[]; labelledShares: number[]; standardErrors: number[] } = {
    delaysMs: [],
    labelledShares: [],
    standardErrors: [],
  };
  let waiting = count;
  let unlabelledShare = 1;
  let greenwood = 0;
  for (let from = 0; from < waits.length; ) {
    const { waitMs } = waits[from] as { waitMs: number };
    let to = from;
    let labels = 0;
    for (; to < waits.length && waits[to]?.waitMs === waitMs; to += 1) labels += waits[to]?.isLabelled ? 1 : 0;
    if (labels > 0) {
      unlabelledShare *= 1 - labels / waiting;
      greenwood += labels / (waiting * (waiting - labels));
      curve.delaysMs.push(waitMs);
      curve.labelledShares.push(1 - unlabelledShare);
      curve.standardErrors.push(unlabelledShare === 0 ? 0 : unlabelledShare * Math.sqrt(greenwood));
    }
    waiting -= to - from;
    from = to;
  }
  return { ok: true, curve: { ...curve, observedUntilMs, finalShare: 1 - unlabelledShare, count, labelled } };
}

/**
 * Which share of predictions of this age has its label?
 *
 * Formula: the curve's last step at or before the age, ± z·Greenwood's standard error, cut to [0, 1]. Beyond the
 * observed ages the curve cannot say; it answers with its final share and `isExtrapolated`.
 * Assumptions as `fitLabelDelay`. Domain: a finite age of at least 0. Fails on a curve without a label (`empty`) and on
 * an age that is negative or not finite.
 * Source: Kaplan and Meier, JASA 53 (1958); Greenwood 1926 for the standard error.
 */
export function labelShareAt(
  curve: LabelDelayCurve,
  ageMs: number,
  options: ConfidenceOptions = {},
): Result<{
  readonly share: number;
  readonly lower: number;
  readonly upper: number;
  readonly isExtrapolated: boolean;
}> {
  const checked = checkedPoint(options);
  if (!checked.ok) return checked;
  const problem = checkCurve(curve);
  if (problem) return problem;
  if (!(ageMs >= 0 && ageMs < Infinity))
    return failure('invalid-argument', 'ageMs must be a finite number of at least 0');
  const at = stepAt(curve, ageMs);
  const share = at < 0 ? 0 : (curve.labelledShares[at] as number);
  const half = checked.point * (at < 0 ? 0 : (curve.standardErrors[at] as number));
  return {
    ok: true,
    share,
    lower: Math.max(0, share - half),
    upper: Math.min(1, share + half),
    isExtrapolated: ageMs > curve.observedUntilMs,
  };
}

export interface CohortMaturity {
  readonly fromMs: number;
  readonly toMs: number;
  readonly rows: number;
  readonly labelled: number;
  readonly labelCoverage: number;
  /** Coverage the curve expects at these ages; far less than this means labels got lost, not late. */
  readonly expectedCoverage: number;
  /** Expected coverage over the curve's final share: the part of the labels that will come which is in. */
  readonly maturity: number;
  readonly isMature: boolean;
}

/**
 * Which of the recent figures can be believed yet? Predictions by the time they were made, in cohorts of `cohortMs`,
 * with the part of their labels that is in.
 *
 * Formula: expected coverage = mean over the cohort of the curve at the row's age; maturity = that over the curve's
 * final share; a cohort is mature from `matureAt` (0.95) on.
 * Assumes delays as when the curve was fitted (see `fitLabelDelay`).
 * Domain: times as `fitLabelDelay`, `cohortMs` > 0, `matureAt` in [0, 1].
 * Fails like `fitLabelDelay` (no label is fine here), on a curve without a label (`empty`), a `cohortMs` that is not
 * positive and a `matureAt` outside [0, 1].
 * Source: definition, on the curve of Kaplan and Meier.
 */
export function cohortMaturity(
  curve: LabelDelayCurve,
  times: LabelTimes,
  options: { readonly cohortMs: number; readonly matureAt?: number },
): Result<{ readonly cohorts: readonly CohortMaturity[] }> {
  const { cohortMs, matureAt = 0.95 } = options;
  const problem = firstFailure(
    checkCurve(curve),
    checkTimes(times),
    checkPositive('cohortMs', cohortMs),
    checkUnit('matureAt', matureAt),
    checkRows(times.predictedAtMs.length),
  );
  if (problem) return problem;
  const cohorts = new Map<number, { rows: number; labelled: number; expected: number }>();
  for (let row = 0; row < times.predictedAtMs.length; row += 1) {
    const made = times.predictedAtMs[row] as number;
    const known = times.labelledAtMs[row];
    const key = Math.floor(made / cohortMs);
    const cohort = cohorts.get(key) ?? { rows: 0, labelled: 0, expected: 0 };
    cohorts.set(key, cohort);
    cohort.rows += 1;
    if (!isMissing(known) && known <= times.nowMs) cohort.labelled += 1;
    const at = stepAt(curve, times.nowMs - made);
    cohort.expected += at < 0 ? 0 : (curve.labelledShares[at] as number);
  }
  const list = [...cohorts].sort(([a], [b]) => a - b);
  return {
    ok: true,
    cohorts: list.map(([key, { rows, labelled, expected }]) => {
      const maturity = expected / rows / curve.finalShare;
      return {
        fromMs: key * cohortMs,
        toMs: (key + 1) * cohortMs,
        rows,
        labelled,
        labelCoverage: labelled / rows,
        expectedCoverage: expected / rows,
        maturity,
        isMature: maturity >= matureAt,
      };
    }),
  };
}

/**
 * Which weights make early labels stand for the rows still waiting?
 *
 * Formula: 1/(share labelled at that age) for a labelled row, 0 for the others; give them to `binaryMetrics` or
 * `regressionMetrics`. `maximumWeight` (20) cuts off rows so young that one label would speak for a crowd; `cut` counts
 * them.
 * Assumes the delay does not depend on the outcome, for it corrects for age only: where it does, give each group its
 * own curve, or wait.
 * Domain: times as `fitLabelDelay`, `maximumWeight` > 0. Fails like `cohortMaturity`, and when no row is labelled.
 * Source: Horvitz and Thompson 1952; Robins' inverse-probability-of-censoring weights.
 */
export function inverseLabelWeights(
  curve: LabelDelayCurve,
  times: LabelTimes,
  options: { readonly maximumWeight?: number } = {},
): Result<{ readonly weights: Float64Array; readonly cut: number }> {
  const { maximumWeight = 20 } = options;
  const problem = firstFailure(
    checkCurve(curve),
    checkTimes(times),
    checkPositive('maximumWeight', maximumWeight),
    checkRows(times.predictedAtMs.length),
  );
  if (problem) return problem;
  const weights = new Float64Array(times.predictedAtMs.length);
  let cut = 0;
  let labelled = 0;
  for (let row = 0; row < weights.length; row += 1) {
    const known = times.labelledAtMs[row];
    if (isMissing(known) || known > times.nowMs) continue;
    labelled += 1;
    const at = stepAt(curve, times.nowMs - (times.predictedAtMs[row] as number));
    const weight = 1 / (at < 0 ? 0 : (curve.labelledShares[at] as number));
    if (weight > maximumWeight) cut += 1;
    weights[row] = Math.min(weight, maximumWeight);
  }
  return labelled === 0 ? failure('all-missing', 'at least one label; none has come yet') : { ok: true, weights, cut };
}

function checkTimes({ predictedAtMs, labelledAtMs, nowMs }: LabelTimes): Failure | undefined {
  const problem = checkSameLength('labelledAtMs', labelledAtMs.length, predictedAtMs.length);
  if (problem) return problem;
  if (!Number.isFinite(nowMs)) return failure('not-finite', 'nowMs must be a finite number');
  for (let row = 0; row < predictedAtMs.length; row += 1) {
    const made = predictedAtMs[row] as number;
    if (!Number.isFinite(made)) return notFinite('predictedAtMs', row);
    if (made > nowMs) return failure('invalid-argument', `predictedAtMs[${row}] must not lie after nowMs`);
    const known = labelledAtMs[row];
    if (!isMissing(known) && !Number.isFinite(known)) return notFinite('labelledAtMs', row);
  }
  return undefined;
}

function checkCurve(curve: LabelDelayCurve): Failure | undefined {
  return curve.delaysMs.length > 0 && curve.finalShare > 0 ? undefined : failure('empty', 'a curve with a label in it');
}

/** The last step at or before an age, −1 before the first. */
function stepAt(curve: LabelDelayCurve, ageMs: number): number {
  let low = 0;
  let high = curve.delaysMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((curve.delaysMs[middle] as number) <= ageMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
