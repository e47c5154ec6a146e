// Permutation importance and weighted ridge against scikit-learn, Shapley values against shap's exact explainer.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  exactShapley,
  fitWeightedRidge,
  type MetricName,
  permutationImportance,
  sampledShapley,
} from '../src/index.ts';
import { answered } from './answered.ts';
import { drawsFor, seeded } from './random.ts';

interface PermutationCase {
  readonly name: string;
  readonly intercept: number;
  readonly weights: readonly number[];
  readonly logistic: boolean;
  readonly rows: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly permutations: readonly (readonly number[])[];
  readonly answers: Record<string, Record<'mean' | 'deviation', number[]> & { importances: number[][] }>;
}

interface RidgeCase {
  readonly design: readonly (readonly number[])[];
  readonly targets: readonly number[];
  readonly weights: readonly number[];
  readonly alpha: number;
  readonly intercept: number;
  readonly coefficients: readonly number[];
  readonly rSquared: number;
}

const fixture = JSON.parse(readFileSync(new URL('fixtures/models-any.json', import.meta.url), 'utf8')) as {
  permutation: PermutationCase[];
  ridge: RidgeCase[];
  shapley: Record<'rows' | 'background' | 'values', number[][]> & { base: number[] };
};

/** Numbers that make this package shuffle as numpy did, then any numbers for the groups of the interval. */
function replay(permutations: readonly (readonly number[])[]): () => number {
  const start = Array.from(permutations[0]!, (_, index) => index);
  const draws = permutations.flatMap((order, index) => drawsFor(permutations[index - 1] ?? start, order));
  const rest = seeded(1);
  return () => draws.shift() ?? rest();
}

describe('permutation importance is that of scikit-learn', () => {
  test.each(fixture.permutation)('$name', async (one) => {
    const model = (rows: readonly (readonly number[])[]) =>
      rows.map((row) => {
        const margin = one.weights.reduce((sum, weight, feature) => sum + weight * row[feature]!, one.intercept);
        return one.logistic ? 1 / (1 + Math.exp(-margin)) : margin;
      });
    const largest = Math.max(...one.labels.map(Math.abs));
    const unit: Partial<Record<string, number>> = {
      'mean-squared-error': largest ** 2,
      'mean-absolute-error': largest,
      'root-mean-squared-error': largest,
    };
    for (const [metric, expected] of Object.entries(one.answers)) {
      const result = answered(
        await permutationImportance<number, number>(model, one.rows, one.labels, {
          metric: metric as MetricName,
          random: replay(one.permutations),
          repeats: one.permutations.length,
        }),
      );
      for (const [feature, ours] of result.importances.entries()) {
        const close = (value: number, wanted: number) =>
          expect(Math.abs(value - wanted), `${metric} of ${feature}`).toBeLessThanOrEqual(
            1e-12 * (unit[metric] ?? 1 + Math.abs(wanted)),
          );
        close(ours.importance, expected.mean[feature]!);
        close(ours.deviation, expected.deviation[feature]!);
        expected.importances[feature]!.forEach((wanted, repeat) => {
          close(ours.perRepeat[repeat]!, wanted);
        });
      }
    }
  });
});

test('weighted ridge is that of scikit-learn', () => {
  for (const [index, one] of fixture.ridge.entries()) {
    const fit = answered(fitWeightedRidge(one.design, one.targets, one.weights, one.alpha));
    const scale = 1 + Math.max(...one.targets.map(Math.abs));
    const near = (value: number, wanted: number, size: number) =>
      expect(Math.abs(value - wanted), `case ${index}`).toBeLessThan(1e-10 * size);
    near(fit.intercept, one.intercept, scale);
    near(fit.weightedRSquared, one.rSquared, 1);
    one.coefficients.forEach((wanted, at) => {
      near(fit.coefficients[at]!, wanted, 10);
    });
  }
});

describe('Shapley values are those of shap', () => {
  const { rows, background, values, base } = fixture.shapley;
  const game = (asked: readonly (readonly number[])[]) =>
    asked.map((x) => x[0]! * x[1]! + Math.sin(x[2]!) - Math.max(x[3]!, x[4]!) * x[5]! + Math.abs(x[6]!) ** 1.5 * x[0]!);

  test('exact', async () => {
    for (const [index, row] of rows.entries()) {
      const ours = answered(await exactShapley(game, row, background));
      expect(Math.abs(ours.baseValue - base[index]!)).toBeLessThan(1e-13);
      values[index]!.forEach((wanted, feature) => {
        expect(Math.abs(ours.values[feature]! - wanted)).toBeLessThan(1e-13);
      });
    }
  });

  test('sampled, within its standard errors', async () => {
    const random = seeded(3);
    let inside = 0;
    let all = 0;
    for (const [index, row] of rows.entries()) {
      const ours = answered(await sampledShapley(game, row, background, { random, pairs: 200 }));
      values[index]!.forEach((wanted, feature) => {
        all += 1;
        const gap = Math.abs(ours.values[feature]! - wanted);
        if (gap <= 1.96 * ours.standardErrors[feature]! + 1e-12) inside += 1;
        expect(gap).toBeLessThan(5 * ours.standardErrors[feature]! + 1e-12);
      });
    }
    expect(inside / all).toBeGreaterThan(0.85);
  });
});
