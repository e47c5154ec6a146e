import { describe, expect, test } from 'vitest';
import {
  applyCalibrator,
  calibrateLog,
  fitCalibrator,
  fitLogisticStack,
  learnWeights,
  type MemberLog,
  nonNegativeWeights,
  selectFreshRows,
  selectGreedily,
  takeRows,
} from '../src/index.ts';
import { both, must, readFixture, unpack } from './fixture.ts';

const set = readFixture('learning.json').classification[0];
const log: MemberLog = {
  task: { kind: 'classification', classes: 2 },
  members: set.members.map(unpack),
  outcomes: set.outcomes,
};
const diabetes = readFixture('learning.json').regression[0];
const values: MemberLog = {
  task: { kind: 'regression' },
  members: diabetes.members.map(unpack),
  outcomes: diabetes.outcomes,
};

describe('weights', () => {
  test('by squared error are better than scaled non-negative least squares', () => {
    const best = must(learnWeights(values, { loss: 'squared_error' }));
    const { weights } = must(nonNegativeWeights(values));
    const errorOf = (mix: readonly number[]) =>
      diabetes.outcomes.reduce((sum: number, truth: number, row: number) => {
        const answer = mix.reduce(
          (total, weight, member) => total + weight * (values.members[member]?.[row] as number),
          0,
        );
        return sum + (answer - truth) ** 2 / diabetes.outcomes.length;
      }, 0);
    expect(best.loss).toBeCloseTo(errorOf(best.weights), 9);
    expect(best.loss).toBeLessThan(errorOf(weights));
    expect(best.loss).toBeLessThan(best.equalLoss);
  });

  test('say which rows were left out', () => {
    const members = log.members.map((answers, member) =>
      Float64Array.from(answers, (value, at) => (member === 1 && at < 8 ? Number.NaN : value)),
    );
    const outcomes = Array.from(log.outcomes, (outcome, row) => (row >= 2 && row < 7 ? null : outcome));
    const { rows } = must(learnWeights({ ...log, members, outcomes }, { loss: 'brier' }));
    expect(rows).toEqual({ used: log.outcomes.length - 7, withoutOutcome: 5, incomplete: 2 });
  });
});

describe('greedy selection', () => {
  const values = [10, 1, 5, 2, 1];

  test('keeps to a budget of latency, and is no worse than the best member within it', () => {
    const free = must(selectGreedily(log, { loss: 'log_loss' }));
    expect(free.order).toContain(0);
    const cost = { values, together: 'max', budget: 5 } as const;
    const within = must(selectGreedily(log, { loss: 'log_loss', cost }));
    expect(within.order).not.toContain(0);
    expect(within.cost).toBeLessThanOrEqual(5);
    expect(within.loss).toBeLessThanOrEqual(Math.min(...within.memberLosses.slice(1)));
    expect(within.loss).toBeGreaterThan(free.loss);
  });

  test('counts a member once, however often it is chosen', () => {
    const cost = { values, together: 'sum', budget: 15 } as const;
    const selected = must(selectGreedily(log, { loss: 'log_loss', cost }));
    const used = selected.weights.flatMap((weight, member) => (weight > 0 ? [member] : []));
    expect(selected.cost).toBe(used.reduce((sum, member) => sum + (values[member] as number), 0));
    expect(selected.cost).toBeLessThanOrEqual(15);
  });

  test('pays for a member only what it is worth', () => {
    const losses = [0, 1e-4, 1e-2, 10].map((price) => {
      const { cost, loss, trajectory, size } = must(
        selectGreedily(log, { loss: 'log_loss', cost: { values, together: 'sum', price } }),
      );
      expect(loss + price * (cost as number)).toBeCloseTo(trajectory[size - 1] as number, 12);
      return { cost: cost as number, loss };
    });
    for (const [at, { cost, loss }] of losses.slice(1).entries()) {
      expect(cost).toBeLessThanOrEqual(losses[at]?.cost as number);
      expect(loss).toBeGreaterThanOrEqual(losses[at]?.loss as number);
    }
    expect(losses.at(-1)?.cost).toBe(1);
  });

  test('prefers among equals the member in use', () => {
    const copies: MemberLog = { ...log, members: [log.members[1], log.members[0], log.members[0]] as Float64Array[] };
    expect(must(selectGreedily(copies, { loss: 'log_loss' })).weights[2]).toBe(0);
  });
});

test('a stronger penalty leaves smaller weights', () => {
  const sizes = [0.01, 1, 100].map((inverseStrength) =>
    Math.hypot(...must(fitLogisticStack(log, { inverseStrength })).model.weights.flat()),
  );
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
});

describe('calibration', () => {
  const honest = both(Float64Array.from({ length: 1200 }, (_, row) => ((row * 7) % 12) / 12 + 1 / 24));
  const outcomes = Array.from({ length: 1200 }, (_, row) => {
    const group = (row * 7) % 12;
    return Number((Math.floor(row / 12) * 0.618) % 1 < group / 12 + 1 / 24);
  });
  const task = { kind: 'classification', classes: 2 } as const;
  const powered = (power: number) =>
    honest.map((one, at) => one ** power / (one ** power + (honest[at ^ 1] as number) ** power));

  test('by temperature undoes a power', () => {
    const temperatureOf = (members: Float64Array) => {
      const { calibrator } = must(fitCalibrator({ task, members: [members], outcomes }, 0, { method: 'temperature' }));
      if (calibrator.method !== 'temperature') throw new Error('another method');
      return calibrator.temperature;
    };
    const base = temperatureOf(honest);
    expect(base).toBeCloseTo(1, 1);
    expect(temperatureOf(powered(3)) / base).toBeCloseTo(3, 8);
    expect(temperatureOf(powered(0.4)) / base).toBeCloseTo(0.4, 8);
  });

  test.each(['platt', 'isotonic'] as const)('by %s leaves honest probabilities nearly as they are', (method) => {
    const { calibrator } = must(fitCalibrator({ task, members: [honest], outcomes }, 0, { method }));
    for (let row = 0; row < 12; row += 1) {
      const before = honest.subarray(2 * row, 2 * row + 2);
      const { probabilities } = must(applyCalibrator(calibrator, before));
      expect(Math.abs((probabilities[1] as number) - (before[1] as number))).toBeLessThan(0.03);
    }
  });

  test('refuses a temperature of 0 or infinity', () => {
    const right = both(outcomes.map((outcome) => (outcome === 1 ? 0.8 : 0.2)));
    const wrong = right.map((one) => 1 - one);
    for (const members of [right, wrong]) {
      const answer = fitCalibrator({ task, members: [members], outcomes }, 0, { method: 'temperature' });
      expect(answer).toMatchObject({ ok: false, reason: 'not-reachable' });
    }
  });

  test('of a log leaves gaps and members without a calibrator as they are', () => {
    const members = [powered(3), powered(3).fill(Number.NaN, 0, 2), honest];
    const { calibrator } = must(fitCalibrator({ task, members, outcomes }, 0, { method: 'temperature' }));
    const { log: calibrated } = must(calibrateLog({ task, members, outcomes }, [calibrator, calibrator, null]));
    const [first, second, third] = calibrated.members as [Float64Array, Float64Array, Float64Array];
    expect(second.slice(0, 2)).toEqual(Float64Array.of(Number.NaN, Number.NaN));
    expect(second.slice(2)).toEqual(first.slice(2));
    expect(third).toEqual(honest);
    const own = must(applyCalibrator(calibrator, (members[0] as Float64Array).subarray(6, 8))).probabilities;
    expect(first.slice(6, 8)).toEqual(own);
  });

  test('by steps asks for a thousand rows', () => {
    const few = { task, members: [honest.subarray(0, 400)], outcomes: outcomes.slice(0, 200) };
    expect(fitCalibrator(few, 0, { method: 'isotonic' })).toMatchObject({ ok: false, reason: 'too-few-rows' });
    expect(fitCalibrator(few, 0, { method: 'isotonic', minimumRows: 200 }).ok).toBe(true);
  });
});

test('fresh rows are later than every cutoff', () => {
  const { rows, cutoff } = must(selectFreshRows([10, 20, 30, 25, 40], [15, 25]));
  expect([rows, cutoff]).toEqual([[2, 4], 25]);
  const small: MemberLog = {
    task: { kind: 'classification', classes: 2 },
    members: [both([0.1, 0.2, 0.3, 0.4, 0.5])],
    outcomes: [0, 1, null, 1, 0],
  };
  const taken = must(takeRows(small, rows)).log;
  expect(Array.from(taken.members[0] as ArrayLike<number>)).toEqual([0.7, 0.3, 0.5, 0.5]);
  expect(taken.outcomes).toEqual([null, 0]);
});
