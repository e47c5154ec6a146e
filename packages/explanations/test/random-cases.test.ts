// 1,000 random cases of every kind of input, and 29 real columns, against answers computed from the definitions.
import { describe, expect, test } from 'vitest';
import {
  buildTreeEnsemble,
  countNodeCovers,
  exactShapley,
  interventionalTreeShap,
  type MetricName,
  pathDependentTreeShap,
  permutationImportance,
  type TreeDefinition,
} from '../src/index.ts';
import { answered } from './answered.ts';
import { fraudRows } from './fraud-rows.ts';
import { normal, seeded } from './random.ts';

const CASES = 1_000;
const KINDS = ['bell', 'ties', 'constant column', 'tiny', 'huge', 'missing', 'nothing differs'] as const;
const SCALES: Partial<Record<string, number>> = { tiny: 1e-100, huge: 1e100 };

type Row = readonly number[];
type Game = (rows: readonly Row[]) => number[];

/** Cells of one kind. Rows of "nothing differs" are all the same. */
function draw(kind: (typeof KINDS)[number], count: number, width: number, random: () => number): Row[] {
  const scale = SCALES[kind] ?? 1;
  const cell = (column: number): number => {
    if (kind === 'ties') return Math.floor(random() * 3);
    if (kind === 'constant column' && column === 0) return 2.5;
    if (kind === 'missing' && random() < 0.25) return Number.NaN;
    return normal(random) * scale;
  };
  const rows = Array.from({ length: count }, () => Array.from({ length: width }, (_, column) => cell(column)));
  return kind === 'nothing differs' ? rows.map(() => rows[0]!) : rows;
}

/** A model that mixes all cells, in the scale of its cells; NaN means something to it. */
function tangled(seed: number, scale: number): Game {
  return (rows) =>
    rows.map((row) => {
      const cells = row.map((cell) => (Number.isNaN(cell) ? -0.7 : cell / scale));
      const mixed = cells.reduce((sum, cell, at) => sum * 1.7 + cell * (at + 1), seed % 100);
      return scale * (Math.sin(mixed) * 3 + cells[0]! * cells.at(-1)!);
    });
}

/** Shapley's own definition: what a feature adds when it joins, averaged over all orders of joining. */
function overAllOrders(width: number, worth: (coalition: number) => number): number[] {
  const known = Array.from({ length: 2 ** width }, (_, coalition) => worth(coalition));
  const values = new Array<number>(width).fill(0);
  let orders = 0;
  const join = (coalition: number, gained: readonly number[]): void => {
    if (coalition === 2 ** width - 1) {
      orders += 1;
      gained.forEach((gain, feature) => {
        values[feature]! += gain;
      });
      return;
    }
    for (let feature = 0; feature < width; feature += 1) {
      if ((coalition >> feature) & 1) continue;
      const grown = coalition | (1 << feature);
      join(grown, gained.with(feature, known[grown]! - known[coalition]!));
    }
  };
  join(0, new Array<number>(width).fill(0));
  return values.map((value) => value / orders);
}

/** The mean answer when the features of a coalition are the row's and the others a background row's. */
function mixedWorth(game: Game, row: Row, background: readonly Row[]) {
  return (coalition: number): number => {
    const mixed = background.map((other) => row.map((cell, at) => ((coalition >> at) & 1 ? cell : other[at]!)));
    return game(mixed).reduce((sum, value) => sum + value, 0) / mixed.length;
  };
}

function widestGap(ours: ArrayLike<number>, wanted: readonly number[]): number {
  return Math.max(...wanted.map((value, at) => Math.abs(ours[at]! - value)));
}

test(`exact Shapley values on ${CASES} random cases`, async () => {
  for (let index = 0; index < CASES; index += 1) {
    const random = seeded(7_000 + index);
    const kind = KINDS[index % KINDS.length]!;
    const scale = SCALES[kind] ?? 1;
    const width = 1 + (index % 5);
    const [row, ...background] = draw(kind, 4, width, random) as [Row, ...Row[]];
    const game = tangled(index, scale);
    const ours = answered(await exactShapley(game, row, background));
    const wanted = overAllOrders(width, mixedWorth(game, row, background));
    expect(widestGap(ours.values, wanted), `case ${index} (${kind})`).toBeLessThan(1e-12 * scale);
    if (kind === 'nothing differs') expect([...ours.values].every((value) => value === 0)).toBe(true);
    if (kind === 'constant column') expect(ours.values[0]).toBe(0);
  }
});

function randomTree(random: () => number, depth: number, width: number, scale: number): TreeDefinition {
  if (depth === 0 || random() < 0.1) return { values: [normal(random) * scale] };
  return {
    feature: Math.floor(random() * width),
    mode: (['x<=t', 'x<t', 'x>=t', 'x>t'] as const)[Math.floor(random() * 4)]!,
    threshold: random() < 0.3 ? 1 * scale : normal(random) * scale,
    missingIsTrue: random() < 0.5,
    whenTrue: randomTree(random, depth - 1, width, scale),
    whenFalse: randomTree(random, depth - 1, width, scale),
  };
}

/** A tree read from its definition alone; `decide` says which way to go and with what weight. */
function walk(tree: TreeDefinition, decide: (tree: Split) => number): number {
  if ('values' in tree) return tree.values[0]!;
  const share = decide(tree);
  if (share === 1) return walk(tree.whenTrue, decide);
  if (share === 0) return walk(tree.whenFalse, decide);
  return share * walk(tree.whenTrue, decide) + (1 - share) * walk(tree.whenFalse, decide);
}

type Split = Extract<TreeDefinition, { readonly feature: number }>;

function goesTrue({ feature, mode, threshold, missingIsTrue }: Split, row: Row): boolean {
  const value = row[feature]!;
  if (Number.isNaN(value)) return missingIsTrue!;
  if (mode === 'x<=t') return value <= threshold;
  if (mode === 'x<t') return value < threshold;
  return mode === 'x>=t' ? value >= threshold : value > threshold;
}

/** Of the rows that reach each split, the share that goes on to the true side; a half where none comes. */
function sharesOf(trees: readonly TreeDefinition[], rows: readonly Row[]): Map<TreeDefinition, number> {
  const shares = new Map<TreeDefinition, number>();
  const visit = (tree: TreeDefinition, reached: readonly Row[]): void => {
    if ('values' in tree) return;
    const yes = reached.filter((row) => goesTrue(tree, row));
    shares.set(tree, reached.length > 0 ? yes.length / reached.length : 0.5);
    visit(tree.whenTrue, yes);
    visit(
      tree.whenFalse,
      reached.filter((row) => !goesTrue(tree, row)),
    );
  };
  for (const tree of trees) visit(tree, rows);
  return shares;
}

test(`both kinds of Tree SHAP on ${CASES} random ensembles`, () => {
  for (let index = 0; index < CASES; index += 1) {
    const random = seeded(90_000 + index);
    const kind = KINDS[index % KINDS.length]!;
    const scale = SCALES[kind] ?? 1;
    const width = 1 + (index % 5);
    const trees = Array.from({ length: 3 }, () => randomTree(random, index % 6, width, scale));
    const [row, ...background] = draw(kind, 6, width, random) as [Row, ...Row[]];
    const { ensemble } = answered(buildTreeEnsemble(trees, { featureCount: width }));
    const label = `case ${index} (${kind})`;

    const game: Game = (rows) =>
      rows.map((one) => trees.reduce((sum, tree) => sum + walk(tree, (split) => (goesTrue(split, one) ? 1 : 0)), 0));
    const interventional = answered(interventionalTreeShap(ensemble, [row], background));
    const wanted = overAllOrders(width, mixedWorth(game, row, background));
    expect(widestGap(interventional.values[0]![0]!, wanted), label).toBeLessThan(1e-12 * scale);

    const shares = sharesOf(trees, background);
    const { covers } = answered(countNodeCovers(ensemble, background));
    const pathDependent = answered(pathDependentTreeShap(ensemble, [row], covers));
    const followed = overAllOrders(width, (coalition) =>
      trees.reduce(
        (sum, tree) =>
          sum +
          walk(tree, (split) => ((coalition >> split.feature) & 1 ? Number(goesTrue(split, row)) : shares.get(split)!)),
        0,
      ),
    );
    expect(widestGap(pathDependent.values[0]![0]!, followed), label).toBeLessThan(1e-12 * scale);
    // Many rows go another way through the trees than one.
    const together = answered(pathDependentTreeShap(ensemble, [row, ...background, ...background], covers));
    expect(widestGap(together.values[0]![0]!, followed), label).toBeLessThan(1e-12 * scale);
    const alone = answered(pathDependentTreeShap(ensemble, [background.at(-1)!], covers));
    expect(widestGap(alone.values[0]![0]!, [...together.values.at(-1)![0]!]), label).toBeLessThan(1e-12 * scale);
  }
});

const METRICS: Partial<Record<MetricName, (labels: readonly number[], predictions: readonly number[]) => number>> = {
  'mean-squared-error': (labels, predictions) => meanOver(labels, (label, at) => (label - predictions[at]!) ** 2),
  'mean-absolute-error': (labels, predictions) => meanOver(labels, (label, at) => Math.abs(label - predictions[at]!)),
  accuracy: (labels, predictions) => meanOver(labels, (label, at) => Number(predictions[at]! >= 0.5 === (label === 1))),
  'brier-score': (labels, predictions) => meanOver(labels, (label, at) => (label - predictions[at]!) ** 2),
  'log-loss': (labels, predictions) =>
    meanOver(labels, (label, at) => -Math.log(label === 1 ? predictions[at]! : 1 - predictions[at]!)),
  'roc-auc': (labels, predictions) => {
    let won = 0;
    let pairs = 0;
    for (const [one, positive] of labels.entries()) {
      for (const [other, negative] of labels.entries()) {
        if (positive !== 1 || negative !== 0) continue;
        pairs += 1;
        const [high, low] = [predictions[one]!, predictions[other]!];
        won += high > low ? 1 : high === low ? 0.5 : 0;
      }
    }
    return won / pairs;
  },
};
const LOWER_IS_BETTER = ['mean-squared-error', 'mean-absolute-error', 'brier-score', 'log-loss'];

function meanOver(labels: readonly number[], of: (label: number, at: number) => number): number {
  return labels.reduce((sum, label, at) => sum + of(label, at), 0) / labels.length;
}

interface PermutationCase {
  readonly rows: Row[];
  readonly labels: number[];
  readonly game: Game;
  readonly metric: MetricName;
  readonly repeats: number;
  readonly seed: number;
  readonly unit: number;
}

/** Missing values last. */
function byValue(a: number, b: number): number {
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b)) || a - b || 0;
}

/** Importances from what the model was really asked: every row must be its own but for the one feature, permuted. */
async function comparePermutation(one: PermutationCase, label: string): Promise<Row> {
  const { rows, labels, game, metric, repeats, unit } = one;
  const asked: Row[] = [];
  const recording: Game = (batch) => {
    asked.push(...batch.map((row) => [...row]));
    return game(batch);
  };
  const { baseline, importances } = answered(
    await permutationImportance(recording, rows, labels, { metric, repeats, random: seeded(one.seed) }),
  );
  const score = (some: readonly Row[]) => METRICS[metric]!(labels, game(some));
  const sign = LOWER_IS_BETTER.includes(metric) ? -1 : 1;
  const whole = score(asked.slice(0, rows.length));
  expect(asked.slice(0, rows.length), label).toEqual(rows);
  expect(Math.abs(baseline - whole), label).toBeLessThanOrEqual(1e-12 * unit);
  let from = rows.length;
  for (const [feature, ours] of importances.entries()) {
    const drops: number[] = [];
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const permuted = asked.slice(from, from + rows.length);
      from += rows.length;
      const others = (row: Row) => row.toSpliced(feature, 1);
      expect(permuted.map(others), label).toEqual(rows.map(others));
      const cells = (some: readonly Row[]) => some.map((row) => row[feature]!).sort(byValue);
      expect(cells(permuted), label).toEqual(cells(rows));
      drops.push(sign * (whole - score(permuted)));
    }
    expect(widestGap(ours.perRepeat, drops), label).toBeLessThanOrEqual(1e-12 * unit);
    const mean = drops.reduce((sum, drop) => sum + drop, 0) / repeats;
    expect(Math.abs(ours.importance - mean), label).toBeLessThanOrEqual(1e-12 * unit);
  }
  expect(from).toBe(asked.length);
  return importances.map(({ importance }) => importance);
}

test(`permutation importance on ${CASES} random cases`, async () => {
  for (let index = 0; index < CASES; index += 1) {
    const random = seeded(300_000 + index);
    const kind = KINDS[index % KINDS.length]!;
    const scale = SCALES[kind] ?? 1;
    const width = 1 + (index % 4);
    const rows = draw(kind, 6 + Math.floor(random() * 20), width, random);
    const metric = Object.keys(METRICS)[index % 6] as MetricName;
    const isNumeric = metric === 'mean-squared-error' || metric === 'mean-absolute-error';
    const raw = tangled(index, scale);
    const game: Game = isNumeric
      ? raw
      : (some) => raw(some).map((value) => 0.02 + 0.96 / (1 + Math.exp(-value / scale)));
    const labels = rows.map((_, at) => (isNumeric ? normal(random) * scale : at < 4 ? at % 2 : Number(random() < 0.4)));
    const unit = metric === 'mean-squared-error' ? 20 * scale ** 2 : isNumeric ? 10 * scale : 10;
    const label = `case ${index} (${kind}, ${metric})`;
    // Scores that are all the same rank nothing.
    if (metric === 'roc-auc' && new Set(game(rows)).size === 1) {
      const refused = await permutationImportance(game, rows, labels, { metric, random });
      expect(refused, label).toMatchObject({ ok: false, reason: 'no-metric' });
      continue;
    }
    const found = await comparePermutation(
      { rows, labels, game, metric, repeats: 1 + (index % 3), seed: index, unit },
      label,
    );
    if (kind === 'constant column') expect(found[0], label).toBe(0);
    if (kind === 'nothing differs') expect(Math.max(...found.map(Math.abs)), label).toBe(0);
  }
});

describe('29 real columns', () => {
  const fraud = fraudRows();
  const width = fraud.rows[0]!.length;
  const picked = fraud.labels.flatMap((label, at) => (label === 1 || at % 60 === 0 ? [at] : [])).slice(0, 160);
  const rows = picked.map((at) => [...fraud.rows[at]!]);
  const labels = picked.map((at) => fraud.labels[at]!);
  const centre = Array.from({ length: width }, (_, column) =>
    meanOver(
      rows.map((row) => row[column]!),
      (cell) => cell,
    ),
  );
  const spread = centre.map((mean, column) =>
    Math.sqrt(
      meanOver(
        rows.map((row) => row[column]!),
        (cell) => (cell - mean) ** 2,
      ),
    ),
  );
  const standard = (cell: number, column: number) => (cell - centre[column]!) / spread[column]!;

  test('there are that many, and both labels', () => {
    expect(width).toBe(29);
    expect(spread.every((one) => one > 0)).toBe(true);
    expect(new Set(labels).size).toBe(2);
  });

  test('permutation importance of each, by three metrics', async () => {
    const game: Game = (some) =>
      some.map((row) => {
        const margin = row.reduce((sum, cell, at) => sum + Math.sin(at) * Math.tanh(standard(cell, at)), 0);
        return 0.01 + 0.98 / (1 + Math.exp(-margin));
      });
    for (const metric of ['roc-auc', 'log-loss', 'accuracy'] as const) {
      await comparePermutation({ rows, labels, game, metric, repeats: 2, seed: 5, unit: 10 }, metric);
    }
  });

  test('exact Shapley values, five columns at a time', async () => {
    for (let first = 0; first < width; first += 4) {
      const columns = Array.from({ length: 5 }, (_, at) => (first + at) % width);
      const some = rows.slice(first, first + 6).map((row) => columns.map((column) => row[column]!));
      const [row, ...background] = some as readonly Row[] as [Row, ...Row[]];
      const raw = tangled(first, 1);
      const game: Game = (asked) => raw(asked.map((cells) => cells.map((cell, at) => standard(cell, columns[at]!))));
      const ours = answered(await exactShapley(game, row, background));
      expect(widestGap(ours.values, overAllOrders(5, mixedWorth(game, row, background)))).toBeLessThan(1e-11);
    }
  });
});
