import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LoadedModel } from '../src/model-runtime.ts';
import { createOnnxWorkerPool, inspectOnnxFile, loadOnnxModel } from '../src/onnx/index.ts';

// Every session of the example, against the answers of Python's onnxruntime on the same artifacts: one tensor per column,
// among them texts, whole numbers and a boolean; every model takes other columns.
const folder = new URL('../../../examples/e-commerce/', import.meta.url);
const readJson = <T>(path: string): T => JSON.parse(readFileSync(new URL(path, folder), 'utf8')) as T;
const { models } = readJson<{ models: { name: string; file: string; features: string[]; labels: number[] }[] }>(
  'artifacts/models.json',
);
const expected = readJson<{ rows: number; models: Record<string, { labels: string; probabilities: string }> }>(
  'artifacts/expected.json',
);

const [header = '', ...lines] = readFileSync(new URL('data/sessions.csv', folder), 'utf8').trim().split('\n');
const columns = header.split(',');
const sessions = lines.map((line) => line.split(','));

const FLOATS = [
  'Administrative_Duration',
  'Informational_Duration',
  'ProductRelated_Duration',
  'BounceRates',
  'ExitRates',
  'PageValues',
];

function typeOf(feature: string): string {
  if (feature === 'VisitorType') return 'string';
  if (feature === 'Weekend') return 'boolean';
  return FLOATS.includes(feature) ? 'number' : 'integer';
}

function readValue(feature: string, text: string): number | string | boolean {
  const type = typeOf(feature);
  if (type === 'string') return text;
  return type === 'boolean' ? text === 'TRUE' : Number(text);
}

const pool = createOnnxWorkerPool({ threads: 1 });
afterAll(() => pool.close());

describe.each(models)('$name', ({ name, file, features, labels }) => {
  const path = new URL(`artifacts/${file}`, folder).pathname;
  let model: LoadedModel;
  beforeAll(async () => {
    const inspection = await inspectOnnxFile({ path, task: 'binary', spec: { format: 'onnx', features, labels } });
    if (!inspection.ok) throw new Error(inspection.reason);
    expect(inspection.signature.layout).toBe('tensor-per-feature');
    expect(inspection.signature.features.map(({ type }) => type)).toEqual(features.map(typeOf));
    model = await loadOnnxModel({ path, signature: inspection.signature, pool });
  });
  afterAll(() => model.close());

  test('answers every row as Python does', async () => {
    const positions = features.map((feature) => [feature, columns.indexOf(feature)] as const);
    const rows = sessions.map((row) => positions.map(([feature, position]) => readValue(feature, row[position] ?? '')));
    expect(rows).toHaveLength(expected.rows);
    const { answers } = await model.predict(rows);
    const wantedLabels = Buffer.from(expected.models[name]?.labels ?? '', 'base64');
    const wantedScores = Buffer.from(expected.models[name]?.probabilities ?? '', 'base64');
    let worst = 0;
    let otherLabels = 0;
    for (const [index, answer] of answers.entries()) {
      worst = Math.max(worst, Math.abs((answer.score ?? Number.NaN) - wantedScores.readFloatLE(index * 4)));
      if (answer.label !== wantedLabels[index]) otherLabels += 1;
    }
    expect(answers).toHaveLength(expected.rows);
    expect(worst).toBeLessThanOrEqual(1e-6);
    expect(otherLabels).toBe(0);
  });
});
