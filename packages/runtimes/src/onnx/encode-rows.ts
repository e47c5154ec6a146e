import type { FeatureSpec, Signature, TensorSpec } from '@switchyard/contracts';
import { SwitchyardError } from '@switchyard/contracts/errors';
import type { FeatureRow } from '../model-runtime.ts';
import { FLOAT32_MAXIMUM, getTypeByDatatype, type TensorType, type TensorValues } from './tensor-types.ts';

/** The native runtime would cut the text off there. */
export const NUL_IN_TEXT = 'the text holds a NUL character, which the model cannot take';

/** One input tensor and the features that are its columns. */
export interface InputColumns {
  readonly name: string;
  readonly type: TensorType;
  /** The first of its features in `signature.features`, and how many follow each other. */
  readonly firstFeature: number;
  readonly width: number;
  /** Shape after the batch dimension: [] for a flat column, [30] for a table. */
  readonly rowShape: readonly number[];
}

/** Which features make up which input. Features are dealt out to the inputs in order, by the width of each. */
export function layOutColumns(signature: Signature): readonly InputColumns[] {
  let firstFeature = 0;
  const columns = signature.inputs.map((input) => {
    const width = rowWidth(input);
    const column = {
      name: input.name,
      type: getTypeByDatatype(input.datatype),
      firstFeature,
      width,
      rowShape: input.shape.slice(1),
    };
    firstFeature += width;
    return column;
  });
  if (firstFeature !== signature.features.length) {
    throw new SwitchyardError(
      'invalid_artifact',
      `The inputs take ${firstFeature} values a row, the signature has ${signature.features.length} features.`,
    );
  }
  return columns;
}

export function rowWidth(input: TensorSpec): number {
  return input.shape.slice(1).reduce((product, size) => product * size, 1);
}

/** Arrays that hold `capacity` rows, one for each input. */
export function makeBuffers(columns: readonly InputColumns[], capacity: number): TensorValues[] {
  return columns.map((column) => column.type.make(capacity * column.width));
}

/** Makes the function that writes one row into such arrays; it throws `invalid_features` for a value that does not fit. */
export function makeRowEncoder(
  columns: readonly InputColumns[],
  features: readonly FeatureSpec[],
): (row: FeatureRow, rowIndex: number, buffers: readonly TensorValues[], at: number) => void {
  const writers = columns.map((column) => makeColumnWriter(column, features));
  return (row, rowIndex, buffers, at) => {
    if (row.length !== features.length) {
      throw new SwitchyardError('invalid_features', `A row has ${row.length} values, not ${features.length}.`, {
        problems: [{ index: rowIndex, detail: `${features.length} values are needed` }],
      });
    }
    for (let position = 0; position < writers.length; position += 1) {
      (writers[position] as ColumnWriter)(row, rowIndex, buffers[position] as TensorValues, at);
    }
  };
}

type ColumnWriter = (row: FeatureRow, rowIndex: number, target: TensorValues, at: number) => void;

function makeColumnWriter(column: InputColumns, features: readonly FeatureSpec[]): ColumnWriter {
  const { width, firstFeature, type } = column;
  const refuse = (feature: number, rowIndex: number, detail: string): never => {
    const field = features[feature]?.name ?? String(feature);
    throw new SwitchyardError('invalid_features', `${field}: ${detail}`, {
      problems: [{ field, index: rowIndex, detail }],
    });
  };
  switch (type.datatype) {
    case 'FP32':
      return (row, rowIndex, target, at) => {
        const values = target as Float32Array;
        const start = at * width;
        for (let index = 0; index < width; index += 1) {
          const value = +(row[firstFeature + index] as number);
          // Converting would turn such a number into infinity without a word.
          if ((value > FLOAT32_MAXIMUM || value < -FLOAT32_MAXIMUM) && Number.isFinite(value)) {
            refuse(firstFeature + index, rowIndex, 'the number is too large for a 32-bit float');
          }
          values[start + index] = value;
        }
      };
    case 'FP64':
      return (row, _rowIndex, target, at) => {
        const values = target as Float64Array;
        for (let index = 0; index < width; index += 1)
          values[at * width + index] = +(row[firstFeature + index] as number);
      };
    case 'BYTES':
      return (row, rowIndex, target, at) => {
        const values = target as string[];
        for (let index = 0; index < width; index += 1) {
          const value = row[firstFeature + index];
          if (typeof value !== 'string') refuse(firstFeature + index, rowIndex, 'text is needed');
          else if (value.includes('\u0000')) refuse(firstFeature + index, rowIndex, NUL_IN_TEXT);
          values[at * width + index] = value as string;
        }
      };
    case 'BOOL':
      return (row, _rowIndex, target, at) => {
        const values = target as Uint8Array;
        for (let index = 0; index < width; index += 1) values[at * width + index] = row[firstFeature + index] ? 1 : 0;
      };
    default: {
      const [lowest, highest] = type.range ?? [0, 0];
      const isLong = type.datatype === 'INT64' || type.datatype === 'UINT64';
      return (row, rowIndex, target, at) => {
        for (let index = 0; index < width; index += 1) {
          const value = +(row[firstFeature + index] as number);
          if (!Number.isInteger(value) || value < lowest || value > highest) {
            refuse(firstFeature + index, rowIndex, `a whole number from ${lowest} to ${highest} is needed`);
          }
          if (isLong) (target as BigInt64Array)[at * width + index] = BigInt(value);
          else (target as Int32Array)[at * width + index] = value;
        }
      };
    }
  }
}
