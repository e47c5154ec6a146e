import { describe, expect, test } from 'vitest';
import * as experiments from '../src/index.ts';

// Settings out of their range, each alone beside good ones: refused, never taken for something else.

const NAN = Number.NaN;
const CHOICE: unknown[] = ['x', 'toString', NAN, 1, true, {}, null];
const PROBABILITY: unknown[] = [NAN, -0.1, 1.5, 'x', {}];
const COUNT: unknown[] = [NAN, -1, 0.5, Number.POSITIVE_INFINITY, 'x', {}];
const NUMBER: unknown[] = [NAN, 'x', {}, null];

const mean = { count: 500, mean: 3, variance: 2 };
const pair = { count: 500, meanFirst: 3, meanSecond: 2, varianceFirst: 2, varianceSecond: 1, covariance: 0.4 };
const rate = { successes: 5, count: 20 };
const ramp = Array.from({ length: 400 }, (_, row) => row / 400);
const effect = { estimate: 1, standardError: 0.5 };
const variances = { varianceControl: 1, varianceTreatment: 1 };
const point = { count: 500, estimate: 0.1, lower: 0, upper: 0.2, pValue: 0.05, alpha: 0.05 };
const halves = ramp.map(() => 0.5);
const log = { rewards: ramp, loggedPropensities: halves, targetPropensities: halves };
const goal = { name: 'quality', role: 'goal', betterWhen: 'higher', margin: 0, alpha: 0.05 } as const;

type Ask = (change: never) => { readonly ok: boolean };
const decide = (rule: object, metric: object, of: object, logEValue = 0) =>
  experiments.decideExperiment([{ points: { quality: { ...point, ...of } }, logEValues: { quality: logEValue } }], {
    metrics: [{ ...goal, ...metric }],
    ...rule,
  });
const comparisons: [string, Ask][] = [
  ['compareMeans', (change) => experiments.compareMeans(mean, mean, change)],
  ['compareProportions', (change) => experiments.compareProportions(rate, rate, change)],
  ['compareRatios', (change) => experiments.compareRatios(pair, pair, change)],
  ['compareAdjustedMeans', (change) => experiments.compareAdjustedMeans(pair, pair, change)],
  [
    'compareQuantiles',
    (change) =>
      experiments.compareQuantiles({ values: ramp }, { values: ramp }, { quantile: 0.5, ...(change as object) }),
  ],
];
const points: [string, Ask][] = [
  ['differencePoint, control', (change) => experiments.differencePoint({ ...point, ...(change as object) }, point)],
  ['differencePoint, treatment', (change) => experiments.differencePoint(point, { ...point, ...(change as object) })],
  ['drawSequence', (change) => experiments.drawSequence([{ ...point, ...(change as object) }])],
  ['decideExperiment, point', (change) => decide({}, {}, change)],
];

const CASES: [string, Ask, Record<string, unknown[]>][] = [
  ...comparisons.map(([name, ask]): (typeof CASES)[number] => [
    name,
    ask,
    { alternative: CHOICE.slice(0, -1), scale: CHOICE.slice(0, -1), nullEffect: [NAN, 'x', {}] },
  ]),
  [
    'comparePooledProportions',
    (change) => experiments.comparePooledProportions(rate, { ...rate, successes: 8 }, change),
    { alternative: CHOICE.slice(0, -1) },
  ],
  [
    'sequencePoint',
    (change) => experiments.sequencePoint(effect, 1_000, { mixtureVariance: 0.001, ...(change as object) }),
    { alternative: CHOICE, minimumCount: COUNT },
  ],
  [
    'relativeSequencePoint',
    (change) => experiments.relativeSequencePoint(mean, mean, { mixtureVariance: 0.001, ...(change as object) }),
    { alternative: CHOICE, minimumCount: COUNT },
  ],
  [
    'tuneMixture',
    (change) => experiments.tuneMixture({ horizonCount: 100, ...(change as object) }),
    { alternative: CHOICE },
  ],
  [
    'achievedPower',
    (change) => experiments.achievedPower(1, variances, { countControl: 9, countTreatment: 9 }, change),
    { alternative: ['less', ...CHOICE.slice(0, -1)] },
  ],
  [
    'requiredSampleSize',
    (change) => experiments.requiredSampleSize(1, variances, change),
    { alternative: ['less', ...CHOICE.slice(0, -1)] },
  ],
  [
    'requiredSequentialSampleSize',
    (change) => experiments.requiredSequentialSampleSize(1, variances, change),
    { alternative: ['less', ...CHOICE.slice(0, -1)] },
  ],
  [
    'minimumDetectableEffect',
    (change) => experiments.minimumDetectableEffect(variances, { countControl: 9, countTreatment: 9 }, change),
    { alternative: ['less', ...CHOICE.slice(0, -1)] },
  ],
  ...points.map(([name, ask]): (typeof CASES)[number] => [
    name,
    ask,
    {
      count: COUNT,
      estimate: NUMBER,
      lower: [...NUMBER, 0.3],
      upper: [...NUMBER, -0.1],
      pValue: PROBABILITY,
      alpha: [0, 1, ...PROBABILITY],
    },
  ]),
  [
    'decideExperiment, metric',
    (change) => decide({}, change, {}),
    { role: CHOICE, betterWhen: CHOICE, margin: NUMBER },
  ],
  [
    'decideExperiment, rule',
    (change) => decide(change, {}, {}),
    { goals: CHOICE.slice(0, -1), minimumCount: [NAN, -1] },
  ],
  [
    'decideExperiment, evidence',
    ({ logEValue }: { logEValue: number }) => decide({}, { requiresEvidence: true }, {}, logEValue),
    { logEValue: [NAN] },
  ],
  [
    'evaluatePolicy',
    (change) => experiments.evaluatePolicy(log, { estimator: 'ips', ...(change as object) }),
    {
      estimator: CHOICE,
      minimumEffectiveSample: [NAN, -1, Number.POSITIVE_INFINITY, 'x'],
      maximumWeightShare: PROBABILITY,
      maximumUncoveredShare: PROBABILITY,
    },
  ],
  [
    'reportSupport',
    ({ share }: { share: number }) => experiments.reportSupport({ ...log, uncoveredShares: ramp.map(() => share) }),
    { share: [NAN, -0.1, 1.1] },
  ],
  ['rejectEValues', ({ value }: { value: number }) => experiments.rejectEValues([1, value]), { value: NUMBER }],
];

describe.each(CASES)('%s', (_, ask, settings) => {
  test.each(Object.entries(settings))('%s', (name, bad) => {
    for (const value of bad) {
      expect(ask({ [name]: value } as never), String(value)).toMatchObject({
        ok: false,
        reason: expect.stringMatching(/^[a-z-]+$/),
        needed: expect.stringMatching(/.{8}/),
      });
    }
  });
});
