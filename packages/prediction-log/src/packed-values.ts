import { endianness } from 'node:os';
import type { PackedValues, TensorDatatype, TypedValues } from '@switchyard/contracts';

type NumericArray = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => TypedValues;

export interface Layout {
  readonly itemBytes: number;
  readonly Values: NumericArray;
}

const LAYOUTS: Partial<Record<TensorDatatype, Layout>> = {
  BOOL: { itemBytes: 1, Values: Uint8Array },
  UINT8: { itemBytes: 1, Values: Uint8Array },
  UINT16: { itemBytes: 2, Values: Uint16Array },
  UINT32: { itemBytes: 4, Values: Uint32Array },
  UINT64: { itemBytes: 8, Values: BigUint64Array },
  INT8: { itemBytes: 1, Values: Int8Array },
  INT16: { itemBytes: 2, Values: Int16Array },
  INT32: { itemBytes: 4, Values: Int32Array },
  INT64: { itemBytes: 8, Values: BigInt64Array },
  FP16: { itemBytes: 2, Values: Uint16Array },
  FP32: { itemBytes: 4, Values: Float32Array },
  FP64: { itemBytes: 8, Values: Float64Array },
};

if (endianness() !== 'LE') throw new Error('packed numbers are little-endian, and so must be this machine');

/** How numbers lie in memory; undefined for BYTES, whose elements are as long as they say. */
export const layoutOf = (datatype: TensorDatatype): Layout | undefined => LAYOUTS[datatype];

/** What the values of a tensor can be; BOOL is boolean or 0 and 1. */
export type ColumnData = ArrayLike<number> | ArrayLike<bigint> | readonly string[] | readonly boolean[];

/** The bytes of numbers or booleans, without a copy where they are already as they are to be. */
export function bytesOfValues({ itemBytes, Values }: Layout, data: ColumnData): Uint8Array {
  if (ArrayBuffer.isView(data) && data.constructor === Values) {
    const view = data as unknown as TypedValues;
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  }
  const values = new Values(new ArrayBuffer(data.length * itemBytes), 0, data.length);
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) writeBig(values, data);
  else for (let index = 0; index < data.length; index += 1) (values as Uint8Array)[index] = Number(data[index]);
  return new Uint8Array(values.buffer, 0, values.byteLength);
}

function writeBig(values: BigInt64Array | BigUint64Array, data: ColumnData): void {
  // Small numbers by halves: a big integer for each would be made only to be thrown away.
  const halves = new Int32Array(values.buffer);
  for (let index = 0; index < data.length; index += 1) {
    const value = data[index] as number | bigint | boolean;
    if (typeof value === 'number' && value === (value | 0)) {
      halves[2 * index] = value;
      halves[2 * index + 1] = value >> 31;
    } else values[index] = BigInt(value);
  }
}

/** Numbers from their bytes, without a copy where their place in memory allows it. */
export function valuesOfBytes({ itemBytes, Values }: Layout, bytes: Uint8Array): TypedValues {
  const { buffer, byteOffset, byteLength } = bytes;
  const count = byteLength / itemBytes;
  if (byteOffset % itemBytes === 0) return new Values(buffer, byteOffset, count);
  return new Values(buffer.slice(byteOffset, byteOffset + byteLength), 0, count);
}

/** Throws RangeError unless the text is exactly the base64 of `count` numbers. */
export function unpackValues({ datatype, values }: PackedValues, count: number): TypedValues {
  const layout = layoutOf(datatype) as Layout;
  const bytes = Buffer.from(values, 'base64');
  // What is not base64 is skipped when it is read, and so makes the bytes fewer.
  const isWhole = bytes.length === count * layout.itemBytes && values.length === Math.ceil(bytes.length / 3) * 4;
  if (!isWhole) throw new RangeError(`${values.length} characters are not ${count} values of ${datatype}`);
  return valuesOfBytes(layout, bytes);
}

/** Position of the first NaN or infinity, -1 without. */
export function firstNotFinite(values: Float32Array | Float64Array): number {
  return isAllFinite(values) ? -1 : values.findIndex((value) => !Number.isFinite(value));
}

/**
 * All bits of the exponent are set in what is no number, and in nothing else: one more at its end carries over into the
 * sign. Bits take half the time of numbers, and all of them without a branch less than to the first.
 */
function isAllFinite(values: Float32Array | Float64Array): boolean {
  const { buffer, byteOffset, byteLength } = values;
  const words = new Int32Array(buffer, byteOffset, byteLength / 4);
  const [first, step, exponentUnit] = values instanceof Float32Array ? [0, 1, 0x80_0000] : [1, 2, 0x10_0000];
  let carried = 0;
  for (let at = first; at < words.length; at += step) carried |= ((words[at] as number) & 0x7fff_ffff) + exponentUnit;
  return carried >= 0;
}
