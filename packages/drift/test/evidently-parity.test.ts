import { describe, expect, test } from 'vitest';
import { evidentlyMeanDiscrepancy } from '../src/compatibility/evidently-mean-discrepancy.ts';
import { type EvidentlyColumn, evidentlyDrift } from '../src/index.ts';
import { categoricalCase, mulberry32, numericCase } from './cases.ts';
import columns from './fixtures/columns.json' with { type: 'json' };
import evidently from './fixtures/evidently.json' with { type: 'json' };

type Expected = Record<string, [string, number | null, boolean, number] | ['error', string]>;

/** Their Cramér–von Mises series stops at 1e-7; `z` and KS subtract from one. */
const ABSOLUTE: Record<string, number> = { cramer_von_mises: 2e-7, z: 1e-14, ks: 1e-13, hellinger: 2e-8 };

function size(values: ArrayLike<unknown>): number {
  return Array.from(values).filter((value) => value !== null && !Number.isNaN(value)).length;
}

function differences(label: string, expected: Expected, column: EvidentlyColumn): string[] {
  const found: string[] = [];
  for (const [name, answer] of Object.entries(expected)) {
    const asked = (name === 'default' ? column : { ...column, test: name }) as EvidentlyColumn;
    const actual = evidentlyDrift(asked);
    if (answer[0] === 'error' || answer[1] === null) {
      if (actual.ok && !Number.isFinite(actual.score)) found.push(`${label} ${name}: not finite`);
      continue;
    }
    if (!actual.ok) {
      found.push(`${label} ${name}: refused (${actual.needed}), Evidently says ${JSON.stringify(answer)}`);
      continue;
    }
    const [test, score, drifted, threshold] = answer as [string, number, boolean, number];
    const difference = Math.abs(actual.score - score);
    const relative = name === 'es' ? 1e-6 : 1e-9;
    // Their exact Cramér–von Mises counts orderings in 16-bit floats, which is good to three digits only.
    const isCoarse = actual.test === 'cramer_von_mises' && size(column.reference) <= 20 && size(column.current) <= 20;
    const absolute = isCoarse ? 1e-3 : (ABSOLUTE[actual.test] ?? 1e-300);
    const agrees = difference <= relative * Math.abs(score) || difference <= absolute;
    if (!agrees || actual.test !== test || actual.isDrifted !== drifted || actual.threshold !== threshold) {
      found.push(`${label} ${name}: ${JSON.stringify(actual)} v ${JSON.stringify(answer)}`);
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

  test('random numeric cases', () => {
    const found = (evidently.numeric as unknown as Expected[]).flatMap((expected, position) => {
      const { kind, scale, reference, current } = numericCase(position * 3);
      // Two constants: see the SciPy test; a constant side leaves Epps–Singleton and t to rounding noise.
      const distinct = new Set([...reference, ...current].filter((value) => !Number.isNaN(value))).size;
      const skipped = distinct === 1 ? ['mannw', 't_test', 'es'] : kind === 'half-constant' ? ['es'] : [];
      const kept = Object.fromEntries(Object.entries(expected).filter(([name]) => !skipped.includes(name)));
      const column = { type: 'numerical', reference, current } as const;
      return differences(`case ${position * 3} (${kind}, scale ${scale})`, kept, column);
    });
    expect(found).toEqual([]);
  });

  test('random categorical cases', () => {
    const found = (evidently.categorical as unknown as Expected[]).flatMap((expected, position) => {
      const { reference, current } = categoricalCase(position * 2);
      return differences(`case ${position * 2}`, expected, { type: 'categorical', reference, current });
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
