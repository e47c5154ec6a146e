import {
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PredictionSummary } from '@switchyard/contracts';
import { listSealedSegments, rowDigits, writeBatchLines, writeRowLines } from '@switchyard/prediction-log';
import { type AnalyticsStore, openChdbAnalytics } from '@switchyard/storage/analytics';
import { makeFeedback, makePrediction } from '@switchyard/storage/analytics/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { insertSegments } from './insert-segments.ts';
import { createShipper, type ShipperOptions } from './shipper.ts';
import { linesOf, makeGroup, GROUP_ROWS as ROWS } from './testing/row-groups.ts';

const now = Date.now() - 60_000;
/** Batches that are more than one insert takes. */
const LARGE = 120;

let data: string;
let analytics: AnalyticsStore;
let directory: string;
let errors: object[];
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'ship-batches-'));
  analytics = await openChdbAnalytics({ directory: join(data, 'analytics') });
});
afterAll(async () => {
  await analytics.close();
  rmSync(data, { recursive: true });
});
beforeEach(async () => {
  for (const table of ['predictions', 'feedback', 'outcomes']) await analytics.command(`TRUNCATE TABLE ${table}`);
  directory = mkdtempSync(join(tmpdir(), 'ship-batches-log-'));
  errors = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

const shipperOf = (options: Partial<ShipperOptions> = {}) =>
  createShipper({
    directory,
    analytics,
    log: { warn: () => {}, error: (fields: object) => errors.push(fields) },
    ...options,
  });

function seal(sequence: number, content: Uint8Array): string {
  const path = join(directory, 'gateway-0', `${String(sequence).padStart(12, '0')}-000000000001.ndjson`);
  mkdirSync(join(directory, 'gateway-0'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const rowsOf = (table: string) => analytics.query(`SELECT * FROM ${table} ORDER BY id`);

it('what is shipped of a batch is what its rows would have been, outcomes included, and told as they are', async () => {
  const group = makeGroup(1, now);
  const plain = Buffer.from(`${JSON.stringify(makePrediction(5, now))}\n`);
  const feedback = Buffer.from(
    `${JSON.stringify(makeFeedback(group.idPrefix + rowDigits(14), 1, now, { label: 'fraud' }))}\n`,
  );
  await analytics.insertSegments([seal(1, Buffer.concat([plain, linesOf(group, writeRowLines), feedback]))]);
  const [predictions, outcomes] = [await rowsOf('predictions'), await rowsOf('outcomes')];
  expect([predictions.length, outcomes.length]).toEqual([ROWS + 1, 1]);

  for (const table of ['predictions', 'feedback', 'outcomes']) await analytics.command(`TRUNCATE TABLE ${table}`);
  seal(1, Buffer.concat([plain, feedback, linesOf(group, writeBatchLines)]));
  const shipped: { count: number; sample: readonly PredictionSummary[] }[] = [];
  const joined: number[] = [];
  await shipperOf({
    onShipped: (batch) => shipped.push(batch),
    onOutcomesJoined: (count) => joined.push(count),
  }).shipNow();
  expect(await rowsOf('predictions')).toEqual(predictions);
  expect(await rowsOf('outcomes')).toEqual(outcomes);
  expect(joined).toEqual([1]);
  expect(shipped.map(({ count }) => count)).toEqual([ROWS + 1]);
  expect(shipped[0]?.sample.map(({ id }) => id)).toEqual(
    Array.from({ length: 20 }, (_, index) => group.idPrefix + rowDigits((ROWS - 1 - index) * 2)),
  );
  expect(await listSealedSegments(directory)).toEqual([]);
  expect(readdirSync(join(directory, 'quarantine'))).toEqual([]);
  expect(errors).toEqual([]);
});

it('a segment shipped a second time doubles nothing, wherever the first time ended', async () => {
  const groups = Array.from({ length: LARGE }, (_, counter) => makeGroup(counter + 1, now));
  const bytes = Buffer.concat(groups.map((group) => linesOf(group, writeBatchLines)));
  seal(1, bytes);
  let calls = 0;
  const failing: ShipperOptions['analytics'] = {
    async insertSegments(paths) {
      const inserted = await analytics.insertSegments(paths);
      calls += 1;
      if (calls === 1) throw new Error('the answer of the store is lost');
      return inserted;
    },
  };
  await shipperOf({ analytics: failing }).shipNow();
  expect(await listSealedSegments(directory)).toHaveLength(1);
  await shipperOf({ analytics: failing }).shipNow();
  expect(await listSealedSegments(directory)).toEqual([]);
  // As if a shipper had died between the insert and the deletion.
  seal(2, bytes);
  await shipperOf().shipNow();
  expect(
    await analytics.query('SELECT toFloat64(count()) AS rows, toFloat64(uniqExact(id)) AS ids FROM predictions'),
  ).toEqual([{ rows: LARGE * ROWS, ids: LARGE * ROWS }]);
});

it('a large segment is inserted in several parts, in order, and leaves no file', async () => {
  const groups = Array.from({ length: LARGE }, (_, counter) => makeGroup(counter + 1, now));
  const rowBytes = groups.reduce((sum, group) => sum + linesOf(group, writeRowLines).length, 0);
  expect(rowBytes).toBeGreaterThan(16_777_216);
  const path = seal(1, Buffer.concat(groups.map((group) => linesOf(group, writeBatchLines))));
  const parts: number[] = [];
  await shipperOf({
    analytics: {
      async insertSegments(paths) {
        parts.push(paths.reduce((sum, part) => sum + readFileSync(part).length, 0));
        return await analytics.insertSegments(paths);
      },
    },
  }).shipNow();
  expect(existsSync(path)).toBe(false);
  expect(parts.length).toBeGreaterThan(1);
  expect(Math.max(...parts)).toBeLessThan(20_000_000);
  expect(parts.reduce((sum, bytes) => sum + bytes, 0)).toBe(rowBytes);
  expect(await analytics.query('SELECT toFloat64(uniqExact(id)) AS ids FROM predictions')).toEqual([
    { ids: LARGE * ROWS },
  ]);
  expect(readdirSync(join(directory, 'quarantine'))).toEqual([]);
});

it('a batch that cannot be taken apart is set aside byte for byte, and all others are shipped', async () => {
  // Found while the part before it is being inserted.
  const lines = Array.from({ length: LARGE }, (_, counter) => linesOf(makeGroup(counter + 1, now), writeBatchLines));
  const damaged = Buffer.from(String(lines[LARGE - 2]).replace(`"rows":${ROWS}`, '"rows":299'));
  seal(1, Buffer.concat(lines.with(LARGE - 2, damaged)));
  await shipperOf().shipNow();
  expect(
    await analytics.query('SELECT toFloat64(count()) AS rows, toFloat64(uniqExact(id)) AS ids FROM predictions'),
  ).toEqual([{ rows: (LARGE - 1) * ROWS, ids: (LARGE - 1) * ROWS }]);
  const name = 'gateway-0-000000000001-000000000001.ndjson';
  expect(readdirSync(join(directory, 'quarantine'))).toEqual([name]);
  expect(readFileSync(join(directory, 'quarantine', name))).toEqual(damaged);
  expect(errors).toMatchObject([{ segment: 'gateway-0/000000000001-000000000001', lines: 1 }]);
  expect(await listSealedSegments(directory)).toEqual([]);
});

it('a store that refuses for hours, or a damaged line, leaves no file open', async () => {
  // More than the part that is refused and the one that is made meanwhile.
  const lines = Array.from({ length: LARGE * 3 }, (_, counter) =>
    linesOf(makeGroup(counter + 1, now), writeBatchLines),
  );
  const refused = seal(1, Buffer.concat(lines));
  const damaged = seal(2, Buffer.concat([Buffer.from('{"t":"b"}\n'), ...lines]));
  const away = { insertSegments: () => Promise.reject(new Error('the store is away')) };
  for (const path of [refused, damaged]) {
    const [segment] = (await listSealedSegments(directory)).filter((one) => one.path === path);
    if (segment === undefined) throw new Error('it is not sealed');
    await expect(insertSegments([segment], join(directory, 'quarantine'), away)).rejects.toThrow(
      path === refused ? 'the store is away' : 'a line of a batch is not whole',
    );
    // It is closed in the background.
    await vi.waitFor(() => expect(countOpen(path)).toBe(0));
  }
});

/** How many descriptors of this process are of a file. */
function countOpen(path: string): number {
  const { dev, ino } = statSync(path);
  return readdirSync('/dev/fd').filter((descriptor) => {
    try {
      const found = fstatSync(Number(descriptor));
      return found.dev === dev && found.ino === ino;
    } catch {
      return false; // that of the listing itself
    }
  }).length;
}
