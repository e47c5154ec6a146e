import { SwitchyardError, type TensorDatatype, type TensorSpec } from '@switchyard/contracts';
import { getTypeByDatatype, type TensorValues } from '../onnx/tensor-types.ts';
import { UpstreamFailure } from './failures.ts';

/** A checked tensor, flat and row-major; BOOL is 0 or 1 a byte. */
export interface UpstreamTensor {
  readonly name: string;
  readonly datatype: TensorDatatype;
  readonly shape: readonly number[];
  readonly values: TensorValues;
}

/** A tensor as a server sent it: values flat or nested, of any type. */
export interface ReceivedTensor {
  readonly name: string;
  readonly datatype: TensorDatatype;
  readonly shape: readonly number[];
  readonly data: unknown;
}

/** Lists in lists that a value may be in. A server can send any number, and going down to all would exhaust the stack. */
export const MAXIMUM_DEPTH = 32;

export const productOf = (sizes: readonly number[]): number => sizes.reduce((product, size) => product * size, 1);

/**
 * The outputs that were asked for, in that order, checked against what was registered: each there, of its type, with
 * one row for each row that was sent where it has rows. Rejects with `unreadable`, `wrong_rows` or `wrong_types`; whatever a server
 * answers, no row can get the answer of another.
 */
export function checkOutputs(
  received: readonly ReceivedTensor[],
  specs: readonly TensorSpec[],
  rowCount: number,
): UpstreamTensor[] {
  return specs.map((spec) => {
    const found = received.filter(({ name }) => name === spec.name);
    const [tensor] = found;
    if (tensor === undefined) {
      const names = received.map(({ name }) => `'${name}'`).slice(0, 5);
      const given = names.length === 0 ? 'nothing' : names.join(', ');
      throw new UpstreamFailure('unreadable', `The model server answered ${given}, but not the output '${spec.name}'.`);
    }
    if (found.length > 1) throw new UpstreamFailure('unreadable', `The output '${spec.name}' was answered twice.`);
    return checkOutput(tensor, spec, rowCount);
  });
}

function checkOutput(tensor: ReceivedTensor, spec: TensorSpec, rowCount: number): UpstreamTensor {
  if (tensor.datatype !== spec.datatype) {
    throw new UpstreamFailure(
      'wrong_types',
      `The output '${spec.name}' has the datatype ${tensor.datatype}, not ${spec.datatype} as registered.`,
    );
  }
  if (!tensor.shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new UpstreamFailure('unreadable', `The output '${spec.name}' has no readable shape.`);
  }
  const [rows, ...rest] = tensor.shape;
  // What is registered with a fixed first dimension, or none, is said once for all rows. Outputs with a role never are.
  const isSaidOnce = spec.shape[0] !== -1 && spec.shape[0] === rows;
  if (rows !== rowCount && !isSaidOnce) {
    throw new UpstreamFailure(
      'wrong_rows',
      `${rowCount} rows were sent, the output '${spec.name}' has ${rows === undefined ? 'no rows' : rows}.`,
    );
  }
  const width = productOf(rest);
  const wanted = spec.shape.slice(1);
  // [n] and [n, 1] say the same; -1 in the registered shape stands for any size.
  const fits = wanted.includes(-1)
    ? wanted.length === rest.length && wanted.every((size, index) => size === -1 || size === rest[index])
    : width === productOf(wanted);
  if (!fits) {
    throw new UpstreamFailure(
      'wrong_types',
      `The output '${spec.name}' has the shape [${tensor.shape.join(', ')}]; [${['rows', ...wanted].join(', ')}] was registered.`,
    );
  }
  const values = convertValues(tensor.data, spec, rows ?? 1, width);
  return { name: spec.name, datatype: spec.datatype, shape: tensor.shape, values };
}

function convertValues(data: unknown, spec: TensorSpec, rowCount: number, width: number): TensorValues {
  const { datatype } = spec;
  const count = rowCount * width;
  if (ArrayBuffer.isView(data)) {
    const typed = data as TensorValues;
    assertCount(spec, typed.length, count);
    return typed;
  }
  if (!Array.isArray(data)) throw new UpstreamFailure('unreadable', `The output '${spec.name}' has no data.`);
  const flat: readonly unknown[] = Array.isArray(data[0]) ? flattenRows(data, spec, width) : data;
  assertCount(spec, flat.length, count);
  const values = getTypeByDatatype(datatype).make(count);
  for (let index = 0; index < count; index += 1) {
    const value = convertValue(datatype, flat[index]);
    if (value === undefined) {
      throw new UpstreamFailure(
        'wrong_types',
        `The output '${spec.name}' holds ${show(flat[index])}, which is not ${datatype}.`,
      );
    }
    (values as unknown[])[index] = value;
  }
  return values;
}

/** Values of nested lists. Each row is counted by itself: one that is too long may not make up for one that is too short. */
function flattenRows(data: readonly unknown[], spec: TensorSpec, width: number): readonly unknown[] {
  const flat: unknown[] = [];
  for (const row of data) {
    const values = Array.isArray(row) ? (row.flat(MAXIMUM_DEPTH) as unknown[]) : [row];
    if (values.length !== width) {
      throw new UpstreamFailure(
        'wrong_rows',
        `The output '${spec.name}' has ${values.length} values for a row, its shape says ${width}.`,
      );
    }
    for (const value of values) flat.push(value);
  }
  return flat;
}

function assertCount(spec: TensorSpec, found: number, wanted: number): void {
  if (found === wanted) return;
  throw new UpstreamFailure('wrong_rows', `The output '${spec.name}' has ${found} values, its shape says ${wanted}.`);
}

function convertValue(datatype: TensorDatatype, value: unknown): number | bigint | string | undefined {
  switch (datatype) {
    case 'BYTES':
      return typeof value === 'string' ? value : undefined;
    case 'BOOL':
      if (typeof value === 'boolean') return value ? 1 : 0;
      return value === 0 || value === 1 ? value : undefined;
    case 'FP16':
    case 'FP32':
    case 'FP64':
      return typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : undefined;
    case 'INT64':
      return toBigInt(value, BigInt.asIntN);
    case 'UINT64':
      return toBigInt(value, BigInt.asUintN);
    default: {
      const [lowest, highest] = getTypeByDatatype(datatype).range ?? [0, 0];
      return Number.isInteger(value) && (value as number) >= lowest && (value as number) <= highest
        ? (value as number)
        : undefined;
    }
  }
}

/** Beyond 2^53 only as BigInt: a number there has lost digits on the way. */
function toBigInt(value: unknown, wrap: (bits: number, value: bigint) => bigint): bigint | undefined {
  const exact = typeof value === 'bigint' ? value : Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
  return exact !== undefined && wrap(64, exact) === exact ? exact : undefined;
}

/** The values as the text of a flat JSON array. Throws `invalid_request` for what JSON has no number for. */
export function valuesToJson(tensor: UpstreamTensor): string {
  const write = makeElementWriter(tensor);
  return `[${Array.from({ length: tensor.values.length }, (_, index) => write(index)).join(',')}]`;
}

/** The same, nested as the shape says: [[1,2],[3,4]]. */
export function valuesToNestedJson(tensor: UpstreamTensor): string {
  const { shape } = tensor;
  const write = makeElementWriter(tensor);
  const nest = (depth: number, start: number, span: number): string => {
    const size = shape[depth] as number;
    const step = span / Math.max(size, 1);
    const isLast = depth === shape.length - 1;
    const items = Array.from({ length: size }, (_, index) =>
      isLast ? write(start + index) : nest(depth + 1, start + index * step, step),
    );
    return `[${items.join(',')}]`;
  };
  return nest(0, 0, tensor.values.length);
}

/** Writes one value as JSON. Whole numbers of 64 bits keep all their digits. */
function makeElementWriter({ name, datatype, values }: UpstreamTensor): (index: number) => string {
  if (datatype === 'BYTES') return (index) => JSON.stringify(values[index]);
  if (datatype === 'BOOL') return (index) => (values[index] === 1 ? 'true' : 'false');
  return (index) => {
    const value = values[index] as number | bigint;
    assertWritable(name, value);
    return String(value);
  };
}

/** Throws `invalid_request` for what JSON has no number for. */
export function assertWritable(name: string, value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new SwitchyardError('invalid_request', `The input '${name}' holds ${value}, which JSON cannot carry.`);
  }
}

/** One plain value, as it stands in JSON rows. */
export function plainValueAt(tensor: UpstreamTensor, index: number): number | string | boolean | bigint {
  const value = tensor.values[index] as number | string | bigint;
  if (tensor.datatype === 'BOOL') return value === 1;
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

function show(value: unknown): string {
  const text =
    typeof value === 'string'
      ? `'${value}'`
      : Array.isArray(value)
        ? 'a list'
        : isObject(value)
          ? 'an object'
          : String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
