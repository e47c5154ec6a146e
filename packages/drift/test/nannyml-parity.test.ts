import { describe, expect, test } from 'vitest';
import { fitNannyml, fitReconstruction, type NannymlMethod, reconstructionError } from '../src/index.ts';
import columns from './fixtures/columns.json' with { type: 'json' };
import nannyml from './fixtures/nannyml.json' with { type: 'json' };

type Expected = Record<string, { values: number[]; upper: number | null; alerts: boolean[] }>;

function closeTo(actual: number, expected: number): boolean {
  // Distances near zero are square roots of rounding differences of order 1e-16.
  return Math.abs(actual - expected) <= Math.max(1e-9 * Math.abs(expected), 2e-8);
}

function differences(
  name: string,
  type: 'continuous' | 'categorical',
  data: { reference: unknown[]; current: unknown[] },
  chunkSize: number,
  expected: Expected,
): string[] {
  const found: string[] = [];
  for (const [method, answer] of Object.entries(expected)) {
    const fit = fitNannyml({ type, method, reference: data.reference } as never, { chunkSize });
    if (!fit.ok) {
      found.push(`${name} ${method}: refused, ${fit.needed}`);
      continue;
    }
    const fitted: NannymlMethod = fit.fitted;
    if (method !== 'chi2' && !closeTo(fitted.upperThreshold!, answer.upper!)) {
      found.push(`${name} ${method} threshold: ${fitted.upperThreshold} v ${answer.upper}`);
    }
    answer.values.forEach((value, chunk) => {
      const part = data.current.slice(chunk * chunkSize, (chunk + 1) * chunkSize) as number[];
      const actual = fitted.calculate(part);
      if (!actual.ok || !closeTo(actual.value, value) || fitted.isAlert(actual) !== answer.alerts[chunk]) {
        found.push(`${name} ${method} chunk ${chunk}: ${JSON.stringify(actual)} v ${value} ${answer.alerts[chunk]}`);
      }
    });
  }
  return found;
}

describe('NannyML', () => {
  test(`${columns.length} real columns: values, thresholds and alerts of every method`, () => {
    const found = columns.flatMap((column, index) =>
      differences(
        column.name,
        column.type === 'numerical' ? 'continuous' : 'categorical',
        column,
        100,
        nannyml.columns[index] as unknown as Expected,
      ),
    );
    expect(found).toEqual([]);
  });

  test('references above 10,000 rows take the binned path', () => {
    const reference = Array.from({ length: 12_000 }, (_, i) => ((i * 7919) % 12_007) / 12_007);
    const current = Array.from({ length: 3_000 }, (_, i) => (((i * 104_729) % 3_001) / 3_001) * 1.2 - 0.1);
    const data = { reference, current };
    expect(differences('big', 'continuous', data, 1_000, nannyml.big as unknown as Expected)).toEqual([]);
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
