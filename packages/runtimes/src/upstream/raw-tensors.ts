import type { TensorDatatype } from '@switchyard/contracts';
import { getTypeByDatatype, type TensorValues } from '../onnx/tensor-types.ts';
import { UpstreamFailure } from './failures.ts';

/** Little-endian bytes, row-major; texts (`BYTES`) each with their length in four bytes before them. */
export function readRawTensor(name: string, datatype: TensorDatatype, bytes: Buffer, count: number): TensorValues {
  if (datatype === 'BYTES') return readTexts(name, bytes);
  if (datatype === 'FP16')
    throw new UpstreamFailure('wrong_types', `The output '${name}' is FP16, which cannot be read.`);
  const { make } = getTypeByDatatype(datatype);
  const empty = make(0);
  if (Array.isArray(empty)) throw new Error('texts were read above');
  // Compared before any memory is taken: a server can claim any shape.
  const needed = count * empty.BYTES_PER_ELEMENT;
  if (needed !== bytes.length) {
    throw new UpstreamFailure(
      'wrong_rows',
      `The output '${name}' has ${bytes.length} bytes; its shape and type make ${needed}.`,
    );
  }
  const values = make(count);
  if (Array.isArray(values)) throw new Error('texts were read above');
  // Copied, because a view needs an aligned start and a message has none.
  new Uint8Array(values.buffer).set(bytes);
  return values;
}

function readTexts(name: string, bytes: Buffer): string[] {
  const texts: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const length = at + 4 <= bytes.length ? bytes.readUInt32LE(at) : Number.POSITIVE_INFINITY;
    if (at + 4 + length > bytes.length) {
      throw new UpstreamFailure('unreadable', `The texts of the output '${name}' end in the middle of one.`);
    }
    texts.push(bytes.toString('utf8', at + 4, at + 4 + length));
    at += 4 + length;
  }
  return texts;
}
