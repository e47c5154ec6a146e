// Weighted ridge and LIME on 1,000 random cases each: ties, constants, copies, tiny and huge values, missing ones.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fitWeightedRidge, limeExplanation } from '../src/index.ts';
import { answered } from './answered.ts';
import { normal, seeded } from './random.ts';
import { ridgeCase } from './ridge-cases.ts';

const CASES = 1_000;

/** Intercept, R², coefficients: exact fractions, rounded to 13 digits (parity/make_ridge.py). */
type Exact = [number, number, number[]] | null;

test(`weighted ridge on ${CASES} random cases, against exact fractions`, () => {
  const expected = JSON.parse(readFileSync(new URL('fixtures/ridge.json', import.meta.url), 'utf8')) as Exact[];
  expect(expected.length).toBe(CASES);
  for (const [index, answer] of expected.entries()) {
    const { kind, unit, design, targets, weights, alpha } = ridgeCase(index);
    const label = `case ${index} (${kind}, alpha ${alpha})`;
    const fit = fitWeightedRidge(design, targets, weights, alpha);
    if (answer === null) {
      expect(fit, label).toMatchObject({ ok: false, reason: 'invalid-option' });
      continue;
    }
    const { intercept, weightedRSquared, coefficients } = answered(fit);
    const [wantedIntercept, wantedRSquared, wanted] = answer;
    // The intercept is what is left of terms as large as the columns are far from 0.
    const terms = wanted.map((value, column) => Math.abs(value * design[0]![column]!));
    const size = Math.max(unit, Math.abs(wantedIntercept), ...terms);
    expect(Math.abs(intercept - wantedIntercept), label).toBeLessThanOrEqual(1e-9 * size);
    expect(Math.abs(weightedRSquared - wantedRSquared), label).toBeLessThanOrEqual(1e-9);
    const largest = Math.max(1e-6, ...wanted.map(Math.abs));
    for (const [column, value] of wanted.entries()) {
      expect(Math.abs(coefficients[column]! - value), label).toBeLessThanOrEqual(1e-9 * largest);
    }
  }
});

const KINDS = ['bell', 'ties', 'constant column', 'tiny', 'huge', 'missing', 'nothing differs'] as const;
const SCALES: Partial<Record<string, number>> = { tiny: 1e-100, huge: 1e100 };

type Row = readonly number[];

/** In the quartile range of the background that holds the row's cell; as NumPy's quantiles. */
function isLike(own: number, cell: number, background: readonly number[]): boolean {
  const numbers = background.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (Number.isNaN(own) || numbers.length === 0) return Object.is(own, cell) || own === cell;
  if (Number.isNaN(cell)) return false;
  const edges = [0.25, 0.5, 0.75].map((share) => {
    const at = share * (numbers.length - 1);
    const [low, high] = [numbers[Math.floor(at)]!, numbers[Math.ceil(at)]!];
    return low + (high - low) * (at - Math.floor(at));
  });
  const part = (value: number) => edges.filter((edge) => edge < value).length;
  // Equal edges leave empty parts between them, which no value is in.
  return part(own) === part(cell);
}

test(`LIME on ${CASES} random cases, from what the model was asked`, async () => {
  let explainedCases = 0;
  const reasons = new Set<string>();
  for (let index = 0; index < CASES; index += 1) {
    const random = seeded(500_000 + index);
    const kind = KINDS[index % KINDS.length]!;
    const scale = SCALES[kind] ?? 1;
    const width = 1 + (index % 4);
    const label = `case ${index} (${kind})`;
    const cell = (column: number): number => {
      if (kind === 'ties') return Math.floor(random() * 3);
      if (kind === 'constant column' && column === 0) return 2.5;
      if (kind === 'missing' && random() < 0.25) return Number.NaN;
      return normal(random) * scale;
    };
    const drawn = Array.from({ length: 21 }, () => Array.from({ length: width }, (_, column) => cell(column)));
    const [row, ...background] = (kind === 'nothing differs'
      ? drawn.map(() => drawn[0]!)
      : drawn) as readonly Row[] as [Row, ...Row[]];
    const asked: Row[] = [];
    const model = (rows: readonly Row[]): number[] => {
      asked.push(...rows);
      return rows.map((one) =>
        one.reduce(
          (sum, value, at) => sum + (Number.isNaN(value) ? -scale : Math.tanh(value / scale) * scale * (at + 1)),
          0,
        ),
      );
    };
    const alpha = [1, 0.1, 5][index % 3]!;
    const options = { random, samples: 100 + (index % 30), alpha, refuseBelow: 0 };
    const result = await limeExplanation<number>(model, row, background, options);
    expect(asked[0], label).toEqual(row);
    for (const one of asked) {
      one.forEach((value, column) => {
        expect(value === row[column] || background.some((other) => Object.is(other[column], value)), label).toBe(true);
      });
    }
    const predictions = model(asked.slice());
    if (!result.ok) {
      reasons.add(result.reason);
      expect(result.reason, label).toBe('constant-predictions');
      expect(new Set(predictions).size, label).toBe(1);
      continue;
    }
    explainedCases += 1;
    const design = asked.slice(0, predictions.length).map((one) =>
      one.map((value, column) =>
        Number(
          isLike(
            row[column]!,
            value,
            background.map((other) => other[column]!),
          ),
        ),
      ),
    );
    const kernel = 0.75 * Math.sqrt(width);
    const weights = design.map((likeness) => {
      const squared = likeness.reduce((sum, like) => sum + 1 - like, 0);
      return Math.exp(-squared / (2 * kernel ** 2));
    });
    // The same regression by reflections, not by LIME's sums of blocks.
    const wanted = answered(fitWeightedRidge(design, predictions, weights, alpha));
    const explained = answered(result);
    const size = Math.max(...wanted.coefficients.map(Math.abs), scale * 1e-6);
    for (const [column, value] of wanted.coefficients.entries()) {
      expect(Math.abs(explained.effects[column]! - value), label).toBeLessThanOrEqual(1e-9 * size);
    }
    expect(Math.abs(explained.weightedRSquared - wanted.weightedRSquared), label).toBeLessThanOrEqual(1e-9);
    expect(Math.abs(explained.intercept - wanted.intercept), label).toBeLessThanOrEqual(1e-9 * scale * width);
    expect(explained.prediction, label).toBe(predictions[0]);
  }
  expect(explainedCases).toBeGreaterThan(0.8 * CASES);
  expect([...reasons]).toEqual(['constant-predictions']);
});
