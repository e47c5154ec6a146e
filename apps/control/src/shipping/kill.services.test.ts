import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogRecord } from '@switchyard/contracts';
import { listSealedSegments } from '@switchyard/prediction-log';
import { openChdbAnalytics } from '@switchyard/storage/analytics';
import {
  makeFeedback,
  makeId,
  makePrediction,
  makeRejection,
  makeShadow,
  writeSegment,
} from '@switchyard/storage/analytics/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createShipper } from './shipper.ts';

const KILLS = 10;
const PREDICTIONS_A_SEGMENT = 40;
const DAY = 86_400_000;
const start = Date.now() - 2 * DAY;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'shipper-kill-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** When a prediction was made; spread over two days, so that one insert makes several parts. */
const timeOf = (counter: number) => start + (counter % 2) * DAY + counter;
const idOf = (counter: number) => makeId(timeOf(counter), counter);
/** What its last feedback says. */
const finalLabel = (counter: number) => (counter % 5 === 0 ? 'legit' : 'fraud');

/** Predictions, and feedback for some of these (twice), some earlier ones, and some that come two segments later. */
function recordsOf(segment: number): LogRecord[] {
  const records: LogRecord[] = [makeRejection(start + segment, { count: 2 })];
  for (let index = 0; index < PREDICTIONS_A_SEGMENT; index += 1) {
    const counter = segment * PREDICTIONS_A_SEGMENT + index;
    records.push(makePrediction(counter, timeOf(counter)), makeShadow(makePrediction(counter, timeOf(counter))));
    const about =
      counter + (index % 3 === 0 ? 2 * PREDICTIONS_A_SEGMENT : index % 3 === 1 ? -PREDICTIONS_A_SEGMENT : 0);
    if (about >= 0) {
      records.push(makeFeedback(idOf(about), 1, timeOf(about), { label: 'unsure' }));
      records.push(makeFeedback(idOf(about), 2, timeOf(about), { label: finalLabel(about) }));
    }
  }
  return records;
}

it('a shipper killed with SIGKILL at any moment has everything in the store exactly once', async () => {
  const logDirectory = join(directory, 'prediction-log');
  const analyticsDirectory = join(directory, 'analytics');
  mkdirSync(join(logDirectory, 'gateway-0'), { recursive: true });
  let segments = 0;
  const writeOne = () => {
    const name = join(logDirectory, 'gateway-0', `${String(segments).padStart(12, '0')}-0123456789ab`);
    writeSegment(`${name}.part`, recordsOf(segments));
    renameSync(`${name}.part`, `${name}.ndjson`);
    segments += 1;
  };

  for (let kill = 0; kill < KILLS; kill += 1) {
    const child: ChildProcess = fork(new URL('./testing/shipper-process.ts', import.meta.url), [
      logDirectory,
      analyticsDirectory,
    ]);
    const exited = new Promise((resolve) => child.once('exit', resolve));
    await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', () => reject(new Error('the shipper did not start')));
    });
    const end = performance.now() + 100 + Math.random() * 400;
    while (performance.now() < end) {
      writeOne();
      await sleep(4);
    }
    child.kill('SIGKILL');
    await exited;
  }

  const analytics = await openChdbAnalytics({ directory: analyticsDirectory });
  const shipper = createShipper({ directory: logDirectory, analytics, log: { warn: () => {}, error: console.error } });
  await shipper.shipNow();
  expect(await listSealedSegments(logDirectory)).toEqual([]);

  const predictions = segments * PREDICTIONS_A_SEGMENT;
  const all = Array.from({ length: segments }, (_, segment) => recordsOf(segment)).flat();
  const feedback = all.filter((record) => record.t === 'f');
  const joined = new Set(feedback.map((record) => record.id)).size;
  const known = new Set(Array.from({ length: predictions }, (_, counter) => idOf(counter)));
  const expectedOutcomes = [...new Set(feedback.map((record) => record.id))].filter((id) => known.has(id)).length;
  expect(joined).toBeGreaterThan(expectedOutcomes); // some feedback still waits for its prediction

  const [counts] = await analytics.query(`
    SELECT
      (SELECT toFloat64(count()) FROM predictions) AS predictions,
      (SELECT toFloat64(uniqExact(id)) FROM predictions) AS prediction_ids,
      (SELECT toFloat64(sum(n)) FROM (SELECT count() AS n FROM predictions WHERE toStartOfMinute(at) > toDateTime(0) GROUP BY toStartOfMinute(at))) AS rolled_up,
      (SELECT toFloat64(count()) FROM feedback) AS feedback,
      (SELECT toFloat64(uniqExact(id, sequence)) FROM feedback) AS feedback_ids,
      (SELECT toFloat64(sum(count)) FROM rejections) AS rejected,
      (SELECT toFloat64(count()) FROM shadow_answers) AS shadows,
      (SELECT toFloat64(uniqExact(id)) FROM shadow_answers) AS shadow_ids,
      (SELECT toFloat64(sum(sign)) FROM outcomes) AS outcomes,
      (SELECT toFloat64(countIf(net != 1)) FROM (SELECT sum(sign) AS net FROM outcomes GROUP BY id)) AS unbalanced`);
  expect(counts).toEqual({
    predictions,
    prediction_ids: predictions,
    rolled_up: predictions,
    feedback: feedback.length,
    feedback_ids: feedback.length,
    rejected: segments * 2,
    shadows: predictions,
    shadow_ids: predictions,
    outcomes: expectedOutcomes,
    unbalanced: 0,
  });
  const byId = await analytics.query<{ id: string; outcome: string }>(
    'SELECT id, outcome FROM outcomes GROUP BY id, outcome HAVING sum(sign) = 1',
  );
  const finalById = new Map(Array.from({ length: predictions }, (_, counter) => [idOf(counter), finalLabel(counter)]));
  expect(byId.length).toBe(expectedOutcomes);
  expect(byId.filter((row) => finalById.get(row.id) !== row.outcome)).toEqual([]);
  await analytics.close();
});
