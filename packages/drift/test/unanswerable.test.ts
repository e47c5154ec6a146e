// Walks over every export: what cannot be answered gives a reason and what is needed, never a number.
import { describe, expect, test } from 'vitest';
import * as drift from '../src/index.ts';
import { mulberry32 } from './cases.ts';

const good = Float64Array.from({ length: 200 }, (_, i) => ((i * 37) % 101) / 10);
const labels = Array.from(good, (value) => (value < 5 ? 'low' : 'high'));
const rows = Array.from({ length: 60 }, (_, i) => [((i * 37) % 101) / 10, ((i * 17) % 23) / 3]);

/** Samples that hold no answer to a question about distributions. */
const samples: Record<string, readonly number[]> = {
  empty: [],
  'one row': [1],
  'all missing': [Number.NaN, Number.NaN, Number.NaN],
  'a NaN': [1, 2, Number.NaN, 4, 5],
  infinite: [1, 2, Number.POSITIVE_INFINITY, 4],
  undefined: undefined as unknown as number[],
};
const constant = new Array<number>(60).fill(3);
const counts: Record<string, readonly number[]> = {
  empty: [],
  'one category': [5],
  'no rows': [0, 0, 0],
  'one row': [1, 0, 0],
  negative: [-1, 4, 2],
  fractions: [0.5, 1.5, 2],
  'a NaN': [Number.NaN, 3, 2],
  'another length': [1, 2, 3, 4],
  undefined: undefined as unknown as number[],
};
const matrices: Record<string, number[][]> = {
  empty: [],
  'one row': [[1, 2]],
  'no columns': [[], [], []],
  ragged: [[1, 2], [3], [4, 5]],
  'a NaN': rows.map((row, i) => (i === 5 ? [Number.NaN, 1] : row)),
  infinite: rows.map((row, i) => (i === 5 ? [1, Number.NEGATIVE_INFINITY] : row)),
  undefined: undefined as unknown as number[][],
};
const random = (): number => 0.5;

type Attempt = readonly [label: string, answer: unknown];

/** Every combination of one bad side with a good one, and bad with bad. */
function onSamples(ask: (reference: readonly number[], current: readonly number[]) => unknown): Attempt[] {
  return Object.entries(samples).flatMap(([label, bad]): Attempt[] => [
    [`${label} reference`, ask(bad, [...good])],
    [`${label} current`, ask([...good], bad)],
    [`${label} both`, ask(bad, bad)],
  ]);
}

function onComparisons(ask: (comparison: drift.Comparison) => unknown): Attempt[] {
  return [
    ...onSamples((a, b) => ask(drift.compareSamples(a, b))),
    ['bad counts', ask(drift.compareCounts([1, 2], [0, 0], [3, 4]))],
    ['unordered bins', ask(drift.compareCounts([2, 1], [3, 4], [3, 4]))],
  ];
}

function onCounts(ask: (reference: readonly number[], current: readonly number[]) => unknown): Attempt[] {
  return Object.entries(counts).flatMap(([label, bad]): Attempt[] => [
    [`${label} reference`, ask(bad, [5, 6, 7])],
    [`${label} current`, ask([5, 6, 7], bad)],
  ]);
}

function onMatrices(ask: (reference: number[][], current: number[][]) => unknown): Attempt[] {
  return Object.entries(matrices).flatMap(([label, bad]): Attempt[] => [
    [`${label} reference`, ask(bad, rows)],
    [`${label} current`, ask(rows, bad)],
  ]);
}

function profileOf(values: readonly (number | null)[]): unknown {
  return drift.buildReferenceProfile({ x: { kind: 'numeric', values } });
}

function detectorAttempts(created: drift.Answer<{ detector: { update(value: number): unknown } }>): Attempt[] {
  if (!created.ok) throw new Error(created.needed);
  const bad = [Number.NaN, Number.POSITIVE_INFINITY, undefined as unknown as number, 'x' as unknown as number];
  return bad.map((value) => [`update ${String(value)}`, created.detector.update(value)]);
}

function exampleWindow(): drift.DriftWindow {
  const built = drift.buildReferenceProfile({ x: { kind: 'numeric', values: good } });
  const created = built.ok ? drift.createDriftWindow(built.profile) : built;
  if (!created.ok) throw new Error(created.needed);
  return created.window;
}

const nothing = undefined as never;
const bothConstant = (): drift.Comparison => drift.compareSamples(constant, constant);
const half = { yes: 0, no: 0 };

const refusals: Record<string, () => Attempt[]> = {
  compareSamples: () => onSamples(drift.compareSamples),
  compareCounts: () => [
    ...onCounts((a, b) => drift.compareCounts([1, 2, 3], a, b)),
    ['missing values', drift.compareCounts([1, Number.NaN, 3], [1, 2, 3], [1, 2, 3])],
  ],
  kolmogorovSmirnov: () => onComparisons((c) => drift.kolmogorovSmirnov(c)),
  cramerVonMises: () => onComparisons((c) => drift.cramerVonMises(c)),
  andersonDarling: () => [
    ...onComparisons((c) => drift.andersonDarling(c)),
    ['constants', drift.andersonDarling(bothConstant())],
  ],
  mannWhitney: () => [...onComparisons((c) => drift.mannWhitney(c)), ['constants', drift.mannWhitney(bothConstant())]],
  welchT: () => [...onComparisons((c) => drift.welchT(c)), ['constants', drift.welchT(bothConstant())]],
  wasserstein: () => [
    ...onComparisons((c) => drift.wasserstein(c)),
    ['constant unit', drift.wasserstein(drift.compareSamples(constant, [...good]), { unit: 'reference-deviation' })],
  ],
  energyDistance: () => onComparisons((c) => drift.energyDistance(c)),
  eppsSingleton: () => [...onSamples(drift.eppsSingleton), ['constants', drift.eppsSingleton(constant, constant)]],
  chiSquareHomogeneity: () => [
    ...onCounts(drift.chiSquareHomogeneity),
    ['one category', drift.chiSquareHomogeneity([5], [6])],
  ],
  gTest: () => [...onCounts(drift.gTest), ['one category', drift.gTest([5, 0], [6, 0])]],
  fisherExact: () => [
    ['empty', drift.fisherExact(half, { yes: 1, no: 2 })],
    ['one class only', drift.fisherExact({ yes: 3, no: 0 }, { yes: 4, no: 0 })],
    ['NaN', drift.fisherExact({ yes: Number.NaN, no: 1 }, { yes: 1, no: 2 })],
    ['undefined', drift.fisherExact(nothing, nothing)],
  ],
  populationStabilityIndex: () => [
    ...onCounts(drift.populationStabilityIndex),
    ['no overlap', drift.populationStabilityIndex([5, 0], [0, 5], { zeroRule: { kind: 'refuse' } })],
  ],
  kullbackLeibler: () => onCounts(drift.kullbackLeibler),
  jensenShannon: () => onCounts(drift.jensenShannon),
  hellinger: () => onCounts(drift.hellinger),
  totalVariation: () => onCounts(drift.totalVariation),
  largestShareDifference: () => onCounts(drift.largestShareDifference),
  maximumMeanDiscrepancy: () => [
    ...onMatrices((a, b) => drift.maximumMeanDiscrepancy(a, b, { random })),
    ['constants', drift.maximumMeanDiscrepancy([[1], [1], [1]], [[1], [1]], { random })],
    ['no random source', drift.maximumMeanDiscrepancy(rows, rows, nothing)],
  ],
  domainClassifier: () => [
    ...onMatrices((a, b) => drift.domainClassifier(a, b, { random })),
    [
      'constants',
      drift.domainClassifier(
        rows.map(() => [1, 1]),
        rows.map(() => [1, 1]),
        { random },
      ),
    ],
    ['few rows', drift.domainClassifier(rows.slice(0, 10), rows, { random })],
  ],
  fitReconstruction: () => [
    ...Object.entries(matrices).map(([label, bad]): Attempt => [label, drift.fitReconstruction(bad)]),
    ['constants', drift.fitReconstruction(rows.map(() => [1, 1]))],
  ],
  reconstructionError: () => {
    const fit = drift.fitReconstruction(rows);
    if (!fit.ok) throw new Error(fit.needed);
    return [
      ...Object.entries(matrices).map(([label, bad]): Attempt => [label, drift.reconstructionError(fit.model, bad)]),
      ['no model', drift.reconstructionError(nothing, rows)],
    ];
  },
  encodeByReferenceShare: () => [
    ['empty', drift.encodeByReferenceShare([], ['a'])],
    ['undefined', drift.encodeByReferenceShare(nothing, nothing)],
  ],
  evidentlyDrift: () => [
    ...onSamples((reference, current) => {
      const clean = (values: readonly number[]): readonly number[] => (values?.length > 3 ? [] : values);
      const swap = (values: readonly number[]): readonly number[] => (values?.length === 200 ? values : clean(values));
      return drift.evidentlyDrift({ type: 'numerical', reference: swap(reference), current: swap(current) });
    }),
    ['constants', drift.evidentlyDrift({ type: 'numerical', reference: constant, current: constant, test: 't_test' })],
    ['undefined', drift.evidentlyDrift(nothing)],
  ],
  fitNannyml: () => [
    ['empty', drift.fitNannyml({ type: 'continuous', reference: [] })],
    ['one row', drift.fitNannyml({ type: 'continuous', reference: [1] })],
    ['all missing', drift.fitNannyml({ type: 'continuous', reference: new Array<null>(30).fill(null) })],
    ['infinite', drift.fitNannyml({ type: 'continuous', reference: [...good, Number.POSITIVE_INFINITY] })],
    ['no categories', drift.fitNannyml({ type: 'categorical', reference: new Array<null>(30).fill(null) })],
    ['undefined', drift.fitNannyml(nothing)],
  ],
  buildReferenceProfile: () => [
    ...Object.entries(samples)
      .filter(([label]) => label !== 'undefined')
      .map(([label, bad]): Attempt => [label, profileOf(bad)]),
    ['no columns', drift.buildReferenceProfile({})],
    ['undefined', drift.buildReferenceProfile(nothing)],
    ['few categories', drift.buildReferenceProfile({ x: { kind: 'categorical', values: ['a', null, 'b'] } })],
  ],
  encodeProfile: () => [['undefined', drift.encodeProfile(nothing)]],
  decodeProfile: () => [
    ['empty', drift.decodeProfile(new Uint8Array())],
    ['noise', drift.decodeProfile(Uint8Array.of(80, 1, 9, 200, 3, 4))],
    ['undefined', drift.decodeProfile(nothing)],
  ],
  createDriftWindow: () => [['undefined', drift.createDriftWindow(nothing)]],
  decodeDriftWindow: () => [
    ['empty', drift.decodeDriftWindow(exampleWindow().profile, new Uint8Array())],
    ['undefined', drift.decodeDriftWindow(nothing, nothing)],
  ],
  assessDrift: () => [
    ['empty window', drift.assessDrift(exampleWindow())],
    ['undefined', drift.assessDrift(nothing)],
    ['unknown feature', drift.assessDrift(exampleWindow(), { features: ['nope'] })],
    ['impossible rate', drift.assessDrift(exampleWindow(), { falseAlarmRate: 0 })],
  ],
  criticalDistance: () => [
    ['one cell', drift.criticalDistance('hellinger', { cells: 1, referenceSize: 100, currentSize: 100 })],
    ['no rows', drift.criticalDistance('kolmogorov-smirnov', { cells: 5, referenceSize: 0, currentSize: 100 })],
    ['undefined', drift.criticalDistance(nothing, nothing)],
  ],
  adjustPValues: () => [
    ['empty', drift.adjustPValues([])],
    ['NaN', drift.adjustPValues([0.1, Number.NaN])],
    ['undefined', drift.adjustPValues(nothing)],
  ],
  levelForLook: () => [
    ['look zero', drift.levelForLook(0.01, { kind: 'unlimited' }, 0)],
    ['NaN rate', drift.levelForLook(Number.NaN, { kind: 'unlimited' }, 1)],
    ['undefined', drift.levelForLook(0.01, nothing, 1)],
  ],
  createAdwin: () => [['delta', drift.createAdwin({ delta: 2 })], ...detectorAttempts(drift.createAdwin())],
  createDdm: () => [['threshold', drift.createDdm({ driftThreshold: -1 })], ...detectorAttempts(drift.createDdm())],
  createEddm: () => [['order', drift.createEddm({ alpha: 0.5, beta: 0.9 })], ...detectorAttempts(drift.createEddm())],
  createHddmA: () => [
    ['confidence', drift.createHddmA({ driftConfidence: 0 })],
    ...detectorAttempts(drift.createHddmA()),
  ],
  createHddmW: () => [['lambda', drift.createHddmW({ lambda: 1 })], ...detectorAttempts(drift.createHddmW())],
  createKswin: () => [['sizes', drift.createKswin({ testSize: 90 })], ...detectorAttempts(drift.createKswin())],
  createPageHinkley: () => [
    ['alpha', drift.createPageHinkley({ alpha: Number.NaN })],
    ...detectorAttempts(drift.createPageHinkley()),
  ],
  createRunLengthDetector: () => {
    const options = { expectedRunTime: 50, random: mulberry32(1), simulations: 100 };
    return [
      ...Object.entries(samples).map(([label, bad]): Attempt => [label, drift.createRunLengthDetector(bad, options)]),
      ['constant', drift.createRunLengthDetector(constant, options)],
      ['no options', drift.createRunLengthDetector(good, nothing)],
      ...detectorAttempts(drift.createRunLengthDetector(good, options)),
    ];
  },
};

/** Exports that answer with plain data for every input of their type. */
const alwaysAnswers = new Set(['dropMissing']);

function holdsOnlyFiniteNumbers(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (value === null || typeof value !== 'object') return true;
  return Object.values(value).every(holdsOnlyFiniteNumbers);
}

describe('questions without an answer', () => {
  test('every exported function is in the walk', () => {
    const exported = Object.entries(drift)
      .filter(([, value]) => typeof value === 'function')
      .map(([name]) => name);
    expect(exported.filter((name) => !(name in refusals) && !alwaysAnswers.has(name))).toEqual([]);
    expect(Object.keys(refusals).filter((name) => !exported.includes(name))).toEqual([]);
  });

  for (const [name, attempts] of Object.entries(refusals)) {
    test(`${name} refuses with a reason and what is needed`, () => {
      for (const [label, answer] of attempts()) {
        expect(answer, label).toMatchObject({
          ok: false,
          reason: expect.stringMatching(/^[a-z-]+$/),
          needed: expect.stringMatching(/.{3}/),
          have: expect.any(String),
        });
        expect(
          Object.values(answer as object).some((value) => typeof value === 'number'),
          label,
        ).toBe(false);
      }
    });
  }

  test('what is answered about constants holds finite numbers only', () => {
    const still = drift.compareSamples(constant, [...constant, 3]);
    for (const answer of [
      drift.kolmogorovSmirnov(still),
      drift.cramerVonMises(still),
      drift.wasserstein(still),
      drift.energyDistance(still),
      drift.kolmogorovSmirnov(drift.compareSamples(constant, [...good])),
      drift.welchT(drift.compareSamples(constant, [...good])),
      drift.andersonDarling(drift.compareSamples(constant, [...good])),
      drift.hellinger([5], [7]),
      drift.populationStabilityIndex([5, 0], [0, 9]),
      drift.evidentlyDrift({ type: 'categorical', reference: labels, current: labels }),
    ]) {
      expect(answer).toMatchObject({ ok: true });
      expect(holdsOnlyFiniteNumbers(answer)).toBe(true);
    }
    expect(drift.dropMissing([null, undefined, Number.NaN])).toMatchObject({ missing: 3 });
  });
});
