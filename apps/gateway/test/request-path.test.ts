import { type Answer, type Policy, type ShadowRecord, SwitchyardError } from '@switchyard/contracts';
import type { FeatureRow, LoadedModel, PredictResult } from '@switchyard/runtimes';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CircuitBreaker } from '../src/execution/circuit-breaker.ts';
import { createOutbox } from '../src/log/outbox.ts';
import { createGatewayMetrics } from '../src/metrics/gateway-metrics.ts';
import { createAdmission } from '../src/predict/admission.ts';
import { createPredictionRunner } from '../src/predict/prediction-runner.ts';
import { createFakeModel } from './support/fake-model.ts';
import { servedEndpoint } from './support/fraud-models.ts';
import { SHOP_FEATURES, served, shopSignature } from './support/shop.ts';
import { startTestGateway, type TestGateway } from './support/test-gateway.ts';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startTestGateway();
});
afterEach(async () => {
  await gateway.close();
  expect(gateway.unforeseen).toEqual([]);
});

const pair = (score: number): Answer => ({
  label: score >= 0.5 ? 1 : 0,
  score,
  probabilities: { 0: 1 - score, 1: score },
});
const resultOf = (answers: readonly Answer[]): PredictResult => ({
  answers,
  modelMicros: 1,
  queueMicros: 0,
  batchRows: answers.length,
});

/** A model of another server that keeps how many rows each call had. */
function counted(answer: (rows: readonly FeatureRow[]) => Promise<PredictResult>) {
  const calls: number[] = [];
  const model: LoadedModel = {
    ...createFakeModel({ features: SHOP_FEATURES, signature: shopSignature }),
    execution: 'remote',
    predict(rows) {
      calls.push(rows.length);
      return answer(rows);
    },
  };
  return { calls, model };
}
const steady = (score: number) => counted(async (rows) => resultOf(rows.map(() => pair(score))));
const failing = () => counted(() => Promise.reject(new SwitchyardError('model_failed', 'it is broken')));

const branch = (name: string) => ({ name, policy: { kind: 'model' as const, model: name, version: '1' } });

function serve(policy: Policy, models: Record<string, LoadedModel>, settings: { timeoutMs?: number } = {}) {
  gateway.serve(
    {
      models: Object.fromEntries(Object.entries(models).map(([name, loaded]) => [name, served(name, loaded)])),
      endpoints: { e: servedEndpoint('e', policy, 1, settings) },
      keepWarm: [],
    },
    new Map(Object.entries(models).map(([name, loaded]) => [`${name}/1`, loaded])),
  );
}
const ask = (rows: number) =>
  gateway.predict('e', { instances: Array.from({ length: rows }, (_, index) => ({ score: index / 100 })) });

describe('the rows of one request are one call of each model, also where', () => {
  it('a fallback gives each target its share of the time', async () => {
    const [first, second] = [failing(), steady(0.4)];
    const breaker = { minimumRequests: 1_000 };
    serve(
      { kind: 'fallback', targets: [branch('first'), { ...branch('second'), timeoutMs: 5_000 }], breaker },
      { first: first.model, second: second.model },
    );
    expect((await ask(50)).status).toBe(200);
    expect(first.calls).toEqual([50]);
    expect(second.calls).toEqual([50]);
  });

  it('a cascade does', async () => {
    const [cheap, dear] = [steady(0.6), steady(0.4)];
    serve(
      { kind: 'cascade', steps: [{ ...branch('cheap'), minimumConfidence: 0.8 }, branch('dear')] },
      { cheap: cheap.model, dear: dear.model },
    );
    expect((await ask(50)).status).toBe(200);
    expect(cheap.calls).toEqual([50]);
    expect(dear.calls).toEqual([50]);
  });

  it('a member of an ensemble may be late', async () => {
    const [a, b] = [steady(0.6), steady(0.4)];
    serve(
      {
        kind: 'ensemble',
        method: 'soft_vote',
        members: [branch('a'), { ...branch('b'), timeoutMs: 1_000 }],
        minimumMembers: 1,
      },
      { a: a.model, b: b.model },
    );
    expect((await ask(50)).status).toBe(200);
    expect(a.calls).toEqual([50]);
    expect(b.calls).toEqual([50]);
  });

  it('a shadow has time of its own', async () => {
    const [a, b] = [steady(0.6), steady(0.4)];
    serve({ kind: 'shadow', primary: branch('a').policy, shadows: [branch('b')] }, { a: a.model, b: b.model });
    expect((await ask(50)).status).toBe(200);
    const shadows = () => gateway.log.records().filter((record): record is ShadowRecord => record.t === 's');
    for (let attempt = 0; attempt < 100 && shadows().length < 50; attempt += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(shadows()).toHaveLength(50);
    expect(b.calls).toEqual([50]);
  });
});

describe('a lease', () => {
  it('is held from the request to the end of its shadows, without a gap in which models could be closed', async () => {
    const { buildServingState } = await import('../src/snapshot/serving-state.ts');
    const metrics = createGatewayMetrics();
    const outbox = createOutbox({ write: () => {} }, metrics.counters);
    const models = { a: steady(0.6).model, b: steady(0.4).model };
    const policy: Policy = { kind: 'shadow', primary: branch('a').policy, shadows: [branch('b')] };
    const state = buildServingState(
      {
        formatVersion: 1,
        version: 1,
        hash: 'a'.repeat(64),
        createdAt: '2026-01-01T00:00:00Z',
        models: { a: served('a', models.a), b: served('b', models.b) },
        endpoints: { e: servedEndpoint('e', policy, 1) },
        keepWarm: [],
      },
      { gateway: 'test', metrics, loads: new Map(), findLoaded: (name) => models[name as 'a'] },
    );
    const ids = ['one', 'two'];
    const runner = createPredictionRunner({ outbox, newId: () => ids.pop() ?? 'none', admission: createAdmission() });
    const plan = state.endpoints.get('e') as NonNullable<ReturnType<typeof state.endpoints.get>>;
    const row = plan.features.features.map(({ name, fallback }) => (name === 'score' ? 0.5 : fallback));
    const answered = new Promise((resolve) => {
      runner.submit(
        plan,
        state.lease,
        { rows: [row], unit: '', units: undefined, segment: {}, context: {} },
        { requestId: 'r', atMs: Date.now(), startedAtMs: performance.now() },
        resolve,
      );
    });
    let shadowsWhenIdle: number | undefined;
    const idle = state.lease.whenIdle().then(() => {
      shadowsWhenIdle = runner.inFlight();
    });
    await answered;
    await idle;
    expect(shadowsWhenIdle).toBe(0);
    expect(plan.metrics.shadowed).toBe(1);
  });
});

describe('a circuit breaker', () => {
  const settings = { failureShare: 0.5, minimumRequests: 2, windowSeconds: 10, openSeconds: 1 };

  it('that tries one request listens to that one alone, not to those from before it opened', () => {
    const breaker = new CircuitBreaker(settings);
    const old = [breaker.allows(0), breaker.allows(0), breaker.allows(0), breaker.allows(0)];
    expect(old).not.toContain(undefined);
    breaker.record(false, 10, old[0]);
    breaker.record(false, 10, old[1]);
    expect(breaker.state(20)).toBe('open');
    const probe = breaker.allows(1_500);
    expect(probe).toBeTruthy();
    // Asked before it opened, answered now.
    breaker.record(true, 1_510, old[2]);
    expect(breaker.state(1_510)).toBe('half-open');
    breaker.withdraw(old[3]);
    expect(breaker.allows(1_520)).toBeFalsy();
    breaker.record(true, 1_530, probe);
    expect(breaker.state(1_530)).toBe('closed');
    breaker.record(false, 1_540, old[3]);
    breaker.record(false, 1_550, old[3]);
    expect(breaker.state(1_550)).toBe('closed');
  });

  it('that hears nothing of the request it tried tries another one', () => {
    const breaker = new CircuitBreaker(settings);
    breaker.record(false, 0, breaker.allows(0));
    breaker.record(false, 0, breaker.allows(0));
    const lost = breaker.allows(1_000);
    expect(lost).toBeTruthy();
    expect(breaker.allows(1_999)).toBeFalsy();
    const probe = breaker.allows(2_000);
    expect(probe).toBeTruthy();
    breaker.record(false, 2_010, lost);
    expect(breaker.state(2_010)).toBe('half-open');
    breaker.record(true, 2_020, probe);
    expect(breaker.state(2_020)).toBe('closed');
  });

  it('counts an answer that nobody waited for any more as a failure, of the last target too', async () => {
    const slow = counted(async (rows) => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return resultOf(rows.map(() => pair(0.2)));
    });
    const breaker = { minimumRequests: 2, openSeconds: 60 };
    serve({ kind: 'fallback', targets: [branch('slow')], breaker }, { slow: slow.model }, { timeoutMs: 20 });
    for (let n = 0; n < 2; n += 1) expect((await ask(1)).body.code).toBe('deadline_exceeded');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await ask(1)).body.code).toBe('model_unavailable');
    expect(slow.calls).toEqual([1, 1]);
  });
});

it('a retry budget outlives the snapshot, which what nodes learn replaces every few seconds', async () => {
  const first = failing();
  const policy: Policy = {
    kind: 'fallback',
    targets: [{ ...branch('first'), retries: 1 }],
    retryBudget: 0.1,
    retryDelayMs: 1,
    breaker: { minimumRequests: 1_000 },
  };
  for (let n = 0; n < 20; n += 1) {
    serve(policy, { first: first.model });
    expect((await ask(1)).status).toBe(502);
  }
  // Ten retries in reserve, and one for every ten requests.
  expect(first.calls.length).toBeLessThanOrEqual(20 + 10 + 2);
});

describe('the outbox', () => {
  it('lets everybody go on whose lines were written, also when one of them throws', () => {
    const told: string[] = [];
    const outbox = createOutbox({ write: () => {} }, createGatewayMetrics().counters, () => {});
    outbox.add(['1'], () => {
      throw new Error('a caller that cannot be told');
    });
    outbox.add(['2'], () => told.push('second'));
    expect(() => outbox.flush()).toThrow('cannot be told');
    expect(told).toEqual(['second']);
  });
});

describe('a deadline', () => {
  const askDirectly = (name: string, timeoutMs: number): Promise<Response> => {
    const column = (input: string, datatype: string, value: unknown) => ({
      name: input,
      datatype,
      shape: [1, 1],
      data: [value],
    });
    return gateway.call(`/v2/models/${name}/infer`, {
      method: 'POST',
      headers: { 'x-request-timeout-ms': String(timeoutMs) },
      body: JSON.stringify({
        inputs: [
          column('score', 'FP32', 0.5),
          column('visits', 'INT64', 1),
          column('country', 'BYTES', 'ch'),
          column('is_new', 'BOOL', true),
        ],
      }),
    });
  };

  it('is told to another server, so that no connection is held for an answer that nobody waits for', async () => {
    const limits: (number | undefined)[] = [];
    const a: LoadedModel = {
      ...steady(0.4).model,
      predict(rows, options) {
        limits.push(options?.timeoutMs);
        return Promise.resolve(resultOf(rows.map(() => pair(0.2))));
      },
    };
    serve(branch('a').policy, { a }, { timeoutMs: 300 });
    expect((await ask(2)).status).toBe(200);
    serve({ kind: 'fallback', targets: [branch('b'), branch('a')] }, { a, b: failing().model }, { timeoutMs: 300 });
    expect((await ask(2)).status).toBe(200);
    expect(limits).toHaveLength(2);
    for (const limit of limits) {
      expect(limit).toBeGreaterThan(0);
      expect(limit).toBeLessThanOrEqual(302);
    }
  });

  it.each(['fallback', 'cascade'] as const)(
    'that ends a %s leaves in the log what had been asked before, and who was asked then',
    async (kind) => {
      const hanging = counted(() => new Promise(() => {})).model;
      const steps = [{ ...branch('first'), minimumConfidence: 0.9 }, branch('second')];
      const policy: Policy =
        kind === 'cascade' ? { kind, steps } : { kind, targets: [branch('first'), branch('second')] };
      serve(
        { kind: 'shadow', primary: policy, shadows: [branch('third')] },
        { first: failing().model, second: hanging, third: steady(0.5).model },
        { timeoutMs: 60 },
      );
      expect((await ask(1)).body.code).toBe('deadline_exceeded');
      expect(gateway.log.records()[0]).toMatchObject({
        status: 'error',
        error: 'deadline_exceeded',
        model: 'second',
        path: 'second',
        members: [{ name: 'first', role: 'attempt', error: 'model_failed' }],
      });
    },
  );

  it('tells what was asked by each of two fallbacks, one within the other', async () => {
    const hanging = counted(() => new Promise(() => {})).model;
    const inner: Policy = { kind: 'fallback', targets: [branch('a'), branch('b')] };
    const policy: Policy = {
      kind: 'fallback',
      targets: [branch('a'), { name: 'inner', policy: inner }, { name: 'last', policy: inner }],
    };
    const limits = { timeoutMs: 90 };
    serve(policy, { a: failing().model, b: failing().model }, limits);
    expect((await ask(1)).body.code).toBe('model_failed');
    serve(policy, { a: failing().model, b: hanging }, limits);
    expect((await ask(1)).body.code).toBe('deadline_exceeded');
    const [, record] = gateway.log.records();
    expect(record).toMatchObject({ model: 'b', path: 'last/b', error: 'deadline_exceeded' });
    expect(record?.t === 'p' && record.members.map(({ name, error }) => [name, error])).toEqual([
      ['a', 'model_failed'],
      ['inner', 'deadline_exceeded'],
      ['inner/a', 'model_failed'],
      ['a', 'model_failed'],
    ]);
  });

  it('is told to another server by a direct call too', async () => {
    const limits: (number | undefined)[] = [];
    const fake = createFakeModel({ features: SHOP_FEATURES, signature: shopSignature });
    const infer: LoadedModel['infer'] = (inputs, _outputNames, options) => {
      limits.push(options?.timeoutMs);
      return fake.infer(inputs);
    };
    serve(
      { kind: 'split', arms: [branch('a'), branch('b')].map((arm) => ({ ...arm, weight: 1 })) },
      {
        a: { ...fake, execution: 'remote', infer },
        b: { ...fake, infer },
      },
    );
    for (const [name, timeoutMs] of [
      ['a', 300],
      ['a', 60_000],
      ['b', 300],
    ] as const) {
      expect((await askDirectly(name, timeoutMs)).status).toBe(200);
    }
    const [short, long, here] = limits;
    expect(limits).toHaveLength(3);
    expect(short).toBeGreaterThan(0);
    expect(short).toBeLessThanOrEqual(302);
    // Direct calls have ten seconds at most.
    expect(long).toBeGreaterThan(302);
    expect(long).toBeLessThanOrEqual(10_002);
    expect(here).toBeUndefined();
  });

  it('holds for models addressed directly too, also where one kept the process busy', async () => {
    const busy = createFakeModel({ features: SHOP_FEATURES, signature: shopSignature });
    const infer: LoadedModel['infer'] = (inputs) => {
      for (const until = performance.now() + 80; performance.now() < until; );
      return busy.infer(inputs);
    };
    serve(branch('a').policy, { a: { ...busy, infer } });
    const response = await askDirectly('a', 40);
    expect(await response.json()).toEqual({ error: expect.stringMatching(/^deadline_exceeded/) });
    expect(gateway.log.records()).toMatchObject([{ status: 'error', error: 'deadline_exceeded' }]);
  });
});
