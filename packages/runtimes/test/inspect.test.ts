import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signatureSchema, type Task, type VersionSpec } from '@switchyard/contracts';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { FileBytes } from '../src/onnx/file-bytes.ts';
import { inspectOnnxFile } from '../src/onnx/index.ts';
import { inspectSession } from '../src/onnx/inspect-session.ts';
import { readOutline } from '../src/onnx/model-outline.ts';
import { MalformedMessage } from '../src/onnx/wire-reader.ts';
import { fixturePath, inspectFixture, signatureOf } from './fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'switchyard-inspect-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('what is found in a file', () => {
  test('feature names in the metadata are taken', async () => {
    const { features, roles } = await signatureOf('sum', 'regression');
    expect(features).toEqual(['north', 'east', 'up'].map((name) => ({ name, type: 'number' })));
    expect(roles).toEqual({ value: 'total' });
  });

  test('the spec names features over the metadata', async () => {
    const { features } = await signatureOf('sum', 'regression', {
      features: ['a', 'b', { name: 'c', type: 'integer' }],
    });
    expect(features.map(({ name, type }) => `${name}: ${type}`)).toEqual(['a: number', 'b: number', 'c: integer']);
  });

  test.each([
    ['string-classes', 'binary', ['ham', 'spam']],
    ['zip-map-behind-identity', 'binary', [3, 7]],
    ['label-only', 'binary', ['ham', 'spam']],
    ['mlp-words', 'multiclass', ['blue', 'green', 'red']],
    ['bayes-numbers', 'binary', [20, 40]],
  ] as const)('%s: the class labels', async (name, task, labels) => {
    expect((await signatureOf(name, task)).labels).toEqual(labels);
  });

  test('a ZipMap output keeps its name and becomes the tensor of probabilities', async () => {
    const { outputs, roles } = await signatureOf('zip-map-behind-identity', 'binary');
    expect(outputs).toEqual([
      { name: 'label', datatype: 'INT64', shape: [-1] },
      { name: 'map', datatype: 'FP32', shape: [-1, 2] },
      { name: 'scaled', datatype: 'FP32', shape: [-1, 3] },
    ]);
    expect(roles).toEqual({ label: 'label', probabilities: 'map' });
  });

  test('every kind of input becomes a feature of its type', async () => {
    const { features, layout } = await signatureOf('every-type', 'regression');
    expect(layout).toBe('tensor-per-feature');
    expect(features.map(({ name, type }) => `${name}: ${type}`)).toEqual([
      'text_in_0: string',
      'text_in_1: string',
      'long_in: integer',
      'flag_in: boolean',
      'double_in: number',
    ]);
  });

  test('features of a tensor each may be listed in another order than the file has them', async () => {
    const inspection = await inspectSession({
      path: new URL('../../../examples/runtime-cases/artifacts/columns-regression.onnx', import.meta.url).pathname,
      task: 'regression',
      spec: { format: 'onnx', features: ['Country', 'Amount', 'Visits'] },
    });
    if (!inspection.ok) throw new Error(inspection.reason);
    expect(inspection.signature.inputs.map((input) => input.name)).toEqual(['Country', 'Amount', 'Visits']);
    expect(inspection.signature.features.map((feature) => feature.type)).toEqual(['string', 'number', 'integer']);
  });

  test('margins beside a label are not taken for probabilities', async () => {
    expect((await signatureOf('margins', 'binary')).roles).toEqual({ label: 'label' });
  });

  test('of several single columns none is taken for the probability of the positive class', async () => {
    const { outputs, roles } = await signatureOf('column-a-class', 'binary');
    expect(outputs.map((output) => output.name)).toEqual(['output_label', 'i20', 'i40']);
    expect(roles).toEqual({ label: 'output_label' });
  });

  test('a model that mixes the rows of a run gets them one by one', async () => {
    expect((await signatureOf('mixed-rows', 'regression')).inputs[0]?.shape).toEqual([1, 3]);
  });

  test('an encoder that refuses unknown texts is tried with one it knows', async () => {
    expect((await signatureOf('known-texts-only', 'binary')).features).toEqual([{ name: 'f0', type: 'string' }]);
  });

  test('signatures match the contract', async () => {
    for (const [name, task] of [
      ['every-type', 'regression'],
      ['mlp-words', 'multiclass'],
    ] as const) {
      const signature = await signatureOf(name, task);
      expect(signatureSchema.parse(signature)).toEqual(signature);
    }
  });
});

describe('what is refused', () => {
  const cases: [name: string, task: Task, spec: Partial<VersionSpec>, reason: RegExp][] = [
    ['sum', 'regression', { features: ['a', 'b'] }, /names 2 features, but the model takes 3/],
    ['sum', 'regression', { features: ['a', 'b', 'a'] }, /'a' is named twice/],
    [
      'sum',
      'regression',
      { features: ['a', 'b', { name: 'c', type: 'string' }] },
      /'c' is given as string.*takes number/,
    ],
    ['lookup', 'regression', { features: [{ name: 'key', type: 'number' }] }, /given as number.*takes integer/],
    [
      'sum',
      'regression',
      { features: ['a', 'b', { name: 'c', type: 'number', default: 'x' }] },
      /default.*not a number/,
    ],
    ['sum', 'regression', { labels: ['a', 'b'] }, /task is regression, which has no classes/],
    [
      'string-classes',
      'binary',
      { labels: ['a', 'b', 'c'] },
      /gives 3 labels, but the model has 2 classes \(ham, spam\)/,
    ],
    ['string-classes', 'binary', { labels: ['spam', 'ham'] }, /in another order: ham, spam/],
    ['string-classes', 'binary', { positiveLabel: 'eggs' }, /'eggs' is not among the labels ham, spam/],
    ['string-classes', 'regression', {}, /is a classifier .*task is regression/],
    ['mlp-words', 'binary', {}, /task is binary, but the file has 3 classes/],
    ['sum', 'binary', {}, /'total' does not hold probabilities \(it gave 3\)/],
    ['raw-scores', 'multiclass', {}, /does not hold probabilities/],
    ['raw-scores', 'regression', {}, /needs one number a row, but the outputs are scores: FP32\[rows,2\]/],
    ['sequence-output', 'regression', {}, /does not come from ZipMap/],
    ['half-floats', 'regression', {}, /element type that cannot be served/],
    ['rows-of-eight', 'regression', {}, /takes exactly 8 rows at once/],
    ['future-opset', 'regression', {}, /opset 99, which is newer/],
    ['wrong-operator', 'regression', {}, /needs the operator 'Negate'/],
  ];
  test.each(cases)('%s as %s with %j', async (name, task, spec, reason) => {
    expect(await inspectFixture(name, task, spec)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  test('no reason shows a path of the machine', async () => {
    for (const [name, task, spec] of cases) {
      const inspection = await inspectFixture(name, task, spec);
      expect(inspection.ok || inspection.reason).not.toMatch(/\/|onnxruntime::/);
    }
  });

  test('a file that wants more memory than allowed', async () => {
    const request = { path: fixturePath('memory-hog'), spec: { format: 'onnx' }, task: 'regression' } as const;
    expect(await inspectOnnxFile({ ...request, memoryLimitMb: 600 })).toEqual({
      ok: false,
      reason: expect.stringMatching(/more than 600 MB of memory/),
    });
  });

  test('a file that never ends', async () => {
    const request = { path: fixturePath('endless-loop'), spec: { format: 'onnx' }, task: 'regression' } as const;
    expect(await inspectOnnxFile({ ...request, timeoutMs: 1_500 })).toEqual({
      ok: false,
      reason: expect.stringMatching(/longer than 1.5 seconds/),
    });
  });

  test('a file that is not there', async () => {
    const request = { path: join(folder, 'missing.onnx'), spec: { format: 'onnx' }, task: 'regression' } as const;
    expect((await inspectOnnxFile(request)).ok).toBe(false);
  });
});

test('damaged files are malformed or read differently, never a crash or a hang', () => {
  const original = readFileSync(fixturePath('zip-map-behind-identity'));
  const path = join(folder, 'damaged.onnx');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(original.length),
      (changes, length) => {
        const bytes = Buffer.from(original);
        for (const [at, byte] of changes) bytes[at] = byte;
        writeFileSync(path, bytes.subarray(0, length));
        const file = new FileBytes(path);
        try {
          readOutline(file);
        } catch (error) {
          if (!(error instanceof MalformedMessage)) throw error;
        } finally {
          file.close();
        }
      },
    ),
    { numRuns: 500 },
  );
});
