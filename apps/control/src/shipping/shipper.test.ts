import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PredictionSummary, SwitchyardError } from '@switchyard/contracts';
import { listSealedSegments, openPredictionLog } from '@switchyard/prediction-log';
import { type AnalyticsStore, type InsertedSegments, openChdbAnalytics } from '@switchyard/storage/analytics';
import {
  makeFeedback,
  makePrediction,
  makeRejection,
  makeShadow,
  writeSegment,
} from '@switchyard/storage/analytics/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createShipper, type Shipper, type ShipperOptions } from './shipper.ts';

const now = Date.now() - 60_000;
const nothing: InsertedSegments = { predictions: 0, feedback: 0, rejections: 0, shadowAnswers: 0, outcomes: 0 };

let directory: string;
let shippers: Shipper[];
let errors: object[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'shipper-'));
  shippers = [];
  errors = [];
});
afterEach(async () => {
  await Promise.all(shippers.map((shipper) => shipper.stop()));
  rmSync(directory, { recursive: true });
});

function makeShipper(options: Pick<ShipperOptions, 'analytics'> & Partial<ShipperOptions>): Shipper {
  const log = { warn: () => {}, error: (fields: object) => errors.push(fields) };
  const shipper = createShipper({ directory, log, intervalMs: 20, ...options });
  shippers.push(shipper);
  return shipper;
}

function seal(writer: string, sequence: number, content: string | object[]): string {
  const path = join(directory, writer, `${String(sequence).padStart(12, '0')}-00000000000${sequence % 10}.ndjson`);
  mkdirSync(join(directory, writer), { recursive: true });
  if (typeof content === 'string') {
    writeFileSync(path, content);
  } else {
    writeSegment(path, content as never);
  }
  return path;
}

/** A store that only notes what it is given; told to, it refuses. */
function makeFakeStore() {
  const inserted: string[] = [];
  const fake = {
    inserted,
    refuses: (_path: string): boolean => false,
    async insertSegments(paths: readonly string[]): Promise<InsertedSegments> {
      if (paths.some((path) => fake.refuses(path))) {
        throw new Error('the store is away');
      }
      inserted.push(...paths.map((path) => readFileSync(path, 'utf8').trim()));
      return nothing;
    },
  };
  return fake;
}

describe('createShipper', () => {
  it('ships each writer in its order and deletes what is shipped', async () => {
    const store = makeFakeStore();
    for (const sequence of [2, 10, 1, 9]) {
      seal('gateway-0', sequence, `"a${sequence}"\n`);
      seal('gateway-1', sequence, `"b${sequence}"\n`);
    }
    const shipper = makeShipper({ analytics: store });
    await shipper.shipNow();
    const of = (letter: string) => store.inserted.filter((line) => line.startsWith(`"${letter}`));
    expect(of('a')).toEqual(['"a1"', '"a2"', '"a9"', '"a10"']);
    expect(of('b')).toEqual(['"b1"', '"b2"', '"b9"', '"b10"']);
    expect(await listSealedSegments(directory)).toEqual([]);
    expect(shipper.status()).toMatchObject({ pendingSegments: 0, pendingBytes: 0, quarantinedSegments: 0 });
    expect(Date.parse(shipper.status().lastShippedAt ?? '')).toBeGreaterThan(now);
  });

  it('loses nothing while the store is away, says what waits, and goes on when it is back', async () => {
    const store = makeFakeStore();
    store.refuses = () => true;
    seal('gateway-0', 1, '"a1"\n');
    seal('gateway-0', 2, '"a2"\n');
    const shipper = makeShipper({ analytics: store });
    shipper.start();
    await vi.waitFor(() => expect(errors).toHaveLength(1));
    expect(shipper.status()).toMatchObject({ pendingSegments: 2, pendingBytes: 10, lastShippedAt: null });
    store.refuses = () => false;
    await vi.waitFor(() => expect(store.inserted).toEqual(['"a1"', '"a2"']), { timeout: 5_000 });
    await vi.waitFor(() => expect(shipper.status().pendingSegments).toBe(0));
    expect(errors).toHaveLength(1);
  });

  it('lets a writer that cannot be shipped hold back nobody else', async () => {
    const store = makeFakeStore();
    store.refuses = (path) => path.includes('gateway-0');
    const shipper = makeShipper({ analytics: store });
    seal('gateway-0', 1, '"a1"\n');
    await shipper.shipNow();
    seal('gateway-0', 2, '"a2"\n');
    seal('gateway-1', 1, '"b1"\n');
    await shipper.shipNow();
    expect(store.inserted).toEqual(['"b1"']);
    expect(shipper.status().pendingSegments).toBe(2);
  });

  it('ships other writers of a batch in which one cannot be shipped, and says why that one waits', async () => {
    const store = makeFakeStore();
    store.refuses = (path) => path.includes('gateway-1');
    for (const writer of ['gateway-0', 'gateway-1', 'gateway-2']) {
      seal(writer, 1, `"${writer}"\n`);
    }
    const shipper = makeShipper({ analytics: store });
    shipper.start();
    await vi.waitFor(() => expect(store.inserted).toEqual(['"gateway-0"', '"gateway-2"']), { timeout: 5_000 });
    expect(shipper.status()).toMatchObject({ problem: expect.stringMatching(/^the analytics store does not take/) });
    store.refuses = () => false;
    await vi.waitFor(() => expect(store.inserted).toHaveLength(3), { timeout: 5_000 });
    await vi.waitFor(() => expect(shipper.status()).toMatchObject({ pendingSegments: 0, problem: null }));
  });

  it('waits for its turn where others ship into the same store, and says so', async () => {
    const store = makeFakeStore();
    let isTaken = true;
    const alone = <Result>(insert: () => Promise<Result>) =>
      isTaken ? Promise.reject(new SwitchyardError('storage_unavailable', 'another process ships')) : insert();
    seal('gateway-0', 1, '"a1"\n');
    const shipper = makeShipper({ analytics: store, alone });
    shipper.start();
    await vi.waitFor(() => expect(shipper.status()).toMatchObject({ problem: 'another process ships' }));
    expect(store.inserted).toEqual([]);
    isTaken = false;
    await vi.waitFor(() => expect(store.inserted).toEqual(['"a1"']), { timeout: 5_000 });
    await vi.waitFor(() => expect(shipper.status()).toMatchObject({ pendingSegments: 0, problem: null }));
  });

  it('adopts what a dead writer left, and leaves a living one alone', async () => {
    const store = makeFakeStore();
    mkdirSync(join(directory, 'gateway-9'));
    writeFileSync(join(directory, 'gateway-9', '000000000001-0123456789ab.open'), '"whole"\n"torn');
    const living = openPredictionLog({
      directory,
      writer: 'gateway-0',
      fsync: 'off',
      segmentMaximumBytes: 1_000_000,
      segmentMaximumAgeMs: 60_000,
      maximumUnshippedBytes: 1_000_000,
    });
    living.write(['"open"']);
    await makeShipper({ analytics: store }).shipNow();
    expect(store.inserted).toEqual(['"whole"']);
    await living.close();
  });

  it('survives a directory that is not there yet', async () => {
    const shipper = makeShipper({ analytics: makeFakeStore(), directory: join(directory, 'later') });
    await shipper.shipNow();
    expect(shipper.status()).toEqual({
      pendingSegments: 0,
      pendingBytes: 0,
      lastShippedAt: null,
      quarantinedSegments: 0,
      problem: null,
    });
  });
});

describe('createShipper with chDB', () => {
  let analytics: AnalyticsStore;
  let data: string;
  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'shipper-chdb-'));
    analytics = await openChdbAnalytics({ directory: data });
  }, 60_000);
  afterAll(async () => {
    await analytics.close();
    rmSync(data, { recursive: true });
  });
  beforeEach(async () => {
    for (const table of ['predictions', 'feedback', 'outcomes', 'rejections', 'shadow_answers']) {
      await analytics.command(`TRUNCATE TABLE ${table}`);
    }
  });
  const ids = async () =>
    (await analytics.query<{ request_id: string }>('SELECT request_id FROM predictions ORDER BY request_id')).map(
      (row) => row.request_id,
    );

  it('tells what can be queried now, newest first, and how many outcomes were joined', async () => {
    const shipped: { count: number; sample: readonly PredictionSummary[] }[] = [];
    const joined: number[] = [];
    const records = Array.from({ length: 30 }, (_, index) => makePrediction(index, now + index));
    seal('gateway-0', 1, [
      ...records,
      ...records.slice(0, 25).map((record) => makeShadow(record)),
      makeFeedback(records[0]?.id ?? '', 1, now, { label: 'fraud' }),
    ]);
    const shipper = makeShipper({
      analytics,
      onShipped: (batch) => shipped.push(batch),
      onOutcomesJoined: (count) => joined.push(count),
    });
    await shipper.shipNow();
    expect(shipped.map((batch) => batch.count)).toEqual([30]);
    expect(shipped[0]?.sample.map((item) => item.id)).toEqual(
      records
        .slice(10)
        .reverse()
        .map((record) => record.id),
    );
    expect(shipped[0]?.sample[0]).toMatchObject({
      at: new Date(now + 29).toISOString(),
      outcome: null,
      answer: { label: 'fraud' },
    });
    expect(joined).toEqual([1]);
    expect(await analytics.query('SELECT toFloat64(count()) AS shadows FROM shadow_answers')).toEqual([
      { shadows: 25 },
    ]);
  });

  it('sets lines aside that cannot be read, byte for byte, ships all others, and never stops', async () => {
    const good = (counter: number) => `${JSON.stringify(makePrediction(counter, now))}\n`;
    const tooLarge = JSON.stringify({ ...makePrediction(7, now), batchRows: 1e300 });
    const damaged = Buffer.concat([
      Buffer.from(good(1)),
      Buffer.from('{"t":"p","id":"torn\n'),
      Buffer.from(good(2)),
      Buffer.from([0xff, 0x00, 0xfe, 0x0a]),
      Buffer.from(`{"t":"p"}\n${tooLarge}\n`),
      Buffer.from(`${JSON.stringify(makeRejection(now))}\n${good(3)}`),
      Buffer.from(`{"t":"s","at":1}\n${JSON.stringify(makeShadow(makePrediction(3, now)))}\n`),
    ]);
    const path = seal('gateway-0', 1, '');
    writeFileSync(path, damaged);
    seal('gateway-0', 2, good(4));
    seal('gateway-1', 1, good(5));
    const shipper = makeShipper({ analytics });
    await shipper.shipNow();
    expect(await ids()).toEqual(['request-1', 'request-2', 'request-3', 'request-4', 'request-5']);
    expect(await listSealedSegments(directory)).toEqual([]);
    expect(readdirSync(join(directory, 'quarantine'))).toEqual(['gateway-0-000000000001-000000000001.ndjson']);
    const aside = readFileSync(join(directory, 'quarantine', 'gateway-0-000000000001-000000000001.ndjson'));
    const expected = [
      '{"t":"p","id":"torn',
      Buffer.from([0xff, 0x00, 0xfe]),
      '{"t":"p"}',
      tooLarge,
      '{"t":"s","at":1}',
    ];
    expect(aside).toEqual(Buffer.concat(expected.flatMap((line) => [Buffer.from(line), Buffer.from('\n')])));
    expect(shipper.status()).toMatchObject({ pendingSegments: 0, quarantinedSegments: 1 });
    expect(errors).toMatchObject([{ segment: 'gateway-0/000000000001-000000000001', lines: 5 }]);
    expect(await analytics.query('SELECT id FROM shadow_answers')).toEqual([{ id: makePrediction(3, now).id }]);
    // A new shipper knows of it too.
    expect(makeShipper({ analytics }).status().quarantinedSegments).toBe(1);
  });

  it('ships what was inserted already but not deleted a second time without doubling it', async () => {
    const records = [makePrediction(1, now), makePrediction(2, now)];
    const path = seal('gateway-0', 1, records);
    await analytics.insertSegments([path]);
    expect(existsSync(path)).toBe(true);
    await makeShipper({ analytics }).shipNow();
    expect(existsSync(path)).toBe(false);
    expect(await ids()).toEqual(['request-1', 'request-2']);
  });

  it('takes a line from the writer to the store on its own', async () => {
    const log = openPredictionLog({
      directory,
      writer: 'gateway-0',
      fsync: 'every-second',
      segmentMaximumBytes: 16_000_000,
      segmentMaximumAgeMs: 1_000,
      maximumUnshippedBytes: 1_000_000_000,
    });
    makeShipper({ analytics, intervalMs: 200 }).start();
    log.write([JSON.stringify(makePrediction(1, now))]);
    const seen = await vi.waitFor(
      async () => {
        const found = await ids();
        expect(found).toEqual(['request-1']);
        return found;
      },
      { timeout: 15_000, interval: 20 },
    );
    expect(seen).toHaveLength(1);
    await log.close();
  });
});
