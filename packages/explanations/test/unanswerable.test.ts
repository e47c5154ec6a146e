// Walks over every export: what cannot be answered gives a reason and what is needed, never a number.
import { describe, expect, test } from 'vitest';
import * as explanations from '../src/index.ts';
import { answered } from './answered.ts';
import { modelBytes } from './fraud-rows.ts';
import { seeded } from './random.ts';

type NumberRows = readonly (readonly number[])[];
type Model = explanations.PredictRows<number>;

const random = seeded(1);
const row = [0.5, -1, 2];
const rows = Array.from({ length: 120 }, () => [random() - 0.5, random() - 0.5, random() * 2]);
const labels = rows.map(([first]) => (first! > 0 ? 1 : 0));
const model: Model = (asked) => asked.map(([first, second]) => 1 / (1 + Math.exp(-3 * first! - second!)));
const nothing = undefined as never;

/** Rows that no function takes, whatever it asks. */
const badRows: Record<string, NumberRows> = {
  undefined: nothing,
  'no rows': [],
  'no columns': [[], []],
  ragged: [[1, 2, 3], [1]],
  infinite: rows.map((one, at) => (at === 1 ? [1, Number.POSITIVE_INFINITY, 2] : one)),
  'a hole': rows.map((one, at) => (at === 1 ? [1, nothing, 2] : one)),
};

const badRowsOfThree = {
  ...badRows,
  'another width': [
    [1, 2],
    [3, 4],
  ],
};

/** Models that do not answer. */
const badModels: Record<string, Model> = {
  undefined: nothing,
  throws: () => {
    throw new Error('out of memory');
  },
  rejects: () => Promise.reject(new Error('worker gone')),
  'answers NaN': (asked) => asked.map(() => Number.NaN),
  'answers infinity': (asked) => asked.map(() => Number.POSITIVE_INFINITY),
  'answers texts': (asked) => asked.map(() => 'yes' as unknown as number),
  'answers too few': () => [0.5],
  'answers nothing': () => nothing,
};

type Attempt = readonly [label: string, answer: unknown];

function each<T>(bad: Record<string, T>, ask: (one: T) => unknown): Attempt[] {
  return Object.entries(bad).map(([label, one]) => [label, ask(one)]);
}

const { ensemble } = answered(
  explanations.buildTreeEnsemble(
    [{ feature: 0, threshold: 0, whenTrue: { values: [1] }, whenFalse: { values: [2] } }],
    { featureCount: 3 },
  ),
);
const covers = answered(explanations.countNodeCovers(ensemble, rows)).covers;
const leaf = { values: [1] };
const textRows = [['a', 'b', 'c']] as unknown as NumberRows;

const permute = (
  asked: Model,
  some: NumberRows,
  wanted: readonly unknown[],
  more: Partial<explanations.PermutationOptions<unknown>> = {},
) => explanations.permutationImportance(asked, some, wanted, { metric: 'accuracy', random: seeded(1), ...more });

const options = () => ({ random: seeded(1) });

const refusals: Record<string, () => Attempt[]> = {
  permutationImportance: () => [
    ...each(badModels, (one) => permute(one, rows, labels)),
    ...each(badRows, (one) => permute(model, one, labels)),
    ['one row', permute(model, [row], [1])],
    ['other number of labels', permute(model, rows, [1])],
    ['no labels', permute(model, rows, nothing)],
    [
      'one class only',
      permute(
        model,
        rows,
        labels.map(() => 1),
        { metric: 'roc-auc' },
      ),
    ],
    [
      'constant labels',
      permute(
        model,
        rows,
        labels.map(() => 7),
        { metric: 'r-squared' },
      ),
    ],
    [
      'missing labels',
      permute(
        model,
        rows,
        labels.map(() => null),
      ),
    ],
    [
      'labels of another kind',
      permute(
        model,
        rows,
        labels.map(() => 'fraud'),
      ),
    ],
    [
      'labels beyond 0 and 1',
      permute(
        model,
        rows,
        labels.map(() => 2),
        { metric: 'log-loss' },
      ),
    ],
    ['no probabilities', permute((asked) => asked.map(() => 1.5), rows, labels, { metric: 'brier-score' })],
    ['constant predictions', permute((asked) => asked.map(() => 0.5), rows, labels, { metric: 'average-precision' })],
    ['unknown metric', permute(model, rows, labels, { metric: 'nope' as 'accuracy' })],
    [
      'metric without an answer',
      permute(model, rows, labels, { metric: { name: 'x', higherIsBetter: true, score: () => null } }),
    ],
    ['no random source', permute(model, rows, labels, { random: nothing })],
    ['no repeats', permute(model, rows, labels, { repeats: 0 })],
    ['confidence', permute(model, rows, labels, { confidence: 1 })],
    ['groups of nothing', permute(model, rows, labels, { groups: [[]] })],
    ['unknown feature', permute(model, rows, labels, { groups: [[3]] })],
    ['no options', explanations.permutationImportance(model, rows, labels, nothing)],
  ],
  exactShapley: () => [
    ...each(badModels, (one) => explanations.exactShapley(one, row, rows.slice(0, 5))),
    ...each(badRowsOfThree, (one) => explanations.exactShapley(model, row, one)),
    ['no row', explanations.exactShapley(model, nothing, rows)],
    ['empty row', explanations.exactShapley(model, [], rows)],
    ['infinite row', explanations.exactShapley(model, [1, 2, Number.NEGATIVE_INFINITY], rows)],
    ['too many features', explanations.exactShapley(model, new Array(16).fill(1), [new Array(16).fill(0)])],
    ['a limit beyond memory', explanations.exactShapley(model, row, rows, { maximumFeatures: 30 })],
  ],
  sampledShapley: () => [
    ...each(badModels, (one) => explanations.sampledShapley(one, row, rows.slice(0, 5), options())),
    ...each(badRowsOfThree, (one) => explanations.sampledShapley(model, row, one, options())),
    ['no row', explanations.sampledShapley(model, nothing, rows, options())],
    ['no random source', explanations.sampledShapley(model, row, rows, nothing)],
    ['one pair', explanations.sampledShapley(model, row, rows, { ...options(), pairs: 1 })],
  ],
  limeExplanation: () => [
    ...each(badModels, (one) => explanations.limeExplanation(one, row, rows, options())),
    ...each(badRowsOfThree, (one) => explanations.limeExplanation(model, row, one, options())),
    ['no row', explanations.limeExplanation(model, nothing, rows, options())],
    ['few background rows', explanations.limeExplanation(model, row, rows.slice(0, 9), options())],
    ['no random source', explanations.limeExplanation(model, row, rows, nothing)],
    ['few samples', explanations.limeExplanation(model, row, rows, { ...options(), samples: 50 })],
    ['kernel width', explanations.limeExplanation(model, row, rows, { ...options(), kernelWidth: 0 })],
    ['limits in the wrong order', explanations.limeExplanation(model, row, rows, { ...options(), refuseBelow: 0.9 })],
    ['constant predictions', explanations.limeExplanation((asked) => asked.map(() => 3), row, rows, options())],
    ['poor fit', explanations.limeExplanation((asked) => asked.map((_, at) => (at * 7919) % 13), row, rows, options())],
    [
      'constant background',
      explanations.limeExplanation(
        model,
        row,
        rows.map(() => row),
        options(),
      ),
    ],
  ],
  fitWeightedRidge: () => [
    ...each(badRows, (one) => explanations.fitWeightedRidge(one, [1, 2], [1, 1], 1)),
    ['texts', explanations.fitWeightedRidge([...textRows, ...textRows], [1, 2], [1, 1], 1)],
    ['missing cell', explanations.fitWeightedRidge([[1], [Number.NaN]], [1, 2], [1, 1], 1)],
    ['one row', explanations.fitWeightedRidge([[1]], [1], [1], 1)],
    ['other number of targets', explanations.fitWeightedRidge([[1], [2]], [1], [1, 1], 1)],
    ['NaN target', explanations.fitWeightedRidge([[1], [2]], [1, Number.NaN], [1, 1], 1)],
    ['negative weight', explanations.fitWeightedRidge([[1], [2]], [1, 2], [1, -1], 1)],
    ['no weight', explanations.fitWeightedRidge([[1], [2]], [1, 2], [0, 0], 1)],
    ['constant targets', explanations.fitWeightedRidge([[1], [2]], [5, 5], [1, 1], 1)],
    ['alpha', explanations.fitWeightedRidge([[1], [2]], [1, 2], [1, 1], Number.NaN)],
    [
      'no unique solution',
      explanations.fitWeightedRidge(
        [
          [1, 1],
          [2, 2],
          [3, 3],
        ],
        [1, 2, 4],
        [1, 1, 1],
        0,
      ),
    ],
  ],
  buildTreeEnsemble: () => [
    ['no trees', explanations.buildTreeEnsemble([], { featureCount: 1 })],
    ['undefined', explanations.buildTreeEnsemble(nothing, nothing)],
    ['no width', explanations.buildTreeEnsemble([leaf], nothing)],
    ['no features', explanations.buildTreeEnsemble([leaf], { featureCount: 0 })],
    ['no targets', explanations.buildTreeEnsemble([{ values: [] }], { featureCount: 1 })],
    ['NaN leaf', explanations.buildTreeEnsemble([{ values: [Number.NaN] }], { featureCount: 1 })],
    ['NaN base', explanations.buildTreeEnsemble([leaf], { featureCount: 1, baseScores: [Number.NaN] })],
    ['uneven leaves', explanations.buildTreeEnsemble([leaf, { values: [1, 2] }], { featureCount: 1 })],
    [
      'feature outside',
      explanations.buildTreeEnsemble([{ feature: 3, threshold: 0, whenTrue: leaf, whenFalse: leaf }], {
        featureCount: 3,
      }),
    ],
    [
      'NaN threshold',
      explanations.buildTreeEnsemble([{ feature: 0, threshold: Number.NaN, whenTrue: leaf, whenFalse: leaf }], {
        featureCount: 3,
      }),
    ],
    ['transform', explanations.buildTreeEnsemble([leaf], { featureCount: 1, postTransform: 'TANH' as 'NONE' })],
  ],
  readOnnxTrees: () => [
    ['undefined', explanations.readOnnxTrees(nothing)],
    ['empty', explanations.readOnnxTrees(new Uint8Array())],
    ['noise', explanations.readOnnxTrees(Uint8Array.from({ length: 400 }, (_, at) => (at * 167) % 256))],
    ['cut short', explanations.readOnnxTrees(modelBytes('xgboost.onnx').subarray(0, 20_000))],
    ['no trees', explanations.readOnnxTrees(modelBytes('neural-network.onnx'))],
    ['unknown position', explanations.readOnnxTrees(modelBytes('xgboost.onnx'), { position: 3 })],
  ],
  evaluateTrees: () => [
    ...each({ ...badRowsOfThree, texts: textRows }, (one) => explanations.evaluateTrees(ensemble, one)),
    ['no trees', explanations.evaluateTrees(nothing, rows)],
    [
      'PROBIT of more than 1',
      explanations.evaluateTrees(
        answered(explanations.buildTreeEnsemble([{ values: [2] }], { featureCount: 3, postTransform: 'PROBIT' }))
          .ensemble,
        rows,
      ),
    ],
  ],
  countNodeCovers: () => [
    ...each({ ...badRowsOfThree, texts: textRows }, (one) => explanations.countNodeCovers(ensemble, one)),
    ['no trees', explanations.countNodeCovers(nothing, rows)],
  ],
  interventionalTreeShap: () => [
    ...each({ ...badRowsOfThree, texts: textRows }, (one) => explanations.interventionalTreeShap(ensemble, one, rows)),
    ...each({ ...badRowsOfThree, texts: textRows }, (one) => explanations.interventionalTreeShap(ensemble, rows, one)),
    ['no trees', explanations.interventionalTreeShap(nothing, rows, rows)],
  ],
  pathDependentTreeShap: () => [
    ...each({ ...badRowsOfThree, texts: textRows }, (one) => explanations.pathDependentTreeShap(ensemble, one, covers)),
    ['no trees', explanations.pathDependentTreeShap(nothing, rows, covers)],
    ['no covers', explanations.pathDependentTreeShap(ensemble, rows, nothing)],
    ['other number of covers', explanations.pathDependentTreeShap(ensemble, rows, [1, 2])],
    ['NaN cover', explanations.pathDependentTreeShap(ensemble, rows, [3, Number.NaN, 1])],
    ['negative cover', explanations.pathDependentTreeShap(ensemble, rows, [3, 4, -1])],
    ['covers that do not add up', explanations.pathDependentTreeShap(ensemble, rows, [3, 3, 3])],
    ['no rows under a root', explanations.pathDependentTreeShap(ensemble, rows, [0, 0, 0])],
  ],
  summarizeExplanations: () => [
    ...each({ ...badRows, texts: textRows }, (one) => explanations.summarizeExplanations(one)),
    ['one row', explanations.summarizeExplanations([[1, 2]])],
    [
      'NaN',
      explanations.summarizeExplanations([
        [1, 2],
        [1, Number.NaN],
      ]),
    ],
    [
      'names',
      explanations.summarizeExplanations(
        [
          [1, 2],
          [3, 4],
        ],
        { names: ['a'] },
      ),
    ],
    [
      'confidence',
      explanations.summarizeExplanations(
        [
          [1, 2],
          [3, 4],
        ],
        { confidence: 0 },
      ),
    ],
  ],
  combineModels: () => [
    ...each(badRows, (values) => explanations.combineModels([{ name: 'a', weight: 1, values }])),
    ['undefined', explanations.combineModels(nothing)],
    ['no models', explanations.combineModels([])],
    ['a hole', explanations.combineModels([nothing])],
    ['no weight', explanations.combineModels([{ name: 'a', weight: 0, values: rows }])],
    ['NaN weight', explanations.combineModels([{ name: 'a', weight: Number.NaN, values: rows }])],
    [
      'other features',
      explanations.combineModels([
        { name: 'a', weight: 1, values: rows },
        { name: 'b', weight: 1, values: [[1], [2]] },
      ]),
    ],
    [
      'other rows',
      explanations.combineModels([
        { name: 'a', weight: 1, values: rows },
        { name: 'b', weight: 1, values: rows.slice(1) },
      ]),
    ],
    ['names', explanations.combineModels([{ name: 'a', weight: 1, values: rows }], { names: ['x'] })],
  ],
};

function holdsOnlyFiniteNumbers(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (value === null || typeof value !== 'object') return true;
  return Object.values(value).every(holdsOnlyFiniteNumbers);
}

describe('questions without an answer', () => {
  test('every exported function is in the walk', () => {
    const exported = Object.entries(explanations)
      .filter(([, value]) => typeof value === 'function')
      .map(([name]) => name);
    expect(Object.keys(refusals).sort()).toEqual(exported.sort());
    expect(exported.length).toBeGreaterThan(10);
  });

  for (const [name, attempts] of Object.entries(refusals)) {
    test(`${name} refuses with a reason and what is needed`, async () => {
      for (const [label, attempt] of attempts()) {
        const answer = await attempt;
        expect(answer, label).toMatchObject({
          ok: false,
          reason: expect.stringMatching(/^[a-z-]+$/),
          needed: expect.stringMatching(/.{3}/),
          have: expect.any(String),
        });
        expect(
          Object.values(answer as object).some((value) => typeof value === 'number'),
          label,
        ).toBe(false);
      }
    });
  }

  test('constant features and missing cells are answered, with finite numbers only', async () => {
    const some = rows.slice(0, 40).map(([first, second]) => [first!, second!, 7]);
    const gaps = some.map((one, at) => (at % 4 === 0 ? [one[0]!, Number.NaN, 7] : one));
    const careful: Model = (asked) => asked.map(([first, second]) => first! + (Number.isNaN(second) ? 0.2 : second!));
    const known = gaps.map(([first]) => first!);
    for (const answer of [
      await explanations.permutationImportance(careful, gaps, known, { metric: 'r-squared', random: seeded(1) }),
      await explanations.exactShapley(careful, gaps[0]!, gaps),
      await explanations.sampledShapley(careful, gaps[1]!, gaps, options()),
      await explanations.sampledShapley(careful, some[1]!, [some[1]!], options()),
      explanations.interventionalTreeShap(ensemble, gaps, gaps),
      explanations.pathDependentTreeShap(ensemble, gaps, covers),
      explanations.summarizeExplanations([
        [0, 1],
        [0, 1],
      ]),
    ]) {
      expect(answer).toMatchObject({ ok: true });
      expect(holdsOnlyFiniteNumbers(answer)).toBe(true);
    }
  });
});
