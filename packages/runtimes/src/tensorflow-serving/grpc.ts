import type { ServiceClientConstructor } from '@grpc/grpc-js';
import type { TensorDatatype, UpstreamOf } from '@switchyard/contracts';
import { UpstreamFailure } from '../upstream/failures.ts';
import { createGrpcClient } from '../upstream/grpc-client.ts';
import type { TransportContext } from '../upstream/make-transport.ts';
import { findInProto, loadProto } from '../upstream/proto-files.ts';
import { readRawTensor } from '../upstream/raw-tensors.ts';
import { productOf, type ReceivedTensor, type UpstreamTensor } from '../upstream/tensors.ts';
import type { Transport } from '../upstream/transport.ts';
import { datatypeOf, tensorflowNameOf } from './datatypes.ts';
import { readSignatureDef } from './metadata.ts';

interface TensorProto {
  readonly dtype: string;
  readonly tensor_shape: { readonly dim: readonly { readonly size: string }[]; readonly unknown_rank: boolean } | null;
  readonly tensor_content: Buffer;
  readonly [values: string]: unknown;
}
interface StatusReply {
  readonly model_version_status: readonly { readonly state: string }[];
}
interface MetadataReply {
  readonly metadata: Record<string, { readonly value: { readonly signature_def: unknown } | null }>;
}

/** Field of `TensorProto` in which values of a datatype travel. */
const fieldOf: Readonly<Record<TensorDatatype, string>> = {
  BOOL: 'bool_val',
  INT8: 'int_val',
  INT16: 'int_val',
  INT32: 'int_val',
  INT64: 'int64_val',
  UINT8: 'int_val',
  UINT16: 'int_val',
  UINT32: 'uint32_val',
  UINT64: 'uint64_val',
  FP16: 'half_val',
  FP32: 'float_val',
  FP64: 'double_val',
  BYTES: 'string_val',
};

export function createGrpcTransport(upstream: UpstreamOf<'tensorflow-serving'>, context: TransportContext): Transport {
  const protos = loadProto('tensorflow-serving', 'prediction_service.proto');
  const service = (name: string) => findInProto<ServiceClientConstructor>(protos, `tensorflow.serving.${name}`);
  const predictions = createGrpcClient(service('PredictionService'), upstream, context);
  const models = createGrpcClient(service('ModelService'), upstream, context);
  const { model, version, versionLabel, signatureName } = upstream;
  const named = {
    name: model,
    ...(version === undefined ? {} : { version: { value: version } }),
    ...(versionLabel === undefined ? {} : { version_label: versionLabel }),
  };
  return {
    async call({ inputs, outputs }, signal) {
      const request = {
        model_spec: { ...named, signature_name: signatureName },
        inputs: Object.fromEntries(inputs.map((input) => [input.name, writeTensor(input)])),
        output_filter: outputs.map(({ name }) => name),
      };
      const reply = await predictions.call<{ outputs: Record<string, TensorProto> }>('Predict', request, signal);
      return Object.entries(reply.outputs).map(([name, tensor]) => readTensor(name, tensor));
    },
    async probe(signal) {
      const reply = await models.call<StatusReply>('GetModelStatus', { model_spec: named }, signal);
      const states = reply.model_version_status.map(({ state }) => state);
      if (!states.includes('AVAILABLE')) {
        throw new UpstreamFailure('server_overloaded', `No version is available (${states.join(', ') || 'none'}).`);
      }
    },
    async describe(signal) {
      const request = { model_spec: named, metadata_field: ['signature_def'] };
      const { metadata } = await predictions.call<MetadataReply>('GetModelMetadata', request, signal);
      const packed = metadata.signature_def?.value;
      if (packed === undefined || packed === null)
        throw new UpstreamFailure('unreadable', 'The metadata of the model has no signatures.');
      return readSignatureDef(packed.signature_def, signatureName);
    },
    openConnections: () => predictions.openConnections() + models.openConnections(),
    async close() {
      await Promise.all([predictions.close(), models.close()]);
    },
  };
}

function writeTensor({ datatype, shape, values }: UpstreamTensor): object {
  return {
    dtype: tensorflowNameOf(datatype),
    tensor_shape: { dim: shape.map((size) => ({ size: String(size) })) },
    [fieldOf[datatype]]: Array.from(values as ArrayLike<unknown>, (value) => {
      if (datatype === 'BOOL') return value === 1;
      if (datatype === 'BYTES') return Buffer.from(value as string, 'utf8');
      return typeof value === 'bigint' ? String(value) : value;
    }),
  };
}

/** Values come in the field of their type, or packed as bytes; one value alone may stand for all of them. */
function readTensor(name: string, tensor: TensorProto): ReceivedTensor {
  const datatype = datatypeOf(tensor.dtype);
  if (datatype === undefined || datatype === 'FP16') {
    throw new UpstreamFailure('wrong_types', `The output '${name}' is ${tensor.dtype}, which cannot be read.`);
  }
  const shape = (tensor.tensor_shape?.dim ?? []).map(({ size }) => Number(size));
  const count = productOf(shape);
  if (tensor.tensor_content.length > 0 && datatype !== 'BYTES') {
    return { name, datatype, shape, data: readRawTensor(name, datatype, tensor.tensor_content, count) };
  }
  const sent = (tensor[fieldOf[datatype]] as readonly unknown[]).map((value) => {
    if (datatype === 'BYTES') return (value as Buffer).toString('utf8');
    if (datatype === 'INT64' || datatype === 'UINT64') return BigInt(value as string);
    return datatype.startsWith('FP') ? Number(value) : value;
  });
  const isConstant = sent.length === 1 && count > 1 && Number.isSafeInteger(count) && count <= MAXIMUM_REPEATED;
  return { name, datatype, shape, data: isConstant ? new Array(count).fill(sent[0]) : sent };
}

/** A few bytes must not be able to ask for gigabytes. */
const MAXIMUM_REPEATED = 10_000_000;
