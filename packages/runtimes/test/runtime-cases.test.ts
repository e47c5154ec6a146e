import { readFileSync } from 'node:fs';
import type { Answer, Signature, Task, VersionSpec } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnswerColumns, FeatureRow, LoadedModel, Tensor } from '../src/model-runtime.ts';
import { layOutColumns } from '../src/onnx/encode-rows.ts';
import { createOnnxWorkerPool, type Inspection, inspectOnnxFile, loadOnnxModel } from '../src/onnx/index.ts';
import { encodeRows } from '../src/onnx/probe-rows.ts';
import { getTypeByRuntimeType } from '../src/onnx/tensor-types.ts';

// Every kind of file that must be taken or refused, with the answers of Python's onnxruntime.
const folder = new URL('../../../examples/runtime-cases/artifacts/', import.meta.url);
interface Case {
  name: string;
  accepted: boolean;
  task?: Task;
  file: string;
  layout?: string;
  features?: string[];
  labels?: (string | number)[] | null;
  inputs?: { name: string; datatype: string; shape: number[] }[];
  outputs?: { name: string }[];
  expected?: string;
}
const { cases } = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8')) as { cases: Case[] };
const pathOf = (file: string): string => new URL(file, folder).pathname;

const specOf = ({ features, labels }: Case): VersionSpec => ({
  format: 'onnx',
  ...(features === undefined ? {} : { features }),
  ...(labels === undefined || labels === null ? {} : { labels }),
});

const inspections = new Map<string, Inspection>();
const pool = createOnnxWorkerPool({ threads: 1 });

beforeAll(async () => {
  // Two at a time: each is a process.
  const waiting = [...cases];
  const work = async (): Promise<void> => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
      const request = { path: pathOf(item.file), spec: specOf(item), task: item.task ?? 'regression' };
      inspections.set(item.name, await inspectOnnxFile(request));
    }
  };
  await Promise.all([work(), work()]);
}, 60_000);
afterAll(() => pool.close());

describe.each(cases.filter((item) => item.accepted))('$name', (item) => {
  const load = (execution: 'inline' | 'worker'): Promise<LoadedModel> => {
    const inspection = inspections.get(item.name);
    if (inspection?.ok !== true) throw new Error(inspection?.reason ?? 'was not inspected');
    return loadOnnxModel({ path: pathOf(item.file), signature: inspection.signature, pool, execution });
  };

  test('has the signature that its maker knows', () => {
    const inspection = inspections.get(item.name);
    if (inspection?.ok !== true) throw new Error(inspection?.reason ?? 'was not inspected');
    const { signature } = inspection;
    expect(signature.layout).toBe(item.layout);
    expect(signature.features.map((feature) => feature.name)).toEqual(item.features);
    expect(signature.labels ?? null).toEqual(item.labels);
    expect(signature.outputs.map((output) => output.name)).toEqual(item.outputs?.map((output) => output.name));
    expect(signature.inputs.map(({ name, datatype }) => ({ name, datatype }))).toEqual(
      item.inputs?.map(({ name, datatype }) => ({ name, datatype })),
    );
  });

  test.each(['inline', 'worker'] as const)('answers as Python does (%s)', async (execution) => {
    const { instances, answers } = JSON.parse(readFileSync(new URL(item.expected ?? '', folder), 'utf8')) as {
      instances: Record<string, number | string | boolean>[];
      answers: Answer[];
    };
    const model = await load(execution);
    expect(model.execution).toBe(execution);
    const rows = instances.map((instance) => model.signature.features.map(({ name }) => instance[name] ?? Number.NaN));
    const together = await model.predict(rows);
    const alone = await Promise.all(rows.map((row) => model.predict([row])));
    const columns = await model.predictColumns?.(tensorsOf(model.signature, rows));
    await model.close();
    expect(answersOf(columns?.answers ?? {})).toEqual(together.answers);
    expect(together.answers).toHaveLength(answers.length);
    for (const [index, expected] of answers.entries()) {
      expectClose(together.answers[index], expected);
      expectClose(alone[index]?.answers[0], expected);
    }
  });
});

/** Rows as the artifact's own tensors. */
function tensorsOf(signature: Signature, rows: readonly FeatureRow[]): Tensor[] {
  const encoded = encodeRows(layOutColumns(signature), signature.features, rows);
  return encoded.map(({ name, type, dims, values }) => {
    const { datatype } = getTypeByRuntimeType(type);
    const data = datatype === 'BOOL' ? Array.from(values as Uint8Array, (value) => value === 1) : values;
    return { name, datatype, shape: dims, data };
  });
}

/** What columns say of each row. */
function answersOf({ labels, values, probabilities }: AnswerColumns): Answer[] {
  if (values !== undefined) return Array.from(values, (value) => ({ value }));
  return (labels ?? []).map((label, row) => {
    if (probabilities === undefined) return { label };
    const { labels: keys, positive, data } = probabilities;
    const own = data.subarray(row * keys.length, (row + 1) * keys.length);
    return {
      label,
      score: own[positive] as number,
      probabilities: Object.fromEntries(keys.map((key, index) => [key, own[index] as number])),
    };
  });
}

test.each(cases.filter((item) => !item.accepted))('$name is refused with a reason', ({ name }) => {
  expect(inspections.get(name)).toEqual({ ok: false, reason: expect.stringMatching(refusals[name] ?? /^$/) });
});
const refusals: Record<string, RegExp> = {
  'custom-operator': /operator 'Frobnicate' of the domain 'com\.example\.custom'/,
  'image-input': /shape \[rows, 3, 8, 8\]/,
  'external-weights': /external data/,
  truncated: /damaged/,
  damaged: /damaged|cannot load/,
  empty: /is empty/,
  text: /is text/,
  'zip-bomb': /ZIP archive/,
};

function expectClose(actual: Answer | undefined, expected: Answer): void {
  expect(actual?.label).toEqual(expected.label);
  if (expected.value !== undefined) expect(actual?.value).toBeCloseTo(expected.value, 6);
  for (const [label, probability] of Object.entries(expected.probabilities ?? {})) {
    expect(Math.abs((actual?.probabilities?.[label] ?? Number.NaN) - probability)).toBeLessThanOrEqual(1e-6);
  }
}
