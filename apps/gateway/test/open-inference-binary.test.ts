import type { PredictionRecord } from '@switchyard/contracts';
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

beforeEach(async () => {
  gateway = await startTestGateway();
  shop = createShop({ endpoints: { table: model('single') } });
  Object.assign(shop.content.models, { single: served('single', single) });
  shop.loaded.set('single/1', single);
  gateway.serve(shop.content, shop.loaded);
});
afterEach(async () => {
  await gateway.close();
  expect(gateway.unforeseen).toEqual([]);
});

/** JSON, spaces to make it as long as wanted, then bytes. */
function bodyOf(json: unknown, parts: readonly ArrayBufferView[], spaces = 0) {
  const head = Buffer.from(JSON.stringify(json) + ' '.repeat(spaces));
  const tail = parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength));
  return { body: Buffer.concat([head, ...tail]), length: head.length };
}

async function send(path: string, body: Uint8Array, length: number | string | undefined) {
  const headers: Record<string, string> = {};
  if (length !== undefined) headers['inference-header-content-length'] = String(length);
  const response = await gateway.call(`/v2/models/${path}/infer`, { method: 'POST', body, headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  const jsonLength = response.headers.get('inference-header-content-length');
  const json = JSON.parse(bytes.subarray(0, jsonLength === null ? bytes.length : Number(jsonLength)).toString());
  return {
    status: response.status,
    headers: response.headers,
    json,
    rest: bytes.subarray(Number(jsonLength ?? bytes.length)),
  };
}

const input = (size: number, shape = [2, 2]) => ({
  name: 'input',
  datatype: 'FP32',
  shape,
  parameters: { binary_data_size: size },
});
const rows = Float32Array.of(0.75, 1, 0.25, 3);

describe('tensors as bytes', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('are read wherever they lie in the body (%i bytes further)', async (spaces) => {
    const { body, length } = bodyOf({ inputs: [input(16)] }, [rows], spaces);
    const { status, json } = await send('single', body, length);
    expect(status).toBe(200);
    expect(single.inferred.at(-1)?.[0]?.data).toEqual(rows);
    expect(json.outputs[1].data).toEqual([0.25, 0.75, 0.75, 0.25]);
    expect(gateway.log.records()).toMatchObject([
      { features: { x: 0.75, y: 1 }, answer: { label: 1, score: 0.75 } },
      { features: { x: 0.25, y: 3 }, answer: { label: 0, score: 0.25 } },
    ]);
  });

  it('are read anew behind JSON that was sent before', async () => {
    const json = { parameters: { unit: 'u1' }, inputs: [input(16)] };
    const batches = [rows, Float32Array.of(0.5, 2, 0.125, 4)];
    for (const batch of batches) {
      const { body, length } = bodyOf(json, [batch]);
      expect(await send('single', body, length)).toMatchObject({ status: 200 });
      expect(single.inferred.at(-1)?.[0]?.data).toEqual(batch);
      expect(gateway.log.records().slice(-2)).toMatchObject([
        { unit: 'u1', features: { x: batch[0], y: batch[1] } },
        { unit: 'u1', features: { x: batch[2], y: batch[3] } },
      ]);
    }
    const short = bodyOf(json, [rows.subarray(0, 3)]);
    expect(await send('single', short.body, short.length)).toMatchObject({
      status: 400,
      json: { error: expect.stringContaining('binary_data_size 16, but 12 bytes') },
    });
    const other = bodyOf({ ...json, parameters: { unit: 'u2' } }, [rows]);
    await send('single', other.body, other.length);
    expect(gateway.log.records().at(-1)).toMatchObject({ unit: 'u2' });
  });

  it('are refused behind bytes that only look like JSON that was sent before', async () => {
    const { body, length } = bodyOf({ parameters: { unit: 'é' }, inputs: [input(16)] }, [rows]);
    expect(await send('single', body, length)).toMatchObject({ status: 200 });
    // The first of its two bytes alone.
    const broken = Buffer.from(body.toString('latin1').replace('\u00c3\u00a9', '\u00c3'), 'latin1');
    expect(broken.length).toBe(body.length - 1);
    const refused = await send('single', broken, length - 1);
    expect([refused.status, refused.json.error]).toEqual([400, expect.stringContaining('UTF-8')]);
  });

  it('are answered as bytes where that is asked for, for all outputs or for some', async () => {
    const all = bodyOf({ id: 'é', parameters: { binary_data_output: true }, inputs: [input(16)] }, [rows]);
    const { status, json, rest, headers } = await send('single', all.body, all.length);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(json.id).toBe('é');
    expect(json.outputs).toEqual([
      { name: 'label', datatype: 'INT64', shape: [2], parameters: { binary_data_size: 16 } },
      { name: 'probabilities', datatype: 'FP32', shape: [2, 2], parameters: { binary_data_size: 16 } },
    ]);
    expect([rest.readBigInt64LE(0), rest.readBigInt64LE(8)]).toEqual([1n, 0n]);
    expect([0, 4, 8, 12].map((at) => rest.readFloatLE(16 + at))).toEqual([0.25, 0.75, 0.75, 0.25]);
    // The first tensor begins where any element size can be read in place.
    expect(Number(headers.get('inference-header-content-length')) % 8).toBe(0);

    const outputs = [{ name: 'probabilities' }, { name: 'label', parameters: { binary_data: false } }];
    const some = bodyOf({ parameters: { binary_data_output: true }, inputs: [input(16)], outputs }, [rows]);
    const mixed = await send('single', some.body, some.length);
    expect(mixed.json.outputs[0].parameters).toEqual({ binary_data_size: 16 });
    expect(mixed.json.outputs[1].data).toEqual([1, 0]);
    expect(mixed.rest).toHaveLength(16);
  });

  it('of an endpoint: every kind of feature, mixed with JSON, texts answered as texts', async () => {
    const texts = Buffer.from([2, 0, 0, 0, 0x64, 0x65, 5, 0, 0, 0, ...Buffer.from('other')]);
    const request = {
      inputs: [
        { name: 'country', datatype: 'BYTES', shape: [2], parameters: { binary_data_size: texts.length } },
        { name: 'score', datatype: 'FP64', shape: [2], data: [0.9, 0.2] },
        { name: 'visits', datatype: 'INT64', shape: [2, 1], parameters: { binary_data_size: 16 } },
        { name: 'is_new', datatype: 'BOOL', shape: [2], parameters: { binary_data_size: 2 } },
      ],
      outputs: [{ name: 'score', parameters: { binary_data: true } }],
    };
    const { body, length } = bodyOf(request, [texts, BigInt64Array.of(3n, -4n), Uint8Array.of(1, 0)]);
    const { status, rest, headers } = await send('plain', body, length);
    expect(status).toBe(200);
    expect([rest.readDoubleLE(0), rest.readDoubleLE(8)]).toEqual([0.9, 0.2]);
    expect(headers.get('x-switchyard-revision')).toBe('7');
    expect(shop.a.batches.at(-1)).toEqual([
      [0.9, 3, 'de', true],
      [0.2, -4, 'other', false],
    ]);
  });

  it('of 32-bit floats are the numbers that JSON would have carried, for an endpoint', async () => {
    const { body, length } = bodyOf({ inputs: [input(16)] }, [Float32Array.of(0.1, -149.62, 1e-7, 3)]);
    expect((await send('table', body, length)).status).toBe(200);
    expect(single.batches.at(-1)?.[0]).toEqual([0.1, -149.62]);
    expect(gateway.log.records()[0]).toMatchObject({ features: { x: 0.1, y: -149.62 } });
    expect(Math.fround((single.batches.at(-1)?.[1]?.[0] ?? 0) as number)).toBe(Math.fround(1e-7));
  });

  it('of 16-bit floats are what they say, for an endpoint', async () => {
    // 1.5, -2, the smallest there is, 65504
    const halves = Uint16Array.of(0x3e00, 0xc000, 0x0001, 0x7bff);
    const request = {
      inputs: [{ name: 'input', datatype: 'FP16', shape: [2, 2], parameters: { binary_data_size: 8 } }],
    };
    const { body, length } = bodyOf(request, [halves]);
    expect((await send('table', body, length)).status).toBe(200);
    expect(single.batches.at(-1)).toEqual([
      [1.5, -2],
      [2 ** -24, 65_504],
    ]);
  });

  it('without any JSON are the one input there is', async () => {
    const bytes = Buffer.from(rows.buffer);
    for (const target of ['single', 'table']) {
      const { status, json, rest } = await send(target, bytes, 0);
      expect([status, json.outputs[0].shape, rest.length > 0]).toEqual([200, [2], true]);
      expect(json.outputs.every((output: { data?: unknown }) => output.data === undefined)).toBe(true);
    }
    expect(await send('single', bytes.subarray(0, 12), 0)).toMatchObject({ status: 400 });
    const several = await send('plain', bytes, 0);
    expect([several.status, several.json.error]).toEqual([400, expect.stringContaining('one input')]);
  });
});

describe('what is refused', () => {
  const whole = bodyOf({ inputs: [input(16)] }, [rows]);
  const cases: [string, { body: Buffer; length: number | string | undefined }, string][] = [
    ['no header', { body: bodyOf({ inputs: [input(0, [0, 2])] }, []).body, length: undefined }, 'no rows'],
    ['a header that is too long', { ...whole, length: whole.body.length + 1 }, 'inference-header-content-length'],
    ['a header that is no number', { ...whole, length: '-1' }, 'inference-header-content-length'],
    ['a header in the middle of the JSON', { ...whole, length: whole.length - 3 }, 'malformed_json'],
    ['fewer bytes than said', { ...whole, body: whole.body.subarray(0, -1) }, 'binary_data_size 16'],
    ['bytes of nobody', { ...whole, body: Buffer.concat([whole.body, Buffer.of(1)]) }, 'belong to no input'],
    ["a size that is not the shape's", bodyOf({ inputs: [input(12)] }, [rows.subarray(0, 3)]), 'takes 16 bytes'],
    ['a size that is no size', bodyOf({ inputs: [input(-16)] }, []), 'binary_data_size'],
    ['a huge shape', bodyOf({ inputs: [input(16, [2 ** 50, 2 ** 50])] }, [rows]), 'bytes'],
    [
      'a huge shape of texts',
      bodyOf({ inputs: [{ ...input(16, [2 ** 52]), datatype: 'BYTES' }] }, [rows]),
      'texts take',
    ],
    ['data and bytes', bodyOf({ inputs: [{ ...input(16), data: [1] }] }, [rows]), 'data and binary_data_size'],
    ['NaN', bodyOf({ inputs: [input(16)] }, [Float32Array.of(1, 2, Number.NaN, 4)]), 'value 2 is not a number'],
    ['infinity', bodyOf({ inputs: [input(16)] }, [Float32Array.of(1, 2, 3, -Infinity)]), 'value 3 is not a number'],
    [
      'classification',
      bodyOf({ inputs: [input(16)], outputs: [{ name: 'label', parameters: { classification: 2 } }] }, [rows]),
      'classification',
    ],
    [
      'shared memory',
      bodyOf({ inputs: [{ ...input(16), parameters: { shared_memory_region: 'a' } }] }, []),
      'shared_memory_region',
    ],
    ['a timeout that is none', bodyOf({ parameters: { timeout: -3 }, inputs: [input(16)] }, [rows]), 'timeout'],
    [
      'an output asked for twice',
      bodyOf({ inputs: [input(16)], outputs: [{ name: 'label' }, { name: 'label' }] }, [rows]),
      'twice',
    ],
  ];
  it.each(cases)('%s', async (_name, { body, length }, text) => {
    const { status, json } = await send('single', body, length);
    expect([status, json.error]).toEqual([400, expect.stringContaining(text)]);
    expect(gateway.log.records()).toEqual([]);
  });

  it.each([
    ['texts that end too early', Buffer.from([9, 0, 0, 0, 65]), 'end within text 0'],
    ['bytes behind the texts', Buffer.from([1, 0, 0, 0, 65, 66]), '1 bytes are left'],
    ['texts that are not UTF-8', Buffer.from([1, 0, 0, 0, 0xff]), 'not valid UTF-8'],
    ['a boolean of 2', undefined, 'neither 0 nor 1'],
  ])('%s', async (_name, bytes, text) => {
    const other =
      bytes === undefined
        ? { name: 'is_new', datatype: 'BOOL', shape: [1], parameters: { binary_data_size: 1 } }
        : { name: 'country', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: bytes.length } };
    const score = { name: 'score', datatype: 'FP64', shape: [1], data: [0.5] };
    const { body, length } = bodyOf({ inputs: [score, other] }, [bytes ?? Uint8Array.of(2)]);
    const { status, json } = await send('plain', body, length);
    expect([status, json.error]).toEqual([400, expect.stringContaining(text)]);
  });
});

describe('deadlines of the caller', () => {
  it('bound a direct call, from the header and from the parameter', async () => {
    const slow = createFakeModel({ features: [{ name: 'x', type: 'number' }] });
    slow.infer = () => new Promise(() => {});
    Object.assign(shop.content.models, { slow: served('slow', slow) });
    shop.loaded.set('slow/1', slow);
    gateway.serve(shop.content, shop.loaded);
    const inputs = [{ name: 'input', datatype: 'FP32', shape: [1, 1], data: [1] }];
    const byParameter = bodyOf({ parameters: { timeout: 20_000 }, inputs }, []);
    const late = await send('slow', byParameter.body, undefined);
    expect([late.status, late.json.error]).toEqual([504, expect.stringContaining('within 20 ms')]);
    const response = await gateway.call('/v2/models/slow/infer', {
      method: 'POST',
      body: JSON.stringify({ inputs }),
      headers: { 'x-request-timeout-ms': '15' },
    });
    expect([response.status, await response.text()]).toEqual([504, expect.stringContaining('within 15 ms')]);
    expect(gateway.log.records()).toMatchObject([{ error: 'deadline_exceeded' }, { error: 'deadline_exceeded' }]);
    const wrong = await gateway.call('/v2/models/slow/infer', {
      method: 'POST',
      body: JSON.stringify({ inputs }),
      headers: { 'x-request-timeout-ms': 'soon' },
    });
    expect([wrong.status, await wrong.text()]).toEqual([400, expect.stringContaining('x-request-timeout-ms')]);
  });
});

describe('the repository and its statistics', () => {
  const post = async (path: string, body = '') => {
    const response = await gateway.call(`/v2/repository/${path}`, { method: 'POST', body });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };

  it('lists endpoints, and models with each of their versions', async () => {
    shop.loaded.delete('b/1');
    Object.assign(shop.content, { endpoints: { plain: shop.content.endpoints.plain } });
    gateway.serve(shop.content, shop.loaded);
    expect((await post('index')).json).toEqual([
      { name: 'plain', version: '7', state: 'READY', reason: '' },
      { name: 'a', version: '1', state: 'READY', reason: '' },
      { name: 'b', version: '1', state: 'UNAVAILABLE', reason: 'this version could not be loaded' },
      { name: 'single', version: '1', state: 'READY', reason: '' },
    ]);
    const ready = (await post('index', '{"ready":true}')).json as unknown as { name: string }[];
    expect(ready.map(({ name }) => name)).toEqual(['plain', 'a', 'single']);
    expect((await post('models/b/load')).status).toBe(503);
  });

  it('grants a load of what is loaded, and says who unloads', async () => {
    expect(await post('models/single/load')).toEqual({ status: 200, json: {} });
    expect(await post('models/plain/load', '{"parameters":{}}')).toEqual({ status: 200, json: {} });
    expect((await post('models/nobody/load')).status).toBe(404);
    const config = await post('models/single/load', '{"parameters":{"config":"{}"}}');
    expect([config.status, config.json.error]).toEqual([501, expect.stringContaining('through control')]);
    const unload = await post('models/single/unload', '{"parameters":{"unload_dependents":false}}');
    expect([unload.status, unload.json.error]).toEqual([
      501,
      expect.stringContaining("model 'single' is not unloaded"),
    ]);
    expect((await post('models/nobody/unload')).status).toBe(404);
  });

  it('counts rows and runs of a model, and rows of an endpoint', async () => {
    const { body, length } = bodyOf({ inputs: [input(16)] }, [rows]);
    await send('single', body, length);
    await send('single', body, length);
    const read = async (path: string) =>
      ((await (await gateway.call(`/v2/models/${path}`)).json()) as { model_stats: Record<string, unknown>[] })
        .model_stats;
    const [own] = await read('single/versions/1/stats');
    expect(own).toMatchObject({
      name: 'single',
      version: '1',
      inference_count: 4,
      execution_count: 2,
      inference_stats: {
        success: { count: 2, ns: 30_000 },
        fail: { count: 0 },
        queue: { count: 2, ns: 6_000 },
        compute_infer: { count: 2, ns: 24_000 },
      },
      batch_stats: [{ batch_size: 2, compute_infer: { count: 2, ns: 24_000 } }],
    });
    expect(Date.now() - (own?.last_inference as number)).toBeLessThan(60_000);
    await gateway.predict('table', {
      instances: [
        [1, 2],
        [3, 4],
      ],
    });
    expect((await read('table/stats'))[0]).toMatchObject({ name: 'table', version: '7', inference_count: 2 });
    expect((await read('stats')).length).toBeGreaterThan(5);
    expect((await gateway.call('/v2/models/nobody/stats')).status).toBe(404);
  });

  it('tells the configuration', async () => {
    expect(await (await gateway.call('/v2/models/single/config')).json()).toEqual({
      name: 'single',
      platform: 'onnx_onnxv1',
      backend: 'onnxruntime',
      max_batch_size: 0,
      input: [{ name: 'input', data_type: 'TYPE_FP32', dims: [-1, 2] }],
      output: [
        { name: 'label', data_type: 'TYPE_INT64', dims: [-1] },
        { name: 'probabilities', data_type: 'TYPE_FP32', dims: [-1, 2] },
      ],
    });
  });
});

it('every line of the log is what was sent, to the last digit', async () => {
  const values = Float32Array.from({ length: 2_000 }, (_, index) => {
    const random = Math.sin(index * 12.9898) * 43_758.5453;
    return (random - Math.floor(random) - 0.3) * 10 ** ((index % 13) - 6);
  });
  for (let from = 0; from < values.length; from += 200) {
    const part = values.subarray(from, from + 200);
    const { body, length } = bodyOf({ inputs: [input(800, [100, 2])] }, [part]);
    expect((await send('single', body, length)).status).toBe(200);
  }
  const logged = (gateway.log.records() as PredictionRecord[]).flatMap(({ features }) => [features.x, features.y]);
  expect(logged.map((value) => Math.fround(value as number))).toEqual([...values]);
});
