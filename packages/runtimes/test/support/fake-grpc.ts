import { connect, createServer, type Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceClientConstructor,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { type Upstream, upstreamSchema } from '@switchyard/contracts';
import { findInProto, loadProto } from '../../src/upstream/proto-files.ts';
import { probabilityOf, type Shape } from './fake-models.ts';

export type GrpcFault =
  | 'none'
  | 'hang'
  | 'cut'
  | 'internal'
  | 'exhausted'
  | 'invalid'
  | 'invalid-words'
  | 'huge'
  | 'garbage';

export interface FakeGrpc {
  readonly url: string;
  fault: GrpcFault;
  shape: Shape;
  calls: number;
  close(): Promise<void>;
}

type Handler = (request: never, fake: FakeGrpc) => object;
interface Service {
  readonly proto: readonly [directory: string, file: string, name: string];
  /** Methods that always work. */
  readonly well: Readonly<Record<string, Handler>>;
  /** The method that runs the model, to which faults are done. */
  readonly model?: { readonly method: string; readonly answer: Handler };
}

/** The server of a fake model over gRPC; connections can be cut below it. */
async function start(services: readonly Service[]): Promise<FakeGrpc> {
  const server = new Server();
  for (const { proto, well, model } of services) {
    const [directory, file, name] = proto;
    const { service } = findInProto<ServiceClientConstructor>(loadProto(directory, file), name);
    const methods: Record<string, (call: ServerUnaryCall<never, object>, done: sendUnaryData<object>) => void> = {};
    for (const [method, handler] of Object.entries(well)) {
      methods[method] = (call, done) => done(null, handler(call.request, fake));
    }
    if (model !== undefined) {
      // Bytes that are no message, in place of a reply.
      const definition = service[model.method] as { responseSerialize: (value: object) => Buffer };
      const serialize = definition.responseSerialize;
      definition.responseSerialize = (value) =>
        'garbage' in value ? Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07]) : serialize(value);
      methods[model.method] = (call, done) => {
        fake.calls += 1;
        misbehave(fake, done, () => model.answer(call.request, fake));
      };
    }
    server.addService(service, methods as never);
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  // A relay in front, because a gRPC server of this library cannot drop a connection by itself.
  const sockets = new Set<Socket>();
  const relay = createServer((socket) => {
    const inner = connect(port, '127.0.0.1');
    for (const each of [socket, inner]) {
      sockets.add(each);
      each.on('error', () => {});
      each.once('close', () => {
        sockets.delete(each);
        socket.destroy();
        inner.destroy();
      });
    }
    socket.pipe(inner).pipe(socket);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const address = relay.address() as { port: number };
  const fake: FakeGrpc = {
    url: `grpc://127.0.0.1:${address.port}`,
    fault: 'none',
    shape: 'good',
    calls: 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => relay.close(resolve));
      server.forceShutdown();
    },
  };
  const misbehave = (state: FakeGrpc, done: sendUnaryData<object>, answer: () => object): void => {
    const failed = statuses[state.fault];
    if (failed !== undefined) done(failed);
    else if (state.fault === 'none') done(null, answer());
    else if (state.fault === 'huge') done(null, hugeReply(services));
    else if (state.fault === 'garbage') done(null, { garbage: true });
    else if (state.fault === 'cut') for (const socket of sockets) socket.resetAndDestroy();
  };
  return fake;
}

const statuses: Partial<Record<GrpcFault, { code: number; details: string }>> = {
  internal: { code: status.INTERNAL, details: 'the kernel died' },
  exhausted: { code: status.RESOURCE_EXHAUSTED, details: 'queue is full' },
  invalid: { code: status.INVALID_ARGUMENT, details: 'wrong dtype' },
  // As the library words failures of its own.
  'invalid-words': { code: status.INVALID_ARGUMENT, details: 'parse error: stream closed, bad content-type' },
};

/** Larger than any limit of the tests, in whatever field of the reply takes bytes. */
function hugeReply(services: readonly Service[]): object {
  const bytes = Buffer.alloc(3_000_000);
  const kind = services[0]?.proto[0];
  if (kind === 'open-inference') return { outputs: [], raw_output_contents: [bytes] };
  if (kind === 'torchserve') return { prediction: bytes };
  return { outputs: { p: { dtype: 'DT_DOUBLE', tensor_content: bytes } } };
}

type Pair = readonly [number, number];
const pairs = (flat: readonly number[]): Pair[] =>
  Array.from({ length: flat.length / 2 }, (_, index) => [flat[2 * index] as number, flat[2 * index + 1] as number]);

/** Rows [1 - p, p], made wrong as asked. */
function answersOf(rows: readonly Pair[], shape: Shape): number[][] {
  const all = rows.map((row) => [1 - probabilityOf(row), probabilityOf(row)]);
  if (shape === 'fewer-rows') return all.slice(1);
  if (shape === 'more-rows') return [...all, [0.5, 0.5]];
  if (shape === 'no-rows') return [];
  if (shape === 'wrong-width') return all.map((row) => [...row, 0]);
  if (shape === 'not-a-number') return all.map((row, index) => (index === 0 ? [Number.NaN, row[1] as number] : row));
  return all;
}

export interface FakeGrpcModel {
  readonly kind: Upstream['kind'];
  readonly name: string;
  start(): Promise<FakeGrpc>;
  upstream(url: string, changes?: Record<string, unknown>): Upstream;
}

const parsed = (given: Record<string, unknown>): Upstream =>
  upstreamSchema.parse({
    protocol: 'grpc',
    model: 'm',
    timeoutMs: 1_000,
    probeEveryMs: 60_000,
    responseMaximumBytes: 1_000_000,
    ...given,
  });

/** Triton answers raw bytes, MLServer typed lists. */
const openInference = (isRaw: boolean): FakeGrpcModel => ({
  kind: 'open-inference',
  name: `open-inference, ${isRaw ? 'raw bytes' : 'typed lists'}`,
  upstream: (url, changes) => parsed({ kind: 'open-inference', url, ...changes }),
  start: () =>
    start([
      {
        proto: ['open-inference', 'open_inference_grpc.proto', 'inference.GRPCInferenceService'],
        well: {
          ModelReady: () => ({ ready: true }),
          ModelMetadata: () => ({
            name: 'm',
            inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
            outputs: [{ name: 'p', datatype: 'FP64', shape: [-1, 2] }],
          }),
        },
        model: {
          method: 'ModelInfer',
          answer: (request: { id: string; inputs: { contents: { fp32_contents: number[] } }[] }, { shape }) => {
            const rows = answersOf(pairs(request.inputs[0]?.contents.fp32_contents ?? []), shape);
            const values = rows.flat();
            const isText = shape === 'texts';
            const output = {
              name: shape === 'no-output' ? 'q' : 'p',
              datatype: isText ? 'BYTES' : 'FP64',
              shape: [rows.length, rows[0]?.length ?? 2],
            };
            if (isRaw && !isText) {
              return {
                id: request.id,
                outputs: [output],
                raw_output_contents: [Buffer.from(new Float64Array(values).buffer)],
              };
            }
            const texts = values.map((value) => Buffer.from(String(value)));
            const contents = isText ? { bytes_contents: texts } : { fp64_contents: values };
            return { id: request.id, outputs: [{ ...output, contents }] };
          },
        },
      },
    ]),
});

const tensorInfo = (name: string) => ({
  name: `${name}:0`,
  dtype: 'DT_FLOAT',
  tensor_shape: { dim: [{ size: -1 }, { size: 2 }] },
});

/** Values of a tensor come in the field of their type, or packed into bytes. */
const tensorflowServing = (isPacked: boolean): FakeGrpcModel => ({
  kind: 'tensorflow-serving',
  name: `tensorflow-serving, ${isPacked ? 'packed bytes' : 'typed lists'}`,
  upstream: (url, changes) => parsed({ kind: 'tensorflow-serving', url, ...changes }),
  start: () =>
    start([
      {
        proto: ['tensorflow-serving', 'prediction_service.proto', 'tensorflow.serving.PredictionService'],
        well: {
          GetModelMetadata: () => ({
            metadata: {
              signature_def: {
                type_url: 'type.googleapis.com/tensorflow.serving.SignatureDefMap',
                value: {
                  signature_def: {
                    serving_default: { inputs: { x: tensorInfo('x') }, outputs: { p: tensorInfo('p') } },
                  },
                },
              },
            },
          }),
        },
        model: {
          method: 'Predict',
          answer: (request: { inputs: { x: { float_val: number[] } } }, { shape }) => {
            const rows = answersOf(pairs(request.inputs.x.float_val), shape);
            const isText = shape === 'texts';
            const tensor = {
              dtype: isText ? 'DT_STRING' : 'DT_FLOAT',
              tensor_shape: { dim: [{ size: rows.length }, { size: rows[0]?.length ?? 2 }] },
              ...(isText
                ? { string_val: rows.flat().map((value) => Buffer.from(String(value))) }
                : isPacked
                  ? { tensor_content: Buffer.from(Float32Array.from(rows.flat()).buffer) }
                  : { float_val: rows.flat() }),
            };
            return { outputs: { [shape === 'no-output' ? 'q' : 'p']: tensor } };
          },
        },
      },
      {
        proto: ['tensorflow-serving', 'prediction_service.proto', 'tensorflow.serving.ModelService'],
        well: { GetModelStatus: () => ({ model_version_status: [{ version: 3, state: 'AVAILABLE' }] }) },
      },
    ]),
});

const torchserve: FakeGrpcModel = {
  kind: 'torchserve',
  name: 'torchserve',
  upstream: (url, changes) => parsed({ kind: 'torchserve', url, managementUrl: url, ...changes }),
  start: () =>
    start([
      {
        proto: ['torchserve', 'inference.proto', 'org.pytorch.serve.grpc.inference.InferenceAPIsService'],
        well: { Ping: () => ({ health: '{\n  "status": "Healthy"\n}\n' }) },
        model: {
          method: 'Predictions',
          answer: (request: { input: { data: Buffer } }, { shape }) => {
            const rows = answersOf(JSON.parse(request.input.data.toString('utf8')) as Pair[], shape);
            const values = shape === 'texts' ? rows.map((row) => row.map(String)) : rows;
            const items = shape === 'no-output' ? values.map((row) => ({ q: row })) : values;
            return { prediction: Buffer.from(JSON.stringify(items).replaceAll('null', 'NaN')) };
          },
        },
      },
      {
        proto: ['torchserve', 'management.proto', 'org.pytorch.serve.grpc.management.ManagementAPIsService'],
        well: {
          DescribeModel: () => ({
            msg: JSON.stringify([{ modelName: 'm', modelVersion: '1.0', workers: [{ id: '9000', status: 'READY' }] }]),
          }),
        },
      },
    ]),
};

export const fakeGrpcModels: readonly FakeGrpcModel[] = [
  openInference(true),
  openInference(false),
  tensorflowServing(true),
  tensorflowServing(false),
  torchserve,
];
