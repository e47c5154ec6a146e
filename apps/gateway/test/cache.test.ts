import {
  type Answer,
  type Policy,
  type PredictionRecord,
  type ServedEndpoint,
  type ShadowRecord,
  SwitchyardError,
} from '@switchyard/contracts';
import type { LoadedModel } from '@switchyard/runtimes';
import { openMemoryCache } from '@switchyard/storage/cache';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeptAnswers } from '../src/cache/kept-answers.ts';
import { createGatewayMetrics } from '../src/metrics/gateway-metrics.ts';
import type { EndpointPlan } from '../src/predict/endpoint-plan.ts';
import { unobserved } from '../src/rehearsal/unobserved.ts';
import { buildServingState } from '../src/snapshot/serving-state.ts';
import { createFakeModel } from './support/fake-model.ts';
import { servedEndpoint } from './support/fraud-models.ts';
import { SHOP_FEATURES, served, shopSignature } from './support/shop.ts';
import { startTestGateway, type TestGateway } from './support/test-gateway.ts';

const CACHED = { cache: { ttlSeconds: 60 } };

let gateway: TestGateway;
let nowMs: number;
beforeEach(async () => {
  nowMs = 1;
  const kept = createKeptAnswers(openMemoryCache({ now: () => nowMs }));
  gateway = await startTestGateway(undefined, {}, kept);
});
afterEach(async () => {
  await gateway.close();
  expect(gateway.unforeseen).toEqual([]);
});

const fake = (over: Partial<Parameters<typeof createFakeModel>[0]> = {}) =>
  createFakeModel({ features: SHOP_FEATURES, signature: shopSignature, ...over });
const leaf = (name: string): Policy => ({ kind: 'model', model: name, version: '1' });
const branch = (name: string) => ({ name, policy: leaf(name) });

function serve(
  policy: Policy,
  models: Record<string, LoadedModel>,
  settings: Partial<ServedEndpoint['settings']> = CACHED,
  change: (model: ReturnType<typeof served>) => ReturnType<typeof served> = (model) => model,
) {
  gateway.serve(
    {
      models: Object.fromEntries(Object.entries(models).map(([name, loaded]) => [name, change(served(name, loaded))])),
      endpoints: { e: servedEndpoint('e', policy, 1, settings), bare: servedEndpoint('bare', policy, 1, {}) },
      keepWarm: [],
    },
    new Map(
      Object.entries(models).flatMap(([name, loaded]) => [
        [`${name}/1`, loaded],
        [`${name}/2`, loaded],
      ]),
    ),
  );
}

const ask = (...scores: number[]) => gateway.predict('e', { instances: scores.map((score) => ({ score })) });
const predictions = () => gateway.log.records().filter((record): record is PredictionRecord => record.t === 'p');
const marks = () => predictions().map(({ cached }) => cached);
const lookups = () =>
  Object.fromEntries(
    [...gateway.metricsText().matchAll(/switchyard_cache_lookups_total\{endpoint="e",outcome="(\w+)"\} (\d+)/g)].map(
      ([, outcome, count]) => [outcome, Number(count)],
    ),
  );

describe('an endpoint with a cache', () => {
  it('also keeps the answers of an arm that has the name of a shadow beside it', async () => {
    const [a, b, shadow] = [fake(), fake(), fake()];
    const arms = [
      { ...branch('champion'), policy: leaf('a'), weight: 0 },
      { ...branch('challenger'), policy: leaf('b'), weight: 1 },
    ];
    serve(
      {
        kind: 'shadow',
        primary: { kind: 'split', arms },
        shadows: [{ name: 'challenger', policy: leaf('shadow') }],
      },
      { a, b, shadow },
    );
    for (let n = 0; n < 2; n += 1) expect((await ask(0.3)).status).toBe(200);
    expect(marks()).toEqual([false, true]);
    expect(b.batches).toHaveLength(1);
  });

  it('asks a model once about the same row; the second prediction is decided, logged and marked', async () => {
    const a = fake();
    serve(leaf('a'), { a });
    const [first, second] = [await ask(0.7), await ask(0.7)];
    expect(second.status).toBe(200);
    expect(second.body.predictions).toEqual(first.body.predictions);
    expect(second.body.served).toEqual(first.body.served);
    expect(second.body.ids).not.toEqual(first.body.ids);
    expect(a.batches).toHaveLength(1);
    expect(predictions()).toMatchObject([
      { cached: false, modelMicros: 12, batchRows: 1, answer: { score: 0.7 } },
      { cached: true, modelMicros: 0, queueMicros: 0, batchRows: 0, answer: { score: 0.7 }, status: 'ok', path: '' },
    ]);
    expect(lookups()).toEqual({ hit: 1, miss: 1, error: 0 });
    expect(gateway.metricsText()).toContain(
      'switchyard_predictions_total{endpoint="e",model="a",version="1",status="ok"} 2',
    );
    expect(gateway.metricsText()).toContain('switchyard_model_run_seconds_count{model="a",version="1"} 1');
  });

  it('asks about the rows of a request that are new, and keeps the rows apart', async () => {
    const a = fake();
    serve(leaf('a'), { a });
    await ask(0.1, 0.3);
    const { body } = await ask(0.4, 0.3, 0.2, 0.1);
    expect((body.predictions as Answer[]).map(({ score }) => score)).toEqual([0.4, 0.3, 0.2, 0.1]);
    expect(a.batches.at(-1)?.map(([score]) => score)).toEqual([0.4, 0.2]);
    expect(marks()).toEqual([false, false, false, true, false, true]);
  });

  it('looks at the row as the model gets it', async () => {
    const a = fake();
    serve(leaf('a'), { a });
    const send = (instance: unknown) => gateway.predict('e', { instances: [instance] });
    await send({ score: 0.5 });
    await send({ country: 'other', visits: 1, score: 0.5, is_new: false });
    await send([0.5, null, 'other']);
    await send({ score: 0.5, visits: 2 });
    await send({ score: 0 });
    await send({ score: -0 });
    expect(marks()).toEqual([false, true, true, false, false, true]);
    await gateway.predict('e', '{"instances": [{"score": -0}]}');
    expect(marks().at(-1)).toBe(false);
  });

  it('forgets when the time is over', async () => {
    const a = fake();
    serve(leaf('a'), { a }, { cache: { ttlSeconds: 2 } });
    await ask(0.7);
    nowMs += 2_000;
    await ask(0.7);
    nowMs += 1;
    await ask(0.7);
    expect(marks()).toEqual([false, true, false]);
  });

  it('gives no answer of another version or artifact, and old ones again after a rollback', async () => {
    const [one, two] = [fake(), fake({ answer: () => ({ label: 0, score: 0.25 }) })];
    const scoreOf = async () => ((await ask(0.7)).body.predictions as Answer[])[0]?.score;
    const second = (model: ReturnType<typeof served>) => ({
      ...model,
      versions: {
        ...model.versions,
        '2': { ...(model.versions['1'] as NonNullable<(typeof model.versions)['1']>), version: '2' },
      },
    });
    serve(leaf('a'), { a: one });
    expect(await scoreOf()).toBe(0.7);
    serve({ kind: 'model', model: 'a', version: '2' }, { a: two }, CACHED, second);
    expect(await scoreOf()).toBe(0.25);
    const otherArtifact = (model: ReturnType<typeof served>) => ({
      ...model,
      versions: {
        '1': {
          ...(model.versions['1'] as NonNullable<(typeof model.versions)['1']>),
          artifact: { sha256: 'c'.repeat(64), sizeBytes: 1 },
        },
      },
    });
    serve(leaf('a'), { a: two }, CACHED, otherArtifact);
    expect(await scoreOf()).toBe(0.25);
    serve(leaf('a'), { a: one });
    expect(await scoreOf()).toBe(0.7);
    expect(marks()).toEqual([false, false, false, true]);
  });

  it('keeps no failure', async () => {
    let isBroken = true;
    const steady = fake();
    const a: LoadedModel = {
      ...steady,
      predict: (rows) =>
        isBroken ? Promise.reject(new SwitchyardError('model_failed', 'it is broken')) : steady.predict(rows),
    };
    serve(leaf('a'), { a });
    expect((await ask(0.7)).status).toBe(502);
    isBroken = false;
    expect((await ask(0.7)).status).toBe(200);
    expect((await ask(0.7)).status).toBe(200);
    expect(predictions().map(({ status, cached }) => [status, cached])).toEqual([
      ['error', false],
      ['ok', false],
      ['ok', true],
    ]);
  });

  it('keeps no answer that JSON would write differently', async () => {
    serve(leaf('a'), { a: fake({ answer: () => ({ value: Number.NaN }) }) });
    await ask(0.7);
    await ask(0.7);
    expect(lookups()).toEqual({ hit: 0, miss: 2, error: 0 });
  });

  it('leaves endpoints alone that have none, although they use the same model', async () => {
    const a = fake();
    serve(leaf('a'), { a });
    await ask(0.7);
    for (let count = 0; count < 2; count += 1) await gateway.predict('bare', { instances: [{ score: 0.7 }] });
    expect(a.batches).toHaveLength(3);
    expect(marks()).toEqual([false, false, false]);
    expect(gateway.metricsText()).not.toContain('switchyard_cache_lookups_total{endpoint="bare"');
  });

  it('answers the Open Inference Protocol from it too', async () => {
    const a = fake();
    serve(leaf('a'), { a });
    await ask(0.5);
    const tensor = (name: string, datatype: string, value: unknown) => ({
      name,
      datatype,
      shape: [1, 1],
      data: [value],
    });
    const response = await gateway.call('/v2/models/e/infer', {
      method: 'POST',
      body: JSON.stringify({
        inputs: [
          tensor('score', 'FP32', 0.5),
          tensor('visits', 'INT64', 1),
          tensor('country', 'BYTES', 'other'),
          tensor('is_new', 'BOOL', false),
        ],
      }),
    });
    expect(response.status).toBe(200);
    expect(marks()).toEqual([false, true]);
  });

  it('decides each time: a random split goes on being one', async () => {
    const [a, b] = [fake(), fake()];
    serve(
      {
        kind: 'split',
        arms: [
          { ...branch('a'), weight: 0.5 },
          { ...branch('b'), weight: 0.5 },
        ],
      },
      { a, b },
    );
    for (let count = 0; count < 40; count += 1) await ask(0.7);
    expect(new Set(predictions().map(({ model }) => model))).toEqual(new Set(['a', 'b']));
    expect(predictions().every(({ propensity }) => propensity === 0.5)).toBe(true);
    expect(marks().filter((cached) => !cached)).toHaveLength(2);
  });
});

it('a rehearsal asks the models', () => {
  const [a, b, meta] = [fake(), fake(), fake()];
  const policy: Policy = {
    kind: 'ensemble',
    method: 'stacking',
    members: [branch('a'), branch('b')],
    meta: { model: 'meta', version: '1' },
  };
  const loaded = new Map<string, LoadedModel>(Object.entries({ a, b, meta }));
  const state = buildServingState(
    {
      formatVersion: 1,
      hash: 'a'.repeat(64),
      version: 1,
      createdAt: '2026-01-01T00:00:00Z',
      models: Object.fromEntries([...loaded].map(([name, model]) => [name, served(name, model)])),
      endpoints: { e: servedEndpoint('e', policy, 1, CACHED) },
      keepWarm: [],
    },
    {
      gateway: 'test',
      metrics: createGatewayMetrics(),
      loads: new Map(),
      findLoaded: (model) => loaded.get(model),
      keptAnswers: createKeptAnswers(openMemoryCache()),
    },
  );
  const plan = state.endpoints.get('e') as EndpointPlan;
  const cachesOf = ({ leaves, ensembles }: EndpointPlan) => [
    ...[...leaves.values()].map(({ cache }) => cache !== undefined),
    ...[...ensembles.values()].map((ensemble) => ensemble.meta?.cache !== undefined),
  ];
  expect(cachesOf(plan)).toEqual([true, true, true]);
  expect(cachesOf(unobserved(plan))).toEqual([false, false, false]);
});

describe('a row that several models answer', () => {
  it('of an ensemble is marked when all members came from the cache', async () => {
    const [a, b] = [fake(), fake()];
    const members = [branch('a'), branch('b')];
    serve(leaf('a'), { a, b });
    await ask(0.7);
    serve({ kind: 'ensemble', method: 'soft_vote', members }, { a, b });
    const [partly, fully] = [await ask(0.7), await ask(0.7)];
    expect(fully.body.predictions).toEqual(partly.body.predictions);
    expect(marks()).toEqual([false, false, true]);
    expect(predictions().map(({ modelMicros }) => modelMicros)).toEqual([12, 12, 0]);
    expect(predictions()[1]?.members.map(({ modelMicros }) => modelMicros)).toEqual([0, 12]);
    expect([a.batches.length, b.batches.length]).toEqual([1, 1]);
  });

  it('of a stacking ensemble, when the meta-model did too', async () => {
    const [a, b] = [fake(), fake()];
    const meta = createFakeModel({
      features: [
        { name: 'a', type: 'number' },
        { name: 'b', type: 'number' },
      ],
    });
    const policy: Policy = {
      kind: 'ensemble',
      method: 'stacking',
      members: [branch('a'), branch('b')],
      meta: { model: 'meta', version: '1' },
    };
    serve(policy, { a, b, meta });
    await ask(0.7);
    await ask(0.7);
    expect(meta.batches).toHaveLength(1);
    expect(marks()).toEqual([false, true]);
    expect(lookups()).toEqual({ hit: 3, miss: 3, error: 0 });
  });

  it('of a cascade, when no step was asked', async () => {
    const [a, b] = [fake(), fake()];
    serve(leaf('b'), { a, b });
    await ask(0.6);
    serve({ kind: 'cascade', steps: [{ ...branch('a'), minimumConfidence: 0.9 }, branch('b')] }, { a, b });
    await ask(0.6);
    await ask(0.6);
    expect(marks()).toEqual([false, false, true]);
    expect([a.batches.length, b.batches.length]).toEqual([1, 1]);
  });

  it('of a fallback whose target fails now: what it had answered stands, and its breaker is not told', async () => {
    let isBroken = false;
    const steady = fake();
    const a: LoadedModel = {
      ...steady,
      predict: (rows) =>
        isBroken ? Promise.reject(new SwitchyardError('model_failed', 'it is broken')) : steady.predict(rows),
    };
    const breaker = { failureShare: 0.5, minimumRequests: 2, windowSeconds: 60, openSeconds: 60 };
    const policy: Policy = {
      kind: 'fallback',
      targets: [branch('a'), branch('b')],
      breaker,
    };
    serve(policy, { a, b: fake() });
    await ask(0.9);
    isBroken = true;
    for (let count = 0; count < 20; count += 1) expect((await ask(0.9)).body.served).toMatchObject([{ model: 'a' }]);
    // Were the twenty counted as answers of the target, these two would be a small share.
    await ask(0.1);
    await ask(0.2);
    expect(gateway.metricsText()).toContain('switchyard_target_open{endpoint="e",path="a"} 1');
    await ask(0.3);
    expect(predictions().at(-1)).toMatchObject({ model: 'b', cached: false });
    expect(predictions().filter(({ cached }) => cached)).toHaveLength(20);
  });

  it('has shadows that are asked each time', async () => {
    const [a, b] = [fake(), fake()];
    serve({ kind: 'shadow', primary: leaf('a'), shadows: [{ name: 's', policy: leaf('b') }] }, { a, b });
    await ask(0.7);
    await ask(0.7);
    const shadows = () => gateway.log.records().filter((record): record is ShadowRecord => record.t === 's');
    for (let attempt = 0; attempt < 200 && shadows().length < 2; attempt += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(shadows()).toHaveLength(2);
    expect(b.batches.flat()).toHaveLength(2);
    expect(marks()).toEqual([false, true]);
  });
});
