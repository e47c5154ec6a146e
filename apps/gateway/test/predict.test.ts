import {
  type PredictionRecord,
  predictResponseSchema,
  problemSchema,
  type ServedEndpoint,
  SwitchyardError,
} from '@switchyard/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeModel } from './support/fake-model.ts';
import { createShop, model, SHOP_FEATURES, shopSignature } from './support/shop.ts';
import { SNAPSHOT_HASH, startTestGateway, type TestGateway } from './support/test-gateway.ts';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startTestGateway();
});
afterEach(async () => {
  await gateway.close();
  expect(gateway.unforeseen).toEqual([]);
});

const serveShop = (options: Parameters<typeof createShop>[0] = {}) => {
  const shop = createShop(options);
  gateway.serve(shop.content, shop.loaded);
  return shop;
};

describe('an answer', () => {
  it('says what was predicted, under which ids, by whom', async () => {
    serveShop();
    const { status, body, headers } = await gateway.predict('plain', { instances: [{ score: 0.9 }, { score: 0.1 }] });
    expect(status).toBe(200);
    const response = predictResponseSchema.parse(body);
    expect(response.predictions).toEqual([
      { label: 1, score: 0.9, probabilities: { 0: expect.closeTo(0.1), 1: 0.9 } },
      { label: 0, score: 0.1, probabilities: { 0: 0.9, 1: 0.1 } },
    ]);
    expect(new Set(response.ids).size).toBe(2);
    expect(response.served).toEqual([
      { model: 'a', version: '1', path: '' },
      { model: 'a', version: '1', path: '' },
    ]);
    expect(headers.get('x-switchyard-revision')).toBe('7');
    expect(headers.get('x-switchyard-overhead-us')).toMatch(/^\d+$/);
    expect(headers.get('content-type')).toBe('application/json');
  });

  it('carries the request id of the caller when it is safe, and one of its own otherwise', async () => {
    serveShop();
    const call = (id: string) =>
      gateway.call('/v1/models/plain:predict', {
        method: 'POST',
        body: '{"instances":[{"score":0}]}',
        headers: { 'x-request-id': id },
      });
    expect((await call('trace-42:a/b')).headers.get('x-request-id')).toBe('trace-42:a/b');
    expect((await call('a"b')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect((await call('x'.repeat(200))).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(gateway.log.records()[0]).toMatchObject({ requestId: 'trace-42:a/b' });
  });

  it('holds the rows in order when they go to different models', async () => {
    const { a, b } = serveShop();
    const instances = Array.from({ length: 40 }, (_, index) => ({ score: index / 100 }));
    const units = instances.map((_, index) => `user-${index}`);
    const { body } = await gateway.predict('half', { instances, units });
    const { predictions, served } = predictResponseSchema.parse(body);
    expect(new Set(served.map((one) => one.path))).toEqual(new Set(['left', 'right']));
    served.forEach((one, index) => {
      expect(predictions[index]?.score).toBe(one.model === 'a' ? index / 100 : 0.75);
    });
    expect([a.batches.length, b.batches.length]).toEqual([1, 1]);
    expect((a.batches[0]?.length ?? 0) + (b.batches[0]?.length ?? 0)).toBe(40);
  });

  it('is the same for the same unit, again and again', async () => {
    serveShop();
    const paths = new Set<string>();
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const { body } = await gateway.predict('half', { instances: [{ score: 0.1 }], unit: 'user-1' });
      paths.add(predictResponseSchema.parse(body).served[0]?.path ?? '');
    }
    expect(paths.size).toBe(1);
  });

  it('follows conditions over features with their defaults, as whole numbers where they are', async () => {
    serveShop();
    const paths = async (instance: object) => {
      const { body } = await gateway.predict('ruled', { instances: [instance] });
      return predictResponseSchema.parse(body).served[0]?.path;
    };
    expect(await paths({ score: 0.9 })).toBe('large');
    expect(await paths({ score: 0.9, visits: 2 })).toBe('otherwise');
    expect(await paths({ score: 0.1, visits: 3 })).toBe('otherwise');
  });

  it('takes arrays in the order of the features, defaults for what is left out', async () => {
    const { a } = serveShop();
    await gateway.predict('plain', { instances: [[0.3], [0.4, 2, 'de', true], [0.5, null]] });
    expect(a.batches[0]).toEqual([
      [0.3, 1, 'other', false],
      [0.4, 2, 'de', true],
      [0.5, 1, 'other', false],
    ]);
  });

  it('gives each model its own features, order and defaults', async () => {
    const a = createFakeModel({
      features: [
        { name: 'score', type: 'number' },
        { name: 'x', type: 'number', default: 1 },
      ],
    });
    const b = createFakeModel({
      features: [
        { name: 'x', type: 'number', default: 2 },
        { name: 'score', type: 'number' },
      ],
    });
    serveShop({ a, b });
    const units = Array.from({ length: 20 }, (_, index) => `u${index}`);
    await gateway.predict('half', { instances: units.map(() => ({ score: 0.5 })), units });
    expect(a.batches[0]?.[0]).toEqual([0.5, 1]);
    expect(b.batches[0]?.[0]).toEqual([2, 0.5]);
  });
});

describe('the log', () => {
  it('has every row before it is answered, complete', async () => {
    serveShop();
    const before = Date.now();
    const { body } = await gateway.predict('half', {
      instances: [{ score: 0.25, country: 'de' }],
      unit: 'user-"1"',
      segment: { tier: 'gold' },
      context: { channel: 'web', n: 3, beta: true },
    });
    const { ids, served, predictions } = predictResponseSchema.parse(body);
    const [record] = gateway.log.records();
    expect(record).toEqual({
      t: 'p',
      id: ids[0],
      at: expect.any(Number),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      endpoint: 'half',
      revision: 7,
      snapshot: SNAPSHOT_HASH,
      gateway: 'test',
      unit: 'user-"1"',
      segment: { tier: 'gold' },
      context: { channel: 'web', n: 3, beta: true },
      features: { score: 0.25, visits: null, country: 'de', is_new: null },
      path: served[0]?.path,
      decision: [
        {
          node: '',
          kind: 'split',
          chosen: served[0]?.path,
          probabilities: { left: 0.5, right: 0.5 },
          bucket: expect.any(Number),
        },
      ],
      propensity: 0.5,
      model: served[0]?.model,
      version: '1',
      status: 'ok',
      error: '',
      answer: predictions[0],
      members: [],
      totalMicros: expect.any(Number),
      queueMicros: 3,
      modelMicros: 12,
      batchRows: 1,
      cached: false,
    });
    expect(record).toSatisfy(({ at }: { at: number }) => at >= before && at <= Date.now());
  });

  it('gets the lines of requests that finish together in one write', async () => {
    const { a } = serveShop({ settings: { maximumQueuedRows: 20 } });
    a.pause();
    const calls = Array.from({ length: 20 }, () => gateway.predict('plain', { instances: [{ score: 0 }] }));
    while (!gateway.metricsText().includes('switchyard_queued_rows{endpoint="plain"} 20')) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    a.resume();
    await Promise.all(calls);
    expect(gateway.log.records()).toHaveLength(20);
    expect(gateway.log.writes).toHaveLength(1);
  });

  it('says why a condition did not hold', async () => {
    serveShop({
      endpoints: {
        odd: {
          kind: 'rules',
          rules: [{ name: 'r', when: 'context.n > 3', policy: model('a') }],
          otherwise: model('b'),
        },
      },
    });
    await gateway.predict('odd', { instances: [{ score: 0 }] });
    expect(gateway.log.records()[0]).toMatchObject({
      path: 'otherwise',
      decision: [{ reason: 'did not hold because it failed: r: No such key: n' }],
    });
  });

  it('that cannot be written refuses, or lets answer unlogged and counts it, as the endpoint says', async () => {
    const shop = createShop();
    const strict = shop.content.endpoints.plain as ServedEndpoint;
    shop.content.endpoints.lenient = {
      ...strict,
      name: 'lenient',
      settings: { ...strict.settings, onLogFailure: 'answer-unlogged' },
    };
    gateway.serve(shop.content, shop.loaded);
    gateway.log.isBroken = true;
    const refused = await gateway.predict('plain', { instances: [{ score: 0 }] });
    expect([refused.status, refused.body.code]).toEqual([503, 'log_unavailable']);
    expect(refused.headers.get('retry-after')).toBe('1');
    const answered = await gateway.predict('lenient', { instances: [{ score: 0 }, { score: 1 }] });
    expect(answered.status).toBe(200);
    expect(gateway.metricsText()).toContain('switchyard_unlogged_predictions_total{endpoint="lenient"} 2');
    expect(gateway.metricsText()).toContain('switchyard_log_write_failures_total 2');
    gateway.log.isBroken = false;
    gateway.flushRejections();
    expect(gateway.log.records()).toEqual([
      expect.objectContaining({ t: 'r', endpoint: 'plain', code: 'log_unavailable', count: 1 }),
    ]);
  });
});

describe('rows that are accepted and then fail', () => {
  it('are logged as errors, without an answer', async () => {
    const a = createFakeModel({ features: SHOP_FEATURES, signature: shopSignature });
    a.predict = () => Promise.reject(new (class extends Error {})('secret detail'));
    const shop = createShop({ a });
    gateway.serve(shop.content, shop.loaded);
    const { status, body } = await gateway.predict('plain', { instances: [{ score: 0.1 }] });
    expect([status, body.code]).toEqual([500, 'internal_error']);
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(gateway.log.records()).toEqual([
      expect.objectContaining({ t: 'p', status: 'error', error: 'internal_error', answer: {}, model: 'a' }),
    ]);
    expect(gateway.unforeseen.splice(0)).toHaveLength(1);
    gateway.flushRejections();
    expect(gateway.log.records()).toHaveLength(1);
    expect(gateway.metricsText()).toContain(
      'switchyard_predictions_total{endpoint="plain",model="a",version="1",status="error"} 1',
    );
  });

  it('fail the whole request, whose other rows are not logged as answered either', async () => {
    const { a, b } = serveShop();
    b.predict = async () => {
      // After the other model has answered.
      while (a.batches.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new SwitchyardError('model_failed', 'the model failed while it ran');
    };
    const units = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    const { status, body } = await gateway.predict('half', { instances: units.map(() => ({ score: 0.1 })), units });
    expect([status, body.code]).toEqual([502, 'model_failed']);
    const records = gateway.log.records() as PredictionRecord[];
    expect(new Set(records.map(({ model: name }) => name))).toEqual(new Set(['a', 'b']));
    for (const { status: outcome, error, answer } of records) {
      expect({ outcome, error, answer }).toEqual({ outcome: 'error', error: 'model_failed', answer: {} });
    }
  });

  it.each([
    ['worker', 1],
    // Several rows may run in another thread.
    ['inline', 2],
  ] as const)(
    'past the deadline are answered 504 at once, and the late answer is dropped (%s, %i rows)',
    async (execution, count) => {
      const a = createFakeModel({ features: SHOP_FEATURES, signature: shopSignature, execution, delayMs: 150 });
      const shop = createShop({ a, settings: { timeoutMs: 30 } });
      gateway.serve(shop.content, shop.loaded);
      const { status, body } = await gateway.predict('plain', { instances: new Array(count).fill({ score: 0.1 }) });
      expect([status, body.code]).toEqual([504, 'deadline_exceeded']);
      expect(a.batches).toEqual([]);
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(gateway.log.records()).toEqual(
        new Array(count).fill(expect.objectContaining({ status: 'error', error: 'deadline_exceeded' })),
      );
      expect(gateway.metricsText()).toContain('switchyard_queued_rows{endpoint="plain"} 0');
    },
  );
});

describe('more than the queue holds', () => {
  it('is answered 429 with Retry-After, and taken again once there is room', async () => {
    const { a } = serveShop({ settings: { maximumQueuedRows: 3 } });
    a.pause();
    const waiting = Array.from({ length: 8 }, () => gateway.predict('plain', { instances: [{ score: 0 }] }));
    const arrived: Awaited<(typeof waiting)[number]>[] = [];
    await new Promise<void>((resolve) => {
      for (const call of waiting) {
        void call.then((answer) => {
          arrived.push(answer);
          if (arrived.length === 5) resolve();
        });
      }
    });
    const refused = arrived.slice(0, 5);
    a.resume();
    const answers = await Promise.all(waiting);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
    expect(refused.map(({ status }) => status)).toEqual([429, 429, 429, 429, 429]);
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    expect(problemSchema.parse(refused[0]?.body).code).toBe('overloaded');
    expect((await gateway.predict('plain', { instances: [{ score: 0 }] })).status).toBe(200);
    gateway.flushRejections();
    const counts = gateway.log.records().flatMap((record) => (record.t === 'r' ? [record.count] : []));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5);
  });

  it('and can never be held is a batch that is too large', async () => {
    const shop = createShop({ settings: { maximumQueuedRows: 3 } });
    gateway.serve(shop.content, shop.loaded);
    const { status, body } = await gateway.predict('plain', { instances: Array(4).fill({ score: 0 }) });
    expect([status, body.code]).toEqual([413, 'batch_too_large']);
  });
});

it('answers 503 not_ready until there is a snapshot', async () => {
  const { status, body, headers } = await gateway.predict('plain', { instances: [{ score: 0 }] });
  expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'not_ready', '1']);
  expect((await gateway.call('/readyz')).status).toBe(503);
  gateway.serve({ models: {}, endpoints: {}, keepWarm: [] });
  expect((await gateway.call('/readyz')).status).toBe(200);
});
