import type { ClassLabel, Signature, TensorSpec } from '@switchyard/contracts';
import { UpstreamFailure } from './failures.ts';
import {
  assertWritable,
  MAXIMUM_DEPTH,
  plainValueAt,
  productOf,
  type ReceivedTensor,
  type UpstreamTensor,
} from './tensors.ts';

/** The values of each row, in the order of the features, for servers that take rows and no tensors. */
export function tensorsToRows(inputs: readonly UpstreamTensor[], rowCount: number): string[] {
  const widths = inputs.map(({ shape }) => productOf(shape.slice(1)));
  const rows: string[] = [];
  for (let row = 0; row < rowCount; row += 1) {
    const values: string[] = [];
    for (const [position, input] of inputs.entries()) {
      const width = widths[position] as number;
      for (let column = 0; column < width; column += 1) {
        const value = plainValueAt(input, row * width + column);
        assertWritable(input.name, value);
        values.push(typeof value === 'bigint' ? String(value) : JSON.stringify(value));
      }
    }
    rows.push(`[${values.join(',')}]`);
  }
  return rows;
}

/**
 * Tensors of what a server answered row by row. An item is the answer of one row: the bare value or list of values of
 * the only output, or an object of outputs by name, or probabilities by label.
 */
export function itemsToTensors(
  items: unknown,
  specs: readonly TensorSpec[],
  signature: Signature | undefined,
): ReceivedTensor[] {
  if (!Array.isArray(items)) {
    throw new UpstreamFailure('unreadable', 'The answer of the model server is not a list with one item for each row.');
  }
  return specs.map((spec) => {
    const width = productOf(spec.shape.slice(1));
    const isProbabilities = spec.name === signature?.roles.probabilities;
    const data = items.flatMap((item) => {
      const values = valuesOf(item, spec, specs.length === 1, isProbabilities ? signature?.labels : undefined);
      if (values.length !== width) {
        throw new UpstreamFailure(
          'wrong_types',
          `The output '${spec.name}' has ${values.length} values for a row, not ${width} as registered.`,
        );
      }
      return values;
    });
    return { name: spec.name, datatype: spec.datatype, shape: [items.length, ...spec.shape.slice(1)], data };
  });
}

function valuesOf(
  item: unknown,
  spec: TensorSpec,
  isOnly: boolean,
  labels: readonly ClassLabel[] | undefined,
): readonly unknown[] {
  if (typeof item === 'object' && item !== null && !Array.isArray(item)) {
    const record = item as Record<string, unknown>;
    if (Object.hasOwn(record, spec.name)) return valuesOf(record[spec.name], spec, true, labels);
    if (labels?.every((label) => Object.hasOwn(record, String(label)))) {
      return labels.map((label) => record[String(label)]);
    }
    throw new UpstreamFailure('unreadable', `A row was answered without the output '${spec.name}'.`);
  }
  if (!isOnly)
    throw new UpstreamFailure('unreadable', `A row was answered without the name of the output '${spec.name}'.`);
  return Array.isArray(item) ? item.flat(MAXIMUM_DEPTH) : [item];
}
