import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnalyticsStore, openChdbAnalytics } from '@switchyard/storage/analytics';
import { makePrediction, writeSegment } from '@switchyard/storage/analytics/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listRecentFeatures } from './recent-features.ts';

const directory = mkdtempSync(join(tmpdir(), 'recent-features-'));
const end = Date.now();
let analytics: AnalyticsStore;
beforeAll(async () => {
  analytics = await openChdbAnalytics({ directory: join(directory, 'analytics') });
  const row = (index: number, ago: number, over: object) =>
    makePrediction(index, end - ago, { endpoint: 'e', ...over });
  await analytics.insertSegments([
    writeSegment(join(directory, '0.ndjson'), [
      row(1, 5_000, { features: { amount: 1, country: null } }),
      row(2, 4_000, { features: { amount: 2, country: 'ch' } }),
      row(3, 3_000, { features: { amount: 1, country: null } }),
      row(4, 2_000, { features: { amount: 3, country: 'ch' }, status: 'error', error: 'model_failed' }),
      row(5, 1_000, { features: { amount: 4, country: 'ch' }, endpoint: 'another' }),
      row(6, 100_000, { features: { amount: 5, country: 'ch' } }),
    ]),
  ]);
}, 60_000);
afterAll(async () => {
  await analytics.close();
  rmSync(directory, { recursive: true });
});

it('lists what was sent and answered, each different row once, newest first, without missing values', async () => {
  expect(await listRecentFeatures(analytics, { endpoint: 'e', since: end - 60_000, limit: 10 })).toEqual([
    { amount: 1 },
    { amount: 2, country: 'ch' },
  ]);
  expect(await listRecentFeatures(analytics, { endpoint: 'e', since: end - 200_000, limit: 10 })).toHaveLength(3);
  expect(await listRecentFeatures(analytics, { endpoint: 'e', since: end - 200_000, limit: 1 })).toEqual([
    { amount: 1 },
  ]);
  expect(await listRecentFeatures(analytics, { endpoint: 'nobody', since: 0, limit: 10 })).toEqual([]);
});
