import { describe, expect, test } from 'vitest';
import {
  andersonDarling,
  chiSquareHomogeneity,
  compareSamples,
  cramerVonMises,
  dropMissing,
  energyDistance,
  eppsSingleton,
  fisherExact,
  gTest,
  hellinger,
  jensenShannon,
  kolmogorovSmirnov,
  kullbackLeibler,
  largestShareDifference,
  mannWhitney,
  populationStabilityIndex,
  totalVariation,
  wasserstein,
  welchT,
} from '../src/index.ts';
import { cramerVonMisesLimitSurvival } from '../src/tests/cramer-von-mises.ts';
import { categoricalCase, countBoth, numericCase } from './cases.ts';
import columns from './fixtures/columns.json' with { type: 'json' };
import exact from './fixtures/exact.json' with { type: 'json' };
import scipy from './fixtures/scipy.json' with { type: 'json' };

type Expected = Record<string, (number | null)[] | null>;
type Computed = Record<string, (number | null)[] | null>;

function numericAnswers(rawReference: readonly number[], rawCurrent: readonly number[]): Computed {
  const reference = dropMissing(rawReference).values;
  const current = dropMissing(rawCurrent).values;
  const comparison = compareSamples(reference, current);
  const pair = (result: { ok: boolean; statistic?: number; pValue?: number }): number[] | null =>
    result.ok ? [result.statistic!, result.pValue!] : null;
  const distance = (result: { ok: boolean; distance?: number }): number[] | null =>
    result.ok ? [result.distance!] : null;
  return {
    ks: pair(kolmogorovSmirnov(comparison)),
    ksExact: pair(kolmogorovSmirnov(comparison, { method: 'exact' })),
    ksAsymptotic: pair(kolmogorovSmirnov(comparison, { method: 'asymptotic' })),
    cvm: pair(cramerVonMises(comparison)),
    cvmAsymptotic: pair(cramerVonMises(comparison, { method: 'asymptotic' })),
    ad: pair(andersonDarling(comparison)),
    mwu: pair(mannWhitney(comparison)),
    mwuAsymptotic: pair(mannWhitney(comparison, { method: 'asymptotic' })),
    mwuLess: pair(mannWhitney(comparison, { alternative: 'less' })),
    welch: pair(welchT(comparison)),
    student: pair(welchT(comparison, { variance: 'equal' })),
    wasserstein: distance(wasserstein(comparison)),
    energy: distance(energyDistance(comparison)),
    eppsSingleton: pair(eppsSingleton(reference, current)),
  };
}

function categoricalAnswers(reference: readonly string[], current: readonly string[]): Computed {
  const [p, q] = countBoth(reference, current);
  const pair = (result: { ok: boolean; statistic?: number; pValue?: number }): number[] | null =>
    result.ok ? [result.statistic!, result.pValue!] : null;
  const distance = (result: { ok: boolean; distance?: number }): number[] | null =>
    result.ok ? [result.distance!] : null;
  const none = { kind: 'add', rows: 0 } as const;
  const fisher = p.length === 2 ? fisherExact({ yes: p[0]!, no: p[1]! }, { yes: q[0]!, no: q[1]! }) : undefined;
  return {
    chiSquare: pair(chiSquareHomogeneity(p, q)),
    chiSquareUncorrected: pair(chiSquareHomogeneity(p, q, { continuityCorrection: false })),
    g: pair(gTest(p, q)),
    fisher: fisher?.ok ? [fisher.oddsRatio, fisher.pValue] : null,
    jensenShannon2: distance(jensenShannon(p, q)),
    jensenShannonE: distance(jensenShannon(p, q, { base: 'e' })),
    kl: distance(kullbackLeibler(p, q, { zeroRule: none })),
    psi: distance(populationStabilityIndex(p, q, { zeroRule: none })),
    hellinger: distance(hellinger(p, q)),
    totalVariation: distance(totalVariation(p, q)),
    largest: distance(largestShareDifference(p, q)),
  };
}

/**
 * SciPy stops the series of the limit law at 1e-7. To 1e-9, `exact.json` holds these p-values from mpmath; SciPy itself
 * is asked for as many digits as it has.
 */
const COARSE_P_VALUE = new Set(['cvm', 'cvmAsymptotic']);

/** Where SciPy answers and we refuse on purpose: two constants have no variance, and its answer is rounding noise or 1. */
const REFUSED_FOR_CONSTANTS = new Set(['mwu', 'mwuAsymptotic', 'mwuLess', 'welch', 'student']);

function differences(label: string, expected: Expected, computed: Computed, kind = '', scale = 1): string[] {
  const found: string[] = [];
  for (const [name, values] of Object.entries(expected)) {
    const actual = computed[name];
    if (kind === 'constant' && REFUSED_FOR_CONSTANTS.has(name)) {
      if (actual) found.push(`${label} ${name}: answered for two constants`);
      continue;
    }
    if (kind === 'half-constant' && name === 'eppsSingleton') continue;
    if (values === null || values.some((value) => value === null)) {
      // Where SciPy raises or says NaN we must refuse (or know better), and never return NaN.
      if (actual?.some((value) => value !== null && !Number.isFinite(value)))
        found.push(`${label} ${name}: not finite`);
      continue;
    }
    if (!actual) {
      found.push(`${label} ${name}: refused, SciPy says ${JSON.stringify(values)}`);
      continue;
    }
    values.forEach((value, position) => {
      // At 1e±100 SciPy's degrees of freedom underflow or overflow and it falls back to 1; ours do not.
      if (name === 'welch' && position === 1 && Math.abs(Math.log10(scale)) > 50) return;
      const difference = Math.abs(actual[position]! - value!);
      // Two equal samples have an Epps–Singleton statistic of 0, which SciPy's matrix product leaves at 1e-33.
      const absolute =
        position === 1 ? (COARSE_P_VALUE.has(name) ? 2e-7 : 1e-300) : name === 'eppsSingleton' ? 1e-20 : 0;
      if (!(difference <= 1e-9 * Math.abs(value!) || difference <= absolute)) {
        found.push(`${label} ${name}[${position}]: ${actual[position]} v ${value}`);
      }
    });
  }
  return found;
}

describe('SciPy', () => {
  test(`${columns.length} real columns`, () => {
    const found = columns.flatMap((column, index) =>
      differences(
        column.name,
        scipy.columns[index] as unknown as Expected,
        column.type === 'numerical'
          ? numericAnswers(column.reference as number[], column.current as number[])
          : categoricalAnswers(column.reference as string[], column.current as string[]),
      ),
    );
    expect(found).toEqual([]);
  });

  test('1,000 random numeric cases with ties, constants, tiny, huge and missing values', () => {
    const found = (scipy.numeric as unknown as Expected[]).flatMap((expected, index) => {
      const { kind, scale, reference, current } = numericCase(index);
      const distinct = new Set([...reference, ...current].filter((value) => !Number.isNaN(value))).size;
      const label = `case ${index} (${kind}, scale ${scale})`;
      return differences(
        label,
        expected,
        numericAnswers(reference, current),
        distinct === 1 ? 'constant' : kind,
        scale,
      );
    });
    expect(found).toEqual([]);
  });

  test('1,000 random categorical cases', () => {
    const found = (scipy.categorical as unknown as Expected[]).flatMap((expected, index) => {
      const { reference, current } = categoricalCase(index);
      return differences(`case ${index}`, expected, categoricalAnswers(reference, current));
    });
    expect(found).toEqual([]);
  });

  test('Kolmogorov–Smirnov on large samples', () => {
    for (const { m, n, shift, ks, asymp } of scipy.ksLarge) {
      const x = Array.from({ length: m }, (_, i) => ((i * 7919) % m) / m);
      const y = Array.from({ length: n }, (_, j) => ((j * 104729) % n) / n + shift);
      const comparison = compareSamples(x, y);
      for (const [method, expected] of [
        ['auto', ks],
        ['asymptotic', asymp],
      ] as const) {
        const result = kolmogorovSmirnov(comparison, { method });
        if (!result.ok) throw new Error(result.needed);
        expect(Math.abs(result.statistic - expected[0]!)).toBeLessThanOrEqual(1e-14);
        expect(Math.abs(result.pValue - expected[1]!)).toBeLessThanOrEqual(1e-9 * expected[1]!);
      }
    }
  });
});

describe('Cramér–von Mises p-values to the last digits, against mpmath and whole numbers', () => {
  const check = (label: string, expected: number[] | null, reference: number[], current: number[]): string[] => {
    if (expected === null) return [];
    const answers = numericAnswers(reference, current);
    return ['cvm', 'cvmAsymptotic'].flatMap((name, position) => {
      const [actual, wanted] = [answers[name]![1]!, expected[position]!];
      return Math.abs(actual - wanted) <= 1e-9 * wanted ? [] : [`${label} ${name}: ${actual} v ${wanted}`];
    });
  };

  test('real columns', () => {
    const expected = exact.columns as unknown as Record<string, number[]>;
    const numeric = columns.filter((column) => column.type === 'numerical');
    expect(Object.keys(expected)).toEqual(numeric.map((column) => column.name));
    const found = numeric.flatMap(({ name, reference, current }) =>
      check(name, expected[name]!, reference as number[], current as number[]),
    );
    expect(found).toEqual([]);
  });

  test('1,000 random cases', () => {
    expect(exact.numeric.length).toBe(1_000);
    const found = (exact.numeric as (number[] | null)[]).flatMap((expected, index) => {
      const { kind, scale, reference, current } = numericCase(index);
      return check(`case ${index} (${kind}, scale ${scale})`, expected, reference, current);
    });
    expect(found).toEqual([]);
  });

  test('the limit law, far tail included', () => {
    for (const [x, expected] of exact.limit as [number, number][]) {
      const difference = Math.abs(cramerVonMisesLimitSurvival(x) - expected) / expected;
      expect(difference, `x = ${x}`).toBeLessThan(1e-10);
    }
  });
});
