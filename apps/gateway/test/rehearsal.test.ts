import type { Policy, ServedEndpoint, ServingSnapshot } from '@switchyard/contracts';
import type { LoadedModel } from '@switchyard/runtimes';
import { describe, expect, it } from 'vitest';
import { createGatewayMetrics } from '../src/metrics/gateway-metrics.ts';
import type { EndpointPlan } from '../src/predict/endpoint-plan.ts';
import { readPredictRequest } from '../src/predict/prediction-request.ts';
import { createRecentRows, KEPT_ROWS, type RecentRows } from '../src/rehearsal/recent-rows.ts';
import { refusalOf, rehearse } from '../src/rehearsal/rehearse.ts';
import { buildServingState, type ServingState, targetGauges } from '../src/snapshot/serving-state.ts';
import { createFakeModel, type FakeModel } from './support/fake-model.ts';
import { servedEndpoint } from './support/fraud-models.ts';
import { model, SHOP_FEATURES, served, shopSignature } from './support/shop.ts';

const fake = (over: Partial<Parameters<typeof createFakeModel>[0]> = {}): FakeModel =>
  createFakeModel({ features: SHOP_FEATURES, signature: shopSignature, ...over });
const failing = (): FakeModel =>
  Object.assign(fake(), { predict: () => Promise.reject(new Error('no tensor of this shape')) });

interface World {
  readonly metrics: ReturnType<typeof createGatewayMetrics>;
  readonly recent: RecentRows;
  state(models: Record<string, LoadedModel>, policy: Policy, over?: Partial<ServedEndpoint>): ServingState;
  /** As the gateway reads and keeps it. */
  send(state: ServingState, instances: unknown[], body?: object): void;
  rehearse(before: ServingState, after: ServingState, limitMs?: number): ReturnType<typeof rehearse>;
}

function createWorld(): World {
  const metrics = createGatewayMetrics();
  const recent = createRecentRows();
  let atMs = 0;
  let revision = 0;
  return {
    metrics,
    recent,
    state(models, policy, over) {
      revision += 1;
      const endpoint = { ...servedEndpoint('e', policy, revision), ...over };
      const snapshot: ServingSnapshot = {
        formatVersion: 1,
        version: revision,
        hash: String(revision % 10).repeat(64),
        createdAt: '2026-01-01T00:00:00Z',
        models: Object.fromEntries(Object.entries(models).map(([name, loaded]) => [name, served(name, loaded)])),
        endpoints: { e: endpoint },
        keepWarm: [],
      };
      return buildServingState(snapshot, {
        gateway: 'test',
        metrics,
        loads: new Map(),
        findLoaded: (name) => models[name],
      });
    },
    send(state, instances, body = {}) {
      const plan = state.endpoints.get('e') as EndpointPlan;
      atMs += 1_000;
      recent.note(plan, atMs, () => readPredictRequest({ instances, ...body }, plan.features, 100));
    },
    rehearse: (before, after, limitMs) =>
      rehearse(before, after, {
        recent,
        newId: () => '0198c000-0000-7000-8000-000000000000',
        signal: new AbortController().signal,
        ...(limitMs === undefined ? {} : { limitMs }),
      }),
  };
}

const reportOf = async (world: World, before: ServingState, after: ServingState) =>
  (await world.rehearse(before, after))?.endpoints[0];

describe('recent rows', () => {
  it('are the last ones, oldest first, one for each stretch of time once there are enough', () => {
    const recent = createRecentRows();
    const world = createWorld();
    const plan = world.state({ a: fake() }, model('a')).endpoints.get('e') as EndpointPlan;
    const note = (score: number, atMs: number) =>
      recent.note(plan, atMs, () =>
        readPredictRequest({ instances: [{ score }], unit: `u${score}` }, plan.features, 10),
      );
    for (let index = 0; index < KEPT_ROWS; index += 1) note(index, 5);
    expect(recent.of('e').map(({ unit }) => unit)).toEqual(
      Array.from({ length: KEPT_ROWS }, (_, index) => `u${index}`),
    );
    note(100, 6);
    note(101, 7);
    note(102, 300);
    note(103, 400);
    note(104, 600);
    expect(recent.of('e').map(({ instance }) => (instance as { score: number }).score)).toEqual([
      ...Array.from({ length: KEPT_ROWS - 2 }, (_, index) => index + 2),
      102,
      104,
    ]);
    recent.forgetOthers((endpoint) => endpoint !== 'e');
    expect(recent.of('e')).toEqual([]);
  });

  it('never hold on to much, whatever is sent', () => {
    const world = createWorld();
    const state = world.state({ a: fake() }, model('a'), {
      settings: { ...servedEndpoint('e', model('a')).settings, unknownFeatures: 'ignore' },
    });
    world.send(state, [{ score: 1, essay: 'x'.repeat(100_000), nested: { deep: [1] } }]);
    world.send(state, [{ score: 2, visits: null, nested: [[1]] }]);
    world.send(state, [{ score: 3, country: 'de', kept: 'as sent' }]);
    world.send(state, [[4, 2]]);
    expect(world.recent.of('e').map(({ instance }) => instance)).toEqual([
      { score: 1 },
      { score: 2 },
      { score: 3, country: 'de', kept: 'as sent' },
      [4, 2],
    ]);
  });
});

describe('a rehearsal', () => {
  it('tells how far apart the answers are', async () => {
    const world = createWorld();
    const before = world.state({ a: fake() }, model('a'));
    const shifted = fake({
      answer: (row) => ({
        label: Number(row[0]) > 0.25 ? 1 : 0,
        score: Number(row[0]) + (Number(row[0]) > 0.6 ? 0.2 : 0.1),
      }),
    });
    const after = world.state({ b: shifted }, model('b'));
    for (const score of [0, 0.1, 0.4, 0.7]) world.send(before, [{ score }]);
    const report = await reportOf(world, before, after);
    expect(report).toMatchObject({ endpoint: 'e', revision: 2, rows: 4, refused: 0, compared: 4, reasons: [] });
    expect(report?.meanAbsoluteDifference).toBeCloseTo(0.125, 12);
    expect(report?.maximumAbsoluteDifference).toBeCloseTo(0.2, 12);
    expect(report?.changedLabelShare).toBe(0.25);
  });

  it('refuses what lacks a feature that clients do not send, and what no longer knows one they do', async () => {
    const world = createWorld();
    const before = world.state({ a: fake() }, model('a'));
    world.send(before, [{ score: 0.1, country: 'ch' }]);
    world.send(before, [{ score: 0.2 }]);
    world.send(before, [{ score: 0.3, is_new: true }]);
    const wanting = fake({
      features: [
        { name: 'score', type: 'number' },
        { name: 'country', type: 'string' },
      ],
    });
    const report = await world.rehearse(before, world.state({ b: wanting }, model('b')));
    expect(report?.endpoints[0]).toMatchObject({ rows: 3, refused: 2, compared: 1 });
    expect(refusalOf(report!)).toBe(
      "endpoint 'e' revision 2 cannot answer 2 of 3 recent requests: feature 'country': missing_feature, it is required (2); " +
        "feature 'is_new': unknown_feature, no model and no rule knows it (1)",
    );
  });

  it('reads arrays as the new version would', async () => {
    const world = createWorld();
    const before = world.state({ a: fake() }, model('a'));
    world.send(before, [[0.5, 2, 'de', true]]);
    const reordered = fake({ features: [SHOP_FEATURES[2]!, SHOP_FEATURES[0]!, SHOP_FEATURES[1]!, SHOP_FEATURES[3]!] });
    const report = await reportOf(world, before, world.state({ b: reordered }, model('b')));
    expect(report).toMatchObject({ rows: 1, refused: 1 });
    expect(report?.reasons).toContain("feature 'country': wrong_type, a text is needed, not a number (1)");
  });

  it('refuses a version whose model fails, but not where what is served fails too', async () => {
    const world = createWorld();
    const before = world.state({ a: fake() }, model('a'));
    world.send(before, [{ score: 0.1 }]);
    const broken = await reportOf(world, before, world.state({ b: failing() }, model('b')));
    expect(broken).toMatchObject({ rows: 1, refused: 1, compared: 0, meanAbsoluteDifference: null });
    expect(broken?.reasons).toEqual(['internal_error: no tensor of this shape (1)']);
    const bothBroken = await reportOf(
      world,
      world.state({ a: failing() }, model('a')),
      world.state({ b: failing() }, model('b')),
    );
    expect(bothBroken).toMatchObject({ rows: 1, refused: 0, compared: 0 });
  });

  it('refuses a version that gives no answer in the time of the endpoint', async () => {
    const world = createWorld();
    const settings = { ...servedEndpoint('e', model('a')).settings, timeoutMs: 60 };
    const before = world.state({ a: fake() }, model('a'), { settings });
    world.send(before, [{ score: 0.1 }]);
    const hanging = fake({ execution: 'worker' });
    hanging.pause();
    const report = await reportOf(world, before, world.state({ b: hanging }, model('b'), { settings }));
    expect(report).toMatchObject({ rows: 1, refused: 1, reasons: ['deadline_exceeded: no answer within 60 ms (1)'] });
  });

  it('tries no further rows when its time is up', async () => {
    const world = createWorld();
    const before = world.state({ a: fake() }, model('a'));
    for (let index = 0; index < 10; index += 1) world.send(before, [{ score: index / 10 }]);
    const slow = fake({ execution: 'worker', delayMs: 40 });
    const report = await world.rehearse(before, world.state({ b: slow }, model('b')), 100);
    expect(report?.endpoints[0]?.rows).toBeGreaterThan(0);
    expect(report?.endpoints[0]?.rows).toBeLessThan(6);
    expect(refusalOf(report!)).toBeUndefined();
  });

  it('is left out where nothing changed, was forced, or nobody has asked yet', async () => {
    const world = createWorld();
    const a = fake();
    const before = world.state({ a }, model('a'));
    expect(await world.rehearse(before, world.state({ b: fake() }, model('b')))).toBeUndefined();
    world.send(before, [{ score: 0.1 }]);
    const settings = { ...servedEndpoint('e', model('a')).settings, timeoutMs: 5 };
    expect(await world.rehearse(before, world.state({ a }, model('a'), { settings }))).toBeUndefined();
    expect(
      await world.rehearse(before, world.state({ b: failing() }, model('b'), { rehearse: false })),
    ).toBeUndefined();
    expect(a.batches).toEqual([]);
  });

  it('leaves no trace in counters and breakers, and asks no shadow', async () => {
    const world = createWorld();
    const shadow = fake();
    const guarded = (name: string): Policy => ({
      kind: 'shadow',
      primary: {
        kind: 'fallback',
        targets: [
          { name: 'first', policy: model(name) },
          { name: 'second', policy: model('a') },
        ],
        breaker: { minimumRequests: 1, failureShare: 0.1 },
      } as Policy,
      shadows: [{ name: 's', policy: model('s') }],
    });
    const models = { a: fake(), b: failing(), s: shadow };
    const before = world.state(models, guarded('a'));
    for (let index = 0; index < 5; index += 1) world.send(before, [{ score: 0.1 }]);
    const after = world.state(models, guarded('b'));
    const untouched = JSON.stringify(world.metrics.render(gaugesOf(after)));
    const report = await reportOf(world, before, after);
    expect(report).toMatchObject({ rows: 5, refused: 0, compared: 5, maximumAbsoluteDifference: 0 });
    expect(JSON.stringify(world.metrics.render(gaugesOf(after)))).toBe(untouched);
    expect(shadow.batches).toEqual([]);
  });
});

const gaugesOf = (state: ServingState) => ({
  queuedRows: [],
  targets: targetGauges(state, performance.now()),
  inFlightRequests: 0,
  snapshotVersion: 1,
  isReady: true,
  isControlReachable: true,
  loadedModels: 1,
  log: { writable: true, unshippedSegments: 0, unshippedBytes: 0 },
});
