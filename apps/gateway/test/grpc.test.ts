import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import {
  type Client,
  type ClientDuplexStream,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { PredictionRecord } from '@switchyard/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeModel } from './support/fake-model.ts';
import { createShop, model, type Shop, served } from './support/shop.ts';
import { startTestGateway, type TestGateway } from './support/test-gateway.ts';

type Message = Record<string, unknown>;
type Method = (
  request: Message,
  metadata: Metadata,
  options: object,
  done: (error: ServiceError | null, answer: Message) => void,
) => { on(event: 'metadata', listener: (metadata: Metadata) => void): void };

const load = (file: string) =>
  loadPackageDefinition(
    loadSync(fileURLToPath(import.meta.resolve(`@switchyard/runtimes/protos/${file}`)), {
      keepCase: true,
      longs: Number,
      enums: String,
      defaults: true,
    }),
  );
const Inference = (load('open-inference/open_inference_grpc.proto').inference as GrpcObject)
  .GRPCInferenceService as ServiceClientConstructor;
const Health = (((load('grpc-health.proto').grpc as GrpcObject).health as GrpcObject).v1 as GrpcObject)
  .Health as ServiceClientConstructor;

let gateway: TestGateway;
let shop: Shop;
let client: Client;
let grpc: { port: number; stop(deadlineMs: number): Promise<void> };
const single = createFakeModel({
  features: [
    { name: 'x', type: 'number' },
    { name: 'y', type: 'number' },
  ],
});
const slow = createFakeModel({ features: [{ name: 'x', type: 'number' }] });
let release = (): void => {};
slow.infer = () =>
  new Promise((resolve) => {
    release = () => resolve({ outputs: [], modelMicros: 1, queueMicros: 0, batchRows: 1 });
  });

beforeEach(async () => {
  gateway = await startTestGateway();
  shop = createShop({ endpoints: { table: model('single') } });
  Object.assign(shop.content.models, { single: served('single', single), slow: served('slow', slow) });
  shop.loaded.set('single/1', single);
  shop.loaded.set('slow/1', slow);
  gateway.serve(shop.content, shop.loaded);
  grpc = await gateway.startGrpc();
  client = new Inference(`127.0.0.1:${grpc.port}`, credentials.createInsecure());
});
afterEach(async () => {
  client.close();
  await gateway.close();
  expect(gateway.unforeseen).toEqual([]);
});

async function call(name: string, request: Message = {}, options: object = {}, headers: Record<string, string> = {}) {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
  return new Promise<{ answer: Message; metadata: Metadata }>((resolve, reject) => {
    let received = new Metadata();
    const method = (client as unknown as Record<string, Method>)[name] as Method;
    method
      .call(client, request, metadata, options, (error, answer) =>
        error === null ? resolve({ answer, metadata: received }) : reject(error),
      )
      .on('metadata', (own) => {
        received = own;
      });
  });
}
const refusal = (name: string, request: Message = {}, options: object = {}) =>
  call(name, request, options).then(
    () => expect.unreachable('it was answered'),
    (error: ServiceError) => ({ code: error.code, details: error.details, metadata: error.metadata }),
  );

const bytes = (view: ArrayBufferView) => Buffer.from(view.buffer, view.byteOffset, view.byteLength);
const rows = Float32Array.of(0.75, 1, 0.25, 3);
const input = { name: 'input', datatype: 'FP32', shape: [2, 2] };
const raw = (name: string, more: Message = {}) => ({
  model_name: name,
  inputs: [input],
  raw_input_contents: [bytes(rows)],
  ...more,
});

describe('ModelInfer', () => {
  it('answers a model with raw tensors, and logs every row', async () => {
    const { answer, metadata } = await call('ModelInfer', raw('single', { id: 'a-1' }), {}, { 'x-request-id': 'mine' });
    expect(answer).toMatchObject({
      model_name: 'single',
      model_version: '1',
      id: 'a-1',
      outputs: [
        { name: 'label', datatype: 'INT64', shape: [2] },
        { name: 'probabilities', datatype: 'FP32', shape: [2, 2] },
      ],
    });
    const [label, probabilities] = answer.raw_output_contents as [Buffer, Buffer];
    expect([label.readBigInt64LE(0), label.readBigInt64LE(8)]).toEqual([1n, 0n]);
    expect([0, 4, 8, 12].map((at) => probabilities.readFloatLE(at))).toEqual([0.25, 0.75, 0.75, 0.25]);
    expect(metadata.get('x-request-id')).toEqual(['mine']);
    expect(gateway.log.records()).toMatchObject([
      { requestId: 'mine', endpoint: 'model:single', features: { x: 0.75, y: 1 }, answer: { label: 1, score: 0.75 } },
      { requestId: 'mine', features: { x: 0.25, y: 3 }, answer: { label: 0 } },
    ]);
  });

  it('answers an endpoint from contents of every kind, with unit and segment', async () => {
    const { answer, metadata } = await call('ModelInfer', {
      model_name: 'plain',
      parameters: {
        unit: { string_param: 'user-1' },
        'segment.tier': { string_param: 'gold' },
        'context.n': { int64_param: 3 },
      },
      inputs: [
        { name: 'score', datatype: 'FP64', shape: [2], contents: { fp64_contents: [0.9, 0.2] } },
        { name: 'visits', datatype: 'INT64', shape: [2], contents: { int64_contents: [3, -4] } },
        {
          name: 'country',
          datatype: 'BYTES',
          shape: [2],
          contents: { bytes_contents: [Buffer.from('de'), Buffer.from('ch')] },
        },
        { name: 'is_new', datatype: 'BOOL', shape: [2], contents: { bool_contents: [true, false] } },
      ],
      outputs: [{ name: 'score' }],
    });
    expect((answer.raw_output_contents as Buffer[])[0]?.readDoubleLE(8)).toBe(0.2);
    expect(metadata.get('x-switchyard-revision')).toEqual(['7']);
    expect(shop.a.batches.at(-1)).toEqual([
      [0.9, 3, 'de', true],
      [0.2, -4, 'ch', false],
    ]);
    const [record] = gateway.log.records() as PredictionRecord[];
    expect(record).toMatchObject({ unit: 'user-1', segment: { tier: 'gold' }, context: { n: 3 } });
    const ids = (answer.parameters as Record<string, { string_param: string }>).ids?.string_param as string;
    expect(JSON.parse(ids)[0]).toBe(record?.id);
  });

  it.each<[string, Message, number, string]>([
    ['an unknown name', raw('nobody'), status.NOT_FOUND, 'model_not_found'],
    ['an unknown version', raw('single', { model_version: '9' }), status.NOT_FOUND, 'version_not_found'],
    ['no inputs', { model_name: 'single' }, status.INVALID_ARGUMENT, 'no inputs'],
    ['too few bytes', raw('single', { raw_input_contents: [Buffer.alloc(15)] }), status.INVALID_ARGUMENT, '16 bytes'],
    [
      'another number of raw tensors',
      raw('single', { raw_input_contents: [bytes(rows), bytes(rows)] }),
      status.INVALID_ARGUMENT,
      'raw_input_contents',
    ],
    [
      'contents beside raw tensors',
      raw('single', { inputs: [{ ...input, contents: { fp32_contents: [1] } }] }),
      status.INVALID_ARGUMENT,
      'beside',
    ],
    [
      'contents of another kind',
      { model_name: 'single', inputs: [{ ...input, contents: { fp64_contents: [1, 2, 3, 4] } }] },
      status.INVALID_ARGUMENT,
      'needs 4 values',
    ],
    [
      'a negative shape',
      raw('single', { inputs: [{ ...input, shape: [-1, 2] }] }),
      status.INVALID_ARGUMENT,
      'negative',
    ],
    [
      'a datatype nobody knows',
      raw('single', { inputs: [{ ...input, datatype: 'COMPLEX' }] }),
      status.INVALID_ARGUMENT,
      'COMPLEX',
    ],
    ['an output nobody knows', raw('single', { outputs: [{ name: 'z' }] }), status.INVALID_ARGUMENT, "no output 'z'"],
    [
      'more rows than allowed',
      raw('single', { inputs: [{ ...input, shape: [101, 2] }], raw_input_contents: [Buffer.alloc(808)] }),
      status.INVALID_ARGUMENT,
      'batch_too_large',
    ],
  ])('refuses %s', async (_name, request, code, text) => {
    const told = await refusal('ModelInfer', request);
    expect([told?.code, told?.details]).toEqual([code, expect.stringContaining(text)]);
    expect(told?.metadata.get('x-request-id')).toHaveLength(1);
    expect(gateway.log.records()).toEqual([]);
    gateway.flushRejections();
    expect(gateway.log.records()).toMatchObject([{ t: 'r', count: 1 }]);
  });

  it('refuses a message over the limit', async () => {
    const told = await refusal('ModelInfer', raw('single', { raw_input_contents: [Buffer.alloc(300_000)] }));
    expect(told?.code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('keeps to the deadline of the call and to that of its parameters', async () => {
    const one = {
      model_name: 'slow',
      inputs: [{ ...input, shape: [1, 1] }],
      raw_input_contents: [bytes(rows.subarray(0, 1))],
    };
    const byParameter = await refusal('ModelInfer', { ...one, parameters: { timeout: { int64_param: 20_000 } } });
    expect([byParameter?.code, byParameter?.details]).toEqual([
      status.DEADLINE_EXCEEDED,
      expect.stringContaining('within 20 ms'),
    ]);
    const byCall = await refusal('ModelInfer', one, { deadline: Date.now() + 50 });
    expect(byCall?.code).toBe(status.DEADLINE_EXCEEDED);
    await expect.poll(() => gateway.log.records().length).toBe(2);
    expect(gateway.log.records().map((record) => (record as PredictionRecord).error)).toEqual([
      'deadline_exceeded',
      'deadline_exceeded',
    ]);
  });

  it('a failure of the log is told as such, and nothing is answered', async () => {
    gateway.log.isBroken = true;
    const told = await refusal('ModelInfer', raw('single'));
    expect([told?.code, told?.details]).toEqual([status.UNAVAILABLE, expect.stringContaining('log_unavailable')]);
  });
});

describe('ModelStreamInfer', () => {
  const open = () =>
    (client as unknown as { ModelStreamInfer(): ClientDuplexStream<Message, Message> }).ModelStreamInfer();

  it('answers in the order of the requests, failures among them', async () => {
    const stream = open();
    const answers: Message[] = [];
    stream.on('data', (answer: Message) => answers.push(answer));
    for (let index = 0; index < 150; index += 1) {
      const name = index % 10 === 3 ? 'nobody' : index % 2 === 0 ? 'single' : 'table';
      stream.write(raw(name, { id: `call-${index}` }));
    }
    stream.end();
    await once(stream, 'end');
    expect(answers.map(({ infer_response }) => (infer_response as Message).id)).toEqual(
      Array.from({ length: 150 }, (_, index) => `call-${index}`),
    );
    expect(answers[3]?.error_message).toContain('model_not_found');
    expect(answers.filter(({ error_message }) => error_message === '')).toHaveLength(135);
    expect(gateway.log.records()).toHaveLength(270);
  });

  it('ends when the server goes away, after what was asked is answered', async () => {
    const stream = open();
    const answers: Message[] = [];
    stream.on('data', (answer: Message) => answers.push(answer));
    stream.write({
      model_name: 'slow',
      inputs: [{ ...input, shape: [1, 1] }],
      raw_input_contents: [bytes(rows.subarray(0, 1))],
    });
    const before = gateway.log.records().length;
    await expect.poll(() => slow.inferred.length >= 0 && gateway.log.records().length === before).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    gateway.isDraining = true;
    const stopped = grpc.stop(5_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answers).toEqual([]);
    release();
    await once(stream, 'end');
    await stopped;
    expect(answers).toMatchObject([{ error_message: '' }]);
  });
});

it('callers that speak something else, break off or go away do no harm', async () => {
  const openings: (string | Buffer)[] = [
    'GET /v2/health/live HTTP/1.1\r\nhost: a\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(2_000, 0xff)]),
    Buffer.alloc(5_000, 0x16),
    '',
  ];
  await Promise.all(
    [...openings, ...openings].map(async (opening, index) => {
      const socket = connect(grpc.port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      if (opening.length > 0) socket.write(opening);
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (index < openings.length) socket.destroy();
      else socket.resetAndDestroy();
    }),
  );
  expect((await call('ServerLive')).answer).toEqual({ live: true });
  const cancelled = call('ModelInfer', raw('single'), { deadline: Date.now() - 1 });
  await expect(cancelled).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
  expect((await call('ModelInfer', raw('single'))).answer).toMatchObject({ model_name: 'single' });
});

describe('everything beside inference', () => {
  it('says who and how it is', async () => {
    expect((await call('ServerLive')).answer).toEqual({ live: true });
    expect((await call('ServerReady')).answer).toEqual({ ready: true });
    expect((await call('ModelReady', { name: 'plain' })).answer).toEqual({ ready: true });
    expect((await call('ServerMetadata')).answer).toMatchObject({
      name: 'switchyard',
      extensions: expect.arrayContaining(['statistics']),
    });
    expect((await call('ModelMetadata', { name: 'single', version: '1' })).answer).toMatchObject({
      name: 'single',
      inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 2] }],
    });
    expect((await call('ModelConfig', { name: 'single' })).answer).toMatchObject({
      config: { name: 'single', max_batch_size: 0, input: [{ name: 'input', data_type: 'TYPE_FP32', dims: [-1, 2] }] },
    });
    expect((await call('ModelReady', { name: 'nobody' })).answer).toEqual({ ready: false });
    expect((await refusal('ModelMetadata', { name: 'nobody' }))?.code).toBe(status.NOT_FOUND);
    gateway.isDraining = true;
    expect((await call('ServerReady')).answer).toEqual({ ready: false });
    gateway.serve(undefined);
    expect((await refusal('ModelMetadata', { name: 'single' }))?.code).toBe(status.UNAVAILABLE);
    expect((await refusal('ModelInfer', raw('single')))?.code).toBe(status.UNAVAILABLE);
  });

  it('lists, grants loads, refuses unloads, counts', async () => {
    const { models } = (await call('RepositoryIndex', { ready: true })).answer as { models: Message[] };
    expect(models).toContainEqual({ name: 'single', version: '1', state: 'READY', reason: '' });
    expect((await call('RepositoryModelLoad', { model_name: 'single' })).answer).toEqual({});
    expect(await refusal('RepositoryModelUnload', { model_name: 'single' })).toMatchObject({
      code: status.UNIMPLEMENTED,
      details: expect.stringContaining('endpoints and control say what is loaded'),
    });
    await call('ModelInfer', raw('single'));
    const { model_stats } = (await call('ModelStatistics', { name: 'single', version: '1' })).answer as {
      model_stats: Message[];
    };
    expect(model_stats[0]).toMatchObject({ inference_stats: { success: { count: expect.any(Number) } } });
    expect((model_stats[0] as { inference_count: number }).inference_count).toBeGreaterThanOrEqual(2);
    expect(((await call('ModelStatistics')).answer.model_stats as Message[]).length).toBeGreaterThan(5);
  });

  it('answers health checks and tells watchers of a change', async () => {
    const health = new Health(`127.0.0.1:${grpc.port}`, credentials.createInsecure());
    const check = (service: string) =>
      new Promise((resolve, reject) => {
        (
          health as unknown as {
            Check(request: Message, done: (error: ServiceError | null, answer: Message) => void): void;
          }
        ).Check({ service }, (error, answer) => (error === null ? resolve(answer.status) : reject(error)));
      });
    expect(await check('')).toBe('SERVING');
    expect(await check('inference.GRPCInferenceService')).toBe('SERVING');
    await expect(check('other')).rejects.toMatchObject({ code: status.NOT_FOUND });
    const seen: unknown[] = [];
    const watch = (health as unknown as { Watch(request: Message): ClientDuplexStream<Message, Message> }).Watch({
      service: '',
    });
    watch.on('data', (answer: Message) => seen.push(answer.status));
    watch.on('error', () => {});
    await expect.poll(() => seen).toEqual(['SERVING']);
    gateway.isDraining = true;
    await expect.poll(() => seen, { timeout: 5_000 }).toEqual(['SERVING', 'NOT_SERVING']);
    watch.cancel();
    health.close();
  });
});
