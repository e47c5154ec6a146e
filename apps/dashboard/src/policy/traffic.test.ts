import type { EndpointTraffic, PeriodSummary, PlatformStatus } from '@switchyard/contracts';
import { expect, test } from 'vitest';
import { leafHealth } from './leaf-health.ts';
import { formatRate, memberTrafficOf, trafficOf } from './traffic.ts';

const summary = (predictions: number, failed: number, latency: number): PeriodSummary => ({
  predictions,
  failed,
  rejected: 0,
  errorRate: null,
  meanLatencyMicros: latency,
  p50LatencyMicros: latency,
  p95LatencyMicros: latency * 2,
  p99LatencyMicros: latency * 3,
  labelled: predictions / 2,
  accuracy: 0.9,
  precision: null,
  recall: null,
  f1: null,
});
const member = (name: string, version: string, asked: number, failed: number) => ({
  path: 'big',
  name,
  role: 'member' as const,
  model: 'forest',
  version,
  asked,
  failed,
  p50Micros: 10,
  p95Micros: 20,
});
const traffic: EndpointTraffic = {
  from: '2026-01-01T00:00:00Z',
  to: '2026-01-01T00:01:40Z',
  paths: [
    { path: 'big', summary: summary(100, 10, 300) },
    { path: 'small/a', summary: summary(200, 2, 100) },
    { path: 'small/b', summary: summary(100, 1, 200) },
    { path: 'smaller', summary: summary(100, 0, 50) },
  ],
  membersFrom: '2026-01-01T00:00:00Z',
  members: [member('one', '1', 90, 9), member('big/two', '2', 100, 0)],
};

test('a branch has what took its path or went below it, and nothing of a path that only begins alike', () => {
  expect(trafficOf(traffic, 'small')).toMatchObject({ predictions: 300, share: 0.6, perSecond: 3, errorShare: 0.01 });
  expect(trafficOf(traffic, 'small').meanMicros).toBeCloseTo(400 / 3);
  expect(trafficOf(traffic, '')).toMatchObject({ predictions: 500, share: 1 });
});

test('a quantile is told of one path, never added up of several, and nothing of nothing', () => {
  expect(trafficOf(traffic, 'small/a').p95Micros).toBe(200);
  expect(trafficOf(traffic, 'small').p95Micros).toBe(null);
  expect(trafficOf(traffic, 'absent')).toMatchObject({ predictions: 0, errorShare: null, meanMicros: null, share: 0 });
  expect(trafficOf({ ...traffic, paths: [] }, '').share).toBe(null);
});

test('members are found by their name or their path, and by the version they stand for', () => {
  expect(memberTrafficOf(traffic, { path: 'big/one', model: 'forest', version: '1' })).toEqual({
    asked: 90,
    failedShare: 0.1,
    p95Micros: 20,
  });
  expect(memberTrafficOf(traffic, { path: 'big/two', model: 'forest', version: '2' })?.asked).toBe(100);
  expect(memberTrafficOf(traffic, { path: 'big/one', model: 'forest', version: '2' })).toBe(null);
  expect(memberTrafficOf(traffic, { path: 'big/three', model: 'forest', version: '1' })).toBe(null);
});

test('rates', () => {
  expect([0, 0.001, 0.42, 12.3, 1_240].map(formatRate)).toEqual(['0/s', '< 0.01/s', '0.42/s', '12/s', '1,240/s']);
});

type Held = PlatformStatus['gateways'][number]['models'][number];
const gateway = (models: Partial<Held>[], reachable = true) =>
  ({
    reachable,
    models: models.map((held) => ({ model: 'forest', version: '1', state: 'ready', error: null, ...held })),
  }) as unknown as PlatformStatus['gateways'][number];
const health = (...gateways: PlatformStatus['gateways']) =>
  leafHealth({ gateways } as unknown as PlatformStatus, 'forest', '1');

test('the health of a version is the worst that a gateway within reach says', () => {
  expect(health()).toBe(null);
  expect(health(gateway([]), gateway([{}], false))).toMatchObject({ tone: 'warning', label: 'not loaded' });
  expect(health(gateway([{}]))).toEqual({ tone: 'good', label: 'ready', detail: null });
  expect(health(gateway([{}]), gateway([]))).toMatchObject({ tone: 'warning', label: 'ready on 1 of 2' });
  expect(health(gateway([{}]), gateway([{ state: 'failed', error: 'no file' }]))).toEqual({
    tone: 'bad',
    label: 'failed on 1 of 2',
    detail: 'no file',
  });
});

test('a model server that is away is told with what it said last', () => {
  const upstream = {
    kind: 'mlflow',
    url: 'http://127.0.0.1:5001',
    state: 'down' as const,
    since: '2026-01-01T00:00:00Z',
    checkedAt: null,
    lastError: 'connection refused',
    latencyMicros: null,
  };
  expect(health(gateway([{ upstream }]))).toEqual({
    tone: 'bad',
    label: 'server down',
    detail: 'mlflow at http://127.0.0.1:5001: connection refused',
  });
  expect(health(gateway([{ upstream: { ...upstream, state: 'up' } }]))).toMatchObject({ tone: 'good', label: 'ready' });
});
