import {
  type Answer,
  type ClassLabel,
  type Signature,
  SwitchyardError,
  type TensorDatatype,
} from '@switchyard/contracts';
import type { Tensor } from '@switchyard/runtimes';
import type { ReceivedTensor } from './infer-request.ts';

type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array;

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
export function toTensor({ name, datatype, shape, data }: ReceivedTensor): Tensor {
  const refuse = (index: number, wanted: string): never => {
    throw new SwitchyardError('invalid_request', `input '${name}': value ${index} is not ${wanted}`);
  };
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

/** What the artifact's own outputs say, as answers: by the roles of the signature, empty where it gives none. */
export function answersOfTensors(signature: Signature, outputs: readonly Tensor[], rows: number): Answer[] {
  const find = (name: string | undefined) =>
    name === undefined ? undefined : outputs.find((one) => one.name === name)?.data;
  const labels = signature.labels ?? [];
  const label = find(signature.roles.label);
  const value = find(signature.roles.value);
  const probabilities = find(signature.roles.probabilities);
  const positive = signature.positiveLabel === undefined ? labels.length - 1 : labels.indexOf(signature.positiveLabel);
  const width = probabilities === undefined ? 0 : probabilities.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    const answer: Answer = {};
    if (label !== undefined && label.length === rows) answer.label = plain(label[row]);
    if (value !== undefined && value.length === rows && Number.isFinite(Number(value[row])))
      answer.value = Number(value[row]);
    if (probabilities !== undefined && width === labels.length && width > 0) {
      const shares = labels.map((_label, index) => Number(probabilities[row * width + index]));
      if (shares.every(Number.isFinite)) {
        answer.probabilities = Object.fromEntries(labels.map((name, index) => [String(name), shares[index] as number]));
        if (positive >= 0) answer.score = shares[positive] as number;
      }
    }
    return answer;
  });
}

function plain(value: number | bigint | string | boolean | undefined): ClassLabel {
  return typeof value === 'bigint' ? Number(value) : (value ?? '');
}
