import { describe, expect, test } from 'vitest';
import * as experiments from '../src/index.ts';

// Walks over every exported function: input that cannot be answered gives a reason and what would be needed, never a
// number. An export without a row here fails.

const NAN = Number.NaN;
const INF = Number.POSITIVE_INFINITY;
const NONE = null as unknown as number;

type Answer = { readonly ok: boolean } | experiments.Failure | undefined;
type Case = [what: string, call: () => Answer];
type Numbers = [what: string, value: number][];

const BAD_NUMBERS: Numbers = [
  ['NaN', NAN],
  ['infinite', INF],
  ['missing', NONE],
];
const BAD_SHARES: Numbers = [
  ['NaN', NAN],
  ['zero', 0],
  ['one', 1],
  ['negative', -0.1],
  ['above one', 1.5],
];
const BAD_VALUES: [string, number[]][] = [
  ['empty', []],
  ['one row', [3]],
  ['all missing', [NONE, NONE, NONE]],
  ['a NaN', [1, NAN, 2]],
  ['an infinity', [1, INF, 2]],
];

const values = (call: (values: number[]) => Answer): Case[] =>
  BAD_VALUES.map(([what, rows]) => [what, () => call(rows)]);
const bad = (name: string, numbers: Numbers, call: (value: number) => Answer): Case[] =>
  numbers.map(([what, value]) => [`${name}: ${what}`, () => call(value)]);
const alphas = (call: (alpha: number) => Answer) => bad('alpha', BAD_SHARES, call);

const mean = (change: Partial<experiments.MeanSummary> = {}) => ({ count: 500, mean: 3, variance: 2, ...change });
const BAD_MEANS: [string, experiments.MeanSummary][] = [
  ['empty', mean({ count: 0 })],
  ['one row', mean({ count: 1 })],
  ['NaN mean', mean({ mean: NAN })],
  ['infinite variance', mean({ variance: INF })],
  ['negative variance', mean({ variance: -1 })],
  ['missing mean', mean({ mean: NONE })],
];
const pair = (change: Partial<experiments.PairSummary> = {}) => ({
  count: 500,
  meanFirst: 3,
  meanSecond: 2,
  varianceFirst: 2,
  varianceSecond: 1,
  covariance: 0.4,
  ...change,
});
const BAD_PAIRS: [string, experiments.PairSummary][] = [
  ['empty', pair({ count: 0 })],
  ['one row', pair({ count: 1 })],
  ['NaN mean', pair({ meanFirst: NAN })],
  ['infinite covariance', pair({ covariance: INF })],
  ['negative variance', pair({ varianceSecond: -1 })],
];
const rate = (successes: number, count: number) => ({ successes, count });
const BAD_RATES: [string, experiments.ProportionSummary][] = [
  ['empty', rate(0, 0)],
  ['NaN', rate(NAN, 10)],
  ['infinite', rate(1, INF)],
  ['more successes than trials', rate(11, 10)],
  ['a fraction', rate(1.5, 10)],
  ['missing', rate(NONE, 10)],
];

/** Both places of a comparison of two arms are tried. */
const arms = <T>(cases: [string, T][], good: T, call: (control: T, treatment: T) => Answer): Case[] =>
  cases.flatMap(([what, one]): Case[] => [
    [`control: ${what}`, () => call(one, good)],
    [`treatment: ${what}`, () => call(good, one)],
  ]);

const ramp = Array.from({ length: 400 }, (_, row) => row / 400);
const same = new Array<number>(400).fill(1);
const effect = { estimate: 1, standardError: 0.5 };
const BAD_EFFECTS: Case[] = [];
const effects = (call: (effect: { estimate: number; standardError: number }) => Answer): Case[] => [
  ...BAD_EFFECTS,
  ['constant: no standard error', () => call({ estimate: 1, standardError: 0 })],
  ...bad('estimate', BAD_NUMBERS, (estimate) => call({ estimate, standardError: 1 })),
  ...bad('standard error', BAD_NUMBERS, (standardError) => call({ estimate: 1, standardError })),
];

const point = (change: Partial<experiments.SequencePoint> = {}): experiments.SequencePoint => ({
  count: 500,
  estimate: 0.1,
  lower: 0,
  upper: 0.2,
  pValue: 0.05,
  alpha: 0.05,
  ...change,
});
const goal = (change: Partial<experiments.DecisionMetric> = {}): experiments.DecisionMetric => ({
  name: 'quality',
  role: 'goal',
  betterWhen: 'higher',
  margin: 0,
  alpha: 0.05,
  ...change,
});
const decide = (points: experiments.DecisionLook['points'], metrics = [goal()], rule = {}) =>
  experiments.decideExperiment([{ points }], { metrics, ...rule });

const variances = { varianceControl: 1, varianceTreatment: 1 };
const counts = { countControl: 100, countTreatment: 100 };
const designs = (
  call: (variances: experiments.OutcomeVariances, options: experiments.DesignOptions) => Answer,
): Case[] => [
  ['constant', () => call({ varianceControl: 0, varianceTreatment: 0 }, {})],
  ...bad('variance', [...BAD_NUMBERS.slice(0, 2), ['negative', -1]], (varianceControl) =>
    call({ ...variances, varianceControl }, {}),
  ),
  ...alphas((alpha) => call(variances, { alpha })),
  ...bad('power', BAD_SHARES, (power) => call(variances, { power })),
];
const BAD_EFFECT_SIZES: Numbers = [...BAD_NUMBERS, ['none', 0]];

const quantileCases = (call: (values: number[], settings: experiments.QuantileSequenceSettings) => Answer): Case[] => [
  ...values((rows) => call(rows, { quantile: 0.9, horizonCount: 100 })),
  ...bad('quantile', BAD_SHARES, (quantile) => call(ramp, { quantile, horizonCount: 100 })),
  ...bad(
    'horizon',
    [
      ['NaN', NAN],
      ['zero', 0],
      ['infinite', INF],
    ],
    (horizonCount) => call(ramp, { quantile: 0.5, horizonCount }),
  ),
  ...alphas((alpha) => call(ramp, { quantile: 0.5, horizonCount: 100, alpha })),
];

const epoch = (shares: number[], counts: number[]) => ({ shares, counts });
const BAD_EPOCHS: [string, experiments.AssignmentEpoch][] = [
  ['empty', epoch([0.5, 0.5], [0, 0])],
  ['no arms', epoch([], [])],
  ['one arm', epoch([1], [100])],
  ['one live arm', epoch([1, 0], [100, 0])],
  ['NaN share', epoch([NAN, 0.5], [100, 100])],
  ['shares that do not sum to 1', epoch([0.5, 0.4], [100, 100])],
  ['negative share', epoch([1.5, -0.5], [100, 100])],
  ['NaN count', epoch([0.5, 0.5], [NAN, 100])],
  ['infinite count', epoch([0.5, 0.5], [INF, 100])],
  ['missing count', epoch([0.5, 0.5], [NONE, 100])],
  ['traffic without a share', epoch([1, 0], [100, 3])],
  ['lengths', epoch([0.5, 0.5], [100])],
];

type Observation = experiments.AdaptiveObservation;
const observation = (change: Partial<Observation> = {}): Observation => ({
  controlPropensity: 0.5,
  treatmentPropensity: 0.5,
  arm: 'control',
  outcome: 1,
  ...change,
});
const BAD_OBSERVATIONS: [string, Observation][] = [
  ['NaN outcome', observation({ outcome: NAN })],
  ['infinite outcome', observation({ outcome: INF })],
  ['missing outcome', observation({ outcome: NONE })],
  ['no propensity', observation({ controlPropensity: 0 })],
  ['NaN propensity', observation({ treatmentPropensity: NAN })],
  ['propensities over 1', observation({ controlPropensity: 0.9 })],
  ['another arm', observation({ arm: 'neither' as 'control' })],
];

/** Opens a process, feeds it, and gives what the last call said. */
const open = <T extends object, P>(
  result: experiments.Result<T>,
  name: keyof T,
  use: (process: P) => Answer,
): Answer => (result.ok ? use(result[name] as P) : result);
const modelX = (
  use: (process: experiments.ModelXProcess) => Answer,
  options: Partial<experiments.ModelXOptions> = {},
) => open(experiments.createModelXProcess({ outcome: 'binary', ...options }), 'process', use);
const aipw = (use: (sequence: experiments.AipwSequence) => Answer, options: Partial<experiments.AipwOptions> = {}) =>
  open(experiments.createAipwSequence({ horizonCount: 1000, ...options }), 'sequence', use);
const feed = (sequence: experiments.AipwSequence, rows: number, outcome: number) => {
  for (let row = 0; row < rows; row += 1)
    sequence.add(observation({ arm: row % 2 ? 'control' : 'treatment', outcome }));
  return sequence.read();
};

const log = (change: Partial<experiments.OffPolicyRows> = {}): experiments.OffPolicyRows => ({
  rewards: ramp,
  loggedPropensities: new Array<number>(400).fill(0.5),
  targetPropensities: new Array<number>(400).fill(0.5),
  ...change,
});
const logs = (call: (rows: experiments.OffPolicyRows) => Answer): Case[] => [
  ['empty', () => call({ rewards: [], loggedPropensities: [], targetPropensities: [] })],
  ['one row', () => call({ rewards: [1], loggedPropensities: [0.5], targetPropensities: [0.5] })],
  ...values((rewards) => call(log({ rewards }))).slice(2),
  ['lengths', () => call(log({ targetPropensities: [0.5] }))],
  ...bad(
    'logged propensity',
    [
      ['NaN', NAN],
      ['zero', 0],
      ['above one', 2],
      ['missing', NONE],
    ],
    (share) => call(log({ loggedPropensities: new Array<number>(400).fill(share) })),
  ),
  ...bad(
    'target propensity',
    [
      ['NaN', NAN],
      ['negative', -0.1],
      ['above one', 2],
    ],
    (share) => call(log({ targetPropensities: new Array<number>(400).fill(share) })),
  ),
  ['no overlap', () => call(log({ targetPropensities: new Array<number>(400).fill(0) }))],
  ['NaN predictions', () => call(log({ predictedValues: new Array<number>(400).fill(NAN) }))],
];
const decision = (change: Partial<experiments.LoggedDecision> = {}): experiments.LoggedDecision => ({
  reward: 1,
  arm: 0,
  logged: [0.5, 0.5],
  target: [0.9, 0.1],
  ...change,
});
const decisions = (change: Partial<experiments.LoggedDecision>) => () =>
  experiments.toOffPolicyRows([decision(), decision(change)]);

const rewardRows = (change: Partial<experiments.RewardRows> = {}) => ({
  rewards: ramp,
  arms: ramp.map((_, row) => row % 2),
  contexts: ramp.map(() => 'all'),
  ...change,
});
const pairs = (onlyChallengerRight: number, onlyChampionRight: number, total = 100) =>
  experiments.comparePairedOutcomes({ pairs: total, onlyChallengerRight, onlyChampionRight });
const saved = { count: NAN } as never;

const UNANSWERABLE: Record<string, Case[]> = {
  achievedPower: [
    ...designs((variance, { alpha = 0.05, power = 0.8 }) =>
      power === 0.8
        ? experiments.achievedPower(1, variance, counts, { alpha })
        : experiments.achievedPower(NAN, variance, counts),
    ),
    ...bad('count', [...BAD_NUMBERS, ['zero', 0]], (countControl) =>
      experiments.achievedPower(1, variances, { ...counts, countControl }),
    ),
  ],
  bernoulliEvidence: [
    ...BAD_RATES.map(
      ([what, { successes, count }]): Case => [
        what,
        () => experiments.bernoulliEvidence(successes, count, 0.5, { horizonCount: 100 }),
      ],
    ),
    ...bad('rate', BAD_SHARES, (p) => experiments.bernoulliEvidence(1, 10, p, { horizonCount: 100 })),
    ...alphas((alpha) => experiments.bernoulliEvidence(1, 10, 0.5, { alpha, horizonCount: 100 })),
    ...bad('horizon', BAD_NUMBERS, (horizonCount) => experiments.bernoulliEvidence(1, 10, 0.5, { horizonCount })),
  ],
  bernoulliInterval: [
    ...BAD_RATES.map(
      ([what, { successes, count }]): Case => [
        what,
        () => experiments.bernoulliInterval(successes, count, { horizonCount: 100 }),
      ],
    ),
    ...alphas((alpha) => experiments.bernoulliInterval(1, 10, { alpha, horizonCount: 100 })),
    ...bad('horizon', BAD_NUMBERS, (horizonCount) => experiments.bernoulliInterval(1, 10, { horizonCount })),
  ],
  boundedMeanSequence: [
    ...values((rows) => experiments.boundedMeanSequence(rows)).filter(([what]) => what !== 'one row'),
    ['outside [0, 1]', () => experiments.boundedMeanSequence([0.5, 1.5])],
    ...alphas((alpha) => experiments.boundedMeanSequence([0.5], { alpha })),
  ],
  compareAdjustedMeans: [
    ...arms(BAD_PAIRS, pair(), experiments.compareAdjustedMeans),
    [
      'constant covariate',
      () =>
        experiments.compareAdjustedMeans(
          pair({ varianceSecond: 0, covariance: 0 }),
          pair({ varianceSecond: 0, covariance: 0 }),
        ),
    ],
    [
      'constant outcome',
      () =>
        experiments.compareAdjustedMeans(
          pair({ varianceFirst: 0, covariance: 0 }),
          pair({ varianceFirst: 0, covariance: 0 }),
        ),
    ],
    ['lift over 0', () => experiments.compareAdjustedMeans(pair({ meanFirst: 0 }), pair(), { scale: 'relative' })],
    ...alphas((alpha) => experiments.compareAdjustedMeans(pair(), pair(), { alpha })),
  ],
  compareDistributionsAnytime: [
    ...arms(BAD_VALUES, ramp, experiments.compareDistributionsAnytime),
    ...alphas((alpha) => experiments.compareDistributionsAnytime(ramp, ramp, { alpha })),
  ],
  compareEffectBayesian: [
    ...effects(experiments.compareEffectBayesian),
    ...bad('prior', [...BAD_NUMBERS, ['zero', 0]], (standardDeviation) =>
      experiments.compareEffectBayesian(effect, { prior: { mean: 0, standardDeviation } }),
    ),
    ...alphas((alpha) => experiments.compareEffectBayesian(effect, { alpha })),
  ],
  compareEventCounts: [
    ['empty', () => experiments.compareEventCounts({ control: 0, treatment: 0 }, 0.5)],
    ...bad('events', [...BAD_NUMBERS, ['negative', -1]], (control) =>
      experiments.compareEventCounts({ control, treatment: 1 }, 0.5),
    ),
    ...bad('traffic share', BAD_SHARES, (share) => experiments.compareEventCounts({ control: 1, treatment: 1 }, share)),
    ...alphas((alpha) => experiments.compareEventCounts({ control: 1, treatment: 1 }, 0.5, { alpha })),
  ],
  compareHistogramQuantilesAnytime: [
    ...(
      [
        ['empty', []],
        ['no values', [0, 0, 0]],
        ['NaN', [1, NAN, 2]],
        ['infinite', [1, INF, 2]],
        ['missing', [1, NONE, 2]],
        ['a fraction', [0.5, 1, 2]],
        ['lengths', [1, 2]],
      ] as [string, number[]][]
    ).map(
      ([what, control]): Case => [
        what,
        () =>
          experiments.compareHistogramQuantilesAnytime(
            { control, treatment: [1, 2, 3] },
            { quantile: 0.5, horizonCount: 100 },
          ),
      ],
    ),
    ...bad('quantile', BAD_SHARES, (quantile) =>
      experiments.compareHistogramQuantilesAnytime(
        { control: [1, 2], treatment: [1, 2] },
        { quantile, horizonCount: 100 },
      ),
    ),
  ],
  compareMeans: [
    ...arms(BAD_MEANS, mean(), experiments.compareMeans),
    ['constant', () => experiments.compareMeans(mean({ variance: 0 }), mean({ variance: 0 }))],
    ['lift over 0', () => experiments.compareMeans(mean({ mean: 0 }), mean(), { scale: 'relative' })],
    ['a spread beyond doubles', () => experiments.compareMeans(mean({ mean: 1e308 }), mean({ mean: -1e308 }))],
    ...bad('null effect', BAD_NUMBERS.slice(0, 2), (nullEffect) =>
      experiments.compareMeans(mean(), mean(), { nullEffect }),
    ),
    ...alphas((alpha) => experiments.compareMeans(mean(), mean(), { alpha })),
  ],
  comparePairedOutcomes: [
    ['empty', () => pairs(0, 0, 0)],
    ['agreement only', () => pairs(0, 0)],
    ['NaN', () => pairs(NAN, 1)],
    ['infinite', () => pairs(1, INF)],
    ['more than all', () => pairs(60, 50)],
    ...alphas((alpha) =>
      experiments.comparePairedOutcomes({ pairs: 9, onlyChallengerRight: 1, onlyChampionRight: 1 }, { alpha }),
    ),
  ],
  comparePooledProportions: [
    ...arms(BAD_RATES, rate(5, 10), experiments.comparePooledProportions),
    ['constant', () => experiments.comparePooledProportions(rate(0, 10), rate(0, 10))],
    ...alphas((alpha) => experiments.comparePooledProportions(rate(5, 10), rate(5, 10), { alpha })),
  ],
  compareProportions: [
    ...arms([...BAD_RATES, ['one row', rate(1, 1)]], rate(5, 10), experiments.compareProportions),
    ['constant', () => experiments.compareProportions(rate(10, 10), rate(10, 10))],
    ['lift over 0', () => experiments.compareProportions(rate(0, 10), rate(5, 10), { scale: 'relative' })],
    ...alphas((alpha) => experiments.compareProportions(rate(5, 10), rate(5, 10), { alpha })),
  ],
  compareProportionsBayesian: [
    ...arms(BAD_RATES, rate(5, 10), experiments.compareProportionsBayesian),
    ...bad('prior', [...BAD_NUMBERS, ['zero', 0]], (successes) =>
      experiments.compareProportionsBayesian(rate(5, 10), rate(5, 10), { prior: { successes, failures: 1 } }),
    ),
  ],
  compareQuantiles: [
    ...arms(BAD_VALUES, ramp, (control, treatment) =>
      experiments.compareQuantiles({ values: control }, { values: treatment }, { quantile: 0.5 }),
    ),
    ['constant', () => experiments.compareQuantiles({ values: same }, { values: same }, { quantile: 0.5 })],
    ...bad('quantile', BAD_SHARES, (quantile) =>
      experiments.compareQuantiles({ values: ramp }, { values: ramp }, { quantile }),
    ),
    ...alphas((alpha) => experiments.compareQuantiles({ values: ramp }, { values: ramp }, { quantile: 0.5, alpha })),
  ],
  compareQuantilesAnytime: [
    ...quantileCases((rows, settings) => experiments.compareQuantilesAnytime(rows, ramp, settings)),
    ...quantileCases((rows, settings) => experiments.compareQuantilesAnytime(ramp, rows, settings)),
  ].filter(([what]) => what !== 'one row'),
  compareRatios: [
    ...arms(BAD_PAIRS, pair(), experiments.compareRatios),
    ['no denominator', () => experiments.compareRatios(pair({ meanSecond: 0 }), pair())],
    [
      'constant',
      () =>
        experiments.compareRatios(
          pair({ varianceFirst: 0, varianceSecond: 0, covariance: 0 }),
          pair({ varianceFirst: 0, varianceSecond: 0, covariance: 0 }),
        ),
    ],
    ...alphas((alpha) => experiments.compareRatios(pair(), pair(), { alpha })),
  ],
  correctPValues: [
    ['empty', () => experiments.correctPValues([], { method: 'holm' })],
    ...bad('p', [...BAD_NUMBERS.slice(0, 2), ['negative', -0.1], ['above one', 1.1]], (p) =>
      experiments.correctPValues([0.5, p], { method: 'holm' }),
    ),
    ['no such method', () => experiments.correctPValues([0.5], { method: 'none' as 'holm' })],
    ...alphas((alpha) => experiments.correctPValues([0.5], { method: 'holm', alpha })),
  ],
  createAipwSequence: [
    ['empty', () => aipw((sequence) => sequence.read())],
    ['one row', () => aipw((sequence) => feed(sequence, 1, 1))],
    ['too few rows', () => aipw((sequence) => feed(sequence, 300, 1))],
    ['constant', () => aipw((sequence) => feed(sequence, 1000, 1))],
    ...BAD_OBSERVATIONS.map(([what, one]): Case => [what, () => aipw((sequence) => sequence.add(one))]),
    ...alphas((alpha) => aipw((sequence) => sequence.read(), { alpha })),
    ...bad('horizon', BAD_NUMBERS, (horizonCount) => aipw((sequence) => sequence.read(), { horizonCount })),
    ['broken state', () => aipw((sequence) => sequence.read(), { saved })],
  ],
  createEmpiricalBernsteinBound: [
    [
      'empty',
      () =>
        open(experiments.createEmpiricalBernsteinBound(), 'bound', (bound: experiments.EmpiricalBernsteinBound) =>
          bound.read(),
        ),
    ],
    ...bad(
      'value',
      [
        ['NaN', NAN],
        ['infinite', INF],
        ['negative', -1],
        ['missing', undefined as unknown as number],
      ],
      (value) =>
        open(experiments.createEmpiricalBernsteinBound(), 'bound', (bound: experiments.EmpiricalBernsteinBound) =>
          bound.add(value),
        ),
    ),
    ...alphas((alpha) => experiments.createEmpiricalBernsteinBound({ alpha })),
    ['broken state', () => experiments.createEmpiricalBernsteinBound({ saved })],
  ],
  createModelXProcess: [
    ['empty', () => modelX((process) => process.read())],
    ...BAD_OBSERVATIONS.map(([what, one]): Case => [what, () => modelX((process) => process.add(one))]),
    ['neither 0 nor 1', () => modelX((process) => process.add(observation({ outcome: 0.5 })))],
    ['latency of 0', () => modelX((process) => process.add(observation({ outcome: 0 })), { outcome: 'log-normal' })],
    ['no such outcome', () => modelX((process) => process.read(), { outcome: 'poisson' as 'binary' })],
    ['NaN memory', () => modelX((process) => process.read(), { memory: NAN })],
    ...alphas((alpha) => modelX((process) => process.read(), { alpha })),
    ['broken state', () => modelX((process) => process.read(), { saved })],
  ],
  createOffPolicySequence: [
    [
      'empty',
      () =>
        open(experiments.createOffPolicySequence(), 'sequence', (sequence: experiments.OffPolicySequence) =>
          sequence.read(),
        ),
    ],
    ...(
      [
        ['NaN reward', { reward: NAN }],
        ['reward above 1', { reward: 2 }],
        ['no logged propensity', { loggedPropensity: 0 }],
        ['NaN logged propensity', { loggedPropensity: NAN }],
        ['target propensity above 1', { targetPropensity: 1.5 }],
        ['NaN target propensity', { targetPropensity: NAN }],
      ] as [string, Partial<experiments.OffPolicyObservation>][]
    ).map(
      ([what, change]): Case => [
        what,
        () =>
          open(experiments.createOffPolicySequence(), 'sequence', (sequence: experiments.OffPolicySequence) =>
            sequence.add({ reward: 1, loggedPropensity: 0.5, targetPropensity: 0.5, ...change }),
          ),
      ],
    ),
    ...alphas((alpha) => experiments.createOffPolicySequence({ alpha })),
    ['broken state', () => experiments.createOffPolicySequence({ saved: { below: saved, above: saved } })],
  ],
  createSampleRatioProcess: [
    [
      'empty',
      () =>
        open(experiments.createSampleRatioProcess(2), 'process', (process: experiments.SampleRatioProcess) =>
          process.read(),
        ),
    ],
    ...BAD_EPOCHS.filter(([what]) => what !== 'empty' && what !== 'one live arm').map(
      ([what, one]): Case => [
        what,
        () =>
          open(experiments.createSampleRatioProcess(2), 'process', (process: experiments.SampleRatioProcess) =>
            process.add(one),
          ),
      ],
    ),
    ...bad('arms', [...BAD_NUMBERS, ['one', 1]], (count) => experiments.createSampleRatioProcess(count)),
    ...alphas((alpha) => experiments.createSampleRatioProcess(2, { alpha })),
    [
      'broken state',
      () => experiments.createSampleRatioProcess(2, { saved: { logEValues: new Array(12).fill(NAN), count: 1 } }),
    ],
    ['state of other arms', () => experiments.createSampleRatioProcess(3, { saved: { logEValues: [0], count: 1 } })],
  ],
  createTwoProportionProcess: [
    [
      'empty',
      () =>
        open(experiments.createTwoProportionProcess(), 'process', (process: experiments.TwoProportionProcess) =>
          process.read(),
        ),
    ],
    [
      'one arm only',
      () =>
        open(experiments.createTwoProportionProcess(), 'process', (process: experiments.TwoProportionProcess) => {
          process.add({ control: rate(1, 5), treatment: rate(0, 0) });
          return process.read();
        }),
    ],
    ...arms(BAD_RATES.slice(1), rate(5, 10), (control, treatment) =>
      open(experiments.createTwoProportionProcess(), 'process', (process: experiments.TwoProportionProcess) =>
        process.add({ control, treatment }),
      ),
    ),
    ...alphas((alpha) => experiments.createTwoProportionProcess({ alpha })),
    ...bad('prior', BAD_NUMBERS, (priorSuccesses) => experiments.createTwoProportionProcess({ priorSuccesses })),
    [
      'broken state',
      () =>
        experiments.createTwoProportionProcess({
          saved: { logEValue: NAN, control: rate(0, 0), treatment: rate(0, 0) },
        }),
    ],
  ],
  crossFitRewardModel: [
    ['empty', () => experiments.crossFitRewardModel({ rewards: [], arms: [], contexts: [] }, { armCount: 2 })],
    ['one row', () => experiments.crossFitRewardModel({ rewards: [1], arms: [0], contexts: ['a'] }, { armCount: 2 })],
    ...values((rewards) => experiments.crossFitRewardModel(rewardRows({ rewards }), { armCount: 2 })).slice(2),
    ['an arm there is not', () => experiments.crossFitRewardModel(rewardRows(), { armCount: 1 })],
    ['NaN arms', () => experiments.crossFitRewardModel(rewardRows({ arms: ramp.map(() => NAN) }), { armCount: 2 })],
    ['lengths', () => experiments.crossFitRewardModel(rewardRows({ contexts: [] }), { armCount: 2 })],
    ['one fold', () => experiments.crossFitRewardModel(rewardRows(), { armCount: 2, folds: 1 })],
    ['NaN shrinkage', () => experiments.crossFitRewardModel(rewardRows(), { armCount: 2, shrinkage: NAN })],
  ],
  decideExperiment: [
    ['empty', () => experiments.decideExperiment([], { metrics: [goal()] })],
    ['no goal', () => decide({}, [goal({ role: 'signal' })])],
    ['NaN ends', () => decide({ quality: point({ lower: NAN }) })],
    ['infinite count', () => decide({ quality: point({ count: INF }) })],
    ['another alpha', () => decide({ quality: point({ alpha: 0.1 }) })],
    ['negative margin', () => decide({}, [goal({ margin: -1 })])],
    ['NaN limit', () => decide({}, [goal({ promoteAbove: NAN })])],
    ['one name twice', () => decide({}, [goal(), goal()])],
    ['overspent alpha', () => decide({}, [goal(), goal({ name: 'speed' })], { goals: 'any' })],
    ...alphas((alpha) => decide({}, [goal({ alpha })])),
  ],
  differencePoint: [
    ['NaN ends', () => experiments.differencePoint(point({ lower: NAN }), point())],
    ['infinite ends', () => experiments.differencePoint(point(), point({ upper: INF }))],
    ['alphas that reach 1', () => experiments.differencePoint(point({ alpha: 0.5 }), point({ alpha: 0.5 }))],
  ],
  distributionRadius: [
    ...bad('count', [...BAD_NUMBERS, ['empty', 0], ['one row', 1], ['below the minimum', 99]], (count) =>
      experiments.distributionRadius(count),
    ),
    ...alphas((alpha) => experiments.distributionRadius(1000, { alpha })),
  ],
  drawSequence: [
    ['empty', () => experiments.drawSequence([])],
    ['NaN', () => experiments.drawSequence([point({ estimate: NAN })])],
    ['falling counts', () => experiments.drawSequence([point(), point({ count: 400 })])],
    ['two alphas', () => experiments.drawSequence([point(), point({ alpha: 0.1 })])],
    [
      'an effect that was not constant',
      () => experiments.drawSequence([point(), point({ lower: 0.3, upper: 0.4 })], { effectIsConstant: true }),
    ],
  ],
  estimateQuantile: [
    ...values((rows) => experiments.estimateQuantile({ values: rows }, { quantile: 0.5 })),
    ['constant', () => experiments.estimateQuantile({ values: same }, { quantile: 0.5 })],
    ['too few for the tail', () => experiments.estimateQuantile({ values: ramp.slice(0, 380) }, { quantile: 0.99 })],
    ['one cluster', () => experiments.estimateQuantile({ values: ramp, clusters: same }, { quantile: 0.5 })],
    ['lengths', () => experiments.estimateQuantile({ values: ramp, clusters: [1] }, { quantile: 0.5 })],
    ...bad('quantile', BAD_SHARES, (quantile) => experiments.estimateQuantile({ values: ramp }, { quantile })),
  ],
  evaluatePolicy: [
    ...logs((rows) => experiments.evaluatePolicy(rows, { estimator: 'ips' })),
    ['constant', () => experiments.evaluatePolicy(log({ rewards: same }), { estimator: 'snips' })],
    ['no predictions', () => experiments.evaluatePolicy(log(), { estimator: 'dr' })],
    [
      'no such estimator',
      () =>
        experiments.evaluatePolicy(log({ predictedValues: ramp, predictedRewards: ramp }), {
          estimator: 'magic' as 'ips',
        }),
    ],
    ['λ of 0', () => experiments.evaluatePolicy(log(), { estimator: 'ips', lambda: 0 })],
    ...alphas((alpha) => experiments.evaluatePolicy(log(), { estimator: 'ips', alpha })),
  ],
  eventCountPoint: [
    ['empty', () => experiments.eventCountPoint({ control: 0, treatment: 0 }, 0.5)],
    ...bad('events', [...BAD_NUMBERS, ['negative', -1]], (control) =>
      experiments.eventCountPoint({ control, treatment: 1 }, 0.5),
    ),
    ...bad('traffic share', BAD_SHARES, (share) => experiments.eventCountPoint({ control: 1, treatment: 1 }, share)),
    ...alphas((alpha) => experiments.eventCountPoint({ control: 1, treatment: 1 }, 0.5, { alpha })),
  ],
  experimentDuration: [
    ...bad('units', [...BAD_NUMBERS, ['none', 0]], (count) =>
      experiments.experimentDuration(count, { unitsPerDay: 10 }),
    ),
    ...bad('traffic', [...BAD_NUMBERS, ['none', 0]], (unitsPerDay) =>
      experiments.experimentDuration(100, { unitsPerDay }),
    ),
    ...bad(
      'share',
      [
        ['NaN', NAN],
        ['none', 0],
        ['above one', 2],
      ],
      (includedShare) => experiments.experimentDuration(100, { unitsPerDay: 10, includedShare }),
    ),
  ],
  histogramQuantilePoint: [
    ...(
      [
        ['empty', []],
        ['no values', [0, 0, 0]],
        ['one row', [0, 1, 0]],
        ['NaN', [1, NAN, 2]],
        ['infinite', [1, INF, 2]],
        ['missing', [1, NONE, 2]],
        ['lengths', [100, 200]],
        ['all in the open bin', [0, 0, 500]],
      ] as [string, number[]][]
    ).map(
      ([what, control]): Case => [
        what,
        () =>
          experiments.histogramQuantilePoint({ control, treatment: [100, 200, 300] }, [0, 1, 2, INF], {
            quantile: 0.5,
            horizonCount: 100,
          }),
      ],
    ),
    ...(
      [
        ['edges that fall', [0, 2, 1, 3]],
        ['NaN edge', [0, NAN, 2, 3]],
        ['too few edges', [0, 1, 2]],
      ] as [string, number[]][]
    ).map(
      ([what, edges]): Case => [
        what,
        () =>
          experiments.histogramQuantilePoint({ control: [100, 200, 300], treatment: [100, 200, 300] }, edges, {
            quantile: 0.5,
            horizonCount: 100,
          }),
      ],
    ),
    ...bad('quantile', BAD_SHARES, (quantile) =>
      experiments.histogramQuantilePoint({ control: [100, 200], treatment: [100, 200] }, [0, 1, 2], {
        quantile,
        horizonCount: 100,
      }),
    ),
  ],
  mergePairSummaries: arms(BAD_PAIRS, pair(), experiments.mergePairSummaries),
  mergeSummaries: arms(BAD_MEANS, mean(), experiments.mergeSummaries),
  minimumDetectableEffect: [
    ...designs((variance, options) => experiments.minimumDetectableEffect(variance, counts, options)),
    ...bad('count', [...BAD_NUMBERS, ['zero', 0]], (countControl) =>
      experiments.minimumDetectableEffect(variances, { ...counts, countControl }),
    ),
    ...bad(
      'power that chance alone reaches',
      [
        ['below', 0.01],
        ['equal', 0.025],
      ],
      (power) => experiments.minimumDetectableEffect(variances, counts, { power }),
    ),
  ],
  modelXLogFactor: [
    ['empty', () => experiments.modelXLogFactor([], [], 0)],
    ['NaN density', () => experiments.modelXLogFactor([NAN, 1], [0.5, 0.5], 0)],
    ['infinite density', () => experiments.modelXLogFactor([INF, 1], [0.5, 0.5], 0)],
    ['propensities that do not sum to 1', () => experiments.modelXLogFactor([1, 1], [0.5, 0.4], 0)],
    ['NaN propensity', () => experiments.modelXLogFactor([1, 1], [NAN, 0.5], 0)],
    ['an arm without a propensity', () => experiments.modelXLogFactor([1, 1], [1, 0], 1)],
    ['no such arm', () => experiments.modelXLogFactor([1, 1], [0.5, 0.5], 2)],
    ['an outcome that cannot happen', () => experiments.modelXLogFactor([0, 0], [0.5, 0.5], 0)],
    ['lengths', () => experiments.modelXLogFactor([1], [0.5, 0.5], 0)],
  ],
  newcombeInterval: [
    ...arms(BAD_RATES, rate(5, 10), experiments.newcombeInterval),
    ...alphas((alpha) => experiments.newcombeInterval(rate(5, 10), rate(5, 10), { alpha })),
  ],
  quantileInterval: [
    ...quantileCases(experiments.quantileInterval),
    ['too few for the tail', () => experiments.quantileInterval(ramp, { quantile: 0.999, horizonCount: 100 })],
  ],
  quantileSequencePoint: [
    ...quantileCases((rows, settings) => experiments.quantileSequencePoint(rows, ramp, settings)),
    ...quantileCases((rows, settings) => experiments.quantileSequencePoint(ramp, rows, settings)),
  ],
  rejectEValues: [
    ['empty', () => experiments.rejectEValues([])],
    ['NaN', () => experiments.rejectEValues([1, NAN])],
    ...alphas((alpha) => experiments.rejectEValues([1], { alpha })),
  ],
  relativeSequencePoint: [
    ...arms(BAD_MEANS, mean(), (control, treatment) =>
      experiments.relativeSequencePoint(control, treatment, { mixtureVariance: 0.001 }),
    ),
    [
      'constant',
      () => experiments.relativeSequencePoint(mean({ variance: 0 }), mean({ variance: 0 }), { mixtureVariance: 0.001 }),
    ],
    ['lift over 0', () => experiments.relativeSequencePoint(mean({ mean: 0 }), mean(), { mixtureVariance: 0.001 })],
    [
      'a control not told from 0',
      () => experiments.relativeSequencePoint(mean({ mean: 0.1 }), mean(), { mixtureVariance: 0.001 }),
    ],
    [
      'too few rows',
      () => experiments.relativeSequencePoint(mean({ count: 90 }), mean({ count: 90 }), { mixtureVariance: 0.001 }),
    ],
    ...bad('mixture', [...BAD_NUMBERS, ['zero', 0]], (mixtureVariance) =>
      experiments.relativeSequencePoint(mean(), mean(), { mixtureVariance }),
    ),
  ],
  reportSupport: logs(experiments.reportSupport),
  requiredSampleSize: [
    ...designs((variance, options) => experiments.requiredSampleSize(1, variance, options)),
    ...bad('effect', BAD_EFFECT_SIZES, (size) => experiments.requiredSampleSize(size, variances)),
    ...bad('share', BAD_SHARES, (treatmentShare) => experiments.requiredSampleSize(1, variances, { treatmentShare })),
    ['an effect too small to plan for', () => experiments.requiredSampleSize(1e-200, variances)],
  ],
  requiredSequentialSampleSize: [
    ...designs((variance, options) => experiments.requiredSequentialSampleSize(1, variance, options)),
    ...bad('effect', BAD_EFFECT_SIZES, (size) => experiments.requiredSequentialSampleSize(size, variances)),
  ],
  sampleRatioEvidence: [
    ...BAD_EPOCHS.map(([what, one]): Case => [what, () => experiments.sampleRatioEvidence(one)]),
    ...alphas((alpha) => experiments.sampleRatioEvidence(epoch([0.5, 0.5], [5, 5]), { alpha })),
    ...bad('concentration', BAD_NUMBERS, (concentration) =>
      experiments.sampleRatioEvidence(epoch([0.5, 0.5], [5, 5]), { concentration }),
    ),
  ],
  sequencePoint: [
    ...effects((one) => experiments.sequencePoint(one, 1000, { mixtureVariance: 0.001 })),
    ...bad('count', [...BAD_NUMBERS, ['empty', 0], ['one row', 1], ['below the minimum', 199]], (count) =>
      experiments.sequencePoint(effect, count, { mixtureVariance: 0.001 }),
    ),
    ...bad('mixture', [...BAD_NUMBERS, ['zero', 0]], (mixtureVariance) =>
      experiments.sequencePoint(effect, 1000, { mixtureVariance }),
    ),
    ...alphas((alpha) => experiments.sequencePoint(effect, 1000, { mixtureVariance: 0.001, alpha })),
  ],
  summarisePairs: [
    ...values((rows) => experiments.summarisePairs(rows, rows)),
    ['lengths', () => experiments.summarisePairs([1, 2], [1])],
  ],
  summarisePairSums: (
    [
      ['empty', { count: 0 }],
      ['one row', { count: 1 }],
      ['NaN', { sumFirst: NAN }],
      ['infinite', { sumOfProducts: INF }],
      ['negative squares', { sumOfSquaresFirst: -1 }],
      ['missing', { sumSecond: NONE }],
    ] as [string, Partial<experiments.PairSums>][]
  ).map(
    ([what, change]): Case => [
      what,
      () =>
        experiments.summarisePairSums({
          count: 9,
          sumFirst: 1,
          sumSecond: 1,
          sumOfSquaresFirst: 1,
          sumOfSquaresSecond: 1,
          sumOfProducts: 1,
          ...change,
        }),
    ],
  ),
  summariseProportion: [...BAD_RATES, ['one row', rate(1, 1)] as [string, experiments.ProportionSummary]].map(
    ([what, one]): Case => [what, () => experiments.summariseProportion(one)],
  ),
  summariseRatio: [
    ...BAD_PAIRS.map(([what, one]): Case => [what, () => experiments.summariseRatio(one)]),
    ['no denominator', () => experiments.summariseRatio(pair({ meanSecond: 0 }))],
  ],
  summariseSums: (
    [
      ['empty', { count: 0 }],
      ['one row', { count: 1 }],
      ['NaN', { sum: NAN }],
      ['infinite', { sumOfSquares: INF }],
      ['negative squares', { sumOfSquares: -1 }],
      ['missing', { sum: NONE }],
    ] as [string, Partial<experiments.MeanSums>][]
  ).map(
    ([what, change]): Case => [what, () => experiments.summariseSums({ count: 9, sum: 1, sumOfSquares: 1, ...change })],
  ),
  summariseValues: [
    ...values((rows) => experiments.summariseValues(rows)),
    ['values whose variance is beyond doubles', () => experiments.summariseValues([1e300, -1e300])],
  ],
  testSampleRatio: [
    ['no epochs', () => experiments.testSampleRatio([])],
    ...BAD_EPOCHS.map(([what, one]): Case => [what, () => experiments.testSampleRatio([one])]),
    ['too few units', () => experiments.testSampleRatio([epoch([0.5, 0.5], [4, 4])])],
    ['no randomness', () => experiments.testSampleRatio([epoch([1, 0], [10, 0]), epoch([0, 1], [0, 10])])],
    [
      'another number of arms',
      () => experiments.testSampleRatio([epoch([0.5, 0.5], [9, 9]), epoch([1, 0, 0], [9, 0, 0])]),
    ],
    ...alphas((alpha) => experiments.testSampleRatio([epoch([0.5, 0.5], [9, 9])], { alpha })),
  ],
  toOffPolicyRows: [
    ['empty', () => experiments.toOffPolicyRows([])],
    ['one row', () => experiments.toOffPolicyRows([decision()])],
    ['NaN reward', decisions({ reward: NAN })],
    ['missing reward', decisions({ reward: NONE })],
    ['NaN propensity', decisions({ logged: [NAN, 0.5] })],
    ['propensities that do not sum to 1', decisions({ logged: [0.5, 0.4] })],
    ['target that does not sum to 1', decisions({ target: [0.5, 0.4] })],
    ['an arm the log could not choose', decisions({ logged: [0, 1] })],
    ['no such arm', decisions({ arm: 2 })],
    ['lengths', decisions({ target: [1] })],
    ['predictions for some', decisions({ predicted: [0.5, 0.5] })],
  ],
  tuneMixture: [
    ...alphas((alpha) => experiments.tuneMixture({ alpha, horizonCount: 100 })),
    ...bad('horizon', [...BAD_NUMBERS, ['zero', 0]], (horizonCount) => experiments.tuneMixture({ horizonCount })),
    ['one-sided at 0.5', () => experiments.tuneMixture({ alpha: 0.5, horizonCount: 100, alternative: 'greater' })],
  ],
};

test('every exported function has its row', () => {
  expect(Object.keys(UNANSWERABLE).sort()).toEqual(Object.keys(experiments).sort());
});

describe.each(Object.entries(UNANSWERABLE))('%s', (_, cases) => {
  test.each(cases)('%s', (_, call) => {
    const answer = call() as unknown as Record<string, unknown>;
    expect(answer?.ok).toBe(false);
    expect(typeof answer.reason).toBe('string');
    expect(String(answer.needed).length).toBeGreaterThan(8);
    // Nothing beside the reason but, for a log that cannot tell, the report that shows why.
    expect(
      Object.keys(answer)
        .filter((key) => key !== 'support')
        .sort(),
    ).toEqual(['needed', 'ok', 'reason']);
  });
});
