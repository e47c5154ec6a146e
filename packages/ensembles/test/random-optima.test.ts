// Calibrators and stacks on 1,000 random logs: from what was learned, one more Newton step, written down from the
// definition of the loss, leads nowhere. For a convex loss that is the distance to the optimum.
import { expect, test } from 'vitest';
import { fitCalibrator, fitLogisticStack, fitRidgeStack } from '../src/index.ts';
import { must } from './fixture.ts';
import { classificationCase, type RandomLog, regressionCase } from './random-logs.ts';

const CASES = 1_000;
const CLOSE = 1e-9;

/** Solves Ax = b by elimination with pivots. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, at) => [...row, right[at]!]);
  const size = rows.length;
  for (let column = 0; column < size; column += 1) {
    let pivot = column;
    for (let row = column; row < size; row += 1) {
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row;
    }
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let row = column + 1; row < size; row += 1) {
      const factor = rows[row]![column]! / rows[column]![column]!;
      if (factor === 0) continue;
      for (let at = column; at <= size; at += 1) rows[row]![at]! -= factor * rows[column]![at]!;
    }
  }
  const found = new Array<number>(size).fill(0);
  for (let row = size - 1; row >= 0; row -= 1) {
    let sum = rows[row]![size]!;
    for (let at = row + 1; at < size; at += 1) sum -= rows[row]![at]! * found[at]!;
    found[row] = sum / rows[row]![row]!;
  }
  return found;
}

/** Largest entry of the Newton step beside the largest of what it starts from. */
function step(curve: readonly (readonly number[])[], slope: readonly number[], from: readonly number[]): number {
  return Math.max(...solve(curve, slope).map(Math.abs)) / Math.max(...from.map(Math.abs));
}

const zeros = (size: number): number[][] => Array.from({ length: size }, () => new Array<number>(size).fill(0));

/** One sigmoid of one input against targets in [0, 1]. */
function sigmoidStep(inputs: readonly number[], targets: readonly number[], slope: number, intercept: number): number {
  const curve = zeros(2);
  const pull = [0, 0];
  inputs.forEach((input, row) => {
    const p = 1 / (1 + Math.exp(-(slope * input + intercept)));
    const wide = [input, 1];
    for (const i of [0, 1]) {
      pull[i]! += (p - targets[row]!) * wide[i]!;
      for (const j of [0, 1]) curve[i]![j]! += p * (1 - p) * wide[i]! * wide[j]!;
    }
  });
  return step(curve, pull, [slope, intercept]);
}

function softmax(scores: readonly number[]): number[] {
  const top = Math.max(...scores);
  const grown = scores.map((score) => Math.exp(score - top));
  const sum = grown.reduce((total, value) => total + value, 0);
  return grown.map((value) => value / sum);
}

const columnsOf = (one: RandomLog, row: number, classes: number): number[] =>
  one.answers.flatMap((rows) => (classes === 2 ? [rows[row]![1]!] : [...rows[row]!]));

/** The first member's answers and the truth wherever it answered; calibrating it needs no other member. */
function ownRows({ log }: RandomLog): { answers: number[][]; truths: number[] } {
  const { classes } = log.task as { classes: number };
  const rows = Array.from(log.outcomes, (_, row) =>
    Array.from({ length: classes }, (_, label) => log.members[0]![row * classes + label]!),
  );
  const isWhole = rows.map((row) => !row.some(Number.isNaN));
  return {
    answers: rows.filter((_, row) => isWhole[row]),
    truths: Array.from(log.outcomes as number[]).filter((_, row) => isWhole[row]),
  };
}

test.each(['log_odds', 'probability'] as const)(`Platt on %s, ${CASES} random logs`, (input) => {
  let answered = 0;
  for (let index = 0; index < CASES; index += 1) {
    const one = classificationCase(index);
    const { classes } = one.log.task as { classes: number };
    const result = fitCalibrator(one.log, 0, { method: 'platt', input, minimumRows: 10 });
    if (!result.ok) {
      // A member that always says the same cannot be calibrated.
      expect(result.reason, one.label).toBe('constant');
      expect(one.label).toContain('constant');
      continue;
    }
    answered += 1;
    const { answers, truths } = ownRows(one);
    if (result.calibrator.method !== 'platt') throw new Error('another method');
    const { slopes, intercepts } = result.calibrator;
    const labels = classes === 2 ? [1] : Array.from({ length: classes }, (_, label) => label);
    for (const [at, label] of labels.entries()) {
      const positives = truths.filter((truth) => truth === label).length;
      const [up, down] = [(positives + 1) / (positives + 2), 1 / (truths.length - positives + 2)];
      const inputs = answers.map((row) => {
        const p = Math.min(Math.max(row[label]!, 2 ** -52), 1 - 2 ** -52);
        return input === 'probability' ? row[label]! : Math.log(p / (1 - p));
      });
      const targets = truths.map((truth) => (truth === label ? up : down));
      expect(sigmoidStep(inputs, targets, slopes[at]!, intercepts[at]!), one.label).toBeLessThan(CLOSE);
    }
  }
  expect(answered).toBeGreaterThan(800);
});

test(`temperature, ${CASES} random logs`, () => {
  let answered = 0;
  for (let index = 0; index < CASES; index += 1) {
    const one = classificationCase(index);
    const result = fitCalibrator(one.log, 0, { method: 'temperature', minimumRows: 10 });
    const { answers, truths } = ownRows(one);
    const logits = answers.map((row) => row.map((p) => Math.log(p + 1e-12)));
    /** Slope and curvature of the log loss in 1/T. */
    const at = (inverse: number): [number, number] => {
      let [slope, curve] = [0, 0];
      logits.forEach((row, position) => {
        const p = softmax(row.map((logit) => inverse * logit));
        const mean = row.reduce((sum, logit, label) => sum + p[label]! * logit, 0);
        slope += mean - row[truths[position]!]!;
        curve += row.reduce((sum, logit, label) => sum + p[label]! * (logit - mean) ** 2, 0);
      });
      return [slope, curve];
    };
    if (!result.ok) {
      // No temperature is best: equal probabilities do no worse, or sharper ones always do better.
      expect(result.reason, one.label).toBe('not-reachable');
      const [nearlyEqual, sharp] = [at(Math.exp(-10))[0], at(Math.exp(10))[0]];
      expect(nearlyEqual >= 0 || sharp <= 0, one.label).toBe(true);
      continue;
    }
    answered += 1;
    if (result.calibrator.method !== 'temperature') throw new Error('another method');
    const inverse = 1 / result.calibrator.temperature;
    const [slope, curve] = at(inverse);
    expect(Math.abs(slope / curve / inverse), one.label).toBeLessThan(CLOSE);
  }
  expect(answered).toBeGreaterThan(600);
});

test(`logistic stacks, ${CASES} random logs`, () => {
  for (let index = 0; index < CASES; index += 1) {
    const one = classificationCase(index);
    const { classes } = one.log.task as { classes: number };
    const inverseStrength = [1, 0.1, 10][index % 3]!;
    const { model } = must(fitLogisticStack(one.log, { inverseStrength }));
    const outputs = classes === 2 ? 1 : classes;
    const width = model.fill.length + 1;
    const flat = model.weights.flatMap((weights, output) => [...weights, model.intercepts[output]!]);
    const size = flat.length;
    const curve = zeros(size);
    const slope = new Array<number>(size).fill(0);
    for (let at = 0; at < size; at += 1) {
      if (at % width === width - 1) continue;
      curve[at]![at]! += 1 / inverseStrength;
      slope[at]! += flat[at]! / inverseStrength;
    }
    one.truths.forEach((truth, row) => {
      const wide = [...columnsOf(one, row, classes), 1];
      const score = (output: number) => wide.reduce((sum, value, c) => sum + value * flat[output * width + c]!, 0);
      const scores = Array.from({ length: outputs }, (_, output) => score(output));
      const p = outputs === 1 ? [1 / (1 + Math.exp(-scores[0]!))] : softmax(scores);
      for (let a = 0; a < outputs; a += 1) {
        const hit = outputs === 1 ? truth : Number(truth === a);
        wide.forEach((value, c) => {
          slope[a * width + c]! += (p[a]! - hit) * value;
        });
        for (let b = 0; b < outputs; b += 1) {
          const spread = a === b ? p[a]! * (1 - p[a]!) : -p[a]! * p[b]!;
          for (const [i, first] of wide.entries()) {
            for (const [j, second] of wide.entries()) curve[a * width + i]![b * width + j]! += spread * first * second;
          }
        }
      }
    });
    // The intercepts of several classes are free up to a constant; this holds their sum.
    if (outputs > 1) {
      for (let a = 1; a <= outputs; a += 1) {
        for (let b = 1; b <= outputs; b += 1) curve[a * width - 1]![b * width - 1]! += 1;
      }
    }
    expect(step(curve, slope, flat), one.label).toBeLessThan(CLOSE);
  }
});

test(`ridge stacks, ${CASES} random logs`, () => {
  for (let index = 0; index < CASES; index += 1) {
    const one = regressionCase(index);
    const result = fitRidgeStack(one.log);
    if (!result.ok) {
      expect(result.reason, one.label).toBe('constant');
      expect(new Set(one.truths).size, one.label).toBe(1);
      continue;
    }
    const { model, penalty } = result;
    const count = one.truths.length;
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / count;
    const columns = one.answers.map((rows) => rows.map((row) => row[0]!));
    const middle = columns.map(mean);
    const weights = model.weights[0]!;
    // The free intercept makes the mean residual 0; what is left is a problem of centred columns.
    const intercept = weights.reduce((sum, weight, at) => sum - weight * middle[at]!, mean(one.truths));
    const unit = Math.max(...one.truths.map(Math.abs), ...middle.map(Math.abs));
    expect(Math.abs(model.intercepts[0]! - intercept), one.label).toBeLessThan(1e-12 * unit);
    if (columns.every((column) => new Set(column).size === 1)) {
      // Members that always say the same deserve no weight.
      expect(Math.max(...weights.map(Math.abs)), one.label).toBeLessThan(1e-12);
      continue;
    }
    const centred = columns.map((column, at) => column.map((value) => value - middle[at]!));
    const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, row) => sum + value * b[row]!, 0);
    const residuals = one.truths.map((truth, row) =>
      weights.reduce((sum, weight, at) => sum + weight * centred[at]![row]!, mean(one.truths) - truth),
    );
    const curve = centred.map((a, i) => centred.map((b, j) => dot(a, b) + (i === j ? penalty : 0)));
    const slope = centred.map((a, i) => dot(a, residuals) + penalty * weights[i]!);
    expect(step(curve, slope, weights), one.label).toBeLessThan(CLOSE);
  }
});
