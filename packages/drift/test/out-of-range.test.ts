// Settings out of their range, each alone beside good ones: refused, never taken for something else.
import { describe, expect, test } from 'vitest';
import * as drift from '../src/index.ts';
import { mulberry32 } from './cases.ts';

const values = Array.from({ length: 120 }, (_, i) => ((i * 37) % 101) / 10);
const rows = Array.from({ length: 60 }, (_, i) => [((i * 37) % 101) / 10, ((i * 17) % 23) / 3]);
const comparison = drift.compareSamples(
  values,
  values.map((value) => value * 1.1),
);
const random = mulberry32(1);
const built = drift.buildReferenceProfile({
  amount: { kind: 'numeric', values },
  country: { kind: 'categorical', values: values.map((value) => (value < 5 ? 'de' : 'fr')) },
});
if (!built.ok) throw new Error(built.needed);
const { profile } = built;

const NO_NUMBER: unknown[] = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 'x', [], true];
const WHOLE = [...NO_NUMBER, -1, 1.5, 40.5];
const POSITIVE = [...NO_NUMBER, -1, 0];
const SHARE = [...NO_NUMBER, -0.1, 0, 1, 1.5];
const CHOICE = ['x', 'constructor', 'toString', Number.NaN, -1, {}];

type Ask = (settings: never) => { readonly ok: boolean };
const window = () => {
  const created = drift.createDriftWindow(profile);
  if (!created.ok) throw new Error(created.needed);
  created.window.addValues('amount', values);
  return created.window;
};
const sizes = { cells: 5, referenceSize: 100, currentSize: 100 };
const criticalOf = (change: object) => drift.criticalDistance('hellinger', { ...sizes, ...change });
const evidently = (test: string, options: never) =>
  drift.evidentlyDrift({ type: 'numerical', reference: values, current: values, test: test as 'ks' }, options);

const CASES: [name: string, ask: Ask, bad: Record<string, unknown[]>][] = [
  ['kolmogorovSmirnov', (settings) => drift.kolmogorovSmirnov(comparison, settings), { method: CHOICE }],
  ['cramerVonMises', (settings) => drift.cramerVonMises(comparison, settings), { method: CHOICE }],
  ['mannWhitney', (settings) => drift.mannWhitney(comparison, settings), { method: CHOICE, alternative: CHOICE }],
  ['welchT', (settings) => drift.welchT(comparison, settings), { variance: CHOICE }],
  ['wasserstein', (settings) => drift.wasserstein(comparison, settings), { unit: CHOICE }],
  [
    'andersonDarling',
    (settings) => drift.andersonDarling(comparison, { random, ...(settings as object) }),
    { permutations: WHOLE },
  ],
  [
    'populationStabilityIndex',
    (settings) => drift.populationStabilityIndex([5, 6], [7, 8], { zeroRule: settings }),
    { kind: CHOICE },
  ],
  [
    'kullbackLeibler, rows',
    (settings) =>
      drift.kullbackLeibler([5, 6], [7, 8], { zeroRule: { kind: 'add', ...(settings as { rows: number }) } }),
    { rows: [Number.NaN, Number.POSITIVE_INFINITY, -1, 'x'] },
  ],
  [
    'kullbackLeibler, share',
    (settings) =>
      drift.kullbackLeibler([5, 6], [7, 8], { zeroRule: { kind: 'replace', ...(settings as { share: number }) } }),
    { share: SHARE },
  ],
  ['jensenShannon', (settings) => drift.jensenShannon([5, 6], [7, 8], settings), { base: CHOICE }],
  [
    'maximumMeanDiscrepancy',
    (settings) => drift.maximumMeanDiscrepancy(rows, rows, { permutations: 2, random, ...(settings as object) }),
    { permutations: WHOLE, maximumRows: WHOLE, bandwidth: POSITIVE },
  ],
  [
    'domainClassifier',
    (settings) => drift.domainClassifier(rows, rows, { random, ...(settings as object) }),
    { trainingShare: SHARE, ridge: POSITIVE },
  ],
  [
    'fitReconstruction',
    (settings) => drift.fitReconstruction(rows, settings),
    { explainedShare: [...NO_NUMBER, 0, -1] },
  ],
  [
    'buildReferenceProfile',
    (settings) => drift.buildReferenceProfile({ x: { kind: 'numeric', values } }, settings),
    { bins: WHOLE, maximumCategories: WHOLE },
  ],
  [
    'assessDrift',
    (settings) => drift.assessDrift(window(), settings),
    {
      falseAlarmRate: SHARE,
      correction: CHOICE,
      numericRule: CHOICE,
      groups: WHOLE,
      minimumRows: WHOLE,
      designEffect: POSITIVE,
      features: ['amount', 3, true, {}],
    },
  ],
  [
    'assessDrift, minimum effect',
    (settings) => drift.assessDrift(window(), { minimumEffect: settings }),
    Object.fromEntries(
      ['distribution', 'newCategories', 'outOfRange', 'missing'].map((name) => [name, [Number.NaN, -0.1, 1.1, 'x']]),
    ),
  ],
  [
    'criticalDistance',
    (settings) => drift.criticalDistance('hellinger', sizes, settings),
    { falseAlarmRate: SHARE, base: CHOICE },
  ],
  ['criticalDistance, sizes', criticalOf, { cells: [...WHOLE, 1], referenceSize: POSITIVE, currentSize: POSITIVE }],
  [
    'criticalDistance, distance',
    ({ distance }: { distance: 'hellinger' }) => drift.criticalDistance(distance, sizes),
    { distance: CHOICE },
  ],
  [
    'adjustPValues',
    ({ correction }: { correction: 'none' }) => drift.adjustPValues([0.1], correction),
    { correction: CHOICE },
  ],
  [
    'levelForLook',
    ({ rate, look, looks }: { rate?: number; look?: number; looks?: number }) =>
      drift.levelForLook(rate ?? 0.01, { kind: 'horizon', looks: looks ?? 50 }, look ?? 1),
    { rate: SHARE, look: WHOLE, looks: WHOLE },
  ],
  [
    'createAdwin',
    drift.createAdwin,
    { delta: SHARE, clock: WHOLE, maximumBuckets: WHOLE, minimumWindowLength: WHOLE, gracePeriod: WHOLE },
  ],
  ['createDdm', drift.createDdm, { warmStart: WHOLE, warningThreshold: POSITIVE, driftThreshold: POSITIVE }],
  [
    'createEddm',
    drift.createEddm,
    { warmStart: WHOLE, alpha: [Number.NaN, 0, 1.5, 'x'], beta: SHARE.filter((one) => one !== true) },
  ],
  ['createHddmA', drift.createHddmA, { driftConfidence: SHARE, warningConfidence: SHARE }],
  ['createHddmW', drift.createHddmW, { driftConfidence: SHARE, warningConfidence: SHARE, lambda: SHARE }],
  ['createKswin', drift.createKswin, { alpha: SHARE, windowSize: WHOLE, testSize: WHOLE, seed: WHOLE }],
  [
    'createPageHinkley',
    drift.createPageHinkley,
    { minimumValues: WHOLE, delta: [Number.NaN, -1, Number.POSITIVE_INFINITY], threshold: POSITIVE, mode: CHOICE },
  ],
  [
    'createRunLengthDetector',
    (settings) =>
      drift.createRunLengthDetector(values, {
        expectedRunTime: 50,
        simulations: 100,
        threshold: 4,
        random,
        ...(settings as object),
      }),
    { expectedRunTime: POSITIVE, simulations: [...WHOLE, 100.5], threshold: POSITIVE, allowance: POSITIVE },
  ],
  [
    'fitNannyml',
    (settings) => drift.fitNannyml({ type: 'continuous', reference: values }, settings),
    { chunkSize: WHOLE },
  ],
  ...['ks', 'wasserstein', 'psi', 'chisquare'].map((test): (typeof CASES)[number] => [
    `evidentlyDrift, ${test}`,
    (settings) => evidently(test, settings),
    { threshold: [Number.NaN, Number.POSITIVE_INFINITY, -0.1, 'x', []] },
  ]),
];

describe.each(CASES)('%s', (_, ask, settings) => {
  test.each(Object.entries(settings))('%s', (name, bad) => {
    for (const value of bad) {
      expect(ask({ [name]: value } as never), String(value)).toMatchObject({
        ok: false,
        reason: expect.stringMatching(/^[a-z-]+$/),
        needed: expect.stringMatching(/.{3}/),
      });
    }
  });
});

test('profiles that are not as they were built are refused, above all those that went through JSON', () => {
  const [amount, country] = profile.features;
  if (amount?.reference.kind !== 'numeric' || country?.reference.kind !== 'categorical') throw new Error('other kinds');
  const numeric = (change: object) => ({
    ...profile,
    features: [{ ...amount, reference: { ...amount.reference, ...change } }],
  });
  const categorical = (change: object) => ({
    ...profile,
    features: [{ ...country, reference: { ...country.reference, ...change } }],
  });
  const bad: unknown[] = [
    JSON.parse(JSON.stringify(profile)),
    { ...profile, version: 2 },
    { ...profile, features: [amount, amount] },
    { ...profile, features: [{ name: 'amount' }] },
    { ...profile, features: [null] },
    numeric({ kind: 'other' }),
    numeric({ missing: Number.NaN }),
    numeric({ mean: Number.POSITIVE_INFINITY }),
    numeric({ standardDeviation: -1 }),
    numeric({ counts: amount.reference.counts.map(() => Number.POSITIVE_INFINITY) }),
    numeric({ counts: amount.reference.counts.map(() => -1) }),
    numeric({ edges: amount.reference.edges.toReversed() }),
    numeric({ edges: amount.reference.edges.map(() => Number.NaN) }),
    numeric({ representatives: amount.reference.representatives.subarray(1) }),
    categorical({ categories: ['de'] }),
    categorical({ categories: [1, 2] }),
    categorical({ isSplit: 1 }),
  ];
  for (const one of bad) {
    const refused = { ok: false, reason: 'invalid-input' };
    expect(drift.createDriftWindow(one as drift.ReferenceProfile)).toMatchObject(refused);
    expect(drift.encodeProfile(one as drift.ReferenceProfile)).toMatchObject(refused);
    expect(drift.decodeDriftWindow(one as drift.ReferenceProfile, window().toBytes())).toMatchObject(refused);
  }
  expect(drift.createDriftWindow(structuredClone(profile)).ok).toBe(true);
});
