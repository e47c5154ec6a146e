import type { Overview, PeriodSummary, PlatformStatus } from '@switchyard/contracts';
import { expect, test } from 'vitest';
import { type HealthInput, judgeHealth } from './judge-health.ts';

const now = Date.parse('2026-01-01T12:00:00Z');
const period = (patch: Partial<PeriodSummary> = {}): PeriodSummary => ({
  predictions: 10_000,
  failed: 0,
  rejected: 0,
  errorRate: 0,
  meanLatencyMicros: 800,
  p50LatencyMicros: 700,
  p95LatencyMicros: 2_000,
  p99LatencyMicros: 4_000,
  labelled: 5_000,
  accuracy: 0.97,
  precision: 0.8,
  recall: 0.7,
  f1: 0.75,
  ...patch,
});
const overview = (current: Partial<PeriodSummary>, previous: Partial<PeriodSummary> = {}): Overview => ({
  from: '2026-01-01T11:00:00Z',
  to: '2026-01-01T12:00:00Z',
  current: period(current),
  previous: period(previous),
});
const gateway: PlatformStatus['gateways'][number] = {
  id: 'gateway-0',
  pid: 1,
  startedAt: '2026-01-01T10:00:00Z',
  state: 'ready',
  snapshot: { hash: 'a', version: 7 },
  snapshotError: null,
  models: [],
  memoryBytes: 1,
  log: { writable: true, unshippedSegments: 0, unshippedBytes: 0 },
  lastSeenAt: '2026-01-01T12:00:00Z',
  reachable: true,
};
const status = (patch: Partial<PlatformStatus> = {}): PlatformStatus => ({
  version: '0.1.0',
  startedAt: '2026-01-01T10:00:00Z',
  snapshot: { version: 7, hash: 'a', createdAt: '2026-01-01T10:00:00Z' },
  stores: [{ port: 'analytics', engine: 'chdb', healthy: true, detail: '' }],
  shipping: {
    pendingSegments: 0,
    pendingBytes: 0,
    lastShippedAt: '2026-01-01T11:59:59Z',
    quarantinedSegments: 0,
    problem: null,
  },
  gateways: [gateway],
  gatewayUrl: 'http://127.0.0.1:7071',
  ...patch,
});
const judge = (patch: Partial<HealthInput>) =>
  judgeHealth({
    status: status(),
    statusError: undefined,
    alerts: [],
    overview: overview({}),
    endpointCount: 1,
    modelCount: 1,
    now,
    ...patch,
  });

test('a platform that answers well is healthy, with the numbers that say so', () => {
  const verdict = judge({});
  expect(verdict.level).toBe('healthy');
  expect(verdict.reason).toContain('10,000 predictions');
  expect(verdict.reason).toContain('snapshot 7');
});

test('a fresh install is ready and idle, and says what to do first', () => {
  const empty = overview({ predictions: 0, errorRate: null });
  expect(judge({ overview: empty, endpointCount: 0, modelCount: 0 })).toMatchObject({
    level: 'idle',
    action: { to: '/models' },
  });
  expect(judge({ overview: empty })).toMatchObject({ level: 'idle', action: { to: '/endpoints' } });
});

test('the worst finding is the verdict and the others are kept', () => {
  const verdict = judge({
    overview: overview({ errorRate: 0.2, failed: 2_000 }),
    alerts: [{ severity: 'warning', title: 'Late labels', detail: '' }],
  });
  expect(verdict).toMatchObject({ level: 'critical', action: { search: { status: 'error' } } });
  expect(verdict.others.map((finding) => finding.sentence)).toEqual(['Late labels']);
});

test.each<[string, Partial<HealthInput>, string, string]>([
  ['control does not answer', { status: undefined, statusError: 'No answer.' }, 'critical', 'cannot be read'],
  ['control stopped answering', { statusError: 'No answer.' }, 'unknown', 'stopped answering'],
  ['no gateway', { status: status({ gateways: [] }) }, 'critical', 'No gateway'],
  [
    'one of two gateways gone',
    { status: status({ gateways: [gateway, { ...gateway, id: 'gateway-1', reachable: false }] }) },
    'degraded',
    '1 gateway stopped',
  ],
  [
    'log not writable',
    { status: status({ gateways: [{ ...gateway, log: { ...gateway.log, writable: false } }] }) },
    'critical',
    'cannot write',
  ],
  [
    'old snapshot',
    { status: status({ gateways: [{ ...gateway, snapshotError: 'bad file' }] }) },
    'degraded',
    'keeps serving',
  ],
  [
    'store down',
    { status: status({ stores: [{ port: 'analytics', engine: 'chdb', healthy: false, detail: '' }] }) },
    'critical',
    'analytics store',
  ],
  [
    'shipping stuck',
    {
      status: status({
        shipping: {
          pendingSegments: 3,
          pendingBytes: 1,
          lastShippedAt: '2026-01-01T11:50:00Z',
          quarantinedSegments: 0,
          problem: 'the disk of the prediction log is full',
        },
      }),
    },
    'degraded',
    'not reaching',
  ],
  [
    'quarantine',
    {
      status: status({
        shipping: { pendingSegments: 0, pendingBytes: 0, lastShippedAt: null, quarantinedSegments: 1, problem: null },
      }),
    },
    'degraded',
    'could not be read',
  ],
  ['errors rose', { overview: overview({ errorRate: 0.02 }, { errorRate: 0.001 }) }, 'degraded', 'Errors rose'],
  [
    'errors from the beginning',
    { overview: overview({ errorRate: 0.02 }, { errorRate: null }) },
    'degraded',
    'Errors are at 2 %',
  ],
  ['slow', { overview: overview({ p99LatencyMicros: 30_000 }) }, 'degraded', 'slow'],
  ['less accurate', { overview: overview({ accuracy: 0.9 }) }, 'degraded', 'Accuracy fell'],
])('%s', (_, patch, level, sentence) => {
  const verdict = judge(patch);
  expect(verdict.level).toBe(level);
  expect(verdict.sentence).toContain(sentence);
});

test('shipping that is stuck says why, where that is known', () => {
  const stuck = { pendingSegments: 3, pendingBytes: 1, lastShippedAt: '2026-01-01T11:50:00Z', quarantinedSegments: 0 };
  const reason = (problem: string | null) => judge({ status: status({ shipping: { ...stuck, problem } }) }).reason;
  expect(reason('the disk is full')).toMatch(/numbers here are late: the disk is full\.$/);
  expect(reason(null)).toMatch(/numbers here are late\.$/);
});

test('failed predictions can be looked at, refused requests left none', () => {
  expect(judge({ overview: overview({ errorRate: 0.1, failed: 3 }) }).action?.to).toBe('/predictions');
  expect(judge({ overview: overview({ errorRate: 0.1, failed: 0, rejected: 90 }) }).action).toBe(undefined);
});

test('few requests and few labels do not raise an alarm', () => {
  expect(
    judge({
      overview: overview({
        predictions: 4,
        failed: 2,
        errorRate: 0.5,
        labelled: 4,
        accuracy: 0.5,
        p99LatencyMicros: 90_000,
      }),
    }).level,
  ).toBe('healthy');
});
