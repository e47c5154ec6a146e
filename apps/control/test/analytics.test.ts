import type { Overview, PeriodSummary } from '@switchyard/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSignature, type RunningControl, startControl } from './start-control.ts';

const period: PeriodSummary = {
  predictions: 0,
  failed: 0,
  rejected: 0,
  errorRate: null,
  meanLatencyMicros: null,
  p50LatencyMicros: null,
  p95LatencyMicros: null,
  p99LatencyMicros: null,
  labelled: 0,
  accuracy: null,
  precision: null,
  recall: null,
  f1: null,
};
const asked: { name: string; query: unknown; context?: unknown }[] = [];
let running: RunningControl;
beforeAll(async () => {
  running = await startControl({
    readModels: {
      listPredictions: async (query) => {
        asked.push({ name: 'listPredictions', query });
        return { items: [], nextCursor: 'next' };
      },
      listRecentFeatures: async () => [],
      getPrediction: () => Promise.reject(new Error('not faked')),
      getOverview: async (query, context): Promise<Overview> => {
        asked.push({ name: 'getOverview', query, context });
        return { from: query.from, to: query.to, current: period, previous: period };
      },
      getTimeSeries: async (query) => {
        asked.push({ name: 'getTimeSeries', query });
        return { from: query.from, to: query.to, stepSeconds: 60, series: [] };
      },
      listModelQuality: async (query, context) => {
        asked.push({ name: 'listModelQuality', query, context });
        return [{ model: 'named', version: '1', summary: period }];
      },
      getEndpointTraffic: async (query, context) => {
        asked.push({ name: 'getEndpointTraffic', query, context });
        return {
          from: query.from,
          to: query.to,
          paths: [{ path: '', summary: period }],
          membersFrom: query.from,
          members: [],
        };
      },
      listAnswered: async (endpoints, query) => {
        asked.push({ name: 'listAnswered', query: { endpoints, ...query } });
        return endpoints.flatMap((endpoint) => [
          { endpoint, revision: 1, answered: 50, cached: 0 },
          { endpoint, revision: 2, answered: 30, cached: 12 },
          { endpoint, revision: 4, answered: 10, cached: 8 },
        ]);
      },
    },
  });
});
afterAll(() => running.stop());

const from = '2026-01-01T00:00:00Z';
const to = '2026-01-02T00:00:00Z';

describe('questions to the analytics store', () => {
  it('are asked as parsed, defaults filled in', async () => {
    const list = await running.call(
      'GET',
      `/predictions?endpoint=fraud&status=error&outcome=wrong&limit=5&from=${from}`,
    );
    expect(list.body).toEqual({ items: [], nextCursor: 'next' });
    expect(asked.at(-1)?.query).toEqual({ endpoint: 'fraud', status: 'error', outcome: 'wrong', limit: 5, from });
    await running.call('GET', `/time-series?from=${from}&to=${to}&groupBy=path`);
    expect(asked.at(-1)?.query).toEqual({ from, to, groupBy: 'path', points: 200 });
  });

  it('know the positive class of each binary model: the one it names, else its last label', async () => {
    const features = [{ name: 'amount', type: 'number' as const }];
    await running.addModel('last', makeSignature(features, [0, 1]));
    await running.addModel('named', { ...makeSignature(features, ['fraud', 'fine']), positiveLabel: 'fraud' });
    await running.addModel('without', makeSignature(features));
    await running.addModel('many', makeSignature(features, ['a', 'b', 'c']), 'multiclass');
    await running.call('GET', `/overview?from=${from}&to=${to}`);
    expect(asked.at(-1)).toMatchObject({ name: 'getOverview' });
    expect(asked.at(-1)?.context).toEqual({
      positiveLabels: { last: '1', named: 'fraud' },
      positiveLabelsOfEnsembles: {},
    });
    await running.call('PUT', '/endpoints/served', { policy: { kind: 'model', model: 'named', version: '1' } });
    await running.call('GET', `/endpoints/served/traffic?from=${from}&to=${to}`);
    expect(asked.at(-1)).toEqual({
      name: 'getEndpointTraffic',
      query: { endpoint: 'served', from, to },
      context: { positiveLabels: { last: '1', named: 'fraud' }, positiveLabelsOfEnsembles: { served: 'fraud' } },
    });
    // A model without a positive class whose name every object knows.
    await running.addModel('constructor', makeSignature(features, ['a', 'b', 'c']), 'multiclass');
    await running.call('PUT', '/endpoints/odd', { policy: { kind: 'model', model: 'constructor', version: '1' } });
    await running.call('GET', `/model-quality?from=${from}&to=${to}`);
    expect(asked.at(-1)?.context).toMatchObject({ positiveLabelsOfEnsembles: { served: 'fraud' } });
    expect(asked.at(-1)).not.toHaveProperty('context.positiveLabelsOfEnsembles.odd');
    expect(asked.at(-1)?.context).toMatchObject({ positiveLabels: { last: '1', named: 'fraud' } });
  });
});

it('the use of a cache is that of the revisions which had one, and asks nothing where none had', async () => {
  const use = () => running.call('GET', `/cache-use?from=${from}&to=${to}`);
  const before = asked.length;
  expect((await use()).body).toEqual({ items: [] });
  expect(asked).toHaveLength(before);
  const policy = { kind: 'model', model: 'named', version: '1' };
  const put = async (settings: unknown) =>
    expect((await running.call('PUT', '/endpoints/kept', { policy, settings })).status).toBe(200);
  await put({});
  await put({ cache: { ttlSeconds: 60 } });
  await put({ cache: null });
  await put({ cache: { ttlSeconds: 5 } });
  expect((await use()).body).toEqual({ items: [{ endpoint: 'kept', answered: 40, cached: 20, hitRate: 0.5 }] });
  expect(asked.at(-1)).toEqual({ name: 'listAnswered', query: { endpoints: ['kept'], from, to } });
  await running.call('DELETE', '/endpoints/kept');
  expect((await use()).body).toEqual({ items: [] });
  const backwards = await running.call('GET', `/cache-use?from=${to}&to=${from}`);
  expect(backwards).toMatchObject({ status: 400, body: { code: 'invalid_request', errors: [{ field: 'from' }] } });
});

it('the traffic of an endpoint that does not exist, or of a period that ends before it begins, is refused', async () => {
  const unknown = await running.call('GET', `/endpoints/nobody/traffic?from=${from}&to=${to}`);
  expect(unknown).toMatchObject({ status: 404, body: { code: 'endpoint_not_found' } });
  const backwards = await running.call('GET', `/endpoints/served/traffic?from=${to}&to=${from}`);
  expect(backwards).toMatchObject({ status: 400, body: { code: 'invalid_request', errors: [{ field: 'from' }] } });
});
