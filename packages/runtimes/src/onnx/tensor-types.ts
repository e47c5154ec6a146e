import type { TensorDatatype, TypedValues } from '@switchyard/contracts';

/** Values of one tensor, flat and row-major. BOOL is 0 or 1 a byte. */
export type TensorValues = TypedValues | string[];

export interface TensorType {
  readonly datatype: TensorDatatype;
  /** What onnxruntime calls it. */
  readonly runtimeType: string;
  /** Number of the type in ONNX files. */
  readonly elementType: number;
  readonly make: (length: number) => TensorValues;
  /** Whole numbers that fit, for the integer types. */
  readonly range?: readonly [number, number];
}

const FLOAT32_MAXIMUM = 3.4028234663852886e38;

export { FLOAT32_MAXIMUM };

// FP16 is left out: JavaScript has no array for it that every supported Node knows.
const types: readonly TensorType[] = [
  { elementType: 1, datatype: 'FP32', runtimeType: 'float32', make: (length) => new Float32Array(length) },
  {
    elementType: 2,
    datatype: 'UINT8',
    runtimeType: 'uint8',
    make: (length) => new Uint8Array(length),
    range: [0, 255],
  },
  {
    elementType: 3,
    datatype: 'INT8',
    runtimeType: 'int8',
    make: (length) => new Int8Array(length),
    range: [-128, 127],
  },
  {
    elementType: 4,
    datatype: 'UINT16',
    runtimeType: 'uint16',
    make: (length) => new Uint16Array(length),
    range: [0, 65_535],
  },
  {
    elementType: 5,
    datatype: 'INT16',
    runtimeType: 'int16',
    make: (length) => new Int16Array(length),
    range: [-32_768, 32_767],
  },
  {
    elementType: 6,
    datatype: 'INT32',
    runtimeType: 'int32',
    make: (length) => new Int32Array(length),
    range: [-2_147_483_648, 2_147_483_647],
  },
  {
    elementType: 7,
    datatype: 'INT64',
    runtimeType: 'int64',
    make: (length) => new BigInt64Array(length),
    range: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  },
  { elementType: 8, datatype: 'BYTES', runtimeType: 'string', make: (length) => new Array<string>(length).fill('') },
  { elementType: 9, datatype: 'BOOL', runtimeType: 'bool', make: (length) => new Uint8Array(length) },
  { elementType: 11, datatype: 'FP64', runtimeType: 'float64', make: (length) => new Float64Array(length) },
  {
    elementType: 12,
    datatype: 'UINT32',
    runtimeType: 'uint32',
    make: (length) => new Uint32Array(length),
    range: [0, 4_294_967_295],
  },
  {
    elementType: 13,
    datatype: 'UINT64',
    runtimeType: 'uint64',
    make: (length) => new BigUint64Array(length),
    range: [0, Number.MAX_SAFE_INTEGER],
  },
];

const byElementType = new Map(types.map((type) => [type.elementType, type]));
const byDatatype = new Map(types.map((type) => [type.datatype, type]));
const byRuntimeType = new Map(types.map((type) => [type.runtimeType, type]));

export const findTypeByElementType = (elementType: number): TensorType | undefined => byElementType.get(elementType);

export function getTypeByDatatype(datatype: TensorDatatype): TensorType {
  const type = byDatatype.get(datatype);
  if (type === undefined) throw new Error(`tensors of type ${datatype} are not supported`);
  return type;
}

export function getTypeByRuntimeType(runtimeType: string): TensorType {
  const type = byRuntimeType.get(runtimeType);
  if (type === undefined) throw new Error(`tensors of type ${runtimeType} are not supported`);
  return type;
}

/** The first `count` values, without copying where the kind of array allows it. */
export function head(values: TensorValues, count: number): TensorValues {
  if (values.length === count) return values;
  return Array.isArray(values) ? values.slice(0, count) : (values.subarray(0, count) as TensorValues);
}

/** Copies all of `source` into `target`, which is of the same type, from `at` on. */
export function copyInto(target: TensorValues, source: TensorValues, at: number): void {
  if (Array.isArray(target)) {
    for (let index = 0; index < source.length; index += 1) target[at + index] = source[index] as string;
  } else {
    (target as Float32Array).set(source as Float32Array, at);
  }
}
