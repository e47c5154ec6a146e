import { randomUUID } from 'node:crypto';
import type { ServiceClientConstructor } from '@grpc/grpc-js';
import type { TensorDatatype, UpstreamOf } from '@switchyard/contracts';
import { UpstreamFailure } from '../upstream/failures.ts';
import { createGrpcClient } from '../upstream/grpc-client.ts';
import type { TransportContext } from '../upstream/make-transport.ts';
import { findInProto, loadProto } from '../upstream/proto-files.ts';
import { readRawTensor } from '../upstream/raw-tensors.ts';
import { productOf, type ReceivedTensor, type UpstreamTensor } from '../upstream/tensors.ts';
import type { Transport } from '../upstream/transport.ts';
import { readSpecs } from './rest.ts';

interface MetadataReply {
  readonly inputs: readonly object[];
  readonly outputs: readonly object[];
}
interface InferReply {
  readonly id: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: TensorDatatype;
    readonly shape: readonly string[];
    readonly contents: Record<string, readonly unknown[]> | null;
  }[];
  readonly raw_output_contents: readonly Buffer[];
}

/** Field of `InferTensorContents` in which values of a datatype travel; FP16 has none. */
const fieldOf: Readonly<Record<TensorDatatype, string | undefined>> = {
  BOOL: 'bool_contents',
  INT8: 'int_contents',
  INT16: 'int_contents',
  INT32: 'int_contents',
  INT64: 'int64_contents',
  UINT8: 'uint_contents',
  UINT16: 'uint_contents',
  UINT32: 'uint_contents',
  UINT64: 'uint64_contents',
  FP16: undefined,
  FP32: 'fp32_contents',
  FP64: 'fp64_contents',
  BYTES: 'bytes_contents',
};

export function createGrpcTransport(upstream: UpstreamOf<'open-inference'>, context: TransportContext): Transport {
  const protos = loadProto('open-inference', 'open_inference_grpc.proto');
  const service = findInProto<ServiceClientConstructor>(protos, 'inference.GRPCInferenceService');
  const client = createGrpcClient(service, upstream, context);
  const named = { name: upstream.model, version: upstream.version ?? '' };
  return {
    async call({ inputs, outputs }, signal) {
      const id = randomUUID();
      const request = {
        model_name: named.name,
        model_version: named.version,
        id,
        inputs: inputs.map(writeInput),
        outputs: outputs.map(({ name }) => ({ name })),
      };
      return readReply(await client.call<InferReply>('ModelInfer', request, signal), id);
    },
    async probe(signal) {
      const { ready } = await client.call<{ ready: boolean }>('ModelReady', named, signal);
      if (!ready) throw new UpstreamFailure('server_overloaded', `The model '${named.name}' is not ready.`);
    },
    async describe(signal) {
      const { inputs, outputs } = await client.call<MetadataReply>('ModelMetadata', named, signal);
      return { inputs: readSpecs(inputs, 'input'), outputs: readSpecs(outputs, 'output') };
    },
    openConnections: client.openConnections,
    close: client.close,
  };
}

function writeInput({ name, datatype, shape, values }: UpstreamTensor): object {
  const field = fieldOf[datatype];
  if (field === undefined)
    throw new UpstreamFailure('request', `The input '${name}' is ${datatype}, which cannot be sent.`);
  return {
    name,
    datatype,
    shape,
    contents: { [field]: Array.from(values as ArrayLike<unknown>, toContent(datatype)) },
  };
}

function toContent(datatype: TensorDatatype): (value: unknown) => unknown {
  if (datatype === 'BOOL') return (value) => value === 1;
  if (datatype === 'BYTES') return (value) => Buffer.from(value as string, 'utf8');
  if (datatype === 'INT64' || datatype === 'UINT64') return String;
  return (value) => value;
}

function readReply(reply: InferReply, id: string): ReceivedTensor[] {
  if (reply.id !== '' && reply.id !== id) {
    throw new UpstreamFailure('wrong_rows', 'The model server answered another request than the one it was sent.');
  }
  const { outputs, raw_output_contents: raw } = reply;
  if (raw.length > 0 && raw.length !== outputs.length) {
    throw new UpstreamFailure('unreadable', `${outputs.length} outputs came with the data of ${raw.length}.`);
  }
  return outputs.map((output, index) => {
    const { name, datatype } = output;
    const shape = output.shape.map(Number);
    const bytes = raw[index];
    const field = fieldOf[datatype];
    if (bytes !== undefined) {
      // An unknown type shows when it is held against what was registered.
      const data = field === undefined ? [] : readRawTensor(name, datatype, bytes, productOf(shape));
      return { name, datatype, shape, data };
    }
    const contents = (field === undefined ? undefined : output.contents?.[field]) ?? [];
    return { name, datatype, shape, data: contents.map(fromContent(datatype)) };
  });
}

function fromContent(datatype: TensorDatatype): (value: unknown) => unknown {
  if (datatype === 'BYTES') return (value) => (value as Buffer).toString('utf8');
  if (datatype === 'INT64' || datatype === 'UINT64') return (value) => BigInt(value as string);
  // proto-loader writes what JSON has no number for as text.
  if (datatype.startsWith('FP')) return (value) => Number(value);
  return (value) => value;
}
