import { describe, expect, test } from 'vitest';
import { evidentlyMeanDiscrepancy } from '../src/compatibility/evidently-mean-discrepancy.ts';
import { type EvidentlyColumn, evidentlyDrift } from '../src/index.ts';
import { categoricalCase, mulberry32, numericCase } from './cases.ts';
import columns from './fixtures/columns.json' with { type: 'json' };
import evidently from './fixtures/evidently.json' with { type: 'json' };

/** Test chosen by default, scores of the default and of each name (null: NaN, false: an error), verdicts. */
type Expected = [string | null, (number | null | false)[], string] | null;

const thresholds: Record<string, number> = evidently.thresholds;

function size(values: ArrayLike<unknown>): number {
  return Array.from(values).filter((value) => value !== null && !Number.isNaN(value)).length;
}

function differences(
  label: string,
  expected: Expected,
  column: EvidentlyColumn,
  skipped: readonly string[] = [],
): string[] {
  if (expected === null) return [];
  const [chosen, scores, verdicts] = expected;
  const found: string[] = [];
  for (const [position, name] of ['default', ...evidently.names[column.type]].entries()) {
    if (skipped.includes(name)) continue;
    const score = scores[position]!;
    const asked = (name === 'default' ? column : { ...column, test: name }) as EvidentlyColumn;
    const actual = evidentlyDrift(asked);
    if (score === false || score === null) {
      if (actual.ok && !Number.isFinite(actual.score)) found.push(`${label} ${name}: not finite`);
      continue;
    }
    if (!actual.ok) {
      found.push(`${label} ${name}: refused (${actual.needed}), Evidently says ${score}`);
      continue;
    }
    const test = name === 'default' ? chosen! : name;
    const difference = Math.abs(actual.score - score);
    // Evidently's Cramér–von Mises series stops at 1e-7, and its exact one counts orderings in 16-bit floats, which is
    // good to three digits. `scipy-parity.test.ts` holds ours to 1e-9 of full accuracy on the same data.
    const isExact = size(column.reference) <= 20 && size(column.current) <= 20;
    const absolute = test === 'cramer_von_mises' ? (isExact ? 1e-3 : 2e-7) : 1e-300;
    const agrees = difference <= 1e-9 * Math.abs(score) || difference <= absolute;
    const isDrifted = verdicts[position] === '1';
    if (!agrees || actual.test !== test || actual.isDrifted !== isDrifted || actual.threshold !== thresholds[test]) {
      found.push(`${label} ${name}: ${JSON.stringify(actual)} v ${score} ${isDrifted}`);
    }
  }
  return found;
}

describe('Evidently', () => {
  test(`${columns.length} real columns through every test and the default one`, () => {
    const found = columns.flatMap((column, index) =>
      differences(column.name, evidently.columns[index] as unknown as Expected, column as EvidentlyColumn),
    );
    expect(found).toEqual([]);
  });

  test('1,000 random numeric cases', () => {
    expect(evidently.numeric.length).toBe(1_000);
    const found = (evidently.numeric as unknown as Expected[]).flatMap((expected, index) => {
      const { kind, scale, reference, current } = numericCase(index);
      // Two constants: see the SciPy test; a constant side leaves Epps–Singleton and t to rounding noise.
      const distinct = new Set([...reference, ...current].filter((value) => !Number.isNaN(value))).size;
      const skipped = distinct === 1 ? ['mannw', 't_test', 'es'] : kind === 'half-constant' ? ['es'] : [];
      const column = { type: 'numerical', reference, current } as const;
      return differences(`case ${index} (${kind}, scale ${scale})`, expected, column, skipped);
    });
    expect(found).toEqual([]);
  });

  test('1,000 random categorical cases', () => {
    expect(evidently.categorical.length).toBe(1_000);
    const found = (evidently.categorical as unknown as Expected[]).flatMap((expected, index) => {
      const { reference, current } = categoricalCase(index);
      return differences(`case ${index}`, expected, { type: 'categorical', reference, current });
    });
    expect(found).toEqual([]);
  });

  test('the statistic behind empirical_mmd; its p-value is a permutation share', () => {
    const numeric = columns.filter((column) => column.type === 'numerical').slice(0, 6);
    numeric.forEach((column, index) => {
      const reference = Float64Array.from((column.reference as number[]).slice(0, 120));
      const current = Float64Array.from((column.current as number[]).slice(0, 90));
      const result = evidentlyMeanDiscrepancy(reference, current, mulberry32(1));
      if (!result.ok) throw new Error(result.needed);
      expect(Math.abs(result.statistic / evidently.mmd[index]! - 1)).toBeLessThan(1e-9);
    });
  });

  test('TVD and empirical_mmd need a random source and find a plain difference', () => {
    const reference = Array.from({ length: 100 }, (_, i) => (i % 4 === 0 ? 'a' : 'b'));
    const current = Array.from({ length: 100 }, (_, i) => (i % 4 === 0 ? 'b' : 'a'));
    const column = { type: 'categorical', reference, current, test: 'TVD' } as const;
    expect(evidentlyDrift(column)).toMatchObject({ ok: false, reason: 'invalid-option' });
    expect(evidentlyDrift(column, { random: mulberry32(5) })).toMatchObject({ ok: true, score: 0, isDrifted: true });
  });
});
