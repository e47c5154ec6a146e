import type { FeatureSpec } from '@switchyard/contracts';
import type { FeatureRow } from '../model-runtime.ts';
import { type InputColumns, makeBuffers, makeRowEncoder } from './encode-rows.ts';
import type { OnnxNode, OnnxOutline } from './model-outline.ts';
import type { SessionTensor } from './session.ts';

/**
 * Rows to try a model with: defaults or zeros, ones, and two spread out, so that an unbounded output shows itself.
 * `texts` are values that the features are known to take, by position.
 */
export function makeProbeRows(features: readonly FeatureSpec[], texts: readonly (string | undefined)[]): FeatureRow[] {
  const numbers = [
    () => 0,
    () => 1,
    (index: number) => (index % 2 === 0 ? 100 : -100),
    (index: number) => ((index * 37) % 19) - 9,
  ];
  return numbers.map((numberAt, probe) =>
    features.map((feature, index) => {
      if (probe === 0 && feature.default !== undefined) return feature.default;
      switch (feature.type) {
        case 'string':
          return String(feature.default ?? feature.categories?.[0] ?? texts[index] ?? '');
        case 'boolean':
          return numberAt(index) > 0;
        default:
          return numberAt(index);
      }
    }),
  );
}

/** For each feature the text that the first encoder behind its input knows: some encoders refuse anything else. */
export function findKnownTexts(outline: OnnxOutline, columns: readonly InputColumns[]): (string | undefined)[] {
  return columns.flatMap(({ name, type, width }) => {
    const text = type.datatype === 'BYTES' ? findKnownText(outline.nodes, name) : undefined;
    return new Array<string | undefined>(width).fill(text);
  });
}

function findKnownText(nodes: readonly OnnxNode[], input: string): string | undefined {
  let reached = new Set([input]);
  for (let hop = 0; hop < 6 && reached.size > 0; hop += 1) {
    const readers = nodes.filter((node) => node.inputs.some((name) => reached.has(name)));
    for (const node of readers) {
      const text = (node.texts.get('cats_strings') ?? node.texts.get('keys_strings'))?.[0];
      if (text !== undefined) return text;
    }
    reached = new Set(readers.flatMap((node) => node.outputs));
  }
  return undefined;
}

/** The input tensors of some rows. */
export function encodeRows(
  columns: readonly InputColumns[],
  features: readonly FeatureSpec[],
  rows: readonly FeatureRow[],
): SessionTensor[] {
  const encode = makeRowEncoder(columns, features);
  const buffers = makeBuffers(columns, rows.length);
  for (const [index, row] of rows.entries()) encode(row, index, buffers, index);
  return columns.map((column, index) => ({
    name: column.name,
    type: column.type.runtimeType,
    dims: [rows.length, ...column.rowShape],
    values: buffers[index] as SessionTensor['values'],
  }));
}
