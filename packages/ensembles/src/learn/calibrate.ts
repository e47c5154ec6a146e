import { applyIsotonic, fitIsotonic, type IsotonicFit } from '@switchyard/metrics';
import { fitLogistic } from '../internal/logistic.ts';
import { sigmoid, softmaxInPlace } from '../internal/softmax.ts';
import { findProbabilityProblem } from '../member-answer.ts';
import { failure, type Result } from '../result.ts';
import { findCalibratorProblem } from './check-calibrator.ts';
import { findAbsentClass } from './fit-stack.ts';
import { SMALLEST_PROBABILITY } from './losses.ts';
import { type CompleteLog, type MemberLog, MINIMUM_ROWS, type RowCounts, readLog } from './rows.ts';

/** Turns the probabilities of one model into ones that happen as often as they say. Plain data: can be kept as JSON. */
export type Calibrator =
  | { readonly method: 'temperature'; readonly classes: number; readonly temperature: number }
  | {
      readonly method: 'platt';
      readonly classes: number;
      readonly input: PlattInput;
      /** p = σ(slope·input + intercept): of the second of two classes, or of each of more. */
      readonly slopes: readonly number[];
      readonly intercepts: readonly number[];
    }
  | { readonly method: 'isotonic'; readonly classes: number; readonly fits: readonly IsotonicFit[] };

/** What the sigmoid sees: ln(p / (1 − p)), so that a calibrated model stays as it is, or p itself as scikit-learn. */
export type PlattInput = 'log_odds' | 'probability';

export interface CalibrationOptions {
  readonly method: Calibrator['method'];
  /** For Platt; `log_odds` unless given. */
  readonly input?: PlattInput;
  /** Fewer complete rows are refused; unless given 1,000 for isotonic, which fits noise below that, else 10. */
  readonly minimumRows?: number;
}

/**
 * How to correct one member's probabilities, from rows it was not trained on:
 * - `temperature`: p_k^(1/T), scaled to sum 1, with the T of least log loss. One number; keeps the order of the classes.
 * - `platt`: σ(slope·input + intercept) of least log loss against targets drawn in a little (n₊+1)/(n₊+2), 1/(n₋+2).
 * - `isotonic`: the rising function closest in squares, linear between its steps.
 *
 * Of more than two classes Platt and isotonic correct each class against the rest, and the results are scaled to sum 1.
 * Assumes independent rows, like those to come. Fails on regression, on settings out of range, on answers that are no
 * probabilities, on too few complete rows, on a class without rows, for Platt and isotonic on probabilities that are
 * all equal, and for a temperature of 0 or infinity (the member is always right, or knows nothing): `not-reachable`.
 * Source: Guo et al. 2017; Platt 1999; Zadrozny and Elkan 2002; equals scikit-learn `CalibratedClassifierCV`.
 */
export function fitCalibrator(
  log: MemberLog,
  member: number,
  options: CalibrationOptions,
): Result<{ readonly calibrator: Calibrator; readonly rows: RowCounts }> {
  const { method, input = 'log_odds', minimumRows = method === 'isotonic' ? 1_000 : MINIMUM_ROWS } = options;
  if (log.task.kind === 'regression')
    return failure('not-applicable', 'classification: only probabilities are calibrated');
  if (!(Number.isInteger(member) && member >= 0 && member < log.members.length))
    return failure('invalid-argument', `member must be an index from 0 to ${log.members.length - 1}`);
  if (!(Number.isSafeInteger(minimumRows) && minimumRows >= 2))
    return failure('invalid-argument', 'minimumRows must be a whole number of at least 2');
  const read = readLog(log, [member], minimumRows);
  if (!read.ok) return read;
  const absent = findAbsentClass(read);
  if (absent) return absent;
  const fitted = fitMethod(method, input, read, read.members[member] as Float64Array);
  return fitted.ok ? { ok: true, calibrator: fitted.calibrator, rows: read.rows } : fitted;
}

function fitMethod(
  method: Calibrator['method'],
  input: PlattInput,
  log: CompleteLog,
  probabilities: Float64Array,
): Result<{ readonly calibrator: Calibrator }> {
  switch (method) {
    case 'temperature':
      return fitTemperature(log, probabilities);
    case 'platt':
      return input === 'log_odds' || input === 'probability'
        ? fitPlatt(log, probabilities, input)
        : failure('invalid-argument', 'input must be log_odds or probability');
    case 'isotonic':
      return fitSteps(log, probabilities);
    default:
      return failure('invalid-argument', 'method must be temperature, platt or isotonic');
  }
}

const LOG_SCALE_LIMIT = 10;
const HALVINGS = 60;

/** The slope of the log loss in 1/T rises, so that halving finds where it is 0. */
function fitTemperature(log: CompleteLog, probabilities: Float64Array): Result<{ readonly calibrator: Calibrator }> {
  const { width, outcomes } = log;
  const logits = probabilities.map(logit);
  const scaled = new Float64Array(width);
  const slopeAt = (logScale: number): number => {
    const scale = Math.exp(logScale);
    let slope = 0;
    for (let row = 0; row < outcomes.length; row += 1) {
      for (let label = 0; label < width; label += 1) scaled[label] = scale * (logits[row * width + label] as number);
      softmaxInPlace(scaled);
      for (let label = 0; label < width; label += 1) {
        slope += (scaled[label] as number) * (logits[row * width + label] as number);
      }
      slope -= logits[row * width + (outcomes[row] as number)] as number;
    }
    return slope;
  };
  let [low, high] = [-LOG_SCALE_LIMIT, LOG_SCALE_LIMIT];
  if (!(slopeAt(low) < 0))
    return failure(
      'not-reachable',
      'probabilities that are at least a little right; these do no better than equal ones',
    );
  if (!(slopeAt(high) > 0))
    return failure('not-reachable', 'some rows that are not answered right; the best temperature is 0');
  for (let step = 0; step < HALVINGS; step += 1) {
    const middle = (low + high) / 2;
    if (slopeAt(middle) < 0) low = middle;
    else high = middle;
  }
  return { ok: true, calibrator: { method: 'temperature', classes: width, temperature: Math.exp(-(low + high) / 2) } };
}

function fitPlatt(
  log: CompleteLog,
  probabilities: Float64Array,
  input: PlattInput,
): Result<{ readonly calibrator: Calibrator }> {
  const slopes: number[] = [];
  const intercepts: number[] = [];
  for (const { scores, isOwn } of eachClass(log, probabilities)) {
    const features = scores.map((score) => plattInput(score, input));
    if (features.every((value) => value === features[0]))
      return failure('constant', 'probabilities that differ between rows');
    const positives = isOwn.reduce((sum, own) => sum + own, 0);
    const [up, down] = [(positives + 1) / (positives + 2), 1 / (isOwn.length - positives + 2)];
    // Drawing the targets in keeps the best sigmoid finite without a penalty.
    const fit = fitLogistic(
      { features, columns: 1 },
      isOwn.map((own) => (own === 1 ? up : down)),
      0,
    );
    if (!fit.isFlat) return failure('not-reachable', 'probabilities further apart; no best sigmoid was reached');
    slopes.push(fit.weights[0]?.[0] as number);
    intercepts.push(fit.intercepts[0] as number);
  }
  return { ok: true, calibrator: { method: 'platt', classes: log.width, input, slopes, intercepts } };
}

function fitSteps(log: CompleteLog, probabilities: Float64Array): Result<{ readonly calibrator: Calibrator }> {
  const fits: IsotonicFit[] = [];
  for (const { scores, isOwn } of eachClass(log, probabilities)) {
    const fitted = fitIsotonic(snapTogether(scores), isOwn);
    if (!fitted.ok) return fitted;
    fits.push(fitted.fit);
  }
  return { ok: true, calibrator: { method: 'isotonic', classes: log.width, fits } };
}

const ROUNDING = 1e-15;

/**
 * Scores that differ by less than rounding become one. Without it, the many shades of 0 (1e-30, 1e-200) that a model is
 * certain with would become as many corners. scikit-learn draws the same line.
 */
function snapTogether(scores: Float64Array): Float64Array {
  const order = Uint32Array.from(scores.keys()).sort((a, b) => (scores[a] as number) - (scores[b] as number));
  const snapped = new Float64Array(scores.length);
  let group = Number.NEGATIVE_INFINITY;
  for (const row of order) {
    const score = scores[row] as number;
    if (score - group >= ROUNDING) group = score;
    snapped[row] = group;
  }
  return snapped;
}

/** Each class against the rest; of two classes the second alone. */
function* eachClass(
  { width, count, outcomes }: CompleteLog,
  probabilities: Float64Array,
): Generator<{ scores: Float64Array; isOwn: Float64Array }> {
  for (let label = width === 2 ? 1 : 0; label < width; label += 1) {
    yield {
      scores: Float64Array.from({ length: count }, (_, row) => probabilities[row * width + label] as number),
      isOwn: outcomes.map((outcome) => (outcome === label ? 1 : 0)),
    };
  }
}

/**
 * What does a calibrated member answer to one row? The formula of `fitCalibrator`, with probabilities kept 1e-12
 * (temperature) or 2⁻⁵² (log odds) from 0; equal probabilities where every class is corrected to 0. Assumes a row like
 * those the calibrator was fitted on. Fails on a row that is no probabilities or has another number of classes, and on a
 * calibrator without a fit for each class, of an unknown method or input, or with numbers that are not finite or, for a
 * temperature, positive. Source: as `fitCalibrator`.
 */
export function applyCalibrator(
  calibrator: Calibrator,
  probabilities: ArrayLike<number>,
): Result<{ readonly probabilities: Float64Array }> {
  const { classes } = calibrator;
  const problem = findProbabilityProblem(probabilities, classes) ?? findCalibratorProblem(calibrator);
  if (problem) return problem;
  if (calibrator.method === 'temperature') {
    const scaled = Float64Array.from(probabilities, (one) => logit(one) / calibrator.temperature);
    softmaxInPlace(scaled);
    return checked(scaled);
  }
  const corrected = new Float64Array(classes);
  for (let label = classes === 2 ? 1 : 0; label < classes; label += 1) {
    const at = classes === 2 ? 0 : label;
    const probability = probabilities[label] as number;
    if (calibrator.method === 'platt') {
      const { slopes, intercepts, input } = calibrator;
      corrected[label] = sigmoid((slopes[at] as number) * plattInput(probability, input) + (intercepts[at] as number));
    } else {
      const fit = calibrator.fits[at];
      const applied = fit && applyIsotonic(fit, [probability]);
      if (!applied?.ok) return applied ?? failure('length-mismatch', 'a fit for each class');
      corrected[label] = applied.values[0] as number;
    }
  }
  if (classes === 2) corrected[0] = 1 - (corrected[1] as number);
  else scaleToOne(corrected);
  return checked(corrected);
}

function checked(probabilities: Float64Array): Result<{ readonly probabilities: Float64Array }> {
  return probabilities.every(Number.isFinite)
    ? { ok: true, probabilities }
    : failure('not-finite', 'a calibrator whose numbers are finite');
}

function scaleToOne(values: Float64Array): void {
  const sum = values.reduce((total, value) => total + value, 0);
  // Every class was corrected to 0: nothing is known.
  for (let at = 0; at < values.length; at += 1)
    values[at] = sum === 0 ? 1 / values.length : (values[at] as number) / sum;
}

// Keeps a probability of 0 finite; the same amount as in scikit-learn.
const logit = (probability: number): number => Math.log(Math.max(probability, 0) + 1e-12);

function plattInput(probability: number, input: PlattInput): number {
  if (input === 'probability') return probability;
  const within = Math.min(Math.max(probability, SMALLEST_PROBABILITY), 1 - SMALLEST_PROBABILITY);
  return Math.log(within / (1 - within));
}
