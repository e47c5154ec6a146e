import { describe, expect, test } from 'vitest';
import {
  applyCalibrator,
  applyStack,
  type CalibrationOptions,
  fitCalibrator,
  fitLogisticStack,
  fitRidgeStack,
  learnWeights,
  type MemberLog,
  nonNegativeWeights,
  selectGreedily,
  stackingFeatures,
} from '../src/index.ts';
import { both, largestDifference, must, readFixture, unpack } from './fixture.ts';

interface Learned {
  name: string;
  classes?: number;
  members: string[];
  outcomes: number[];
  // biome-ignore lint/suspicious/noExplicitAny: as the scripts wrote it
  [expected: string]: any;
}

interface LogisticFit {
  c: number;
  objective: number;
  coefficients: number[][];
  intercepts: number[];
  probabilities?: string;
}

const fixture = readFixture('learning.json');
const classification: Learned[] = fixture.classification;
const regression: Learned[] = fixture.regression;
const everyClassification: Learned[] = [...classification, ...fixture.randomClassification];
const everyRegression: Learned[] = [...regression, ...fixture.randomRegression];

const logOf = (set: Learned): MemberLog => ({
  task: set.classes === undefined ? { kind: 'regression' } : { kind: 'classification', classes: set.classes },
  members: set.members.map(unpack),
  outcomes: set.outcomes,
});

describe.each(['log_loss', 'brier'] as const)('weights by %s', (loss) => {
  test('reach the optimum that SLSQP finds, on real and random members', () => {
    for (const set of everyClassification) {
      const learned = must(learnWeights(logOf(set), { loss }));
      const expected = set.simplex[loss];
      expect(learned.gap, set.name).toBeLessThan(1e-11);
      expect(learned.loss, set.name).toBeLessThan(expected.loss + 1e-9);
      expect(Math.abs(learned.loss - expected.loss), set.name).toBeLessThan(1e-6);
      expect(learned.loss).toBeLessThanOrEqual(Math.min(...learned.memberLosses) + 1e-12);
    }
  });

  test('are the weights of SLSQP where members differ', () => {
    for (const set of classification) {
      const learned = must(learnWeights(logOf(set), { loss }));
      expect(largestDifference(learned.weights, set.simplex[loss].weights), set.name).toBeLessThan(1e-4);
    }
  });
});

test('weights by squared error reach the optimum that SLSQP finds, in any unit', () => {
  for (const set of everyRegression) {
    const learned = must(learnWeights(logOf(set), { loss: 'squared_error' }));
    const { loss } = set.simplex;
    expect(learned.gap / loss, set.name).toBeLessThan(1e-9);
    expect(learned.loss / loss - 1, set.name).toBeLessThan(1e-9);
    expect(1 - learned.loss / loss, set.name).toBeLessThan(1e-6);
  }
});

test('non-negative least squares are those of SciPy, and no better than the true optimum', () => {
  for (const set of [...classification, ...regression]) {
    const { raw, weights } = must(nonNegativeWeights(logOf(set)));
    expect(largestDifference(raw, set.nonNegative.raw), set.name).toBeLessThan(1e-9);
    expect(largestDifference(weights, set.nonNegative.weights), set.name).toBeLessThan(1e-9);
  }
});

test.each(['log_loss', 'brier', 'error'] as const)('greedy selection by %s takes the published steps', (loss) => {
  for (const set of everyClassification) {
    const selected = must(selectGreedily(logOf(set), { loss }));
    const expected = set.greedy[loss];
    expect(selected.order, set.name).toEqual(expected.order);
    expect(largestDifference(selected.trajectory, expected.trajectory), set.name).toBeLessThan(1e-12);
    expect(selected.size).toBe(expected.size);
    expect(largestDifference(selected.weights, expected.weights)).toBeLessThan(1e-12);
  }
});

test('greedy selection by squared error takes the published steps', () => {
  for (const set of everyRegression) {
    const selected = must(selectGreedily(logOf(set), { loss: 'squared_error' }));
    expect(selected.order, set.name).toEqual(set.greedy.order);
    const relative = selected.trajectory.map((value, at) => value / set.greedy.trajectory[at] - 1);
    expect(Math.max(...relative.map(Math.abs)), set.name).toBeLessThan(1e-12);
    expect(selected.size).toBe(set.greedy.size);
  }
});

describe.each(classification)('stacking the members of $name', (set) => {
  test.each(set.logistic as LogisticFit[])('is LogisticRegression(C=$c)', (expected) => {
    const log = logOf(set);
    const { model, objective } = must(fitLogisticStack(log, { inverseStrength: expected.c }));
    expect(Math.abs(objective / expected.objective - 1)).toBeLessThan(1e-9);
    expect(largestDifference(model.weights.flat(), expected.coefficients.flat())).toBeLessThan(1e-6);
    expect(largestDifference(model.intercepts, expected.intercepts)).toBeLessThan(1e-6);
    if (expected.probabilities === undefined) return;
    const answers = set.outcomes.flatMap((_, row) => [...answerRow(log, model, row, set.members.length)]);
    expect(largestDifference(answers, unpack(expected.probabilities))).toBeLessThan(1e-7);
  });
});

function answerRow(
  log: MemberLog,
  model: Parameters<typeof applyStack>[0],
  row: number,
  members: number,
): Float64Array {
  const width = log.task.kind === 'classification' ? log.task.classes : 1;
  const answers = Array.from({ length: members }, (_, member) => {
    const numbers = Array.from({ length: width }, (_, column) => log.members[member]?.[row * width + column] as number);
    return log.task.kind === 'classification'
      ? { weight: 1, probabilities: numbers }
      : { weight: 1, value: numbers[0] };
  });
  return must(applyStack(model, must(stackingFeatures(log.task, answers)).features)).answer;
}

test('stacking the members of diabetes is RidgeCV', () => {
  for (const set of regression) {
    const log = logOf(set);
    const { model, penalty, leaveOneOutErrors } = must(fitRidgeStack(log));
    expect(penalty).toBe(set.ridge.alpha);
    expect(largestDifference(model.weights.flat(), set.ridge.coefficients)).toBeLessThan(1e-9);
    expect(Math.abs((model.intercepts[0] as number) / set.ridge.intercept - 1)).toBeLessThan(1e-9);
    const relative = leaveOneOutErrors.map(({ error }, at) => Math.abs(error / set.ridge.leaveOneOut[at] - 1));
    expect(Math.max(...relative)).toBeLessThan(1e-9);
    const answers = set.outcomes.map((_, row) => answerRow(log, model, row, set.members.length)[0] as number);
    expect(largestDifference(answers, unpack(set.ridge.predictions))).toBeLessThan(1e-9);
    const wide = must(fitRidgeStack(log, { penalties: [1, 100, 1e4, 1e6] }));
    expect(wide.penalty).toBe(set.ridge.wide.alpha);
    expect(largestDifference(wide.model.weights.flat(), set.ridge.wide.coefficients)).toBeLessThan(1e-9);
  }
});

describe.each(classification)('calibrating the last member of $name', (set) => {
  const classes = set.classes as number;
  const member = set.members.length - 1;
  const logged = logOf(set);
  // Of two classes scikit-learn calibrates the second alone and takes the first as the rest.
  const second = Array.from(logged.members[member] as ArrayLike<number>).filter((_, at) => at % 2 === 1);
  const log = classes === 2 ? { ...logged, members: [...logged.members.slice(0, -1), both(second)] } : logged;
  const calibrated = (options: CalibrationOptions) => {
    const { calibrator } = must(fitCalibrator(log, member, { ...options, minimumRows: 10 }));
    const probabilities = set.outcomes.flatMap((_, row) => [
      ...must(
        applyCalibrator(
          calibrator,
          Array.from({ length: classes }, (_, label) => log.members[member]?.[row * classes + label] as number),
        ),
      ).probabilities,
    ]);
    return { calibrator, probabilities };
  };

  test.each([
    ['log_odds', set.calibration.plattOnLogOdds],
    ['probability', set.calibration.plattOnProbability],
  ] as const)('Platt on %s', (input, expected) => {
    const { calibrator, probabilities } = calibrated({ method: 'platt', input });
    if (calibrator.method !== 'platt') throw new Error('another method');
    const relative = (mine: readonly number[], theirs: number[]) =>
      Math.max(...mine.map((value, at) => Math.abs(value / (theirs[at] as number) - 1)));
    expect(relative(calibrator.slopes, expected.slopes)).toBeLessThan(1e-4);
    expect(relative(calibrator.intercepts, expected.intercepts)).toBeLessThan(1e-4);
    expect(largestDifference(probabilities, unpack(expected.probabilities))).toBeLessThan(1e-5);
  });

  test('isotonic', () => {
    const { probabilities } = calibrated({ method: 'isotonic' });
    expect(largestDifference(probabilities, unpack(set.calibration.isotonic.probabilities))).toBeLessThan(1e-12);
  });

  test('temperature', () => {
    const { calibrator, probabilities } = calibrated({ method: 'temperature' });
    if (calibrator.method !== 'temperature') throw new Error('another method');
    // scikit-learn looks for the lowest loss, which is flat there; here the slope is 0. The losses are the same.
    const theirs = set.calibration.temperature;
    expect(Math.abs(calibrator.temperature / theirs.temperature - 1)).toBeLessThan(1e-5);
    expect(largestDifference(probabilities, unpack(theirs.probabilities))).toBeLessThan(1e-5);
    const logLossOf = (all: ArrayLike<number>) =>
      set.outcomes.reduce((sum, label, row) => sum - Math.log(all[row * classes + label] as number), 0);
    const [mine, expected] = [logLossOf(probabilities), logLossOf(unpack(theirs.probabilities))];
    expect(mine / expected - 1).toBeLessThan(1e-14);
    expect(1 - mine / expected).toBeLessThan(1e-9);
  });
});
