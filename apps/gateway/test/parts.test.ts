import type { FeatureSpec, FieldProblem, ServedVersion } from '@switchyard/contracts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findRoute } from '../src/http/router.ts';
import { createIdGenerator, isSafeRequestId } from '../src/identifiers.ts';
import { createOutbox } from '../src/log/outbox.ts';
import { createGatewayMetrics } from '../src/metrics/gateway-metrics.ts';
import { Histogram } from '../src/metrics/histogram.ts';
import { renderHistograms, renderSamples } from '../src/metrics/prometheus-text.ts';
import { planFeatures, planGatherer, readRow } from '../src/predict/feature-plan.ts';
import { makeFeatureWriter } from '../src/predict/record-lines.ts';
import { createLease } from '../src/snapshot/lease.ts';
import { binarySignature } from './support/fake-model.ts';

describe('ids', () => {
  it('are UUIDv7 of the time they were made, and ascend within a millisecond and when the clock steps back', () => {
    let now = 1_700_000_000_000;
    const newId = createIdGenerator(() => now);
    const ids: string[] = [];
    for (let index = 0; index < 20_000; index += 1) {
      if (index === 10_000) now -= 5;
      if (index === 15_000) now += 100;
      ids.push(newId());
    }
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids].sort()).toEqual(ids);
    const timeOf = (id: string | undefined) => Number.parseInt((id ?? '').replaceAll('-', '').slice(0, 12), 16);
    expect(timeOf(ids[0])).toBe(1_700_000_000_000);
    // More than 4,096 in one millisecond run ahead of the clock, by whole milliseconds.
    expect(timeOf(ids.at(-1)) - now).toBeOneOf([0, 1, 2]);
  });

  it('of callers are echoed only when they are safe everywhere', () => {
    expect(['a', 'req-1', 'a/b:c+d=@_.'].every(isSafeRequestId)).toBe(true);
    expect(['', 'a b', 'a\nb', 'ä', '"', 'x'.repeat(129)].some(isSafeRequestId)).toBe(false);
  });
});

describe('rows', () => {
  const versionOf = (features: readonly FeatureSpec[]): ServedVersion => ({
    version: '1',
    format: 'onnx',
    artifact: { sha256: 'a'.repeat(64), sizeBytes: 1 },
    signature: binarySignature(features, {
      layout: 'tensor-per-feature',
      inputs: features.map(({ name, type }) => ({
        name,
        datatype: type === 'number' ? 'FP32' : type === 'integer' ? 'INT32' : type === 'boolean' ? 'BOOL' : 'BYTES',
        shape: [-1, 1],
      })),
    }),
  });
  const features: FeatureSpec[] = [
    { name: 'n', type: 'number' },
    { name: 'i', type: 'integer', default: 3 },
    { name: 's', type: 'string', categories: ['a', 'b'], default: 'a', onUnknownCategory: 'default' },
    { name: 'b', type: 'boolean', default: false },
  ];
  const version = versionOf(features);
  const plan = planFeatures({ features, shadowOnly: [], conditionOnly: ['c'], conflicts: [] }, [version], 'reject');
  const gather = planGatherer(plan, version);

  it('are either refused with a reason, or exactly what the model takes', () => {
    const value = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.constantFrom('a', 'b', 'c', '', null, undefined, true, false, Number.NaN, Infinity, 1e39, 2 ** 40),
      fc.constant({}),
    );
    const name = fc.constantFrom('n', 'i', 's', 'b', 'c', 'unknown', '__proto__', 'toString');
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(name, value), fc.array(value, { maxLength: 6 })), (sent) => {
        const problems: FieldProblem[] = [];
        // As it arrives: through JSON, where NaN is null and undefined is absent.
        const instance: unknown = JSON.parse(JSON.stringify(sent));
        const row = readRow(plan, instance, 4, problems);
        expect(row === undefined).toBe(problems.length > 0);
        for (const problem of problems) expect(problem).toMatchObject({ index: 4, code: expect.any(String) });
        if (row === undefined) return;
        const [n, i, s, b, ...rest] = gather(row);
        expect(rest).toEqual([]);
        expect(Number.isFinite(Math.fround(n as number))).toBe(true);
        expect(Number.isInteger(i) && Math.abs(i as number) < 2 ** 31 + 1).toBe(true);
        expect(['a', 'b']).toContain(s);
        expect(typeof b).toBe('boolean');
      }),
      { numRuns: 2_000 },
    );
  });

  it('take the default for an unknown category where the signature says so', () => {
    const row = readRow(plan, { n: 1, s: 'zzz', c: 'anything' }, 0, []);
    expect(row).toEqual([1, null, 'zzz', null, 'anything']);
    expect(gather(row ?? [])).toEqual([1, 3, 'a', false]);
  });

  it('are handed on untouched when they already are what the model takes', () => {
    const plain = versionOf([{ name: 'x', type: 'number' }]);
    const simple = planFeatures(
      { features: plain.signature.features, shadowOnly: [], conditionOnly: [], conflicts: [] },
      [plain],
      'reject',
    );
    const row = readRow(simple, { x: 1 }, 0, []);
    expect(planGatherer(simple, plain)(row ?? [])).toBe(row);
  });

  it('of whole numbers stay within the tensor', () => {
    const problems: FieldProblem[] = [];
    readRow(plan, { n: 1, i: 2 ** 31 }, 0, problems);
    readRow(plan, { n: 1, i: 2 ** 31 - 1 }, 1, problems);
    expect(problems.map(({ index, code }) => [index, code])).toEqual([[0, 'out_of_range']]);
  });
});

describe('the outbox', () => {
  it('writes what came in one turn with one call, and lets nobody answer before', () => {
    const events: string[] = [];
    const deferred: (() => void)[] = [];
    const counters = { logLines: 0, logWriteFailures: 0, snapshotSwaps: 0, snapshotFailures: 0 };
    const outbox = createOutbox({ write: (lines) => events.push(`write ${lines}`) }, counters, (run) =>
      deferred.push(run),
    );
    outbox.add(['1', '2'], () => events.push('first'));
    outbox.add(['3'], () => {
      events.push('second');
      outbox.add(['4'], () => events.push('third'));
    });
    expect([events, deferred.length]).toEqual([[], 1]);
    deferred[0]?.();
    expect(events).toEqual(['write 1,2,3', 'first', 'second']);
    deferred[1]?.();
    expect(events).toEqual(['write 1,2,3', 'first', 'second', 'write 4', 'third']);
    expect(counters.logLines).toBe(4);
  });
});

describe('a lease', () => {
  it('is idle once the last user has let go', async () => {
    const lease = createLease();
    await lease.whenIdle();
    lease.acquire();
    lease.acquire();
    let isIdle = false;
    const waiting = lease.whenIdle().then(() => {
      isIdle = true;
    });
    lease.release();
    await Promise.resolve();
    expect(isIdle).toBe(false);
    lease.release();
    await waiting;
  });
});

it('routes addresses', () => {
  expect(findRoute('POST', '/v1/models/a:b:predict')).toEqual({ kind: 'predict', endpoint: 'a:b' });
  expect(findRoute('POST', '/v2/models/m/infer?x=1')).toEqual({ kind: 'infer', name: 'm', version: undefined });
  expect(findRoute('POST', '/v2/models/m/versions/3/infer')).toEqual({ kind: 'infer', name: 'm', version: '3' });
  expect(findRoute('GET', '/v2/models/a%20b')).toEqual({ kind: 'metadata', name: 'a b', version: undefined });
  expect(findRoute('HEAD', '/healthz')).toEqual({ kind: 'healthz' });
  expect(findRoute('GET', '/v2/models/m/stats')).toEqual({ kind: 'statistics', name: 'm', version: undefined });
  expect(findRoute('GET', '/v2/models/stats')).toEqual({ kind: 'statistics', name: undefined, version: undefined });
  expect(findRoute('POST', '/v2/models/stats/infer')).toEqual({ kind: 'infer', name: 'stats', version: undefined });
  expect(findRoute('POST', '/v2/repository/index')).toEqual({ kind: 'repository-index' });
  expect(findRoute('POST', '/v2/repository/other/models/m/load')).toEqual({ kind: 'repository-load', name: 'm' });
  for (const path of ['/v2/models/m/statistics', '/v2/models//infer', '/v1/models/', '/v2/models/%E0%A4%A', '']) {
    expect(findRoute('GET', path), path).toEqual({ kind: 'not-found' });
  }
});

describe('metrics', () => {
  it('are text as Prometheus reads it', () => {
    const histogram = new Histogram([1, 10]);
    for (const value of [0.5, 1, 1.5, 100]) histogram.observe(value);
    expect(renderHistograms('h', 'Help.', [{ labels: { a: 'x"\\\n' }, histogram }])).toBe(
      '# HELP h Help.\n# TYPE h histogram\n' +
        'h_bucket{a="x\\"\\\\\\n",le="1"} 2\nh_bucket{a="x\\"\\\\\\n",le="10"} 3\nh_bucket{a="x\\"\\\\\\n",le="+Inf"} 4\n' +
        'h_sum{a="x\\"\\\\\\n"} 103\nh_count{a="x\\"\\\\\\n"} 4\n',
    );
    expect(renderSamples('c', 'counter', 'Help.', [{ labels: {}, value: 3 }])).toBe(
      '# HELP c Help.\n# TYPE c counter\nc 3\n',
    );
  });

  it('have a bounded number of series', () => {
    const metrics = createGatewayMetrics();
    for (let index = 0; index < 6_000; index += 1) metrics.countRejection(`endpoint-${index}`, 'overloaded');
    const text = metrics.render({
      queuedRows: [],
      targets: [],
      inFlightRequests: 0,
      snapshotVersion: 0,
      isReady: true,
      isControlReachable: true,
      loadedModels: 0,
      log: { writable: true, unshippedSegments: 0, unshippedBytes: 0 },
    });
    const lines = text.split('\n').filter((line) => line.startsWith('switchyard_rejected_requests_total'));
    expect(lines).toHaveLength(5_001);
    expect(lines.at(-1)).toBe('switchyard_rejected_requests_total{endpoint="(others)",code="(others)"} 1000');
  });
});

it('features are written as JSON would, whatever their names and values', () => {
  const names = ['a', '__proto__', 'constructor', '7', 'with "quotes"'];
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
  );
  for (const own of [names, names.filter((name) => name !== '__proto__')]) {
    const write = makeFeatureWriter(own);
    fc.assert(
      fc.property(fc.tuple(...own.map(() => value)), (row) => {
        const entries = JSON.parse(write(row), (_key, inner) => inner) as object;
        const wanted = new Map(own.map((name, index) => [name, JSON.parse(JSON.stringify(row[index]))]));
        expect(new Map(Object.entries(entries).map(([name, one]) => [name, one]))).toEqual(wanted);
      }),
    );
  }
});
