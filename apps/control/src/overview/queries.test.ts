import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type PeriodSummary,
  type PredictionRecord,
  type RejectionRecord,
  timeSeriesSchema,
} from '@switchyard/contracts';
import { type AnalyticsStore, openChdbAnalytics } from '@switchyard/storage/analytics';
import { writeSegment } from '@switchyard/storage/analytics/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listAnswered } from './cache-use.ts';
import { getEndpointTraffic } from './endpoint-traffic.ts';
import { getOverview, getTimeSeries, listModelQuality } from './queries.ts';
import { finalLabels, makeTraffic } from './test-data.ts';

const HOUR = 3_600_000;
const end = Math.floor(Date.now() / HOUR) * HOUR;
const start = end - 10 * 24 * HOUR;
const records = makeTraffic(6_000, start, end);
const predictions = records.filter((record): record is PredictionRecord => record.t === 'p');
const rejections = records.filter((record): record is RejectionRecord => record.t === 'r');
const labels = finalLabels(records);
const positiveLabels = { forest: 'fraud', network: '1' };
const context = { positiveLabels, positiveLabelsOfEnsembles: { fraud: 'fraud' } };

const directory = mkdtempSync(join(tmpdir(), 'overview-'));
let analytics: AnalyticsStore;

beforeAll(async () => {
  analytics = await openChdbAnalytics({ directory: join(directory, 'analytics') });
  // Feedback before, with and after predictions, as segments of several writers come.
  const third = Math.ceil(records.length / 3);
  for (const [index, part] of [
    records.slice(2 * third),
    records.slice(0, third),
    records.slice(third, 2 * third),
  ].entries()) {
    await analytics.insertSegments([writeSegment(join(directory, `${index}.ndjson`), part)]);
  }
}, 60_000);
afterAll(async () => {
  await analytics.close();
  rmSync(directory, { recursive: true });
});

const iso = (millis: number) => new Date(millis).toISOString();
const share = (part: number, whole: number) => (whole === 0 ? null : part / whole);

/** The same figures by plain counting. Quantiles are checked apart: they are not exact. */
function countByHand(
  rows: readonly PredictionRecord[],
  rejected: number,
): Omit<PeriodSummary, 'p50LatencyMicros' | 'p95LatencyMicros' | 'p99LatencyMicros'> {
  const failed = rows.filter((row) => row.status === 'error').length;
  let [labelled, correct, tp, fp, fn] = [0, 0, 0, 0, 0];
  for (const row of rows) {
    const label = labels.get(row.id);
    if (row.status !== 'ok' || row.answer.label === undefined || label === undefined) {
      continue;
    }
    const predicted = String(row.answer.label);
    labelled += 1;
    correct += Number(predicted === label);
    const isBinaryEnsemble = row.model === 'ensemble:soft_vote';
    const positive = isBinaryEnsemble ? 'fraud' : positiveLabels[row.model as keyof typeof positiveLabels];
    if (positive !== undefined) {
      tp += Number(predicted === positive && label === positive);
      fp += Number(predicted === positive && label !== positive);
      fn += Number(predicted !== positive && label === positive);
    }
  }
  return {
    predictions: rows.length,
    failed,
    rejected,
    errorRate: share(failed + rejected, rows.length + rejected),
    meanLatencyMicros: share(
      rows.reduce((sum, row) => sum + row.totalMicros, 0),
      rows.length,
    ),
    labelled,
    accuracy: share(correct, labelled),
    precision: share(tp, tp + fp),
    recall: share(tp, tp + fn),
    f1: share(2 * tp, 2 * tp + fp + fn),
  };
}

function expectSummary(summary: PeriodSummary, rows: readonly PredictionRecord[], rejected: number): void {
  const { p50LatencyMicros, p95LatencyMicros, p99LatencyMicros, ...exact } = summary;
  const expected = countByHand(rows, rejected);
  expect(exact).toEqual({
    ...expected,
    meanLatencyMicros: expect.toSatisfy((mean) => isNear(mean, expected.meanLatencyMicros, 1e-12)),
  });
  const sorted = rows.map((row) => row.totalMicros).sort((left, right) => left - right);
  for (const [quantile, value] of [
    [0.5, p50LatencyMicros],
    [0.95, p95LatencyMicros],
    [0.99, p99LatencyMicros],
  ] as const) {
    if (sorted.length === 0) {
      expect(value).toBeNull();
      continue;
    }
    // Within 1 % of a value of that rank, give or take one rank.
    const rank = quantile * (sorted.length - 1);
    const low = sorted[Math.max(0, Math.floor(rank) - 1)] ?? 0;
    const high = sorted[Math.min(sorted.length - 1, Math.ceil(rank) + 1)] ?? 0;
    expect(value).toBeGreaterThanOrEqual(low * 0.99);
    expect(value).toBeLessThanOrEqual(high * 1.01);
  }
}

function isNear(left: unknown, right: number | null, relative: number): boolean {
  return right === null
    ? left === null
    : typeof left === 'number' && Math.abs(left - right) <= relative * Math.abs(right);
}

const within = (fromMs: number, toMs: number) => (record: { at: number }) => record.at >= fromMs && record.at < toMs;
const countRejected = (fromMs: number, toMs: number, endpoint?: string) =>
  rejections
    .filter(within(fromMs, toMs))
    .filter((record) => endpoint === undefined || record.endpoint === endpoint)
    .reduce((sum, record) => sum + record.count, 0);

const periods: [string, number, number][] = [
  ['raw rows: 90 minutes', end - 90 * 60_000 - 17, end - 17],
  ['minutes: 5 hours, borders inside minutes', end - 8 * HOUR - 31_417, end - 3 * HOUR - 12_345],
  ['minutes: 30 whole hours', end - 31 * HOUR, end - HOUR],
  ['hours: 4 days, borders inside hours', end - 4.3 * 24 * HOUR - 1, end - 0.3 * 24 * HOUR + 1],
  ['hours: 5 whole days', end - 5 * 24 * HOUR, end],
  ['more than there is', start - 30 * 24 * HOUR, end + 24 * HOUR],
  ['nothing: before anything was', start - 4 * 24 * HOUR, start - HOUR],
];

describe('getOverview', () => {
  it.each(periods)('equals counting by hand: %s', async (_, fromMs, toMs) => {
    const overview = await getOverview(analytics, { from: iso(fromMs), to: iso(toMs) }, context);
    expectSummary(overview.current, predictions.filter(within(fromMs, toMs)), countRejected(fromMs, toMs));
    const before = fromMs - (toMs - fromMs);
    expectSummary(overview.previous, predictions.filter(within(before, fromMs)), countRejected(before, fromMs));
  });

  it.each([{ endpoint: 'fraud' }, { model: 'network' }, { endpoint: 'flowers', model: 'species' }, { model: 'none' }])(
    'equals it with the filter %j',
    async (filter: { endpoint?: string; model?: string }) => {
      const [fromMs, toMs] = [end - 4 * 24 * HOUR - 5, end - 7];
      const overview = await getOverview(analytics, { from: iso(fromMs), to: iso(toMs), ...filter }, context);
      const rows = predictions
        .filter(within(fromMs, toMs))
        .filter((row) => filter.endpoint === undefined || row.endpoint === filter.endpoint)
        .filter((row) => filter.model === undefined || row.model === filter.model);
      expectSummary(
        overview.current,
        rows,
        filter.model === undefined ? countRejected(fromMs, toMs, filter.endpoint) : 0,
      );
    },
  );

  it('has no precision where no model has a positive class', async () => {
    const { current } = await getOverview(analytics, { from: iso(start), to: iso(end) }, { positiveLabels: {} });
    expect(current).toMatchObject({ precision: null, recall: null, f1: null, accuracy: expect.any(Number) });
  });

  it.each([
    ['1970-01-02T00:00:00Z', '2037-01-01T00:00:00Z'],
    ['1960-01-01T00:00:00Z', '2107-01-01T00:00:00Z'],
    ['0001-01-01T00:00:00Z', '9999-12-31T00:00:00Z'],
  ])('counts everything from %s to %s', async (from, to) => {
    const { current, previous } = await getOverview(analytics, { from, to }, context);
    expect([current.predictions, previous.predictions]).toEqual([predictions.length, 0]);
    const { series } = await getTimeSeries(analytics, { from, to, groupBy: 'none', points: 10 });
    expect(series[0]?.points.reduce((sum, point) => sum + point.predictions, 0)).toBe(predictions.length);
  });

  it('answers an empty and a backward period with nothing, not with an error', async () => {
    for (const to of [start, start - HOUR]) {
      const { current } = await getOverview(analytics, { from: iso(start), to: iso(to) }, context);
      expect(current).toMatchObject({ predictions: 0, errorRate: null, accuracy: null, p99LatencyMicros: null });
    }
  });
});

describe('getTimeSeries', () => {
  it.each([
    [2 * HOUR - 3, 30, 'none'],
    [2 * HOUR - 3, 120, 'none'],
    [9 * HOUR + 1_234, 100, 'model'],
    [4 * 24 * HOUR, 7, 'endpoint'],
    [9 * 24 * HOUR + 777, 200, 'path'],
    [10 * 24 * HOUR, 1, 'none'],
  ] as const)('equals counting by hand: %d ms in %d points by %s', async (length, points, groupBy) => {
    const [fromMs, toMs] = [end - length - 41, end - 41];
    const answer = await getTimeSeries(analytics, { from: iso(fromMs), to: iso(toMs), groupBy, points });
    timeSeriesSchema.parse(answer);
    const stepMs = answer.stepSeconds * 1_000;
    const groups = new Map<string, PredictionRecord[]>();
    for (const row of predictions.filter(within(fromMs, toMs))) {
      const key = `${groupBy === 'none' ? '' : row[groupBy]} ${iso(Math.floor(row.at / stepMs) * stepMs)}`;
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
    const refused = new Map<string, number>();
    if (groupBy === 'none') {
      for (const row of rejections.filter(within(fromMs, toMs))) {
        const key = ` ${iso(Math.floor(row.at / stepMs) * stepMs)}`;
        refused.set(key, (refused.get(key) ?? 0) + row.count);
        // A step that had nothing but this is there, too.
        groups.set(key, groups.get(key) ?? []);
      }
    }
    const seen = answer.series.flatMap((series) => series.points.map((point) => `${series.key} ${point.at}`));
    expect(seen.toSorted()).toEqual([...groups.keys()].toSorted());
    const refusedOnly = [...groups.values()].filter((rows) => rows.length === 0);
    if (points === 120) expect(refusedOnly.length).toBeGreaterThan(0);
    for (const series of answer.series) {
      expect(series.points.length).toBeLessThanOrEqual(points + (points === 1 ? 1 : 0));
      expect(series.points.map((point) => point.at)).toEqual(series.points.map((point) => point.at).toSorted());
      for (const point of series.points) {
        const rows = groups.get(`${series.key} ${point.at}`) ?? [];
        const scores = rows.flatMap((row) => row.answer.score ?? []);
        const expected = countByHand(rows, 0);
        expect(point).toMatchObject({
          predictions: expected.predictions,
          failed: expected.failed,
          rejected: groupBy === 'none' ? (refused.get(`${series.key} ${point.at}`) ?? 0) : null,
          labelled: expected.labelled,
          accuracy: expected.accuracy,
        });
        expect(isNear(point.meanLatencyMicros, expected.meanLatencyMicros, 1e-12)).toBe(true);
        expect(
          isNear(
            point.meanScore,
            share(
              scores.reduce((sum, score) => sum + score, 0),
              scores.length,
            ),
            1e-12,
          ),
        ).toBe(true);
      }
    }
  });
});

describe('listModelQuality', () => {
  it('equals counting by hand for every version', async () => {
    const [fromMs, toMs] = [end - 9 * 24 * HOUR - 5, end - 7];
    const items = await listModelQuality(analytics, { from: iso(fromMs), to: iso(toMs) }, context);
    expect(items.map((item) => `${item.model} ${item.version}`)).toEqual(
      ['forest', 'network', 'species'].flatMap((model) => ['1', '2', '10'].map((version) => `${model} ${version}`)),
    );
    for (const item of items) {
      const rows = predictions
        .filter(within(fromMs, toMs))
        .filter((row) => row.model === item.model && row.version === item.version);
      expectSummary(item.summary, rows, 0);
    }
    expect(items.find((item) => item.model === 'species')?.summary.precision).toBeNull();
  });
});

describe('listAnswered', () => {
  it.each(periods)('equals counting by hand for every revision: %s', async (_, fromMs, toMs) => {
    const found = await listAnswered(analytics, ['fraud'], { from: iso(fromMs), to: iso(toMs) });
    const rows = predictions
      .filter(within(fromMs, toMs))
      .filter((row) => row.endpoint === 'fraud' && row.status === 'ok');
    const expected = [...Map.groupBy(rows, (row) => row.revision)].map(([revision, ofIt]) => ({
      endpoint: 'fraud',
      revision,
      answered: ofIt.length,
      cached: ofIt.filter((row) => row.cached).length,
    }));
    const inOrder = (list: { revision: number }[]) => list.toSorted((one, other) => one.revision - other.revision);
    expect(inOrder(found)).toEqual(inOrder(expected));
  });
});

describe('getEndpointTraffic', () => {
  it.each(periods)('equals counting by hand for every path: %s', async (_, fromMs, toMs) => {
    const query = { endpoint: 'fraud', from: iso(fromMs), to: iso(toMs) };
    const traffic = await getEndpointTraffic(analytics, query, context);
    const rows = predictions.filter(within(fromMs, toMs)).filter((row) => row.endpoint === 'fraud');
    expect(traffic.paths.map(({ path }) => path)).toEqual([...new Set(rows.map((row) => row.path))].sort());
    for (const { path, summary } of traffic.paths) {
      expectSummary(
        summary,
        rows.filter((row) => row.path === path),
        0,
      );
    }
  });

  it('counts what members did in the last hour of the period', async () => {
    // An hour with members in it, and rows before it that must not count.
    const query = { endpoint: 'fraud', from: iso(end - 9 * HOUR), to: iso(end) };
    const traffic = await getEndpointTraffic(analytics, query, context);
    expect(traffic.membersFrom).toBe(iso(end - HOUR));
    const expected = new Map<string, { asked: number; failed: number; micros: number[] }>();
    for (const row of predictions.filter(within(end - HOUR, end)).filter((one) => one.endpoint === 'fraud')) {
      for (const member of row.members) {
        const key = [row.path, member.role, member.name, member.model, member.version].join(' ');
        const counted = expected.get(key) ?? { asked: 0, failed: 0, micros: [] };
        expected.set(key, counted);
        counted.asked += 1;
        counted.failed += member.error === undefined ? 0 : 1;
        counted.micros.push(member.modelMicros);
      }
    }
    const shadowed = records.filter((record) => record.t === 's').filter(within(end - HOUR, end));
    const asked = shadowed.filter((one) => one.endpoint === 'fraud').length;
    expect(asked).toBeGreaterThan(0);
    expected.set(' shadow next network 2', { asked, failed: 0, micros: [80] });
    expect(expected.size).toBe(4);
    expect(
      traffic.members.map(({ path, role, name, model, version }) => [path, role, name, model, version].join(' ')),
    ).toEqual([...expected.keys()].sort());
    for (const member of traffic.members) {
      const key = [member.path, member.role, member.name, member.model, member.version].join(' ');
      const counted = expected.get(key);
      expect(member).toMatchObject({ asked: counted?.asked, failed: counted?.failed });
      const micros = counted?.micros ?? [];
      expect(member.p50Micros).toBeGreaterThanOrEqual(Math.min(...micros));
      expect(member.p50Micros).toBeLessThanOrEqual(member.p95Micros ?? 0);
      expect(member.p95Micros).toBeLessThanOrEqual(Math.max(...micros));
    }
  });
});
