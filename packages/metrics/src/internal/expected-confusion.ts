import { orderByFallingScore } from './score-steps.ts';

// Metrics of rows whose label is only known as a probability: each row is counted as p of a positive and 1 − p of a negative.

export interface ExpectedCells {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

export function expectedCells(predicted: ArrayLike<number>, probabilities: ArrayLike<number>): ExpectedCells {
  let [tp, fp, fn, tn] = [0, 0, 0, 0];
  for (let row = 0; row < predicted.length; row += 1) {
    const probability = probabilities[row] as number;
    if (predicted[row] === 1) {
      tp += probability;
      fp += 1 - probability;
    } else {
      fn += probability;
      tn += 1 - probability;
    }
  }
  return { truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: tn };
}

/** `ours` gives tied scores one step; `nannyml` one step a row in no stated order, sums rounded to 5 decimals. */
export type ExpectationStyle = 'ours' | 'nannyml';

/** Expected cumulative positives at each distinct score from the highest down, and the rows so far. */
function expectedSteps(scores: ArrayLike<number>, probabilities: ArrayLike<number>, style: ExpectationStyle) {
  const order = orderByFallingScore(scores);
  const positives: number[] = [];
  const rows: number[] = [];
  let total = 0;
  for (let position = 0; position < order.length; position += 1) {
    const row = order[position] as number;
    total += probabilities[row] as number;
    const next = order[position + 1];
    if (style === 'ours' && next !== undefined && scores[next] === scores[row]) continue;
    positives.push(style === 'ours' ? total : roundTo5(total));
    rows.push(position + 1);
  }
  return { positives, rows };
}

function roundTo5(value: number): number {
  return Math.round(value * 1e5) / 1e5;
}

/** Expected AUC by trapezoids; NaN when no positive or no negative is expected. */
export function expectedAuc(
  scores: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  style: ExpectationStyle = 'ours',
): number {
  const { positives, rows } = expectedSteps(scores, probabilities, style);
  const allPositives = positives.at(-1) as number;
  const allNegatives = (rows.at(-1) as number) - allPositives;
  let area = 0;
  let [truths, alarms] = [0, 0];
  for (const [step, nextTruths] of positives.entries()) {
    const nextAlarms = (rows[step] as number) - nextTruths;
    area += ((nextAlarms - alarms) * (nextTruths + truths)) / 2;
    truths = nextTruths;
    alarms = nextAlarms;
  }
  return area / (allPositives * allNegatives);
}

/** Expected average precision; NaN when no positive is expected. */
export function expectedAveragePrecision(
  scores: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  style: ExpectationStyle = 'ours',
): number {
  const { positives, rows } = expectedSteps(scores, probabilities, style);
  const allPositives = positives.at(-1) as number;
  let sum = 0;
  let truths = 0;
  for (const [step, nextTruths] of positives.entries()) {
    sum += ((nextTruths - truths) / allPositives) * (nextTruths / (rows[step] as number));
    truths = nextTruths;
  }
  return sum;
}

/**
 * Standard error of the realised AUC around its expectation on these rows: DeLong's variance with each row counted as p
 * of a positive. Both classes add to it, and it follows the rows at hand, so it holds when prevalence or spread move
 * away from the reference. NaN when fewer than one positive or one negative is expected.
 */
export function expectedAucError(scores: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  const { positives, rows } = expectedSteps(scores, probabilities, 'ours');
  const area = expectedAuc(scores, probabilities);
  const allPositives = positives.at(-1) as number;
  const allNegatives = (rows.at(-1) as number) - allPositives;
  let [ofPositives, ofNegatives] = [0, 0];
  let [truths, alarms] = [0, 0];
  for (const [step, nextTruths] of positives.entries()) {
    const nextAlarms = (rows[step] as number) - nextTruths;
    const negativesBelow = 1 - (alarms + nextAlarms) / 2 / allNegatives;
    const positivesAbove = (truths + nextTruths) / 2 / allPositives;
    ofPositives += (nextTruths - truths) * (negativesBelow - area) ** 2;
    ofNegatives += (nextAlarms - alarms) * (positivesAbove - area) ** 2;
    truths = nextTruths;
    alarms = nextAlarms;
  }
  if (!(allPositives > 1 && allNegatives > 1)) return Number.NaN;
  return Math.sqrt(ofPositives / allPositives / (allPositives - 1) + ofNegatives / allNegatives / (allNegatives - 1));
}
