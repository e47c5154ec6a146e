import type { BinaryRows } from './check.ts';

/** Cumulative counts at each distinct score, from the highest score down: what is predicted positive at that threshold. */
export interface ScoreSteps {
  readonly thresholds: Float64Array;
  readonly truePositives: Float64Array;
  readonly falsePositives: Float64Array;
  readonly positives: number;
  readonly negatives: number;
}

export function orderByFallingScore(scores: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: scores.length }, (_, index) => index);
  return order.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
}

export function scoreSteps(rows: BinaryRows): ScoreSteps {
  const { scores, positives, weights, count } = rows;
  const order = orderByFallingScore(scores);
  const thresholds = new Float64Array(count);
  const truePositives = new Float64Array(count);
  const falsePositives = new Float64Array(count);
  let steps = 0;
  let truths = 0;
  let alarms = 0;
  for (let position = 0; position < count; position += 1) {
    const row = order[position] as number;
    const weight = weights?.[row] ?? 1;
    if (positives[row] === 1) truths += weight;
    else alarms += weight;
    const next = order[position + 1];
    if (next !== undefined && scores[next] === scores[row]) continue;
    thresholds[steps] = scores[row] as number;
    truePositives[steps] = truths;
    falsePositives[steps] = alarms;
    steps += 1;
  }
  return {
    thresholds: thresholds.subarray(0, steps),
    truePositives: truePositives.subarray(0, steps),
    falsePositives: falsePositives.subarray(0, steps),
    positives: truths,
    negatives: alarms,
  };
}

/** Share of (positive, negative) pairs in which the positive scores higher; ties count one half. */
export function areaUnderRoc(steps: ScoreSteps): number {
  let pairs = 0;
  let truths = 0;
  let alarms = 0;
  for (let index = 0; index < steps.thresholds.length; index += 1) {
    const nextTruths = steps.truePositives[index] as number;
    const nextAlarms = steps.falsePositives[index] as number;
    // Doubled, so that unweighted counts stay whole numbers and the sum exact.
    pairs += (nextAlarms - alarms) * (nextTruths + truths);
    truths = nextTruths;
    alarms = nextAlarms;
  }
  return pairs / 2 / (steps.positives * steps.negatives);
}
