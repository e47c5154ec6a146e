import { describe, expect, test } from 'vitest';
import { type MetricName, permutationImportance } from '../src/index.ts';
import { answered } from './answered.ts';
import { normal, seeded } from './random.ts';

const random = seeded(4);
const rows = Array.from({ length: 150 }, () => Array.from({ length: 4 }, () => normal(random)));
const score = (row: readonly number[]) => 1 / (1 + Math.exp(-(2 * row[0]! + row[1]! + row[2]!)));
const model = (asked: readonly (readonly number[])[]) => asked.map(score);
const labels = rows.map((row) => (random() < score(row) ? 1 : 0));

describe('permutation importance', () => {
  test('of a feature that the model does not use is exactly 0, without doubt', async () => {
    for (const metric of ['accuracy', 'roc-auc', 'log-loss'] as const) {
      const { importances } = answered(await permutationImportance(model, rows, labels, { metric, random: seeded(1) }));
      expect(importances[3]).toMatchObject({
        importance: 0,
        deviation: 0,
        interval: { lower: 0, upper: 0, standardError: 0 },
      });
      expect(importances[0]!.importance).toBeGreaterThan(importances[1]!.importance);
      expect(importances[0]!.interval!.lower).toBeGreaterThan(0);
    }
  });

  test('is above 0 for a useful feature whether higher or lower is better', async () => {
    const metrics: MetricName[] = ['accuracy', 'roc-auc', 'average-precision', 'log-loss', 'brier-score'];
    for (const metric of metrics) {
      const { importances } = answered(await permutationImportance(model, rows, labels, { metric, random: seeded(1) }));
      expect(importances[0]!.importance, metric).toBeGreaterThan(0.01);
    }
  });

  test('comes out the same from sums over rows as from all rows at once', async () => {
    const own = {
      name: 'own',
      higherIsBetter: false,
      score: (some: readonly number[], predictions: Float64Array) =>
        Math.sqrt(some.reduce((sum, label, at) => sum + (label - predictions[at]!) ** 2, 0) / some.length),
    };
    const ask = (metric: MetricName | typeof own) =>
      permutationImportance(model, rows, labels, { metric, random: seeded(9), repeats: 3, jackknifeGroups: 12 });
    const fast = answered(await ask('root-mean-squared-error'));
    const slow = answered(await ask(own));
    expect(Math.abs(fast.baseline - slow.baseline)).toBeLessThan(1e-14);
    fast.importances.forEach((one, at) => {
      const other = slow.importances[at]!;
      expect(Math.abs(one.importance - other.importance)).toBeLessThan(1e-14);
      expect(Math.abs(one.interval!.standardError - other.interval!.standardError)).toBeLessThan(1e-12);
    });
  });

  test('of a group sees what features hide behind each other', async () => {
    // Column 1 copies column 0: a model that uses both halves loses half of it when one is shuffled.
    const copied = rows.map((row) => [row[0]!, row[0]!, row[2]!]);
    const half = (asked: readonly (readonly number[])[]) => asked.map((row) => (row[0]! + row[1]!) / 2);
    const wanted = copied.map((row) => row[0]!);
    const options = { metric: 'mean-squared-error', random: seeded(2), groups: [[0], [1], [0, 1], [2]] } as const;
    const { importances } = answered(await permutationImportance(half, copied, wanted, options));
    expect(importances.map(({ features }) => features)).toEqual([[0], [1], [0, 1], [2]]);
    expect(importances[2]!.importance).toBeGreaterThan(3 * importances[0]!.importance);
    expect(importances[3]!.importance).toBe(0);
  });

  test('repeats itself with the same random source, and asks models that answer later', async () => {
    const later = async (asked: readonly (readonly number[])[]) => model(asked);
    const ask = (some: typeof later | typeof model) =>
      permutationImportance(some, rows, labels, { metric: 'accuracy', random: seeded(7) });
    expect(await ask(later)).toEqual(await ask(model));
  });

  test('shrinks its interval as rows come in', async () => {
    const width = async (count: number) => {
      const some = { metric: 'log-loss', random: seeded(7), repeats: 10 } as const;
      const { importances } = answered(
        await permutationImportance(model, rows.slice(0, count), labels.slice(0, count), some),
      );
      return importances[0]!.interval!.standardError;
    };
    expect(await width(150)).toBeLessThan(0.85 * (await width(40)));
  });
});
