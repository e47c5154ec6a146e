// What must hold whatever the model: the axioms of Shapley values, and trees against brute force over their own game.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildTreeEnsemble,
  countNodeCovers,
  evaluateTrees,
  exactShapley,
  interventionalTreeShap,
  pathDependentTreeShap,
  sampledShapley,
  type TreeDefinition,
  type TreeEnsemble,
} from '../src/index.ts';
import { answered } from './answered.ts';
import { normal, seeded } from './random.ts';

/** A model without structure: the answer depends on every cell. */
function tangled(seed: number): (rows: readonly (readonly number[])[]) => number[] {
  return (rows) =>
    rows.map(
      (row) => Math.sin(row.reduce((sum, cell, at) => sum * 1.7 + cell * (at + 1), seed)) * 3 + row[0]! * row.at(-1)!,
    );
}

function randomRows(count: number, width: number, seed: number): number[][] {
  const random = seeded(seed);
  return Array.from({ length: count }, () => Array.from({ length: width }, () => normal(random)));
}

/** Shapley values by the definition: every coalition, every feature. */
function bruteForce(width: number, worth: (coalition: number) => number): number[] {
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
  const sizeOf = (coalition: number) => [...coalition.toString(2)].filter((bit) => bit === '1').length;
  return Array.from({ length: width }, (_, feature) => {
    let value = 0;
    for (let coalition = 0; coalition < 2 ** width; coalition += 1) {
      if ((coalition >> feature) & 1) continue;
      const size = sizeOf(coalition);
      const weight = (factorial(size) * factorial(width - size - 1)) / factorial(width);
      value += weight * (worth(coalition | (1 << feature)) - worth(coalition));
    }
    return value;
  });
}

const seeds = fc.integer({ min: 1, max: 2 ** 31 });
const runs = { numRuns: 40 };

describe('Shapley values of any model', () => {
  test('are those of the definition', () =>
    fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 1, max: 7 }), async (seed, width) => {
        const model = tangled(seed);
        const [row, ...background] = randomRows(4, width, seed) as [number[], ...number[][]];
        const ours = answered(await exactShapley(model, row, background));
        const expected = bruteForce(width, (coalition) => {
          const mixed = background.map((other) => row.map((cell, at) => ((coalition >> at) & 1 ? cell : other[at]!)));
          return model(mixed).reduce((sum, value) => sum + value, 0) / mixed.length;
        });
        expected.forEach((wanted, feature) => {
          expect(Math.abs(ours.values[feature]! - wanted)).toBeLessThan(1e-10);
        });
      }),
      runs,
    ));

  test('add up to prediction minus base value, exact and sampled (efficiency)', () =>
    fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 1, max: 8 }), async (seed, width) => {
        const [row, ...background] = randomRows(5, width, seed) as [number[], ...number[][]];
        const exact = answered(await exactShapley(tangled(seed), row, background));
        const sampled = answered(
          await sampledShapley(tangled(seed), row, background, { random: seeded(seed), pairs: 3 }),
        );
        for (const { values, baseValue, prediction } of [exact, sampled]) {
          expect(Math.abs(values.reduce((sum, value) => sum + value, baseValue) - prediction)).toBeLessThan(1e-12);
        }
        expect(sampled.baseValue).toBe(exact.baseValue);
      }),
      runs,
    ));

  test('are equal for features that the model treats alike, 0 for one it ignores (symmetry, dummy)', () =>
    fc.assert(
      fc.asyncProperty(seeds, fc.double({ min: -3, max: 3, noNaN: true }), async (seed, shared) => {
        // Features 0 and 1 enter by their product only; feature 3 not at all.
        const model = (rows: readonly (readonly number[])[]) =>
          rows.map((row) => Math.exp(row[0]! * row[1]! * 0.1) + row[2]! * (row[0]! + row[1]!));
        const background = randomRows(4, 4, seed).map((row) => [row[0]!, row[0]!, row[2]!, row[3]!]);
        const { values } = answered(await exactShapley(model, [shared, shared, 0.5, 9], background));
        expect(Math.abs(values[0]! - values[1]!)).toBeLessThan(1e-12);
        expect(Math.abs(values[3]!)).toBeLessThan(1e-12);
      }),
      runs,
    ));

  test('of a sum of models are the sum of their values (linearity)', async () => {
    const [row, ...background] = randomRows(6, 6, 77) as [number[], ...number[][]];
    const [one, two] = [tangled(3), tangled(4)];
    const both = (rows: readonly (readonly number[])[]) => one(rows).map((value, at) => value + two(rows)[at]!);
    const [first, second, sum] = await Promise.all(
      [one, two, both].map((model) => exactShapley(model, row, background)),
    );
    answered(sum!).values.forEach((value, feature) => {
      const parts = answered(first!).values[feature]! + answered(second!).values[feature]!;
      expect(Math.abs(value - parts)).toBeLessThan(1e-12);
    });
  });

  test('sampled are exact, with standard error 0, where features interact two at a time', async () => {
    const model = (rows: readonly (readonly number[])[]) =>
      rows.map((row) => row[0]! * row[1]! - 2 * row[2]! * row[3]! + row[4]!);
    const [row, ...background] = randomRows(9, 5, 5) as [number[], ...number[][]];
    const exact = answered(await exactShapley(model, row, background));
    const sampled = answered(await sampledShapley(model, row, background, { random: seeded(1), pairs: 2 }));
    exact.values.forEach((value, feature) => {
      expect(Math.abs(sampled.values[feature]! - value)).toBeLessThan(1e-13);
      expect(sampled.standardErrors[feature]!).toBeLessThan(1e-13);
    });
  });

  test('take texts, booleans and missing values, and only ask about what differs', async () => {
    const row = ['de', true, Number.NaN, 3];
    const background = [
      ['fr', true, 1, 3],
      ['de', false, 2, 3],
    ];
    const model = (rows: readonly (readonly (string | boolean | number)[])[]) =>
      rows.map(([country, known, age]) => (country === 'de' ? 2 : 0) + (known ? 1 : 0) + (Number.isNaN(age) ? 4 : 0));
    const answer = answered(await exactShapley(model, row, background));
    expect([...answer.values]).toEqual([1, 0.5, 4, 0]);
    expect(answer.evaluations).toBe(2 ** 3 * 2);
  });
});

function randomTree(random: () => number, depth: number, width: number, targets: number): TreeDefinition {
  if (depth === 0 || random() < 0.1) return { values: Array.from({ length: targets }, () => normal(random)) };
  const modes = ['x<=t', 'x<t', 'x>=t', 'x>t', 'x=t', 'x!=t'] as const;
  return {
    feature: Math.floor(random() * width),
    mode: modes[Math.floor(random() * modes.length)]!,
    threshold: Math.round(normal(random) * 2) / 2,
    missingIsTrue: random() < 0.5,
    whenTrue: randomTree(random, depth - 1, width, targets),
    whenFalse: randomTree(random, depth - 1, width, targets),
  };
}

interface TreeCase {
  readonly ensemble: TreeEnsemble;
  readonly rows: number[][];
  readonly background: number[][];
}

function treeCase(seed: number, width: number, depth: number): TreeCase {
  const random = seeded(seed);
  const trees = Array.from({ length: 3 }, () => randomTree(random, depth, width, 2));
  const { ensemble } = answered(
    buildTreeEnsemble(trees, { featureCount: width, targets: ['a', 'b'], baseScores: [0.5, -2] }),
  );
  const draw = (count: number) =>
    Array.from({ length: count }, () =>
      Array.from({ length: width }, () => (random() < 0.1 ? Number.NaN : Math.round(normal(random) * 2) / 2)),
    );
  return { ensemble, rows: draw(3), background: draw(6) };
}

describe('Tree SHAP', () => {
  const shapes = fc.record({ width: fc.integer({ min: 1, max: 7 }), depth: fc.integer({ min: 0, max: 6 }) });

  test('interventional is exact Shapley of the same game', () =>
    fc.assert(
      fc.asyncProperty(seeds, shapes, async (seed, { width, depth }) => {
        const { ensemble, rows, background } = treeCase(seed, width, depth);
        const fast = answered(interventionalTreeShap(ensemble, rows, background));
        for (const target of [0, 1]) {
          const slow = answered(
            await exactShapley(
              (asked: readonly (readonly number[])[]) =>
                answered(evaluateTrees(ensemble, asked)).scores.map((score) => score[target]!),
              rows[0]!,
              background,
            ),
          );
          expect(Math.abs(fast.baseValues[target]! - slow.baseValue)).toBeLessThan(1e-10);
          slow.values.forEach((wanted, feature) => {
            expect(Math.abs(fast.values[0]![target]![feature]! - wanted)).toBeLessThan(1e-10);
          });
        }
      }),
      runs,
    ));

  test('path-dependent is Shapley of the game that follows both branches by cover', () =>
    fc.assert(
      fc.property(seeds, shapes, (seed, { width, depth }) => {
        const { ensemble, rows, background } = treeCase(seed, width, depth);
        const { covers } = answered(countNodeCovers(ensemble, background));
        const fast = answered(pathDependentTreeShap(ensemble, rows, covers));
        const reach = directions(ensemble, rows[1]!);
        for (const target of [0, 1]) {
          const expected = bruteForce(width, (coalition) =>
            ensemble.roots.reduce((sum, root) => sum + worthOf(ensemble, root, target, covers, reach, coalition), 0),
          );
          expected.forEach((wanted, feature) => {
            expect(Math.abs(fast.values[1]![target]![feature]! - wanted)).toBeLessThan(1e-10);
          });
        }
      }),
      runs,
    ));

  test('of both kinds adds up to the score, and gives 0 to features that no tree uses', () =>
    fc.assert(
      fc.property(seeds, (seed) => {
        const { ensemble, rows, background } = treeCase(seed, 9, 5);
        const used = new Set(ensemble.feature);
        const { covers } = answered(countNodeCovers(ensemble, background));
        for (const explained of [
          answered(pathDependentTreeShap(ensemble, rows, covers)),
          answered(interventionalTreeShap(ensemble, rows, background)),
        ]) {
          expect(explained.largestGap).toBeLessThan(1e-12);
          explained.values.flat().forEach((values) => {
            values.forEach((value, feature) => {
              if (!used.has(feature)) expect(value).toBe(0);
            });
          });
        }
      }),
      runs,
    ));

  test('adds up on a single path with more features than a word has bits', () => {
    let tree: TreeDefinition = { values: [3] };
    for (let feature = 0; feature < 70; feature += 1) {
      tree = { feature, threshold: 0, whenTrue: tree, whenFalse: { values: [feature / 10] } };
    }
    const { ensemble } = answered(buildTreeEnsemble([tree], { featureCount: 70 }));
    const rows = randomRows(5, 70, 8).map((row) => row.map((cell, at) => (at < 69 ? cell - 2 : cell)));
    const { covers } = answered(countNodeCovers(ensemble, rows));
    expect(answered(pathDependentTreeShap(ensemble, rows, covers)).largestGap).toBeLessThan(1e-12);
    const explained = answered(interventionalTreeShap(ensemble, rows, rows));
    expect(explained.largestGap).toBeLessThan(1e-12);
    expect(explained.values[0]![0]!.some((value) => value !== 0)).toBe(true);
  });
});

/** Which way a row goes at every split, written out a second time. */
function directions(ensemble: TreeEnsemble, row: readonly number[]): boolean[] {
  const compare = [
    (x: number, t: number) => x <= t,
    (x: number, t: number) => x < t,
    (x: number, t: number) => x >= t,
    (x: number, t: number) => x > t,
    (x: number, t: number) => x === t,
    (x: number, t: number) => x !== t,
  ];
  return Array.from(ensemble.feature, (feature, node) => {
    if (feature < 0) return false;
    const value = row[feature]!;
    if (Number.isNaN(value) && ensemble.missingIsTrue[node] === 1) return true;
    return compare[ensemble.mode[node]!]!(value, ensemble.threshold[node]!);
  });
}

function worthOf(
  ensemble: TreeEnsemble,
  node: number,
  target: number,
  covers: Float64Array,
  reach: readonly boolean[],
  coalition: number,
): number {
  const feature = ensemble.feature[node]!;
  if (feature < 0) return ensemble.leafValues[ensemble.leaf[node]! * 2 + target]!;
  const [yes, no] = [ensemble.whenTrue[node]!, ensemble.whenFalse[node]!];
  const below = (child: number) => worthOf(ensemble, child, target, covers, reach, coalition);
  if ((coalition >> feature) & 1) return below(reach[node] ? yes : no);
  const cover = covers[node]!;
  const share = cover > 0 ? covers[yes]! / cover : 0.5;
  return share * below(yes) + (1 - share) * below(no);
}
