import { describe, expect, test } from 'vitest';
import { fitNannyml, fitReconstruction, type NannymlMethod, reconstructionError } from '../src/index.ts';
import { categoricalColumn, numericColumn } from './cases.ts';
import columns from './fixtures/columns.json' with { type: 'json' };
import exact from './fixtures/exact.json' with { type: 'json' };
import nannyml from './fixtures/nannyml.json' with { type: 'json' };

/** Per method: value per chunk, upper threshold, alerts. null where NannyML raises an error. */
type Expected = ([(number | null)[], number | null, string] | null)[];

interface Column {
  readonly name: string;
  readonly type: 'continuous' | 'categorical';
  readonly reference: readonly unknown[];
  readonly current: readonly unknown[];
}

/** Per method: value per chunk and upper threshold without NannyML's rounding, where that shows. */
type Corrections = Record<string, [number[], number]>;

function closeTo(actual: number, expected: number, corrected: number | undefined): boolean {
  const wanted = corrected ?? expected;
  // The root of a rounding of 1e-16 is 1e-8: so far NannyML may be off where a correction is known.
  return Math.abs(actual - wanted) <= 1e-9 * Math.abs(wanted) && Math.abs(wanted - expected) <= 2e-8;
}

function differences(
  { name, type, reference, current }: Column,
  chunkSize: number,
  expected: Expected,
  corrections: Corrections = {},
): string[] {
  const found: string[] = [];
  for (const [position, answer] of expected.entries()) {
    const method = nannyml.methods[type][position]!;
    const fit = fitNannyml({ type, method, reference } as never, { chunkSize });
    if (answer === null) {
      if (fit.ok) found.push(`${name} ${method}: fitted, NannyML cannot`);
      continue;
    }
    const [values, upper, alerts] = answer;
    const corrected = corrections[method];
    if (!fit.ok) {
      found.push(`${name} ${method}: refused, ${fit.needed}`);
      continue;
    }
    const fitted: NannymlMethod = fit.fitted;
    if (method !== 'chi2' && !closeTo(fitted.upperThreshold!, upper!, corrected?.[1])) {
      found.push(`${name} ${method} threshold: ${fitted.upperThreshold} v ${upper}`);
    }
    values.forEach((value, chunk) => {
      const part = current.slice(chunk * chunkSize, (chunk + 1) * chunkSize) as number[];
      const actual = fitted.calculate(part);
      if (value === null) {
        if (actual.ok) found.push(`${name} ${method} chunk ${chunk}: answered ${actual.value}`);
        return;
      }
      const isClose = actual.ok && closeTo(actual.value, value, corrected?.[0][chunk]);
      if (!isClose || fitted.isAlert(actual) !== (alerts[chunk] === '1')) {
        found.push(`${name} ${method} chunk ${chunk}: ${JSON.stringify(actual)} v ${value} ${alerts[chunk]}`);
      }
    });
  }
  return found;
}

describe('NannyML', () => {
  test(`${columns.length} real columns: values, thresholds and alerts of every method`, () => {
    const found = columns.flatMap((column, index) => {
      const type = column.type === 'numerical' ? 'continuous' : 'categorical';
      return differences({ ...column, type }, 100, nannyml.columns[index] as unknown as Expected);
    });
    expect(found).toEqual([]);
  });

  test.each([
    ['1,000 random numeric columns', 'continuous', numericColumn, nannyml.numeric, exact.nannyml.numeric, 1_000],
    [
      '500 random categorical columns',
      'categorical',
      categoricalColumn,
      nannyml.categorical,
      exact.nannyml.categorical,
      500,
    ],
  ] as const)('%s', (_, type, make, expected, corrections, count) => {
    expect(expected.length).toBe(count);
    const found = expected.flatMap((answers, index) => {
      // As in the script: batches of fifty columns of equal length.
      const rows = 60 + 40 * (Math.floor(index / 50) % 7);
      const column = make(index, rows, Math.floor(rows / 2) + 13);
      const chunkSize = Math.floor(rows / 3);
      const corrected = (corrections as unknown as Record<string, Corrections>)[index];
      return differences(
        { name: `column ${index}`, type, ...column },
        chunkSize,
        answers as unknown as Expected,
        corrected,
      );
    });
    expect(found).toEqual([]);
  });

  test('references above 10,000 rows take the binned path', () => {
    const reference = Array.from({ length: 12_000 }, (_, i) => ((i * 7919) % 12_007) / 12_007);
    const current = Array.from({ length: 3_000 }, (_, i) => (((i * 104_729) % 3_001) / 3_001) * 1.2 - 0.1);
    const big = { name: 'big', type: 'continuous', reference, current } as const;
    expect(differences(big, 1_000, nannyml.big as unknown as Expected)).toEqual([]);
  });

  test('reconstruction error per chunk', () => {
    const kept = columns.filter((column) => nannyml.reconstruction.columns.includes(column.name));
    const rows = (side: 'reference' | 'current'): number[][] =>
      (kept[0]![side] as number[]).map((_, row) => kept.map((column) => column[side][row] as number));
    const reference = rows('reference');
    const fit = fitReconstruction(reference);
    if (!fit.ok) throw new Error(fit.needed);
    const chunksOf = (all: number[][]): number[][][] =>
      Array.from({ length: Math.ceil(all.length / 100) }, (_, chunk) => all.slice(chunk * 100, (chunk + 1) * 100));
    const values = [...chunksOf(reference), ...chunksOf(rows('current'))].map((chunk) => {
      const result = reconstructionError(fit.model, chunk);
      if (!result.ok) throw new Error(result.needed);
      return result.meanError;
    });
    expect(values.length).toBe(nannyml.reconstruction.values.length);
    values.forEach((value, index) => {
      expect(Math.abs(value / nannyml.reconstruction.values[index]! - 1)).toBeLessThan(1e-9);
    });
  });
});
