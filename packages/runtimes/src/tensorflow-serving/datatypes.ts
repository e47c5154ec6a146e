import type { TensorDatatype } from '@switchyard/contracts';

/** Names of TensorFlow's element types, as `DataType` of types.proto has them. */
const names: Readonly<Record<string, TensorDatatype>> = {
  DT_FLOAT: 'FP32',
  DT_DOUBLE: 'FP64',
  DT_HALF: 'FP16',
  DT_INT8: 'INT8',
  DT_INT16: 'INT16',
  DT_INT32: 'INT32',
  DT_INT64: 'INT64',
  DT_UINT8: 'UINT8',
  DT_UINT16: 'UINT16',
  DT_UINT32: 'UINT32',
  DT_UINT64: 'UINT64',
  DT_STRING: 'BYTES',
  DT_BOOL: 'BOOL',
};

export const datatypeOf = (name: string): TensorDatatype | undefined => names[name];

export function tensorflowNameOf(datatype: TensorDatatype): string {
  return Object.keys(names).find((name) => names[name] === datatype) as string;
}
