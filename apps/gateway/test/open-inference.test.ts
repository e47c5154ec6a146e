import { inferResponseSchema, modelMetadataSchema, type PredictionRecord } from '@switchyard/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeModel } from './support/fake-model.ts';
import { createShop, model, type Shop, served } from './support/shop.ts';
import { startTestGateway, type TestGateway } from './support/test-gateway.ts';

let gateway: TestGateway;
let shop: Shop;
const single = createFakeModel({
  features: [
    { name: 'x', type: 'number' },
    { name: 'y', type: 'number' },
  ],
});
const price = createFakeModel({
  features: [{ name: 'x', type: 'number' }],
  answer: (row) => ({ value: Number(row[0]) * 2 }),
  signature: { roles: { value: 'value' }, outputs: [{ name: 'value', datatype: 'FP32', shape: [-1, 1] }] },
});
const words = createFakeModel({
  features: [{ name: 'x', type: 'number' }],
  answer: (row) => ({ label: Number(row[0]) > 0 ? 'yes' : 'no', score: 0.5, probabilities: { no: 0.5, yes: 0.5 } }),
  signature: { labels: ['no', 'yes'], positiveLabel: 'yes' },
});

beforeEach(async () => {
  gateway = await startTestGateway();
  shop = createShop({ endpoints: { table: model('single'), price: model('price'), words: model('words') } });
  Object.assign(shop.content.models, {
    single: served('single', single, {
      defaultVersion: '2',
      versions: { '1': served('single', single).versions['1']! },
    }),
    price: { ...served('price', price), task: 'regression' },
    words: served('words', words),
  });
  for (const [name, loaded] of Object.entries({ single, price, words })) shop.loaded.set(`${name}/1`, loaded);
  gateway.serve(shop.content, shop.loaded);
});
afterEach(async () => {
  await gateway.close();
  expect(gateway.unforeseen).toEqual([]);
});

const infer = async (name: string, body: unknown, headers: Record<string, string> = {}) => {
  const response = await gateway.call(`/v2/models/${name}/infer`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers,
  });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  };
};
const tensor = (name: string, datatype: string, shape: number[], data: unknown) => ({ name, datatype, shape, data });

describe('an endpoint', () => {
  it('takes one tensor per feature and answers with label, score and probabilities', async () => {
    const { status, body, headers } = await infer('plain', {
      id: 'call-1',
      inputs: [
        tensor('score', 'FP64', [2], [0.9, 0.2]),
        tensor('country', 'BYTES', [2, 1], [['de'], ['ch']]),
        tensor('is_new', 'BOOL', [2], [true, false]),
      ],
    });
    expect(status).toBe(200);
    const response = inferResponseSchema.parse(body);
    expect(response).toMatchObject({ model_name: 'plain', model_version: '7', id: 'call-1' });
    expect(response.outputs).toEqual([
      { name: 'label', datatype: 'INT64', shape: [2], data: [1, 0] },
      { name: 'score', datatype: 'FP64', shape: [2], data: [0.9, 0.2] },
      {
        name: 'probabilities',
        datatype: 'FP64',
        shape: [2, 2],
        parameters: { labels: '["0","1"]' },
        data: [expect.closeTo(0.1), 0.9, 0.8, 0.2],
      },
    ]);
    expect(shop.a.batches).toEqual([
      [
        [0.9, 1, 'de', true],
        [0.2, 1, 'ch', false],
      ],
    ]);
    const records = gateway.log.records() as PredictionRecord[];
    expect(JSON.parse(response.parameters?.ids as string)).toEqual(records.map(({ id }) => id));
    expect(JSON.parse(response.parameters?.served as string)[0]).toEqual({ model: 'a', version: '1', path: '' });
    expect(headers.get('x-switchyard-revision')).toBe('7');
  });

  it.each([
    ['flat', [1, 2, 3, 4]],
    [
      'nested',
      [
        [1, 2],
        [3, 4],
      ],
    ],
  ])("takes the artifact's own tensor, %s", async (_name, data) => {
    const { status } = await infer('table', { inputs: [tensor('input', 'FP32', [2, 2], data)] });
    expect(status).toBe(200);
    expect(single.batches.at(-1)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(gateway.log.records()).toMatchObject([{ features: { x: 1, y: 2 } }, { features: { x: 3, y: 4 } }]);
  });

  it('takes unit, segment and context as parameters', async () => {
    await infer('half', {
      parameters: { unit: 'user-1', 'segment.tier': 'gold', 'context.n': 3, 'context.web': true, priority: 1 },
      inputs: [tensor('score', 'FP64', [1], [0.5])],
    });
    expect(gateway.log.records()[0]).toMatchObject({
      unit: 'user-1',
      segment: { tier: 'gold' },
      context: { n: 3, web: true },
    });
    const { body } = await gateway.predict('half', { instances: [{ score: 0.5 }], unit: 'user-1' });
    expect((body.served as { path: string }[])[0]?.path).toBe((gateway.log.records()[0] as PredictionRecord).path);
  });

  it('answers the outputs that are asked for', async () => {
    const { body } = await infer('plain', {
      inputs: [tensor('score', 'FP64', [1], [0.5])],
      outputs: [{ name: 'score' }],
    });
    expect(inferResponseSchema.parse(body).outputs.map(({ name }) => name)).toEqual(['score']);
  });

  it('answers a value where its models do, and labels as the texts they are', async () => {
    const value = await infer('price', { inputs: [tensor('x', 'FP64', [1], [21])] });
    expect(inferResponseSchema.parse(value.body).outputs).toEqual([
      { name: 'value', datatype: 'FP64', shape: [1], data: [42] },
    ]);
    const label = await infer('words', { inputs: [tensor('x', 'FP64', [2], [1, -1])] });
    expect(inferResponseSchema.parse(label.body).outputs[0]).toEqual({
      name: 'label',
      datatype: 'BYTES',
      shape: [2],
      data: ['yes', 'no'],
    });
  });

  it('describes itself, and is ready', async () => {
    const metadata = modelMetadataSchema.parse(await (await gateway.call('/v2/models/plain')).json());
    expect(metadata).toEqual({
      name: 'plain',
      versions: ['7'],
      platform: 'switchyard_endpoint',
      inputs: [
        { name: 'score', datatype: 'FP64', shape: [-1] },
        { name: 'visits', datatype: 'INT64', shape: [-1] },
        { name: 'country', datatype: 'BYTES', shape: [-1] },
        { name: 'is_new', datatype: 'BOOL', shape: [-1] },
      ],
      outputs: [
        { name: 'label', datatype: 'INT64', shape: [-1] },
        { name: 'score', datatype: 'FP64', shape: [-1] },
        { name: 'probabilities', datatype: 'FP64', shape: [-1, 2] },
      ],
    });
    expect(await (await gateway.call('/v2/models/plain/ready')).json()).toEqual({ ready: true });
    expect((await gateway.call('/v2/models/plain/versions/7/ready')).status).toBe(200);
    expect((await gateway.call('/v2/models/plain/versions/6')).status).toBe(404);
  });
});

describe('a model by name', () => {
  const body = { id: 'x', inputs: [tensor('input', 'FP32', [2, 2], [0.75, 1, 0.25, 3])] };

  it("answers with the artifact's own outputs, and every row is logged", async () => {
    const { status, body: answer } = await infer('single/versions/1', body);
    expect(status).toBe(200);
    expect(inferResponseSchema.parse(answer)).toEqual({
      model_name: 'single',
      model_version: '1',
      id: 'x',
      parameters: { ids: expect.any(String) },
      outputs: [
        { name: 'label', datatype: 'INT64', shape: [2], data: [1, 0] },
        { name: 'probabilities', datatype: 'FP32', shape: [2, 2], data: [0.25, 0.75, 0.75, 0.25] },
      ],
    });
    expect(single.inferred.at(-1)?.[0]).toEqual({
      name: 'input',
      datatype: 'FP32',
      shape: [2, 2],
      data: Float32Array.of(0.75, 1, 0.25, 3),
    });
    expect(gateway.log.records()).toMatchObject([
      {
        t: 'p',
        endpoint: 'model:single',
        revision: 0,
        path: '',
        decision: [],
        propensity: 1,
        model: 'single',
        version: '1',
        features: { x: 0.75, y: 1 },
        answer: { label: 1, score: 0.75, probabilities: { 0: 0.25, 1: 0.75 } },
      },
      { features: { x: 0.25, y: 3 }, answer: { label: 0, score: 0.25 } },
    ]);
  });

  it('answers only with the outputs that are asked for', async () => {
    const { body: answer } = await infer('words', {
      inputs: [tensor('input', 'FP32', [1, 1], [1])],
      outputs: [{ name: 'label' }],
    });
    // An endpoint of this name comes first: it takes the artifact's tensor too.
    expect(answer).toMatchObject({ model_name: 'words', model_version: '7' });
    const direct = await infer('single/versions/1', { ...body, outputs: [{ name: 'probabilities' }] });
    expect(inferResponseSchema.parse(direct.body).outputs.map(({ name }) => name)).toEqual(['probabilities']);
  });

  it('describes the artifact', async () => {
    const metadata = modelMetadataSchema.parse(await (await gateway.call('/v2/models/single/versions/1')).json());
    expect(metadata).toEqual({
      name: 'single',
      versions: ['1'],
      platform: 'onnx_onnxv1',
      inputs: single.signature.inputs,
      outputs: single.signature.outputs,
    });
  });

  it.each<[string, string, unknown, number, string]>([
    ['a version that is not loaded', 'single', body, 404, 'version_not_found: '],
    ['a version that cannot be', 'single/versions/..', body, 404, ''],
    [
      'another datatype',
      'single/versions/1',
      { inputs: [tensor('input', 'FP64', [1, 2], [1, 2])] },
      400,
      'the model takes FP32',
    ],
    [
      'another shape',
      'single/versions/1',
      { inputs: [tensor('input', 'FP32', [1, 3], [1, 2, 3])] },
      400,
      'the model takes FP32',
    ],
    ['another name', 'single/versions/1', { inputs: [tensor('x', 'FP32', [1, 2], [1, 2])] }, 400, "no input 'x'"],
    [
      'text for numbers',
      'single/versions/1',
      { inputs: [tensor('input', 'FP32', [1, 2], [1, 'x'])] },
      400,
      'value 1 is not a number',
    ],
    [
      'null for numbers',
      'single/versions/1',
      { inputs: [tensor('input', 'FP32', [1, 2], [1, null])] },
      400,
      'value 1 is not a number',
    ],
    [
      'more than fits',
      'single/versions/1',
      { inputs: [tensor('input', 'FP32', [1, 2], [1, 1e39])] },
      400,
      'range of FP32',
    ],
    ['an output it does not have', 'single/versions/1', { ...body, outputs: [{ name: 'z' }] }, 400, "no output 'z'"],
  ])('refuses %s', async (_name, target, request, status, text) => {
    const answer = await infer(target, request);
    expect(answer.status).toBe(status);
    if (text !== '') expect(answer.body.error).toContain(text);
  });

  it('that fails is logged as an error', async () => {
    const broken = createFakeModel({ features: [{ name: 'x', type: 'number' }] });
    broken.infer = () => Promise.reject(new Error('inside'));
    Object.assign(shop.content.models, { broken: served('broken', broken) });
    shop.loaded.set('broken/1', broken);
    gateway.serve(shop.content, shop.loaded);
    const { status, body: answer } = await infer('broken', { inputs: [tensor('input', 'FP32', [1, 1], [1])] });
    expect(status).toBe(500);
    expect(answer.error).not.toContain('inside');
    expect(gateway.log.records()).toMatchObject([
      { endpoint: 'model:broken', status: 'error', error: 'internal_error', answer: {} },
    ]);
    expect(gateway.unforeseen.splice(0)).toHaveLength(1);
  });
});

describe('failures are told as the protocol says', () => {
  it.each<[string, unknown, string]>([
    ['malformed JSON', '{', 'malformed_json'],
    ['no inputs', {}, 'inputs'],
    ['empty inputs', { inputs: [] }, 'inputs'],
    ['a tensor without a shape', { inputs: [{ name: 'score', datatype: 'FP64', data: [1] }] }, 'inputs.0.shape'],
    ['a datatype nobody knows', { inputs: [tensor('score', 'COMPLEX', [1], [1])] }, 'datatype'],
    ['a tensor without data', { inputs: [{ name: 'score', datatype: 'FP64', shape: [1] }] }, 'data is missing'],
    [
      'binary data',
      { inputs: [{ name: 'score', datatype: 'FP64', shape: [1], parameters: { binary_data_size: 8 } }] },
      'binary',
    ],
    ['less data than the shape says', { inputs: [tensor('score', 'FP64', [2], [1])] }, 'needs 2 values'],
    ['data nested too deep', { inputs: [tensor('score', 'FP64', [1], [[[1]]])] }, 'nested deeper'],
    ['a negative shape', { inputs: [tensor('score', 'FP64', [-1], [1])] }, 'inputs.0.shape'],
    ['no rows', { inputs: [tensor('score', 'FP64', [0], [])] }, 'no rows'],
    ['no batch dimension', { inputs: [tensor('score', 'FP64', [], [1])] }, 'no batch dimension'],
    [
      'rows that disagree',
      { inputs: [tensor('score', 'FP64', [1], [1]), tensor('visits', 'INT64', [2], [1, 2])] },
      'rows',
    ],
    ['an input twice', { inputs: [tensor('score', 'FP64', [1], [1]), tensor('score', 'FP64', [1], [1])] }, 'twice'],
    ['inputs nobody knows', { inputs: [tensor('foo', 'FP64', [1], [1])] }, 'neither features'],
    ['a missing feature', { inputs: [tensor('visits', 'INT64', [1], [1])] }, "row 0, feature 'score'"],
    ['text for a number', { inputs: [tensor('score', 'BYTES', [1], ['x'])] }, "row 0, feature 'score'"],
    [
      'an output nobody knows',
      { inputs: [tensor('score', 'FP64', [1], [1])], outputs: [{ name: 'z' }] },
      "no output 'z'",
    ],
    [
      'a unit that is not text',
      { parameters: { unit: 3 }, inputs: [tensor('score', 'FP64', [1], [1])] },
      'parameters.unit',
    ],
    [
      'a segment that is not text',
      { parameters: { 'segment.a': 3 }, inputs: [tensor('score', 'FP64', [1], [1])] },
      'parameters.segment.a',
    ],
  ])('%s', async (_name, body, text) => {
    const { status, body: answer, headers } = await infer('plain', body);
    expect(status).toBe(400);
    expect(Object.keys(answer)).toEqual(['error']);
    expect(answer.error).toContain(text);
    expect(headers.get('content-type')).toBe('application/json');
  });

  it('an unknown name, too many rows, another method', async () => {
    expect(await infer('nobody', {})).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining('model_not_found') },
    });
    const many = await infer('plain', { inputs: [tensor('score', 'FP64', [101], Array(101).fill(1))] });
    expect(many.status).toBe(413);
    expect((await gateway.call('/v2/models/nobody/ready')).status).toBe(404);
    expect((await gateway.call('/v2/models/plain/infer')).status).toBe(405);
    expect((await gateway.call('/v2/unknown')).status).toBe(404);
  });
});

it('says who it is and how it is', async () => {
  expect(await (await gateway.call('/v2')).json()).toEqual({
    name: 'switchyard',
    version: '0.0.0',
    extensions: ['binary_tensor_data', 'model_configuration', 'model_repository', 'parameters', 'statistics'],
  });
  expect(await (await gateway.call('/v2/health/live')).json()).toEqual({ live: true });
  expect(await (await gateway.call('/v2/health/ready')).json()).toEqual({ ready: true });
  gateway.isDraining = true;
  expect((await gateway.call('/v2/health/ready')).status).toBe(503);
  expect((await gateway.call('/healthz')).status).toBe(200);
});
