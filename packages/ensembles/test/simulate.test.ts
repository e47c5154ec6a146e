import { describe, expect, test } from 'vitest';
import {
  type Configuration,
  fitCalibrator,
  fitLogisticStack,
  fitRidgeStack,
  type MemberLog,
  simulateEnsemble,
} from '../src/index.ts';
import { both, must, readFixture, unpack } from './fixture.ts';

const fixture = readFixture('learning.json');
const exact: { classification: Pick<SimulatedSet, 'name' | 'stack'>[] } = readFixture('exact.json');

function logOf(name: string): MemberLog {
  const set = [...fixture.classification, ...fixture.regression].find((one) => one.name === name);
  return {
    task: set.classes === undefined ? { kind: 'regression' } : { kind: 'classification', classes: set.classes },
    members: set.members.map(unpack),
    outcomes: set.outcomes,
  };
}

interface Expected {
  current: number;
  candidate: number;
  lower: number;
  upper: number;
}
interface SimulatedSet {
  name: string;
  current: number;
  weights: number[];
  mean: Record<string, Expected>;
  vote?: Record<string, Expected>;
  stack: Record<string, Expected>;
}

const weighted = (set: SimulatedSet, method: 'weighted_average' | 'majority_vote'): Configuration => ({
  kind: 'combine',
  settings: { method },
  weights: set.weights,
});

function check(set: SimulatedSet, candidate: Configuration, expected: Record<string, Expected>): void {
  const log = logOf(set.name);
  const current: Configuration = { kind: 'member', member: set.current };
  const { metrics, rows } = must(simulateEnsemble(log, { current, candidate, confidence: 0.9 }));
  expect(rows.used).toBe(log.outcomes.length);
  for (const [name, wanted] of Object.entries(expected)) {
    const compared = metrics.find(({ metric }) => metric === name);
    if (!compared) throw new Error(`no ${name}`);
    const size = Math.max(1, Math.abs(wanted.current));
    expect(Math.abs(compared.current - wanted.current) / size).toBeLessThan(1e-9);
    expect(Math.abs(compared.candidate - wanted.candidate) / size).toBeLessThan(1e-9);
    if (name === 'accuracy' && !compared.difference.ok) {
      expect(compared.difference.reason).toMatch(/constant|too-few-rows/);
      continue;
    }
    const { lower, upper } = must(compared.difference);
    expect(Math.abs(lower - wanted.lower) / size).toBeLessThan(1e-9);
    expect(Math.abs(upper - wanted.upper) / size).toBeLessThan(1e-9);
    const [good, bad] = compared.higherIsBetter ? [lower > 0, upper < 0] : [upper < 0, lower > 0];
    expect(compared.verdict).toBe(good ? 'better' : bad ? 'worse' : 'unclear');
  }
}

describe.each(fixture.simulations as SimulatedSet[])('replaying $name', (set) => {
  test('a weighted mean: losses and paired intervals are those of NumPy', () => {
    check(set, weighted(set, 'weighted_average'), set.mean);
  });

  test('a stack: losses and paired intervals are those of scikit-learn and NumPy', () => {
    const log = logOf(set.name);
    const { model } = log.task.kind === 'regression' ? must(fitRidgeStack(log)) : must(fitLogisticStack(log));
    // scikit-learn's own optimiser leaves the stack right to 1e-7; exact.json goes on from there.
    const wanted = exact.classification.find(({ name }) => name === set.name)?.stack ?? set.stack;
    check(set, { kind: 'stacking', model }, wanted);
  });
});

test('replaying votes: losses and paired intervals are those of NumPy', () => {
  const voted = (fixture.simulations as SimulatedSet[]).filter((set) => set.vote);
  expect(voted.length).toBe(3);
  for (const set of voted) check(set, weighted(set, 'majority_vote'), set.vote ?? {});
});

const SCORES = Array.from({ length: 100 }, (_, row) => ((row * 37) % 101) / 101);
const OUTCOMES = SCORES.map((score, row) => Number(score + ((row * 13) % 7) / 10 > 0.8));
const log: MemberLog = {
  task: { kind: 'classification', classes: 2 },
  members: [
    both(SCORES),
    both(SCORES.map((score) => 1 - score)),
    both(SCORES.map((score, row) => (row < 30 ? Number.NaN : score ** 2))),
  ],
  outcomes: OUTCOMES,
};
const first: Configuration = { kind: 'member', member: 0 };
const second: Configuration = { kind: 'member', member: 1 };

test('a member that was not asked in many rows cannot be judged by the rest', () => {
  const candidate: Configuration = { kind: 'member', member: 2 };
  expect(simulateEnsemble(log, { current: first, candidate })).toEqual({
    ok: false,
    reason: 'missing-member',
    needed: 'answers of every needed member in 90 % of the rows; there are in 70 %: member 2 is missing in 30 of 100',
  });
  const anyway = must(simulateEnsemble(log, { current: first, candidate, minimumCoverage: 0.7 }));
  expect(anyway.rows).toEqual({ used: 70, withoutOutcome: 0, incomplete: 30 });
});

test('a member that no configuration asks for may be missing', () => {
  const candidate: Configuration = { kind: 'combine', settings: { method: 'soft_vote' }, weights: [1, 2, 0] };
  expect(must(simulateEnsemble(log, { current: first, candidate })).rows.used).toBe(100);
});

test('cost is the sum and latency the slowest of the members asked', () => {
  const { cost, latency } = must(
    simulateEnsemble(log, {
      current: first,
      candidate: { kind: 'combine', settings: { method: 'soft_vote' }, weights: [1, 1, 0] },
      costs: [2, 3, 50],
      latencies: [SCORES.map(() => 4), SCORES.map((_, row) => row + 1), SCORES.map(() => Number.NaN)],
    }),
  );
  expect(cost).toEqual({ current: 2, candidate: 5, difference: 3, currentP95: 2, candidateP95: 5 });
  expect(latency).toMatchObject({ current: 4, currentP95: 4, candidateP95: 95 });
  expect(latency?.candidate).toBeCloseTo((4 * 4 + (5050 - 10)) / 100, 12);
});

test('the same configuration twice has nothing to tell apart', () => {
  const { metrics } = must(simulateEnsemble(log, { current: first, candidate: first }));
  expect(metrics.map(({ metric }) => metric)).toEqual(['log_loss', 'brier', 'accuracy', 'auc']);
  for (const { difference, verdict, current, candidate } of metrics) {
    expect(difference).toMatchObject({ ok: false, reason: 'constant' });
    expect(verdict).toBe('unclear');
    expect(current).toBe(candidate);
  }
});

test('the other way round is worse', () => {
  const { metrics } = must(simulateEnsemble(log, { current: first, candidate: second }));
  for (const { verdict } of metrics) expect(verdict).toBe('worse');
  const auc = metrics.find(({ metric }) => metric === 'auc');
  expect((auc?.current ?? 0) + (auc?.candidate ?? 0)).toBeCloseTo(1, 12);
});

test('an abstention counts as wrong, and is counted', () => {
  const settings = { method: 'majority_vote', ties: 'abstain' } as const;
  const candidate: Configuration = { kind: 'combine', settings, weights: [1, 1, 0] };
  const { abstained, metrics } = must(simulateEnsemble(log, { current: first, candidate }));
  const disagree = SCORES.filter((score) => score !== 0.5).length / 100;
  expect(abstained).toEqual({ current: 0, candidate: disagree });
  expect(metrics.find(({ metric }) => metric === 'accuracy')?.candidate).toBe(0);
});

test('calibrators apply to members, and to the answer', () => {
  const { calibrator } = must(fitCalibrator(log, 1, { method: 'platt' }));
  const calibrated: Configuration = { kind: 'member', member: 1, calibrators: [null, calibrator, null] };
  const afterwards: Configuration = { kind: 'member', member: 1, afterwards: calibrator };
  const better = must(simulateEnsemble(log, { current: second, candidate: calibrated }));
  expect(better.metrics.map(({ verdict }) => verdict)).toEqual(['better', 'better', 'better', 'better']);
  const alike = must(simulateEnsemble(log, { current: calibrated, candidate: afterwards }));
  for (const { current, candidate } of alike.metrics) expect(candidate).toBeCloseTo(current, 12);
});
