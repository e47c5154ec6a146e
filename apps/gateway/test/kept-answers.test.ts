import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, ServedVersion } from '@switchyard/contracts';
import { openMemoryCache } from '@switchyard/storage/cache';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createKeptAnswers,
  type FoundAnswers,
  type KeptAnswers,
  type VersionCache,
} from '../src/cache/kept-answers.ts';
import { keyPrefix, rowKey } from '../src/cache/row-key.ts';
import { CircuitBreaker } from '../src/execution/circuit-breaker.ts';
import { createModelCalls } from '../src/execution/model-calls.ts';
import { createGatewayMetrics } from '../src/metrics/gateway-metrics.ts';
import { binarySignature, createFakeModel } from './support/fake-model.ts';
import { servedEndpoint } from './support/fraud-models.ts';
import { SHOP_FEATURES, served, shopSignature } from './support/shop.ts';
import { startTestGateway } from './support/test-gateway.ts';

type Cache = Parameters<typeof createKeptAnswers>[0];

/** A cache elsewhere that misbehaves in one way. */
const elsewhere = (getMany: Cache['getMany'], setMany: Cache['setMany'] = async () => {}): Cache => ({
  engine: 'redis',
  getMany,
  setMany,
  close: async () => {},
});
const hanging = () => elsewhere(() => new Promise(() => {}));
const down = () => elsewhere(async () => Promise.reject(new Error('The client is closed')));

const counts = () => ({ hit: 0, miss: 0, error: 0 });
const find = (kept: KeptAnswers, keys: readonly string[], limitMs = 50, lookups = counts()) =>
  new Promise<FoundAnswers>((resolve) => kept.find(keys, limitMs, lookups, resolve));

describe('answers that are kept in this process', () => {
  it('are found at once, as they were', () => {
    const kept = createKeptAnswers(openMemoryCache());
    const answers: Answer[] = [
      { label: 'größer', score: 0.1 + 0.2, probabilities: { größer: 5e-324, '1': 1 - 2 ** -53 } },
      { value: -1.7976931348623157e308 },
      { label: false },
    ];
    kept.keep(['a', 'b', 'c'], answers, 1_000);
    const lookups = counts();
    let found: FoundAnswers = [];
    kept.find(['c', 'x', 'a', 'b'], 0, lookups, (some) => {
      found = some;
    });
    expect(found).toEqual([answers[2], undefined, answers[0], answers[1]]);
    expect(lookups).toEqual({ hit: 3, miss: 1, error: 0 });
  });
});

describe('a cache elsewhere', () => {
  it('that is away is a miss, counted as an error', async () => {
    const lookups = counts();
    expect(await find(createKeptAnswers(down()), ['a', 'b'], 50, lookups)).toEqual([undefined, undefined]);
    expect(lookups).toEqual({ hit: 0, miss: 0, error: 2 });
  });

  it.each([
    ['no JSON', '{"score":'],
    ['null', 'null'],
    ['an empty answer', '{}'],
    ['a text where a number belongs', '{"score":"high"}'],
    ['a number beyond all numbers', '{"value":1e999}'],
    ['a list', '[1]'],
    ['nothing', ''],
  ])('that holds %s is a miss, counted as an error', async (_what, text) => {
    const lookups = counts();
    const kept = createKeptAnswers(elsewhere(async () => [text, '{"score":0.5}']));
    expect(await find(kept, ['a', 'b'], 50, lookups)).toEqual([undefined, { score: 0.5 }]);
    expect(lookups).toEqual({ hit: 1, miss: 0, error: 1 });
  });

  it('that answers fewer keys than asked gives nothing', async () => {
    const lookups = counts();
    expect(await find(createKeptAnswers(elsewhere(async () => ['{"score":1}'])), ['a', 'b'], 50, lookups)).toEqual([
      undefined,
      undefined,
    ]);
    expect(lookups.error).toBe(2);
  });

  it('that is late is not waited for, and what it says then is dropped', async () => {
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    const lookups = counts();
    const calls: FoundAnswers[] = [];
    createKeptAnswers(elsewhere(() => promise)).find(['a'], 10, lookups, (found) => calls.push(found));
    while (calls.length === 0) await sleep(5);
    resolve(['{"score":1}']);
    await sleep(10);
    expect(calls).toEqual([[undefined]]);
    expect(lookups).toEqual({ hit: 0, miss: 0, error: 1 });
  });

  it('whose reply came while this process was busy is not late', async () => {
    const kept = createKeptAnswers(
      elsewhere(async (keys) => {
        // A reply that is read in the phase of the event loop that follows the timers.
        await new Promise<void>((resolve) => setImmediate(resolve));
        return keys.map(() => '{"score":1}');
      }),
    );
    const found = find(kept, ['a'], 5);
    const until = performance.now() + 30;
    while (performance.now() < until);
    expect(await found).toEqual([{ score: 1 }]);
  });

  it('that hangs is left alone after a few requests, and asked again with one after a second', async () => {
    let asked = 0;
    let isHanging = true;
    const kept = createKeptAnswers(
      elsewhere((keys) => {
        asked += 1;
        return isHanging ? new Promise(() => {}) : Promise.resolve(keys.map(() => '{"score":1}'));
      }),
    );
    for (let count = 0; count < 30; count += 1) expect(await find(kept, ['a'], 2)).toEqual([undefined]);
    expect(asked).toBe(5);
    isHanging = false;
    expect(await find(kept, ['a'])).toEqual([undefined]);
    await sleep(1_050);
    expect(await find(kept, ['a'])).toEqual([{ score: 1 }]);
    expect(await find(kept, ['a'])).toEqual([{ score: 1 }]);
    expect(asked).toBe(7);
  });

  it('is not asked when there is no time', async () => {
    const kept = createKeptAnswers(elsewhere(() => Promise.reject(new Error('it was asked'))));
    expect(await find(kept, ['a'], 0)).toEqual([undefined]);
    expect(await find(kept, ['a'], -5)).toEqual([undefined]);
  });

  it('that takes nothing is told of once a minute', async () => {
    const reports: string[] = [];
    const full = elsewhere(
      async (keys) => keys.map(() => undefined),
      async () => Promise.reject(new Error('OOM command not allowed')),
    );
    const kept = createKeptAnswers(full, (reason) => reports.push(reason));
    for (let count = 0; count < 3; count += 1) kept.keep(['a'], [{ score: 1 }], 1_000);
    await sleep(5);
    expect(reports).toEqual(['OOM command not allowed']);
  });

  it.each([
    ['away', down],
    ['hanging', hanging],
  ])('costs a caller no answer when it is %s', async (_what, make) => {
    const a = createFakeModel({ features: SHOP_FEATURES, signature: shopSignature, execution: 'worker' });
    const gateway = await startTestGateway(undefined, {}, createKeptAnswers(make()));
    try {
      const settings = { cache: { ttlSeconds: 60 }, timeoutMs: 10_000 };
      gateway.serve(
        {
          models: { a: served('a', a) },
          endpoints: { e: servedEndpoint('e', { kind: 'model', model: 'a', version: '1' }, 1, settings) },
          keepWarm: [],
        },
        new Map([['a/1', a]]),
      );
      for (let count = 0; count < 8; count += 1) {
        const { status, body } = await gateway.predict('e', { instances: [{ score: 0.25 }, { score: 0.75 }] });
        expect(status).toBe(200);
        expect(body.predictions).toMatchObject([{ score: 0.25 }, { score: 0.75 }]);
      }
      expect(a.batches).toHaveLength(8);
      expect(gateway.log.records().every((record) => record.t === 'p' && !record.cached)).toBe(true);
      expect(gateway.metricsText()).toContain('switchyard_cache_lookups_total{endpoint="e",outcome="error"} 16');
    } finally {
      await gateway.close();
    }
  });
});

describe('the time a look-up may take', () => {
  const limits: number[] = [];
  const cache: VersionCache = {
    kept: { find: (_keys, limitMs) => limits.push(limitMs), keep: () => {} },
    prefix: '',
    ttlMs: 1_000,
    lookups: counts(),
  };
  const limitOf = (endsInMs: number, deadlineInMs: number): number => {
    const now = performance.now();
    const a = createFakeModel({ features: SHOP_FEATURES });
    const calls = createModelCalls(() => {}, now + endsInMs);
    const target = { answered: () => {}, failed: () => {} };
    calls.call(a, createGatewayMetrics().model('a', '1'), [1], now + deadlineInMs, target, cache);
    calls.flush();
    return limits.pop() as number;
  };

  it('is 20 ms, and half of what is left of the request and of the call', () => {
    const never = Number.POSITIVE_INFINITY;
    expect(limitOf(never, never)).toBe(20);
    expect(limitOf(100_000, 100_000)).toBe(20);
    for (const limit of [limitOf(10, never), limitOf(never, 10), limitOf(100_000, 10)])
      expect(limit).toBeLessThanOrEqual(5);
    expect(limitOf(-1, never)).toBeLessThan(0);
  });
});

describe('the key of a row', () => {
  const value = fc.oneof(
    fc.double({ noNaN: false }),
    fc.constantFrom(0, -0, 1, '1', '0', '-0', 'true', true, false, '', 'NaN', Number.NaN, '["-0"]', '[1]', ','),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\ud83d', '\ude00', 'x'.repeat(300), 'x'.repeat(301)),
  );

  it('is equal for equal rows and for no others', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 4 }), fc.array(value, { maxLength: 4 }), (left, right) => {
        const isSame = left.length === right.length && left.every((each, index) => Object.is(each, right[index]));
        return (rowKey('p', left) === rowKey('p', right)) === isSame && rowKey('p', left) === rowKey('p', [...left]);
      }),
      { numRuns: 5_000 },
    );
  });

  it('does not grow with the row', () => {
    const long = Array.from({ length: 1_000 }, (_, index) => index / 7);
    expect(rowKey('', long)).toMatch(/^#[\w-]{43}$/);
    expect(rowKey('', long)).not.toBe(rowKey('', [...long.slice(0, -1), 0]));
  });

  it('begins with what answers depend on', () => {
    const version: ServedVersion = {
      version: '1',
      format: 'onnx',
      artifact: { sha256: 'a'.repeat(64), sizeBytes: 1 },
      signature: binarySignature(SHOP_FEATURES),
    };
    const others: [string, ServedVersion][] = [
      ['m', { ...version, version: '2' }],
      ['n', version],
      ['m', { ...version, artifact: { sha256: 'b'.repeat(64), sizeBytes: 1 } }],
      ['m', { ...version, signature: binarySignature(SHOP_FEATURES, { positiveLabel: 0 }) }],
    ];
    const prefixes = [keyPrefix('m', version), ...others.map(([model, other]) => keyPrefix(model, other))];
    expect(new Set(prefixes).size).toBe(5);
    expect(keyPrefix('m', structuredClone(version))).toBe(prefixes[0]);
  });
});

it('a breaker whose trial was withdrawn allows another', () => {
  const breaker = new CircuitBreaker({ failureShare: 0.5, minimumRequests: 1, windowSeconds: 10, openSeconds: 1 });
  breaker.record(false, 0, breaker.allows(0));
  const pass = breaker.allows(1_000);
  expect(pass).toBeDefined();
  expect(breaker.allows(1_000)).toBeUndefined();
  breaker.withdraw(pass);
  expect(breaker.state(1_000)).toBe('half-open');
  expect(breaker.allows(1_000)).toBeDefined();
});
