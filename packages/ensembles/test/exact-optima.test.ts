// The optima themselves, found in 40 digits from where the libraries' optimisers stop (parity/make_exact_fixtures.py).
import { describe, expect, test } from 'vitest';
import { fitCalibrator, fitLogisticStack, learnWeights, type MemberLog } from '../src/index.ts';
import { both, largestDifference, must, readFixture, unpack } from './fixture.ts';

interface Stored {
  name: string;
  classes?: number;
  members: string[];
  outcomes: number[];
}

interface Optimum {
  weights: number[];
  loss: number;
}

interface Exact {
  name: string;
  simplex: Record<'log_loss' | 'brier', Optimum>;
  logistic: {
    c: number;
    coefficients: number[][];
    intercepts: number[];
    objective: number;
    probabilities?: string;
  }[];
  plattOnLogOdds: { slopes: number[]; intercepts: number[] };
  plattOnProbability: { slopes: number[]; intercepts: number[] };
  temperature: number;
}

const stored: { classification: Stored[]; regression: Stored[] } = readFixture('learning.json');
const exact: { classification: Exact[]; regression: { name: string; simplex: Optimum }[] } = readFixture('exact.json');

function logOf(set: Stored): MemberLog {
  return {
    task: set.classes === undefined ? { kind: 'regression' } : { kind: 'classification', classes: set.classes },
    members: set.members.map(unpack),
    outcomes: set.outcomes,
  };
}

/** Relative to the largest of the numbers that belong together. */
function gap(actual: readonly number[], expected: readonly number[]): number {
  return largestDifference(actual, expected) / Math.max(...expected.map(Math.abs));
}

describe.each(stored.classification.map((set, index) => ({ set, wanted: exact.classification[index]! })))(
  '$set.name',
  ({ set, wanted }) => {
    const log = logOf(set);
    const classes = set.classes!;
    const member = set.members.length - 1;
    const second = Array.from(log.members[member]!).filter((_, at) => at % 2 === 1) as number[];
    const forCalibration = classes === 2 ? { ...log, members: [...log.members.slice(0, -1), both(second)] } : log;

    test.each(['log_loss', 'brier'] as const)('weights by %s', (loss) => {
      const learned = must(learnWeights(log, { loss }));
      expect(Math.abs(learned.loss / wanted.simplex[loss].loss - 1)).toBeLessThan(1e-12);
      expect(gap(learned.weights, wanted.simplex[loss].weights)).toBeLessThan(1e-9);
    });

    test.each(wanted.logistic)('stacking, C = $c', (expected) => {
      const { model, objective } = must(fitLogisticStack(log, { inverseStrength: expected.c }));
      expect(Math.abs(objective / expected.objective - 1)).toBeLessThan(1e-12);
      expect(gap(model.weights.flat(), expected.coefficients.flat())).toBeLessThan(1e-9);
      expect(gap(model.intercepts, expected.intercepts)).toBeLessThan(1e-9);
    });

    test.each([
      ['log_odds', wanted.plattOnLogOdds],
      ['probability', wanted.plattOnProbability],
    ] as const)('Platt on %s', (input, expected) => {
      const { calibrator } = must(fitCalibrator(forCalibration, member, { method: 'platt', input, minimumRows: 10 }));
      if (calibrator.method !== 'platt') throw new Error('another method');
      calibrator.slopes.forEach((slope, at) => {
        const [own, theirs] = [
          [slope, calibrator.intercepts[at]!],
          [expected.slopes[at]!, expected.intercepts[at]!],
        ];
        expect(gap(own, theirs), `class ${at}`).toBeLessThan(1e-9);
      });
    });

    test('temperature', () => {
      const { calibrator } = must(fitCalibrator(forCalibration, member, { method: 'temperature', minimumRows: 10 }));
      if (calibrator.method !== 'temperature') throw new Error('another method');
      expect(Math.abs(calibrator.temperature / wanted.temperature - 1)).toBeLessThan(1e-9);
    });
  },
);
