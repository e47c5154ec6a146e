import { isUtf8 } from 'node:buffer';
import { SwitchyardError, type TensorDatatype } from '@switchyard/contracts';
import { bytesOfValues, type Layout, layoutOf, valuesOfBytes } from '@switchyard/prediction-log';
import type { OutputTensor, ReceivedTensor } from './infer-call.ts';

/**
 * Tensors as bytes: little-endian and row-major; BOOL is a byte of 0 or 1, an element of BYTES is its length
 * in four bytes and then as many bytes.
 */

/** Bytes of one element; undefined for BYTES, whose elements are as long as they say. */
export const itemBytesOf = (datatype: TensorDatatype): number | undefined => layoutOf(datatype)?.itemBytes;

/** Number of elements. May lose digits for shapes that no body could fill, and is then still too large for any. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/**
 * A tensor from its bytes, without a copy where their place in memory allows it. Throws invalid_request when the
 * bytes are not exactly those of the shape, a BOOL is neither 0 nor 1, or a text is not valid UTF-8.
 */
export function decodeTensor(
  name: string,
  datatype: TensorDatatype,
  shape: readonly number[],
  bytes: Uint8Array,
): ReceivedTensor {
  const count = elementCount(shape);
  const layout = layoutOf(datatype);
  if (layout === undefined) return { name, datatype, shape, data: decodeTexts(name, bytes, count) };
  if (bytes.byteLength !== count * layout.itemBytes) {
    return refuse(
      name,
      `${datatype} [${shape}] takes ${count * layout.itemBytes} bytes, ${bytes.byteLength} were sent`,
    );
  }
  const values = valuesOfBytes(layout, bytes);
  if (datatype === 'BOOL') {
    const wrong = (values as Uint8Array).findIndex((value) => value > 1);
    if (wrong >= 0) refuse(name, `value ${wrong} is neither 0 nor 1`);
  }
  return { name, datatype, shape, data: datatype === 'FP16' ? widen(values as Uint16Array) : values };
}

function decodeTexts(name: string, bytes: Uint8Array, count: number): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Four bytes of length are the least an element takes, so a huge shape is refused before it is believed.
  if (count * 4 > buffer.length)
    return refuse(name, `${count} texts take at least ${count * 4} bytes, ${buffer.length} were sent`);
  const texts: string[] = new Array(count);
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    const length = at + 4 <= buffer.length ? buffer.readUInt32LE(at) : Number.POSITIVE_INFINITY;
    if (at + 4 + length > buffer.length) return refuse(name, `the bytes end within text ${index}`);
    texts[index] = decodeText(name, buffer.subarray(at + 4, at + 4 + length), index);
    at += 4 + length;
  }
  if (at !== buffer.length) refuse(name, `${buffer.length - at} bytes are left after ${count} texts`);
  return texts;
}

/** Broken UTF-8 would silently become other text. */
export function decodeText(name: string, bytes: Uint8Array, index: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (text.includes('\ufffd') && !isUtf8(bytes)) refuse(name, `text ${index} is not valid UTF-8`);
  return text;
}

/** 16-bit floats as the 32-bit ones they are exactly. */
function widen(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  for (let index = 0; index < halves.length; index += 1) {
    const half = halves[index] as number;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1_023;
    const sign = half >= 32_768 ? -1 : 1;
    if (exponent === 31) values[index] = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    else if (exponent === 0) values[index] = sign * fraction * 2 ** -24;
    else values[index] = sign * (1 + fraction / 1_024) * 2 ** (exponent - 15);
  }
  return values;
}

/** The bytes of a tensor of the answer, without a copy where its values are already as they travel. */
export function encodeTensor({ datatype, data }: OutputTensor): Uint8Array {
  if (datatype === 'BYTES') return encodeTexts(data as readonly string[]);
  return bytesOfValues(layoutOf(datatype) as Layout, data);
}

function encodeTexts(texts: readonly string[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + 4 + Buffer.byteLength(text), 0));
  let at = 0;
  for (const text of texts) {
    const length = bytes.write(text, at + 4);
    bytes.writeUInt32LE(length, at);
    at += 4 + length;
  }
  return bytes;
}

function refuse(name: string, detail: string): never {
  throw new SwitchyardError('invalid_request', `input '${name.slice(0, 200)}': ${detail}`);
}
