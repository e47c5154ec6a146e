import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOnnxWorkerPool, inspectOnnxFile, loadOnnxModel } from '@switchyard/runtimes/onnx';
import { afterAll, expect, test } from 'vitest';
import {
  applyStack,
  fitLogisticStack,
  fitRidgeStack,
  type MemberLog,
  type StackLabel,
  type StackModel,
  writeStackOnnx,
} from '../src/index.ts';
import { must, readFixture, unpack } from './fixture.ts';

const fixture = readFixture('learning.json');
const folder = mkdtempSync(join(tmpdir(), 'switchyard-stack-'));
const pool = createOnnxWorkerPool({ threads: 1 });
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await pool.close();
});

function logOf(name: string): MemberLog {
  const set = [...fixture.classification, ...fixture.regression].find((one) => one.name === name);
  return {
    task: set.classes === undefined ? { kind: 'regression' } : { kind: 'classification', classes: set.classes },
    members: set.members.map(unpack),
    outcomes: set.outcomes,
  };
}

/** Exports a model, lets the serving runtime inspect and load the file, and asks it some rows. */
async function serve(model: StackModel, names: readonly string[], labels?: readonly StackLabel[]) {
  const artifact = must(writeStackOnnx(model, { memberNames: names, ...(labels && { labels }) }));
  const path = join(folder, `${Math.abs(model.intercepts[0] as number)}-${String(labels)}.onnx`);
  writeFileSync(path, artifact.bytes);
  const spec = { format: 'onnx' as const, ...(artifact.labels && { labels: [...artifact.labels] }) };
  const inspection = await inspectOnnxFile({ path, task: artifact.task, spec });
  if (!inspection.ok) throw new Error(inspection.reason);
  const { signature } = inspection;
  const loaded = await loadOnnxModel({ path, signature, pool });
  const rows = Array.from({ length: 50 }, (_, row) =>
    model.fill.map((_, column) => ((row * 31 + column * 17) % 53) / 53),
  );
  const { answers } = await loaded.predict(rows);
  await loaded.close();
  const expected = rows.map((row) => must(applyStack(model, row)).answer);
  return { artifact, signature, answers, expected };
}

test.each([[['benign', 'malignant']], [[7, -3]], [[false, true]], [undefined]])(
  'a stack of two classes %j is served as it was fitted',
  async (labels) => {
    const { model } = must(fitLogisticStack(logOf('breast cancer')));
    const names = ['logistic', 'tree', 'forest', 'neighbours', 'bayes'];
    const { signature, answers, expected } = await serve(model, names, labels);
    expect(signature.features).toEqual(names.map((name) => ({ name, type: 'number' })));
    expect(signature.inputs).toEqual([{ name: 'answers', datatype: 'FP64', shape: [-1, 5] }]);
    expect(signature.roles).toEqual({ label: 'label', probabilities: 'probabilities' });
    expect(signature.labels).toEqual(labels ?? [0, 1]);
    for (const [row, answer] of answers.entries()) {
      const [first, second] = expected[row] as unknown as [number, number];
      const [one, two] = signature.labels as StackLabel[];
      if (!answer.probabilities) throw new Error('no probabilities');
      expect(Math.abs((answer.probabilities[String(two)] as number) - second)).toBeLessThan(1e-12);
      expect(Math.abs((answer.probabilities[String(one)] as number) - first)).toBeLessThan(1e-12);
      expect(answer.label).toBe(second > first ? two : one);
    }
  },
);

test('a stack of many classes is served as it was fitted', async () => {
  const { model } = must(fitLogisticStack(logOf('wine')));
  const labels = ['red', 'white', 'rosé'];
  const { artifact, signature, answers, expected } = await serve(model, ['a', 'b', 'c', 'd'], labels);
  expect(artifact.features.slice(0, 4)).toEqual(['a:red', 'a:white', 'a:rosé', 'b:red']);
  expect(signature.features.map((feature) => feature.name)).toEqual(artifact.features);
  expect(signature.labels).toEqual(labels);
  for (const [row, answer] of answers.entries()) {
    const wanted = [...(expected[row] as Float64Array)];
    for (const [at, label] of labels.entries()) {
      expect(Math.abs((answer.probabilities?.[label] as number) - (wanted[at] as number))).toBeLessThan(1e-12);
    }
    expect(answer.label).toBe(labels[wanted.indexOf(Math.max(...wanted))]);
  }
});

test('a stack of regressors is served as it was fitted', async () => {
  const { model } = must(fitRidgeStack(logOf('diabetes')));
  const { signature, answers, expected } = await serve(model, ['a', 'b', 'c', 'd', 'e']);
  expect(signature.roles).toEqual({ value: 'value' });
  for (const [row, answer] of answers.entries()) {
    expect(Math.abs((answer.value as number) - (expected[row]?.[0] as number))).toBeLessThan(1e-9);
  }
});
