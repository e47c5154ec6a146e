import { describe, expect, test } from 'vitest';
import type { CombineSettings, Configuration, MemberAnswer, MemberLog, StackModel } from '../src/index.ts';
import * as ensembles from '../src/index.ts';

const NAN = Number.NaN;
const two = { kind: 'classification', classes: 2 } as const;
const numbers = { kind: 'regression' } as const;
const ramp = Array.from({ length: 40 }, (_, row) => row / 40);
const mixed = ramp.map((_, row) => row % 2);
const flat = (scores: readonly number[]) => scores.flatMap((score) => [1 - score, score]);
const log = (scores: readonly number[], outcomes: MemberLog['outcomes'] = mixed): MemberLog => ({
  task: two,
  members: [flat(scores), flat(scores.map((score) => 1 - score))],
  outcomes,
});
const valueLog = (values: readonly number[], outcomes: MemberLog['outcomes']): MemberLog => ({
  task: numbers,
  members: [values],
  outcomes,
});
const good = log(ramp);

type Case = readonly [what: string, call: () => unknown];

/** What no function that learns from a log can use, whatever it learns. */
const unusable = (call: (log: MemberLog) => unknown): Case[] =>
  (
    [
      ['no member', { task: two, members: [], outcomes: mixed }],
      ['no row', log([], [])],
      ['one row', log([0.4], [1])],
      [
        'no outcome known',
        log(
          ramp,
          mixed.map(() => null),
        ),
      ],
      [
        'NaN outcomes',
        log(
          ramp,
          mixed.map(() => NAN),
        ),
      ],
      ['a member that never answered', log(ramp.map(() => NAN))],
      ['an infinite answer', log(ramp.map(() => Number.POSITIVE_INFINITY))],
      ['answers that are no probabilities', log(ramp.map((score) => 5 * score))],
      [
        'an unknown label',
        log(
          ramp,
          mixed.map(() => 2),
        ),
      ],
      [
        'half a label',
        log(
          ramp,
          mixed.map(() => 0.5),
        ),
      ],
      ['other lengths', { ...good, outcomes: [0, 1] }],
      ['one class only in the task', { ...good, task: { kind: 'classification', classes: 1 } }],
    ] as const
  ).map(([what, unusableLog]) => [what, () => call(unusableLog)]);

const member = (probabilities: readonly number[], weight = 1): MemberAnswer => ({ weight, probabilities });
const settings: CombineSettings = { method: 'soft_vote', task: two };
const answers = [member([0.3, 0.7]), member([0.6, 0.4])];
const stack: StackModel = { task: two, members: 2, weights: [[1, -1]], intercepts: [0], fill: [0.5, 0.5] };
const first: Configuration = { kind: 'member', member: 0 };
const second: Configuration = { kind: 'member', member: 1 };
const calibrator = { method: 'platt', classes: 2, input: 'log_odds', slopes: [1], intercepts: [0] } as const;

const UNANSWERABLE: Record<string, Case[]> = {
  combine: [
    ['no member', () => ensembles.combine(settings, [])],
    ['all missing', () => ensembles.combine(settings, [{ weight: 1, missing: true }])],
    ['too few', () => ensembles.combine({ ...settings, minimumMembers: 3 }, answers)],
    ['weights of 0', () => ensembles.combine(settings, [member([0.3, 0.7], 0)])],
    ['a negative weight', () => ensembles.combine(settings, [member([0.3, 0.7], -1)])],
    ['weights beyond numbers', () => ensembles.combine(settings, [member([0, 1], 1e308), member([0, 1], 1e308)])],
    ['NaN', () => ensembles.combine(settings, [member([NAN, 0.7])])],
    ['no probabilities', () => ensembles.combine(settings, [{ weight: 1, labelIndex: 0 }])],
    ['another number of classes', () => ensembles.combine(settings, [member([0.3, 0.3, 0.4])])],
    ['not probabilities', () => ensembles.combine(settings, [member([3, 4])])],
    ['no label', () => ensembles.combine({ ...settings, method: 'majority_vote' }, [{ weight: 1 }])],
    [
      'an unknown label',
      () => ensembles.combine({ ...settings, method: 'majority_vote' }, [{ weight: 1, labelIndex: 2 }]),
    ],
    [
      'classes ruled out',
      () => ensembles.combine({ ...settings, method: 'log_pool' }, [member([0, 1]), member([1, 0])]),
    ],
    [
      'a vote of numbers',
      () => ensembles.combine({ method: 'majority_vote', task: numbers }, [{ weight: 1, value: 2 }]),
    ],
    ['no value', () => ensembles.combine({ method: 'weighted_average', task: numbers }, [{ weight: 1 }])],
    [
      'a NaN value',
      () => ensembles.combine({ method: 'weighted_average', task: numbers }, [{ weight: 1, value: NAN }]),
    ],
    ['no variance', () => ensembles.combine({ method: 'confidence', task: numbers }, [{ weight: 1, value: 1 }])],
    ['no best member', () => ensembles.combine({ ...settings, ties: 'best_member' }, answers)],
  ],
  findSettingsProblem: [
    [
      'one class',
      () => ensembles.findSettingsProblem({ ...settings, task: { kind: 'classification', classes: 1 } }, 2),
    ],
    ['half a minimum', () => ensembles.findSettingsProblem({ ...settings, minimumMembers: 0.5 }, 2)],
    ['an unknown method', () => ensembles.findSettingsProblem({ ...settings, method: 'oracle' as 'soft_vote' }, 2)],
    ['an unknown rule', () => ensembles.findSettingsProblem({ ...settings, ties: 'coin' as 'abstain' }, 2)],
    [
      'a best member that is not there',
      () => ensembles.findSettingsProblem({ ...settings, ties: 'best_member', bestMember: 2 }, 2),
    ],
  ],
  findAnswerProblem: [
    ['NaN', () => ensembles.findAnswerProblem(two, 'soft_vote', member([NAN, NAN]))],
    ['nothing', () => ensembles.findAnswerProblem(two, 'majority_vote', { weight: 1 })],
    ['a NaN weight', () => ensembles.findAnswerProblem(two, 'soft_vote', member([0.3, 0.7], NAN))],
  ],
  stackingWidth: [
    ['no member', () => ensembles.stackingWidth(two, 0)],
    ['no class', () => ensembles.stackingWidth({ kind: 'classification', classes: 0 }, 3)],
  ],
  stackingFeatures: [
    ['no member', () => ensembles.stackingFeatures(two, [])],
    ['a missing member', () => ensembles.stackingFeatures(two, [member([0.3, 0.7]), { weight: 1, missing: true }])],
    ['all missing', () => ensembles.stackingFeatures(two, [{ weight: 1, missing: true }], [0.5])],
    ['NaN', () => ensembles.stackingFeatures(two, [member([NAN, 0.7])])],
    ['a fill of another length', () => ensembles.stackingFeatures(two, answers, [0.5])],
    [
      'a NaN fill',
      () => ensembles.stackingFeatures(two, [{ weight: 1, missing: true }, member([0.3, 0.7])], [NAN, 0.5]),
    ],
  ],
  learnWeights: [
    ...unusable((one) => ensembles.learnWeights(one, { loss: 'log_loss' })),
    ['a loss for numbers', () => ensembles.learnWeights(good, { loss: 'squared_error' })],
    ['a loss that is not convex', () => ensembles.learnWeights(good, { loss: 'error' as 'brier' })],
    [
      'NaN values',
      () =>
        ensembles.learnWeights(
          valueLog(
            ramp.map(() => NAN),
            ramp,
          ),
          { loss: 'squared_error' },
        ),
    ],
    [
      'errors beyond numbers',
      () =>
        ensembles.learnWeights(
          valueLog(
            ramp.map(() => 1e300),
            ramp,
          ),
          { loss: 'squared_error' },
        ),
    ],
  ],
  nonNegativeWeights: [
    ...unusable((one) => ensembles.nonNegativeWeights(one)),
    [
      'answers against the truth',
      () =>
        ensembles.nonNegativeWeights(
          valueLog(
            ramp.map((value) => -value),
            ramp,
          ),
        ),
    ],
  ],
  selectGreedily: [
    ...unusable((one) => ensembles.selectGreedily(one, { loss: 'log_loss' })),
    [
      'errors beyond numbers',
      () =>
        ensembles.selectGreedily(
          valueLog(
            ramp.map(() => 1e300),
            ramp,
          ),
          { loss: 'squared_error' },
        ),
    ],
    ['no round', () => ensembles.selectGreedily(good, { loss: 'log_loss', rounds: 0 })],
    [
      'a budget below every member',
      () => ensembles.selectGreedily(good, { loss: 'log_loss', cost: { values: [5, 6], together: 'sum', budget: 4 } }),
    ],
    [
      'a cost of NaN',
      () => ensembles.selectGreedily(good, { loss: 'log_loss', cost: { values: [NAN, 6], together: 'sum' } }),
    ],
  ],
  fitLogisticStack: [
    ...unusable((one) => ensembles.fitLogisticStack(one)),
    [
      'one class',
      () =>
        ensembles.fitLogisticStack(
          log(
            ramp,
            mixed.map(() => 1),
          ),
        ),
    ],
    ['numbers', () => ensembles.fitLogisticStack(valueLog(ramp, ramp))],
    ['no strength', () => ensembles.fitLogisticStack(good, { inverseStrength: 0 })],
  ],
  fitRidgeStack: [
    ['no row', () => ensembles.fitRidgeStack(valueLog([], []))],
    ['one row', () => ensembles.fitRidgeStack(valueLog([1], [2]))],
    [
      'constant truth',
      () =>
        ensembles.fitRidgeStack(
          valueLog(
            ramp,
            ramp.map(() => 3),
          ),
        ),
    ],
    [
      'NaN values',
      () =>
        ensembles.fitRidgeStack(
          valueLog(
            ramp.map(() => NAN),
            ramp,
          ),
        ),
    ],
    [
      'an infinite outcome',
      () =>
        ensembles.fitRidgeStack(
          valueLog(
            ramp,
            ramp.map(() => Number.POSITIVE_INFINITY),
          ),
        ),
    ],
    [
      'values beyond numbers',
      () =>
        ensembles.fitRidgeStack(
          valueLog(
            ramp.map((value) => value * 1e300),
            ramp,
          ),
        ),
    ],
    ['classes', () => ensembles.fitRidgeStack(good)],
    ['no penalty', () => ensembles.fitRidgeStack(valueLog(ramp, ramp), { penalties: [] })],
  ],
  applyStack: [
    ['nothing', () => ensembles.applyStack(stack, [])],
    ['NaN', () => ensembles.applyStack(stack, [NAN, 0.5])],
    ['a model that does not fit together', () => ensembles.applyStack({ ...stack, intercepts: [] }, [0.5, 0.5])],
    ['a model with a NaN to fill', () => ensembles.applyStack({ ...stack, fill: [NAN, 0.5] }, [0.5, 0.5])],
  ],
  writeStackOnnx: [
    ['NaN weights', () => ensembles.writeStackOnnx({ ...stack, weights: [[NAN, 1]] }, { memberNames: ['a', 'b'] })],
    ['no names', () => ensembles.writeStackOnnx(stack, { memberNames: [] })],
    ['a name twice', () => ensembles.writeStackOnnx(stack, { memberNames: ['a', 'a'] })],
    ['one label', () => ensembles.writeStackOnnx(stack, { memberNames: ['a', 'b'], labels: ['yes'] })],
    [
      'a model that does not fit together',
      () => ensembles.writeStackOnnx({ ...stack, fill: [1] }, { memberNames: ['a', 'b'] }),
    ],
  ],
  fitCalibrator: [
    ...unusable((one) => ensembles.fitCalibrator(one, 0, { method: 'platt' })),
    [
      'one class',
      () =>
        ensembles.fitCalibrator(
          log(
            ramp,
            mixed.map(() => 0),
          ),
          0,
          { method: 'platt' },
        ),
    ],
    ['equal probabilities, Platt', () => ensembles.fitCalibrator(log(ramp.map(() => 0.5)), 0, { method: 'platt' })],
    [
      'equal probabilities, temperature',
      () => ensembles.fitCalibrator(log(ramp.map(() => 0.5)), 0, { method: 'temperature' }),
    ],
    [
      'equal probabilities, isotonic',
      () => ensembles.fitCalibrator(log(ramp.map(() => 0.5)), 0, { method: 'isotonic', minimumRows: 10 }),
    ],
    ['few rows for steps', () => ensembles.fitCalibrator(good, 0, { method: 'isotonic' })],
    ['a member that is not there', () => ensembles.fitCalibrator(good, 2, { method: 'platt' })],
    ['numbers', () => ensembles.fitCalibrator(valueLog(ramp, ramp), 0, { method: 'platt' })],
  ],
  applyCalibrator: [
    ['nothing', () => ensembles.applyCalibrator(calibrator, [])],
    ['NaN', () => ensembles.applyCalibrator(calibrator, [NAN, 1])],
    ['another number of classes', () => ensembles.applyCalibrator(calibrator, [0.2, 0.3, 0.5])],
    ['a calibrator without numbers', () => ensembles.applyCalibrator({ ...calibrator, slopes: [] }, [0.4, 0.6])],
    [
      'an infinite slope',
      () => ensembles.applyCalibrator({ ...calibrator, slopes: [Number.POSITIVE_INFINITY] }, [0.4, 0.6]),
    ],
    ['an unknown input', () => ensembles.applyCalibrator({ ...calibrator, input: 'x' as 'log_odds' }, [0.4, 0.6])],
    ['an unknown method', () => ensembles.applyCalibrator({ ...calibrator, method: 'x' as 'platt' }, [0.4, 0.6])],
    ...[NAN, 0, -1, Number.POSITIVE_INFINITY].map(
      (temperature): Case => [
        `a temperature of ${temperature}`,
        () => ensembles.applyCalibrator({ method: 'temperature', classes: 2, temperature }, [0.4, 0.6]),
      ],
    ),
    [
      'steps with a NaN beside those that are asked',
      () => {
        const fits = [{ x: [0, 0.7, 1], y: [0, 0.7, NAN] }];
        return ensembles.applyCalibrator({ method: 'isotonic', classes: 2, fits }, [0.4, 0.6]);
      },
    ],
    [
      'a calibrator without steps',
      () => ensembles.applyCalibrator({ method: 'isotonic', classes: 2, fits: [] }, [0.4, 0.6]),
    ],
  ],
  calibrateLog: [
    ['no member', () => ensembles.calibrateLog({ ...good, members: [] }, [])],
    ['no calibrators', () => ensembles.calibrateLog(good, [])],
    ['an unknown task', () => ensembles.calibrateLog({ ...good, task: { kind: 'x' as 'regression' } }, [null, null])],
    ['numbers', () => ensembles.calibrateLog(valueLog(ramp, ramp), [null])],
    ['other lengths', () => ensembles.calibrateLog({ ...good, outcomes: [1] }, [null, null])],
    ['not probabilities', () => ensembles.calibrateLog(log(ramp.map((score) => 5 * score)), [calibrator, null])],
  ],
  selectFreshRows: [
    ['no row', () => ensembles.selectFreshRows([], [1])],
    ['no member', () => ensembles.selectFreshRows([1], [])],
    ['NaN', () => ensembles.selectFreshRows([NAN], [1])],
    ['a NaN cutoff', () => ensembles.selectFreshRows([1], [NAN])],
    ['none later', () => ensembles.selectFreshRows([1, 2], [2])],
  ],
  takeRows: [
    ['no row', () => ensembles.takeRows(good, [])],
    ['a row that is not there', () => ensembles.takeRows(good, [40])],
    ['half a row', () => ensembles.takeRows(good, [0.5])],
    ['other lengths', () => ensembles.takeRows({ ...good, members: [[1]] }, [0])],
  ],
  withComplement: [
    ['nothing', () => ensembles.withComplement([])],
    ['not a probability', () => ensembles.withComplement([1.5])],
  ],
  simulateEnsemble: [
    ...unusable((one) => ensembles.simulateEnsemble(one, { current: first, candidate: second })).filter(
      ([what]) => what !== 'no member',
    ),
    ['no member', () => ensembles.simulateEnsemble({ ...good, members: [] }, { current: first, candidate: first })],
    [
      'a few rows',
      () =>
        ensembles.simulateEnsemble(log(ramp.slice(0, 20), mixed.slice(0, 20)), { current: first, candidate: second }),
    ],
    ['no weight', () => simulate({ kind: 'combine', settings: { method: 'soft_vote' }, weights: [0, 0] })],
    ['other weights', () => simulate({ kind: 'combine', settings: { method: 'soft_vote' }, weights: [1] })],
    ['a member that is not there', () => simulate({ kind: 'member', member: 2 })],
    ['a stack of others', () => simulate({ kind: 'stacking', model: { ...stack, members: 3 } })],
    [
      'too few members',
      () => simulate({ kind: 'combine', settings: { method: 'soft_vote', minimumMembers: 2 }, weights: [1, 0] }),
    ],
    ['confidence of 1', () => ensembles.simulateEnsemble(good, { current: first, candidate: second, confidence: 1 })],
    ['a cost of NaN', () => ensembles.simulateEnsemble(good, { current: first, candidate: second, costs: [NAN, 1] })],
    [
      'a NaN latency',
      () =>
        ensembles.simulateEnsemble(good, { current: first, candidate: second, latencies: [ramp, ramp.map(() => NAN)] }),
    ],
  ],
};

function simulate(candidate: Configuration) {
  return ensembles.simulateEnsemble(good, { current: first, candidate });
}

test('every exported function has its row', () => {
  expect(Object.keys(UNANSWERABLE).sort()).toEqual(Object.keys(ensembles).sort());
});

describe.each(Object.entries(UNANSWERABLE))('%s', (_, cases) => {
  test.each(cases)('%s', (_what, call) => {
    const answer = call() as Record<string, unknown>;
    expect(answer.ok).toBe(false);
    expect(typeof answer.reason).toBe('string');
    expect(String(answer.needed).length).toBeGreaterThan(8);
    expect(Object.keys(answer).sort()).toEqual(['needed', 'ok', 'reason']);
  });
});
