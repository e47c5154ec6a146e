import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  andersonDarling,
  chiSquareHomogeneity,
  compareCounts,
  compareSamples,
  cramerVonMises,
  domainClassifier,
  energyDistance,
  fisherExact,
  hellinger,
  jensenShannon,
  kolmogorovSmirnov,
  mannWhitney,
  maximumMeanDiscrepancy,
  populationStabilityIndex,
  totalVariation,
  wasserstein,
  welchT,
} from '../src/index.ts';
import { bell, mulberry32 } from './cases.ts';

const whole = fc.integer({ min: -20, max: 20 });
const sample = fc.array(whole, { minLength: 3, maxLength: 40 });
const counts = fc
  .array(fc.integer({ min: 0, max: 50 }), { minLength: 4, maxLength: 4 })
  .filter((a) => a.some((n) => n > 1));

function value(answer: { readonly ok: boolean }, key: 'pValue' | 'distance' | 'statistic'): number | undefined {
  return answer.ok ? (answer as unknown as Record<string, number>)[key] : undefined;
}

function same(a: number | undefined, b: number | undefined): void {
  if (a === undefined || b === undefined) expect(a).toBe(b);
  else expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(a)));
}

describe('two-sample tests', () => {
  const tests = {
    kolmogorovSmirnov: (a: number[], b: number[]) => value(kolmogorovSmirnov(compareSamples(a, b)), 'pValue'),
    cramerVonMises: (a: number[], b: number[]) => value(cramerVonMises(compareSamples(a, b)), 'pValue'),
    andersonDarling: (a: number[], b: number[]) => value(andersonDarling(compareSamples(a, b)), 'pValue'),
    mannWhitney: (a: number[], b: number[]) => value(mannWhitney(compareSamples(a, b)), 'pValue'),
    welchT: (a: number[], b: number[]) => value(welchT(compareSamples(a, b)), 'pValue'),
    wasserstein: (a: number[], b: number[]) => value(wasserstein(compareSamples(a, b)), 'distance'),
    energyDistance: (a: number[], b: number[]) => value(energyDistance(compareSamples(a, b)), 'distance'),
  };

  for (const [name, run] of Object.entries(tests)) {
    test(`${name}: swapping the sides, or mirroring the axis, changes nothing`, () => {
      fc.assert(
        fc.property(sample, sample, (a, b) => {
          same(run(a, b), run(b, a));
          same(
            run(a, b),
            run(
              a.map((x) => -x),
              b.map((x) => -x),
            ),
          );
        }),
      );
    });
    test(`${name}: the order of rows changes nothing, to the last bit`, () => {
      fc.assert(
        fc.property(sample, sample, (a, b) => {
          expect(run([...a].reverse(), [...b].sort())).toBe(run(a, b));
        }),
      );
    });
  }

  test('rank tests see only the order of the values', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const stretch = (x: number): number => x ** 3 + 5 * x;
        for (const name of ['kolmogorovSmirnov', 'cramerVonMises', 'andersonDarling', 'mannWhitney'] as const) {
          same(tests[name](a, b), tests[name](a.map(stretch), b.map(stretch)));
        }
      }),
    );
  });

  test('p-values lie in [0, 1] and are large for equal samples', () => {
    fc.assert(
      fc.property(sample, (a) => {
        for (const name of ['kolmogorovSmirnov', 'cramerVonMises', 'mannWhitney', 'welchT'] as const) {
          const p = tests[name](a, a);
          if (p !== undefined) expect(p).toBeGreaterThan(0.8);
        }
      }),
    );
  });

  test('counts of single values answer as the raw samples do', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const values = [...new Set([...a, ...b])].sort((x, y) => x - y);
        const tally = (rows: number[]): number[] => values.map((v) => rows.filter((x) => x === v).length);
        const raw = compareSamples(a, b);
        const binned = compareCounts(values, tally(a), tally(b));
        same(
          value(mannWhitney(raw, { method: 'asymptotic' }), 'pValue'),
          value(mannWhitney(binned, { method: 'asymptotic' }), 'pValue'),
        );
        same(value(wasserstein(raw), 'distance'), value(wasserstein(binned), 'distance'));
        same(value(kolmogorovSmirnov(raw), 'statistic'), value(kolmogorovSmirnov(binned), 'statistic'));
      }),
    );
  });

  test('counts bound the p-value of the rows they were counted from', () => {
    fc.assert(
      fc.property(sample, sample, (a, b) => {
        const raw = kolmogorovSmirnov(compareSamples(a, b), { method: 'asymptotic' });
        const bins = [-15, -5, 5, 15, 25];
        const tally = (rows: number[]): number[] =>
          bins.map((top, k) => rows.filter((x) => x <= top && (k === 0 || x > bins[k - 1]!)).length);
        const binned = kolmogorovSmirnov(compareCounts(bins, tally(a), tally(b)));
        if (!raw.ok || !binned.ok) return;
        expect(raw.pValue).toBeGreaterThanOrEqual(binned.pValueInterval[0] - 1e-12);
        expect(raw.pValue).toBeLessThanOrEqual(binned.pValueInterval[1] + 1e-12);
      }),
    );
  });
});

describe('share distances', () => {
  const distances = { populationStabilityIndex, jensenShannon, hellinger, totalVariation };
  for (const [name, distance] of Object.entries(distances)) {
    test(`${name}: symmetric, zero for equal shares, blind to the order of cells`, () => {
      fc.assert(
        fc.property(counts, counts, (a, b) => {
          const d = value(distance(a, b), 'distance');
          same(d, value(distance(b, a), 'distance'));
          same(d, value(distance([...a].reverse(), [...b].reverse()), 'distance'));
          const itself = value(distance(a, a), 'distance');
          if (itself !== undefined) expect(itself).toBeLessThan(1e-7);
          if (d !== undefined && name !== 'populationStabilityIndex') expect(d).toBeLessThanOrEqual(1 + 1e-12);
        }),
      );
    });
  }

  test('chi-square and Fisher do not care which category is which', () => {
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        same(
          value(chiSquareHomogeneity(a, b), 'pValue'),
          value(chiSquareHomogeneity([...a].reverse(), [...b].reverse()), 'pValue'),
        );
        const [yes, no, otherYes, otherNo] = [a[0]!, a[1]!, b[0]!, b[1]!];
        same(
          value(fisherExact({ yes, no }, { yes: otherYes, no: otherNo }), 'pValue'),
          value(fisherExact({ yes: no, no: yes }, { yes: otherNo, no: otherYes }), 'pValue'),
        );
      }),
    );
  });
});

describe('multivariate', () => {
  const uniform = mulberry32(3);
  const correlated = (size: number, rho: number): number[][] =>
    Array.from({ length: size }, () => {
      const a = bell(uniform);
      return [a, rho * a + Math.sqrt(1 - rho * rho) * bell(uniform)];
    });

  test('a change of correlation that leaves every column alone is found', () => {
    const reference = correlated(500, 0.8);
    const current = correlated(500, -0.8);
    for (const column of [0, 1]) {
      const single = kolmogorovSmirnov(
        compareSamples(
          reference.map((r) => r[column]!),
          current.map((r) => r[column]!),
        ),
      );
      expect(single.ok && single.pValue).toBeGreaterThan(0.001);
    }
    const discrepancy = maximumMeanDiscrepancy(reference.slice(0, 200), current.slice(0, 200), {
      random: mulberry32(1),
    });
    expect(discrepancy).toMatchObject({ ok: true, pValue: 1 / 201 });
    const classifier = domainClassifier(reference, current, { random: mulberry32(2) });
    expect(classifier.ok && classifier.areaUnderCurve).toBeGreaterThan(0.8);
    expect(classifier.ok && classifier.pValue).toBeLessThan(1e-6);
  });

  test('the classifier names the column that changed', () => {
    const reference = Array.from({ length: 400 }, () => [bell(uniform), bell(uniform), bell(uniform)]);
    const current = Array.from({ length: 400 }, () => [bell(uniform), bell(uniform) * 2, bell(uniform)]);
    const classifier = domainClassifier(reference, current, { random: mulberry32(4) });
    expect(classifier.ok && classifier.importance[0]!.column).toBe(1);
  });

  test('permutation p-value of Anderson–Darling goes below the cap of the table', () => {
    const a = Array.from({ length: 60 }, () => bell(uniform));
    const b = Array.from({ length: 60 }, () => bell(uniform) + 2);
    const comparison = compareSamples(a, b);
    expect(andersonDarling(comparison)).toMatchObject({ pValue: 0.001, isCapped: true });
    const permuted = andersonDarling(comparison, { permutations: 4_999, random: mulberry32(5) });
    expect(permuted).toMatchObject({ pValue: 1 / 5_000, method: 'permutation' });
  });
});
