// The two tree models of examples/fraud: read from their ONNX files, against ONNX Runtime and Python's shap.
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import {
  countNodeCovers,
  evaluateTrees,
  exactShapley,
  interventionalTreeShap,
  pathDependentTreeShap,
  type TreeEnsemble,
  type TreeExplanation,
} from '../src/index.ts';
import { answered } from './answered.ts';
import { FIRST_REPLAYED_ROW, fraudRows, fraudTrees, modelBytes, models } from './fraud-rows.ts';

interface Explained {
  readonly base: number;
  readonly values: readonly (readonly number[])[];
}

interface Fixture {
  readonly rows: readonly number[];
  readonly background: readonly number[];
  readonly models: Readonly<
    Record<
      string,
      Record<
        | 'pathDependent'
        | 'interventional'
        | 'exportedPathDependent'
        | 'exportedTrainedCovers'
        | 'exportedInterventional',
        Explained
      > & {
        readonly covers: readonly number[];
      }
    >
  >;
}

const fixture = JSON.parse(readFileSync(new URL('fixtures/fraud.json', import.meta.url), 'utf8')) as Fixture;
const { rows: all } = fraudRows();
const rows = fixture.rows.map((row) => all[row]!);
const background = fixture.background.map((row) => all[row]!);

function largestDifference(ours: TreeExplanation, theirs: Explained): number {
  let largest = Math.abs(ours.baseValues[0]! - theirs.base);
  for (const [row, values] of theirs.values.entries()) {
    for (const [feature, value] of values.entries()) {
      largest = Math.max(largest, Math.abs(ours.values[row]![0]![feature]! - value));
    }
  }
  return largest;
}

/** One tree of an ensemble. */
function onlyTree(ensemble: TreeEnsemble, tree: number): TreeEnsemble {
  return { ...ensemble, roots: ensemble.roots.slice(tree, tree + 1), baseScores: new Float64Array(1) };
}

describe.each(['random-forest', 'xgboost'])('%s', (name) => {
  const { ensemble, columns, followedBy } = fraudTrees(name);
  const expected = fixture.models[name]!;

  test('is read with its features, labels and what comes after', () => {
    const { features } = models.find((model) => model.name === name)!;
    const seen = columns!.map(({ input, column }) => (name === 'xgboost' ? features[column] : input));
    expect(seen).toEqual(features);
    expect(ensemble).toMatchObject({ featureCount: 29, targets: ['1'], binaryLabels: ['0', '1'] });
    expect(followedBy).toEqual(name === 'xgboost' ? [] : ['Cast', 'ZipMap']);
  });

  test('evaluates to the scores of ONNX Runtime on every replayed row', async () => {
    const replayed = all.slice(FIRST_REPLAYED_ROW);
    const { outputs } = answered(evaluateTrees(ensemble, replayed));
    const session = await InferenceSession.create(modelBytes(`${name}.onnx`));
    const flat = Float32Array.from(replayed.flatMap((row) => [...row]));
    const feeds =
      name === 'xgboost'
        ? { features: new Tensor('float32', flat, [replayed.length, 29]) }
        : Object.fromEntries(
            columns!.map(({ input }, at) => [
              input,
              new Tensor(
                'float32',
                replayed.map((row) => row[at]!),
                [replayed.length, 1],
              ),
            ]),
          );
    // ONNX Runtime for Node cannot hand out a sequence of maps: the forest's probabilities are compared through Python's
    // answers, which examples/fraud keeps; its labels directly.
    const wanted = name === 'xgboost' ? 'probabilities' : 'output_label';
    const answer = (await session.run(feeds, [wanted]))[wanted]!.data as Float32Array | BigInt64Array;
    const python = Buffer.from(
      (JSON.parse(modelBytes('expected.json').toString()) as { models: Record<string, { probabilities: string }> })
        .models[name]!.probabilities,
      'base64',
    );
    let worst = 0;
    for (const [row, output] of outputs.entries()) {
      worst = Math.max(worst, Math.abs(output[1]! - python.readFloatLE((FIRST_REPLAYED_ROW + row) * 4)));
      if (name === 'xgboost') worst = Math.max(worst, Math.abs(output[1]! - Number(answer[row * 2 + 1])));
      else if (Math.abs(output[1]! - 0.5) > 1e-6) expect(output[1]! > 0.5 ? 1n : 0n).toBe(answer[row]);
    }
    // ONNX Runtime sums float32 leaves in float32.
    expect(worst).toBeLessThan(1e-6);
  });

  test('path-dependent values are those of shap on the model as it was trained, with its covers', () => {
    const ours = answered(pathDependentTreeShap(ensemble, rows, expected.covers));
    expect(ours.kind).toBe('path-dependent');
    // Exported leaves are float32: 60 of up to 1/60, each rounded by up to 2⁻²⁵ of itself, give 3e-8 at most. XGBoost
    // computes its own values in float32; shap on the exported trees with the same covers does not.
    expect(largestDifference(ours, expected.pathDependent)).toBeLessThan(name === 'xgboost' ? 1e-6 : 3e-8);
    // Those covers are float32 too: a parent's differs from the sum of its children's.
    expect(largestDifference(ours, expected.exportedTrainedCovers)).toBeLessThan(name === 'xgboost' ? 1e-8 : 1e-10);
    expect(ours.largestGap).toBeLessThan(1e-12);
  });

  test('path-dependent values are those of shap on the exported trees, with covers counted on the training rows', () => {
    const { covers, unreachedNodes } = answered(countNodeCovers(ensemble, all.slice(0, FIRST_REPLAYED_ROW)));
    expect(unreachedNodes).toBe(0);
    const ours = answered(pathDependentTreeShap(ensemble, rows, covers));
    expect(largestDifference(ours, expected.exportedPathDependent)).toBeLessThan(1e-10);
  });

  test('interventional values are those of shap, which computes them in float32', () => {
    const ours = answered(interventionalTreeShap(ensemble, rows, background));
    expect(ours.kind).toBe('interventional');
    expect(ours.space).toBe(name === 'xgboost' ? 'before-transform' : 'model-output');
    expect(largestDifference(ours, expected.interventional)).toBeLessThan(2e-6);
    expect(largestDifference(ours, expected.exportedInterventional)).toBeLessThan(2e-6);
    expect(ours.largestGap).toBeLessThan(1e-12);
  });

  test('interventional values are, tree by tree, the exact Shapley values of the same game', async () => {
    const some = [rows[0]!, rows[20]!];
    const few = background.slice(0, 2);
    const features = (tree: TreeEnsemble) => {
      const { values } = answered(interventionalTreeShap(tree, some, few));
      return values.map(([one]) => one!);
    };
    let compared = 0;
    for (let at = 0; at < ensemble.roots.length && compared < 3; at += 1) {
      const tree = onlyTree(ensemble, at);
      const used = usedFeatures(tree);
      if (used.length > 13) continue;
      compared += 1;
      const fast = features(tree);
      for (const [index, row] of some.entries()) {
        const slow = await exactShapley<number>(
          (asked) =>
            answered(
              evaluateTrees(
                tree,
                asked.map((cells) => {
                  const whole = row.slice();
                  used.forEach((feature, position) => {
                    whole[feature] = cells[position]!;
                  });
                  return whole;
                }),
              ),
            ).scores.map((score) => score[0]!),
          used.map((feature) => row[feature]!),
          few.map((other) => used.map((feature) => other[feature]!)),
        );
        if (!slow.ok) throw new Error(slow.needed);
        used.forEach((feature, position) => {
          expect(Math.abs(fast[index]![feature]! - slow.values[position]!)).toBeLessThan(1e-13);
        });
      }
    }
    expect(compared).toBe(3);
  });
});

function usedFeatures(tree: TreeEnsemble): number[] {
  const used = new Set<number>();
  const walk = (node: number): void => {
    if (tree.feature[node]! < 0) return;
    used.add(tree.feature[node]!);
    walk(tree.whenTrue[node]!);
    walk(tree.whenFalse[node]!);
  };
  walk(tree.roots[0]!);
  return [...used];
}
