import { readFileSync } from 'node:fs';
import { type OnnxTrees, readOnnxTrees } from '../src/index.ts';

const folder = new URL('../../../examples/fraud/', import.meta.url);

interface Model {
  readonly name: string;
  readonly file: string;
  readonly features: readonly string[];
}

export const models = (
  JSON.parse(readFileSync(new URL('artifacts/models.json', folder), 'utf8')) as { models: Model[] }
).models;

export function modelBytes(file: string): Uint8Array {
  return readFileSync(new URL(`artifacts/${file}`, folder));
}

export function fraudTrees(name: string): OnnxTrees {
  const read = readOnnxTrees(modelBytes(`${name}.onnx`));
  if (!read.ok) throw new Error(`${read.needed}, ${read.have}`);
  return read;
}

/** All transactions in the models' order of features, and which are fraud. */
export function fraudRows(): { rows: Float64Array[]; labels: number[] } {
  const [header = '', ...lines] = readFileSync(new URL('data/transactions.csv', folder), 'utf8').trim().split('\n');
  const columns = header.split(',');
  const positions = models[0]!.features.map((feature) => columns.indexOf(feature));
  const cells = lines.map((line) => line.split(',').map(Number));
  return {
    rows: cells.map((row) => Float64Array.from(positions, (position) => row[position]!)),
    labels: cells.map((row) => row[columns.indexOf('Class')]!),
  };
}

/** The rows before this one trained the models. */
export const FIRST_REPLAYED_ROW = 6340;
