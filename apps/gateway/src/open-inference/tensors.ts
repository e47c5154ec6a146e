import { SwitchyardError, type TensorDatatype, type TypedValues } from '@switchyard/contracts';
import { firstNotFinite, shortDecimal } from '@switchyard/prediction-log';
import type { Tensor } from '@switchyard/runtimes';
import type { ReceivedTensor } from './infer-call.ts';

type NumberArray = Exclude<TypedValues, BigInt64Array | BigUint64Array>;

const NUMBER_ARRAYS: Partial<Record<TensorDatatype, new (length: number) => NumberArray>> = {
  FP32: Float32Array,
  FP64: Float64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
};

/** Checks every value against the datatype. Throws invalid_request: nothing is rounded, wrapped or made up. */
export function toTensor(received: ReceivedTensor): Tensor {
  const { name, datatype, shape, data } = received;
  const refuse = (index: number, wanted: string): never => {
    throw new SwitchyardError('invalid_request', `input '${name}': value ${index} is not ${wanted}`);
  };
  if (!Array.isArray(data)) {
    const values = data as TypedValues;
    if (values instanceof Float32Array || values instanceof Float64Array) {
      const wrong = firstNotFinite(values);
      if (wrong >= 0) refuse(wrong, 'a number');
    }
    return { name, datatype, shape, data: values };
  }
  if (datatype === 'BYTES') {
    data.forEach((value, index) => {
      if (typeof value !== 'string') refuse(index, 'a text');
    });
    return { name, datatype, shape, data: data as readonly string[] };
  }
  if (datatype === 'BOOL') {
    const values = data.map((value, index) => {
      if (typeof value === 'boolean') return value;
      return value === 0 || value === 1 ? value === 1 : refuse(index, 'true or false');
    });
    return { name, datatype, shape, data: values };
  }
  if (datatype === 'INT64' || datatype === 'UINT64') {
    const values = datatype === 'INT64' ? new BigInt64Array(data.length) : new BigUint64Array(data.length);
    data.forEach((value, index) => {
      // JSON.parse has already rounded what lies beyond 2^53.
      if (!Number.isSafeInteger(value) || (datatype === 'UINT64' && (value as number) < 0)) {
        refuse(index, 'a whole number that JSON can carry exactly');
      }
      values[index] = BigInt(value as number);
    });
    return { name, datatype, shape, data: values };
  }
  const ArrayType = NUMBER_ARRAYS[datatype];
  if (ArrayType === undefined) {
    throw new SwitchyardError('invalid_request', `input '${name}': ${datatype} cannot be sent as JSON`);
  }
  const values = new ArrayType(data.length);
  const isWhole = datatype !== 'FP32' && datatype !== 'FP64';
  data.forEach((value, index) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) refuse(index, 'a number');
    values[index] = value as number;
    const stored = values[index] as number;
    if (isWhole ? stored !== value : !Number.isFinite(stored)) refuse(index, `within the range of ${datatype}`);
  });
  return { name, datatype, shape, data: values };
}

/** The values of a tensor as features have them: numbers, texts and booleans. */
export function featureValues({ datatype, data }: ReceivedTensor): ArrayLike<unknown> {
  if (Array.isArray(data)) return data;
  if (datatype === 'BOOL') return Array.from(data as Uint8Array, (value) => value === 1);
  // What is not exact as a number is beyond 2^53 as one too, where whole numbers are refused.
  if (datatype === 'INT64' || datatype === 'UINT64') return Array.from(data as BigInt64Array, Number);
  // As a caller of JSON writes it, so that conditions and the log see the same number whichever way it came.
  if (data instanceof Float32Array) {
    const values = new Float64Array(data.length);
    // `Float64Array.from` with a function takes many times as long.
    for (let index = 0; index < data.length; index += 1) values[index] = shortDecimal(data[index] as number);
    return values;
  }
  return data as Float64Array;
}
