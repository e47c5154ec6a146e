import type { Signature, TensorSpec } from '@switchyard/contracts';
import { SwitchyardError } from '@switchyard/contracts/errors';
import type { Tensor } from '../model-runtime.ts';
import { getTypeByDatatype, type TensorType, type TensorValues } from './tensor-types.ts';

const refuse = (detail: string): never => {
  throw new SwitchyardError('invalid_request', detail);
};

/**
 * Checks tensors of a caller against the artifact's own inputs and converts their values.
 * Returns the values in the order of `signature.inputs`. Throws `invalid_request` that names the tensor.
 */
export function checkTensors(
  signature: Signature,
  tensors: readonly Tensor[],
): { inputs: TensorValues[]; rowCount: number } {
  const byName = new Map<string, Tensor>();
  for (const tensor of tensors) {
    if (byName.has(tensor.name)) refuse(`The input '${tensor.name}' is given twice.`);
    byName.set(tensor.name, tensor);
  }
  let rowCount: number | undefined;
  const inputs = signature.inputs.map((spec) => {
    const tensor = byName.get(spec.name);
    if (tensor === undefined) {
      return refuse(`The input '${spec.name}' is missing; the model takes ${listNames(signature.inputs)}.`);
    }
    byName.delete(spec.name);
    const rows = checkShape(spec, tensor);
    rowCount ??= rows;
    if (rows !== rowCount) refuse(`The input '${spec.name}' has ${rows} rows, another input has ${rowCount}.`);
    return convert(spec, tensor);
  });
  const [unknown] = byName.keys();
  if (unknown !== undefined) {
    refuse(`There is no input '${unknown}'; the model takes ${listNames(signature.inputs)}.`);
  }
  return { inputs, rowCount: rowCount ?? 0 };
}

/** The names of the outputs to fetch; all of them unless named. */
export function checkOutputNames(
  signature: Signature,
  names: readonly string[] | undefined,
): readonly string[] | undefined {
  if (names === undefined || names.length === 0) return undefined;
  for (const name of names) {
    if (!signature.outputs.some((output) => output.name === name)) {
      refuse(`There is no output '${name}'; the model gives ${listNames(signature.outputs)}.`);
    }
  }
  if (new Set(names).size !== names.length) refuse('An output is asked for twice.');
  return names;
}

const listNames = (specs: readonly TensorSpec[]): string => {
  const shown = specs.slice(0, 5).map((spec) => `'${spec.name}'`);
  return shown.join(', ') + (specs.length > 5 ? ` and ${specs.length - 5} more` : '');
};

/** Returns the number of rows. The first dimension is free: a model that takes one row at a time gets them one by one. */
function checkShape(spec: TensorSpec, tensor: Tensor): number {
  const [rows = 0, ...rest] = tensor.shape;
  const wanted = spec.shape.slice(1);
  if (rest.length !== wanted.length || rest.some((size, index) => size !== wanted[index])) {
    refuse(
      `The input '${spec.name}' has the shape [${tensor.shape.join(', ')}]; [${['rows', ...wanted].join(', ')}] is needed.`,
    );
  }
  if (!Number.isInteger(rows) || rows < 1) refuse(`The input '${spec.name}' has no rows.`);
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  if (tensor.data.length !== count) {
    refuse(`The input '${spec.name}' has ${tensor.data.length} values; its shape says ${count}.`);
  }
  return rows;
}

function convert(spec: TensorSpec, tensor: Tensor): TensorValues {
  if (tensor.datatype !== spec.datatype) {
    refuse(`The input '${spec.name}' has the datatype ${tensor.datatype}; ${spec.datatype} is needed.`);
  }
  const type = getTypeByDatatype(spec.datatype);
  // Already what the runtime takes: no copy. Whole numbers and floats need no look at the values then.
  if (spec.datatype !== 'BYTES' && spec.datatype !== 'BOOL' && tensor.data.constructor === type.make(0).constructor) {
    return tensor.data as unknown as TensorValues;
  }
  const target = type.make(tensor.data.length);
  const { data } = tensor;
  for (let index = 0; index < data.length; index += 1) {
    const value = data[index] as unknown;
    const converted = convertValue(type, value);
    if (converted === undefined) {
      refuse(
        `The input '${spec.name}' has the value ${show(value)} at position ${index}, which is not a ${spec.datatype} that the model can take.`,
      );
    }
    (target as unknown[])[index] = converted;
  }
  return target;
}

function convertValue(type: TensorType, value: unknown): number | bigint | string | undefined {
  switch (type.datatype) {
    case 'BYTES':
      // The native runtime would cut the text off at a NUL.
      return typeof value === 'string' && !value.includes('\u0000') ? value : undefined;
    case 'BOOL':
      if (typeof value === 'boolean') return value ? 1 : 0;
      return value === 0 || value === 1 ? value : undefined;
    case 'FP32':
    case 'FP64':
      return typeof value === 'number' ? value : undefined;
    case 'INT64':
      if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? value : undefined;
      return Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
    case 'UINT64':
      if (typeof value === 'bigint') return BigInt.asUintN(64, value) === value ? value : undefined;
      return Number.isSafeInteger(value) && (value as number) >= 0 ? BigInt(value as number) : undefined;
    default: {
      const [lowest, highest] = type.range ?? [0, 0];
      const isWithin = Number.isInteger(value) && (value as number) >= lowest && (value as number) <= highest;
      return isWithin ? (value as number) : undefined;
    }
  }
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? `'${value}'` : String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
