import { describe, expect, test } from 'vitest';
import { limeExplanation } from '../src/index.ts';
import { answered } from './answered.ts';
import { normal, seeded } from './random.ts';

const random = seeded(6);
const background = Array.from({ length: 300 }, () => Array.from({ length: 4 }, () => normal(random)));
const row = [1.2, -0.1, 0.3, -2];

type NumberRows = readonly (readonly number[])[];

describe('LIME', () => {
  test('finds the effects of a model that is linear in what it looks at', async () => {
    // The explained row lies above the third quartile of feature 0 and below the first of feature 3.
    const sorted = (feature: number) => background.map((one) => one[feature]!).sort((a, b) => a - b);
    const [high, low] = [sorted(0)[225]!, sorted(3)[74]!];
    const model = (rows: NumberRows) => rows.map((one) => (one[0]! > high ? 3 : 0) - (one[3]! <= low ? 2 : 0) + 5);
    const explained = answered(await limeExplanation(model, row, background, { random: seeded(1), alpha: 0.01 }));
    expect(explained.weightedRSquared).toBeGreaterThan(0.98);
    expect(explained).toMatchObject({ fit: 'good', warning: null, prediction: 6 });
    [3, 0, 0, -2].forEach((effect, feature) => {
      expect(Math.abs(explained.effects[feature]! - effect)).toBeLessThan(0.1);
    });
    expect(Math.abs(explained.localPrediction - 6)).toBeLessThan(0.1);
    expect(explained.conditions[0]).toMatchObject({ kind: 'range', upTo: null });
    expect(explained.conditions[3]).toMatchObject({ kind: 'range', above: null });
  });

  test('states standard errors that another seed bears out', async () => {
    const model = (rows: NumberRows) => rows.map((one) => Math.tanh(one[0]! + one[1]!) + 0.5 * one[2]! * one[3]!);
    const seeds = Array.from({ length: 30 }, (_, seed) => seed + 1);
    const all = [];
    for (const seed of seeds) {
      all.push(
        answered(await limeExplanation(model, row, background, { random: seeded(seed), samples: 600, refuseBelow: 0 })),
      );
    }
    for (const feature of [0, 1, 2, 3]) {
      const effects = all.map((one) => one.effects[feature]!);
      const mean = effects.reduce((sum, value) => sum + value, 0) / effects.length;
      const spread = Math.sqrt(effects.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (effects.length - 1));
      const stated = all.reduce((sum, one) => sum + one.standardErrors[feature]!, 0) / all.length;
      expect(stated / spread).toBeGreaterThan(0.6);
      expect(stated / spread).toBeLessThan(1.6);
    }
  });

  test('refuses a linear story about a model that is not linear here, and warns when asked to tell it', async () => {
    const model = (rows: NumberRows) => rows.map((one) => Math.sin(40 * one[0]!) * Math.sin(40 * one[1]!));
    const refused = await limeExplanation(model, row, background, { random: seeded(1) });
    expect(refused).toMatchObject({ ok: false, reason: 'poor-fit' });
    const told = answered(await limeExplanation(model, row, background, { random: seeded(1), refuseBelow: 0 }));
    expect(told.fit).toBe('weak');
    expect(told.warning).toMatch(/^The linear model reproduces only \d+ %/);
  });

  test('takes texts and missing values', async () => {
    const cells = background.map((one, index) => [
      index % 3 === 0 ? 'de' : 'fr',
      index % 5 === 0 ? Number.NaN : one[1]!,
    ]);
    const model = (rows: readonly (readonly (string | number)[])[]) =>
      rows.map(([country, age]) => (country === 'de' ? 2 : 0) + (Number.isNaN(age) ? 1 : 0));
    const explained = answered(
      await limeExplanation(model, ['de', Number.NaN], cells, { random: seeded(3), alpha: 0.1 }),
    );
    expect(explained.conditions).toEqual([
      { kind: 'equals', value: 'de' },
      { kind: 'equals', value: Number.NaN },
    ]);
    expect(explained.effects[0]).toBeCloseTo(2, 2);
    expect(explained.effects[1]).toBeCloseTo(1, 2);
  });

  test('repeats itself with the same random source', async () => {
    const model = (rows: NumberRows) => rows.map((one) => one[0]! - one[2]!);
    const ask = () => limeExplanation(model, row, background, { random: seeded(5), samples: 500 });
    expect(await ask()).toEqual(await ask());
  });
});
