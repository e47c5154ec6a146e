import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type PredictionRecord,
  type PredictionSummary,
  predictionDetailSchema,
  predictionQuerySchema,
  predictionSummarySchema,
} from '@switchyard/contracts';
import { type AnalyticsStore, openChdbAnalytics } from '@switchyard/storage/analytics';
import { makeFeedback, makePrediction, makeShadow, writeSegment } from '@switchyard/storage/analytics/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finalLabels, makeTraffic } from '../overview/test-data.ts';
import { getPrediction, listPredictions } from './queries.ts';

const HOUR = 3_600_000;
const end = Math.floor(Date.now() / HOUR) * HOUR;
const start = end - 40 * 24 * HOUR;
const records = makeTraffic(3_000, start, end);
const predictions = records.filter((record): record is PredictionRecord => record.t === 'p');
const labels = finalLabels(records);

const directory = mkdtempSync(join(tmpdir(), 'predictions-'));
let analytics: AnalyticsStore;
beforeAll(async () => {
  analytics = await openChdbAnalytics({ directory: join(directory, 'analytics') });
  await analytics.insertSegments([writeSegment(join(directory, '0.ndjson'), records)]);
}, 60_000);
afterAll(async () => {
  await analytics.close();
  rmSync(directory, { recursive: true });
});

const iso = (millis: number) => new Date(millis).toISOString();

async function listAll(query: Record<string, unknown>, limit: number): Promise<PredictionSummary[]> {
  const items: PredictionSummary[] = [];
  let cursor: string | undefined;
  do {
    const page = await listPredictions(analytics, predictionQuerySchema.parse({ ...query, limit, cursor }));
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return items;
}

describe('listPredictions', () => {
  const isJudged = (row: PredictionRecord) =>
    row.status === 'ok' && row.answer.label !== undefined && labels.has(row.id);
  const isCorrect = (row: PredictionRecord) => isJudged(row) && String(row.answer.label) === labels.get(row.id);
  const day = 24 * HOUR;
  const cases: [Record<string, unknown>, (row: PredictionRecord) => boolean][] = [
    [{}, () => true],
    [{ endpoint: 'flowers' }, (row) => row.endpoint === 'flowers'],
    [{ model: 'forest', version: '10' }, (row) => row.model === 'forest' && row.version === '10'],
    [{ status: 'error' }, (row) => row.status === 'error'],
    [{ label: 'virginica' }, (row) => row.answer.label === 'virginica'],
    [{ unit: 'user-7' }, (row) => row.unit === 'user-7'],
    [{ path: 'middle/' }, (row) => row.path.startsWith('middle/')],
    [{ path: 'mid%' }, () => false],
    [{ outcome: 'known' }, (row) => labels.has(row.id)],
    [{ outcome: 'unknown' }, (row) => !labels.has(row.id)],
    [{ outcome: 'correct' }, isCorrect],
    [{ outcome: 'wrong', endpoint: 'fraud' }, (row) => isJudged(row) && !isCorrect(row) && row.endpoint === 'fraud'],
    // Few predictions come into question, or none: then their outcomes alone are looked at.
    [{ outcome: 'known', unit: 'user-7' }, (row) => labels.has(row.id) && row.unit === 'user-7'],
    [{ outcome: 'unknown', unit: 'user-7' }, (row) => !labels.has(row.id) && row.unit === 'user-7'],
    [{ outcome: 'unknown', status: 'error' }, (row) => !labels.has(row.id) && row.status === 'error'],
    [{ outcome: 'correct', label: 'virginica' }, (row) => isCorrect(row) && row.answer.label === 'virginica'],
    [
      { outcome: 'wrong', path: 'middle/', unit: 'user-7' },
      (row) => isJudged(row) && !isCorrect(row) && row.path.startsWith('middle/') && row.unit === 'user-7',
    ],
    [{ outcome: 'known', label: 'nothing' }, () => false],
    [{ outcome: 'unknown', label: 'nothing' }, () => false],
    [
      { from: iso(end - 9 * day - 5), to: iso(end - 3 * day) },
      (row) => row.at >= end - 9 * day - 5 && row.at < end - 3 * day,
    ],
    [{ from: iso(end + day) }, () => false],
    [{ to: iso(start - day) }, () => false],
  ];

  it.each(cases)('finds exactly what the filter %j says, page by page, newest first', async (query, matches) => {
    const items = await listAll(query, 97);
    const expected = predictions.filter(matches);
    expect(items.map((item) => item.id).toSorted()).toEqual(expected.map((row) => row.id).toSorted());
    expect(items.map((item) => item.at)).toEqual(
      items
        .map((item) => item.at)
        .toSorted()
        .reverse(),
    );
    for (const item of items.slice(0, 200)) {
      predictionSummarySchema.parse(item);
      expect(item.outcome).toBe(labels.get(item.id) ?? null);
    }
  });

  it('loses and repeats nothing between pages when many have the same time', async () => {
    const at = end + HOUR;
    const same = Array.from({ length: 25 }, (_, index) => makePrediction(100_000 + index, at, { endpoint: 'same' }));
    await analytics.insertSegments([writeSegment(join(directory, 'same.ndjson'), same)]);
    const items = await listAll({ endpoint: 'same' }, 4);
    expect(items.map((item) => item.id).toSorted()).toEqual(same.map((row) => row.id).toSorted());
  });

  const cursorOf = (id: string) => Buffer.from(JSON.stringify([end, id])).toString('base64url');
  it.each(['', 'x', 'e30', cursorOf('no id'), cursorOf('0'.repeat(36)), cursorOf('-'.repeat(36))])(
    'refuses the cursor %j',
    async (cursor) => {
      await expect(listPredictions(analytics, { limit: 10, cursor })).rejects.toMatchObject({
        code: 'invalid_request',
      });
    },
  );
});

describe('getPrediction', () => {
  it('gives the whole record back, with all feedback, newest first', async () => {
    const record = makePrediction(200_000, end - 5, {
      context: { hour: 3, source: 'web', weekend: true },
      features: { amount: 1e-7, country: 'D"E', missing: null, flag: false },
      answer: { label: true, score: 0.25, probabilities: { false: 0.75, true: 0.25 } },
      decision: [{ node: '', kind: 'split', chosen: 'a', probabilities: { a: 0.5, b: 0.5 }, bucket: 17 }],
    });
    await analytics.insertSegments([
      writeSegment(join(directory, 'detail.ndjson'), [
        makeFeedback(record.id, 1, end, { label: false, values: { revenue: 12.5 } }),
        record,
        makeFeedback(record.id, 3, end, { reward: 2 }),
        makeFeedback(record.id, 2, end, { label: true, at: end - 1_000 }),
      ]),
    ]);
    const detail = await getPrediction(analytics, record.id);
    predictionDetailSchema.parse(detail);
    const { t: _, at, ...fields } = record;
    expect(detail).toEqual({
      ...fields,
      at: iso(at),
      outcome: true,
      feedback: [
        { at: iso(end), receivedAt: iso(end), label: null, reward: 2, values: {} },
        { at: iso(end - 1_000), receivedAt: iso(end), label: true, reward: null, values: {} },
        { at: iso(end), receivedAt: iso(end), label: false, reward: null, values: { revenue: 12.5 } },
      ],
    });
    const [listed] = (await listPredictions(analytics, { limit: 1, unit: record.unit })).items;
    expect(listed?.outcome).toBe(true);
  });

  it('shows what shadows answered after what the answer was made of, also when that was nothing', async () => {
    const [ensemble, alone, unshadowed] = [0, 1, 2].map((index) =>
      makePrediction(200_100 + index, end - 5, index === 0 ? {} : { members: [] }),
    ) as [PredictionRecord, PredictionRecord, PredictionRecord];
    await analytics.insertSegments([
      writeSegment(join(directory, 'shadowed.ndjson'), [ensemble, alone, unshadowed, makeShadow(alone)]),
    ]);
    // Shadows answer later than the primary does, and are shipped when they have.
    expect((await getPrediction(analytics, ensemble.id)).members).toEqual(ensemble.members);
    await analytics.insertSegments([writeSegment(join(directory, 'shadow.ndjson'), [makeShadow(ensemble)])]);
    const shadows = makeShadow(ensemble).members;
    const detail = await getPrediction(analytics, ensemble.id);
    expect(predictionDetailSchema.parse(detail).members).toEqual([...ensemble.members, ...shadows]);
    expect((await getPrediction(analytics, alone.id)).members).toEqual(shadows);
    expect((await getPrediction(analytics, unshadowed.id)).members).toEqual([]);
  });

  it('says that it does not know an id', async () => {
    await expect(getPrediction(analytics, '0198a3b2-7c00-7abc-8def-000000000000')).rejects.toMatchObject({
      code: 'prediction_not_found',
    });
  });
});
