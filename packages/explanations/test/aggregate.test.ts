import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combineModels, summarizeExplanations } from '../src/index.ts';
import { answered } from './answered.ts';
import { normal, seeded } from './random.ts';

function explanations(count: number, scales: readonly number[], seed: number): number[][] {
  const random = seeded(seed);
  return Array.from({ length: count }, () => scales.map((scale) => scale * normal(random)));
}

describe('summary of explanations', () => {
  test('by hand', () => {
    const table = answered(
      summarizeExplanations(
        [
          [1, -3, 0],
          [-3, 5, 0],
        ],
        { names: ['age', 'amount', 'country'] },
      ),
    );
    expect(table.features.map(({ name, importance, rank }) => [name, importance, rank])).toEqual([
      ['amount', 4, 1],
      ['age', 2, 2],
      ['country', 0, 3],
    ]);
    // Sizes 3 and 5: sd √2, over √2 rows.
    expect(table.features[0]).toMatchObject({ standardError: 1, meanValue: 1 });
    expect(table.features[0]!.share).toBeCloseTo(2 / 3, 15);
    // |values| of the rows are (1, 3) and (3, 5): shares of the sum 6; row influence (size − share·row sum)/6.
    const influence = [(3 - (2 / 3) * 4) / 6, (5 - (2 / 3) * 8) / 6];
    expect(table.features[0]!.shareStandardError).toBeCloseTo(Math.hypot(...influence) / Math.sqrt(2), 15);
  });

  test('errors of shares are those of the bootstrap', () => {
    const values = explanations(300, [3, 2, 1], 1);
    const table = answered(summarizeExplanations(values));
    const random = seeded(2);
    const shares = Array.from({ length: 400 }, () => {
      const drawn = values.map(() => values[Math.floor(random() * values.length)]!);
      return answered(summarizeExplanations(drawn)).features.find(({ feature }) => feature === 0)!.share;
    });
    const mean = shares.reduce((sum, one) => sum + one, 0) / shares.length;
    const spread = Math.sqrt(shares.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (shares.length - 1));
    const stated = table.features.find(({ feature }) => feature === 0)!.shareStandardError;
    expect(stated / spread).toBeGreaterThan(0.85);
    expect(stated / spread).toBeLessThan(1.15);
  });

  test('leaves ranks open that the rows cannot tell apart', () => {
    const few = answered(summarizeExplanations(explanations(30, [5, 1.05, 1, 0.1], 3)));
    expect(few.features[0]).toMatchObject({ feature: 0, bestRank: 1, worstRank: 1 });
    expect(few.features[1]).toMatchObject({ bestRank: 2, worstRank: 3 });
    expect(few.features[3]).toMatchObject({ feature: 3, bestRank: 4, worstRank: 4 });
    const none = answered(
      summarizeExplanations([
        [0, 0],
        [0, 0],
      ]),
    );
    expect(none.features.map(({ share, worstRank }) => [share, worstRank])).toEqual([
      [0, 2],
      [0, 2],
    ]);
  });

  test('does not depend on the order of rows; shares sum to 1', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (seed) => {
        const values = explanations(12, [3, 2, 1], seed);
        const table = answered(summarizeExplanations(values)).features;
        const back = answered(summarizeExplanations([...values].reverse())).features;
        expect(table.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
        table.forEach((one, at) => {
          expect(back[at]!.feature).toBe(one.feature);
          expect(back[at]!.importance).toBeCloseTo(one.importance, 12);
        });
      }),
      { numRuns: 50 },
    ));
});

describe('combination of models', () => {
  const first = explanations(200, [3, 1], 5);

  test('averages shares by weight, whatever the unit of each model', () => {
    const second = explanations(200, [1000, 3000], 6);
    const combined = answered(
      combineModels([
        { name: 'forest', weight: 3, values: first },
        { name: 'boosting', weight: 1, values: second },
      ]),
    );
    expect(combined.weights).toEqual([0.75, 0.25]);
    const [forest, boosting] = [first, second].map(
      (values) => answered(summarizeExplanations(values)).features.find(({ feature }) => feature === 0)!,
    );
    const ours = combined.features.find(({ feature }) => feature === 0)!;
    expect(ours.share).toBeCloseTo(0.75 * forest!.share + 0.25 * boosting!.share, 14);
    expect(ours.perModel.map(({ model, share }) => [model, share])).toEqual([
      ['forest', forest!.share],
      ['boosting', boosting!.share],
    ]);
  });

  test('knows that two models on the same rows do not halve the error', () => {
    const twice = (sameRows: boolean) =>
      answered(
        combineModels(
          [
            { name: 'a', weight: 1, values: first },
            { name: 'b', weight: 1, values: first.map((row) => row.map((value) => 2 * value)) },
          ],
          { sameRows },
        ),
      ).features[0]!.shareStandardError;
    const alone = answered(summarizeExplanations(first)).features[0]!.shareStandardError;
    expect(twice(true)).toBeCloseTo(alone, 12);
    expect(twice(false)).toBeCloseTo(alone / Math.SQRT2, 12);
  });
});
