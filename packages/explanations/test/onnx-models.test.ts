// Tree models of other exporters and of every form the operators allow, against ONNX Runtime, shap and LightGBM.
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import {
  countNodeCovers,
  evaluateTrees,
  interventionalTreeShap,
  type OnnxTrees,
  pathDependentTreeShap,
  type ReadOnnxOptions,
  readOnnxTrees,
  type TreeExplanation,
} from '../src/index.ts';
import { answered } from './answered.ts';
import { normal, seeded } from './random.ts';

interface Explained {
  readonly base: readonly number[];
  /** Row → feature → target. */
  readonly values: readonly (readonly (readonly number[])[])[];
}

interface ModelFixture {
  readonly rows: readonly (readonly (number | null)[])[];
  readonly training?: readonly (readonly (number | null)[])[];
  readonly background?: readonly (readonly number[])[];
  readonly covers?: readonly number[];
  readonly pathDependent: Explained;
  readonly interventional?: Explained;
}

const { models } = JSON.parse(readFileSync(new URL('fixtures/models.json', import.meta.url), 'utf8')) as {
  models: Record<string, ModelFixture>;
};

function bytesOf(name: string): Uint8Array {
  return readFileSync(new URL(`fixtures/${name}.onnx`, import.meta.url));
}

function treesOf(name: string, options?: ReadOnnxOptions): OnnxTrees {
  const read = readOnnxTrees(bytesOf(name), options);
  if (!read.ok) throw new Error(`${name}: ${read.needed}, ${read.have}`);
  return read;
}

const missing = (rows: readonly (readonly (number | null)[])[]): number[][] =>
  rows.map((row) => row.map((cell) => cell ?? Number.NaN));

/** Values around the thresholds, whole numbers often, missing ones too. */
function randomRows(count: number, width: number, seed: number): number[][] {
  const random = seeded(seed);
  return Array.from({ length: count }, () =>
    Array.from({ length: width }, () => {
      const kind = random();
      if (kind < 0.1) return Number.NaN;
      return kind < 0.5 ? Math.round(2 * normal(random)) : Math.round(10 * normal(random)) / 10;
    }),
  );
}

const evaluated = [
  ['average-of-three', 'y'],
  ['both-classes', 'y'],
  ['diabetes-boosting', 'variable'],
  ['diabetes-deep', 'variable'],
  ['double-input', 'y'],
  ['every-mode', 'y'],
  ['lightgbm-missing', 'variable'],
  ['logistic-two', 'y'],
  ['positive-two', 'y'],
  ['raw-two', 'y'],
  ['second-class-only', 'y'],
  ['softmax-three', 'y'],
  ['softmax-zero-three', 'y'],
  ['version-five', 'y'],
  ['version-five-double', 'y'],
  ['wine-forest', 'probabilities'],
] as const;

describe('trees evaluate as ONNX Runtime does', () => {
  test.each(evaluated)('%s', async (name, output) => {
    const { ensemble } = treesOf(name);
    const real = models[name]?.rows === undefined ? [] : missing(models[name].rows);
    const rows = [...real, ...randomRows(200, ensemble.featureCount, 11)];
    const { outputs, scores } = answered(evaluateTrees(ensemble, rows));
    const session = await InferenceSession.create(bytesOf(name));
    const flat = rows.flat();
    const double = ensemble.inputPrecision === 'float64';
    const input = new Tensor(
      double ? 'float64' : 'float32',
      double ? Float64Array.from(flat) : Float32Array.from(flat),
      [rows.length, ensemble.featureCount],
    );
    const answer = (await session.run({ [session.inputNames[0]!]: input }, [output]))[output]!;
    const data = answer.data as Float32Array;
    const width = data.length / rows.length;
    const scale = 1 + scores.reduce((largest, row) => Math.max(largest, ...row.map(Math.abs)), 0);
    let worst = 0;
    for (const [row, values] of outputs.entries()) {
      expect(values).toHaveLength(width);
      for (const [at, value] of values.entries()) worst = Math.max(worst, Math.abs(value - data[row * width + at]!));
    }
    expect(worst / scale).toBeLessThan(2e-6);
  });
});

test('TreeEnsemble numbers its transforms as the specification does', () => {
  // 1 = SOFTMAX, 2 = LOGISTIC. ONNX Runtime 1.30 reads these two the other way round; scores are the same in both.
  const { ensemble } = treesOf('version-five-logistic');
  const plain = treesOf('version-five-double').ensemble;
  const rows = randomRows(20, 4, 5);
  const { scores, outputs } = answered(evaluateTrees(ensemble, rows));
  expect(ensemble.postTransform).toBe('LOGISTIC');
  expect(scores).toEqual(answered(evaluateTrees(plain, rows)).scores);
  expect(outputs[3]![0]).toBeCloseTo(1 / (1 + Math.exp(-scores[3]![0]!)), 14);
});

function largestDifference(ours: TreeExplanation, theirs: Explained): number {
  let largest = 0;
  theirs.base.forEach((base, target) => {
    largest = Math.max(largest, Math.abs(ours.baseValues[target]! - base));
  });
  theirs.values.forEach((features, row) => {
    features.forEach((targets, feature) => {
      targets.forEach((value, target) => {
        largest = Math.max(largest, Math.abs(ours.values[row]![target]![feature]! - value));
      });
    });
  });
  return largest;
}

describe('Tree SHAP is that of shap', () => {
  // Leaves in the files are float32: 1e-7 of the predictions' size, 1 for the forest and some 300 for the others.
  test.each([
    ['wine-forest', 1],
    ['diabetes-boosting', 300],
    ['diabetes-deep', 300],
  ] as const)('%s', (name, size) => {
    const { rows, background, covers, pathDependent, interventional } = models[name]!;
    const { ensemble } = treesOf(name);
    const ours = answered(pathDependentTreeShap(ensemble, missing(rows), covers!));
    expect(largestDifference(ours, pathDependent)).toBeLessThan(1e-7 * size);
    const theirs = answered(interventionalTreeShap(ensemble, missing(rows), background!));
    expect(largestDifference(theirs, interventional!)).toBeLessThan(1e-6 * size);
    for (const one of [ours, theirs]) expect(one.largestGap / size).toBeLessThan(1e-13);
  });

  test('adds up on trees of depth 17 within 1e-9', () => {
    const { ensemble } = treesOf('diabetes-deep');
    expect(ensemble.maximumDepth).toBe(17);
    const rows = randomRows(300, ensemble.featureCount, 3).map((row) => row.map((cell) => cell / 20));
    const { covers } = answered(countNodeCovers(ensemble, rows));
    expect(answered(pathDependentTreeShap(ensemble, rows, covers)).largestGap).toBeLessThan(1e-9);
    expect(answered(pathDependentTreeShap(ensemble, rows.slice(0, 5), covers)).largestGap).toBeLessThan(1e-9);
    expect(answered(interventionalTreeShap(ensemble, rows, rows.slice(0, 100))).largestGap).toBeLessThan(1e-9);
  });

  test('LightGBM with missing values, covers counted on its training rows', () => {
    const { rows, training, pathDependent } = models['lightgbm-missing']!;
    const { ensemble } = treesOf('lightgbm-missing');
    const { covers } = answered(countNodeCovers(ensemble, missing(training!)));
    const ours = answered(pathDependentTreeShap(ensemble, missing(rows), covers));
    expect(rows.flat()).toContain(null);
    expect(largestDifference(ours, pathDependent)).toBeLessThan(1e-4);
  });
});

test('broken files are refused or read, never thrown at the caller', () => {
  const random = seeded(99);
  let refused = 0;
  for (const name of ['wine-forest', 'version-five', 'average-of-three']) {
    const whole = bytesOf(name);
    for (let run = 0; run < 400; run += 1) {
      const broken = Uint8Array.from(whole);
      for (let flip = 0; flip < 3; flip += 1) broken[Math.floor(random() * broken.length)] = Math.floor(random() * 256);
      const read = readOnnxTrees(run % 4 === 0 ? broken.subarray(0, Math.floor(random() * broken.length)) : broken);
      if (!read.ok) refused += 1;
      else if (read.ensemble.featureCount < 1000) {
        const rows = randomRows(2, read.ensemble.featureCount, run);
        expect(interventionalTreeShap(read.ensemble, rows, rows)).toHaveProperty('ok');
      }
    }
  }
  expect(refused).toBeGreaterThan(300);
});

describe('models that are refused', () => {
  test.each([
    ['behind-a-scaler', 'computed-inputs'],
    ['two-ensembles', 'several-ensembles'],
    ['largest-leaf', 'unsupported-model'],
    ['both-classes-with-base', 'unsupported-model'],
  ])('%s', (name, reason) => {
    expect(readOnnxTrees(bytesOf(name))).toMatchObject({ ok: false, reason });
  });

  test('unless the caller says what it means', () => {
    expect(treesOf('behind-a-scaler', { allowComputedInputs: true }).columns).toBeNull();
    const second = treesOf('two-ensembles', { position: 1 });
    expect(second.followedBy).toEqual(['Add']);
    expect(second.ensemble.roots).toHaveLength(5);
  });
});
