import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listSealedSegments, writeBatchLines } from '@switchyard/prediction-log';
import { type AnalyticsStore, openChdbAnalytics } from '@switchyard/storage/analytics';
import { makePrediction } from '@switchyard/storage/analytics/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createShipper } from './shipper.ts';
import { GROUP_ROWS, linesOf, makeGroup } from './testing/row-groups.ts';

const now = Date.now() - 60_000;
/** Taken apart they are more than the small disk holds, and more than the insert of one part. */
const GROUPS = 150;

let data: string;
let directory: string;
let analytics: AnalyticsStore;
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'full-disk-'));
  directory = join(data, 'prediction-log');
  mkdirSync(directory);
  analytics = await openChdbAnalytics({ directory: join(data, 'analytics') });
});
afterAll(async () => {
  await analytics.close();
  rmSync(data, { recursive: true });
});

function mountDisk(mebibytes: number): string | undefined {
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', directory], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** Until nothing more fits, not even an empty file. */
function fill(path: string): void {
  for (let bytes = 1_048_576; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' });
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
  }
}

it('a disk that is really full loses nothing, is told of, and is gone on from when there is room', async (context) => {
  const reason = mountDisk(64);
  if (reason !== undefined) {
    console.warn(`left out: a small file system cannot be mounted here (${reason})`);
    context.skip();
  }
  const messages: string[] = [];
  const log = { warn: () => {}, error: (_fields: object, message: string) => messages.push(message) };
  const shipper = createShipper({ directory, analytics, log, intervalMs: 50 });
  try {
    const batches = Array.from({ length: GROUPS }, (_, counter) =>
      linesOf(makeGroup(counter + 1, now), writeBatchLines),
    );
    const row = (counter: number) => `${JSON.stringify(makePrediction(counter, now))}\n`;
    for (const writer of ['gateway-0', 'gateway-1', 'gateway-2', 'gateway-3']) mkdirSync(join(directory, writer));
    const segment = join(directory, 'gateway-0', '000000000001-000000000001.ndjson');
    writeFileSync(segment, Buffer.concat(batches));
    writeFileSync(join(directory, 'gateway-1', '000000000001-000000000001.ndjson'), row(1));
    // What a writer left that died: to take it over needs a little room too.
    writeFileSync(join(directory, 'gateway-2', '000000000001-0123456789ab.open'), row(2));
    const damaged = '{"t":"p"}\n';
    const good = Array.from({ length: 100 }, (_, counter) => row(counter + 3)).join('');
    writeFileSync(join(directory, 'gateway-3', '000000000001-000000000001.ndjson'), damaged + good);
    const filler = join(directory, 'filler');
    fill(filler);
    shipper.start();

    // What needs no room goes on; its segment gives way to what needs no more than that.
    await vi.waitFor(async () => expect((await countPredictions())?.ids).toBeGreaterThan(0), { timeout: 20_000 });
    const waiting = { problem: 'the disk of the prediction log is full', quarantinedSegments: 0 };
    await vi.waitFor(() => expect(shipper.status()).toMatchObject({ ...waiting, pendingSegments: 2 }));
    // Nothing half-written takes up the room that comes back, after some attempts.
    await sleep(1_500);
    await vi.waitFor(() => expect(readdirSync(join(directory, 'quarantine'))).toEqual([]));
    expect(readFileSync(segment)).toEqual(Buffer.concat(batches));
    expect(messages.length).toBeLessThanOrEqual(4);

    // Room for the first part and not for the second.
    truncateSync(filler, statSync(filler).size - 20_000_000);
    await vi.waitFor(async () => expect((await countPredictions())?.ids).toBeGreaterThan(102), { timeout: 20_000 });
    await vi.waitFor(() => expect(shipper.status().pendingSegments).toBe(1), { timeout: 20_000 });
    expect((await countPredictions())?.ids).toBeLessThan(GROUPS * GROUP_ROWS);
    expect(readFileSync(segment)).toEqual(Buffer.concat(batches));

    rmSync(filler);
    const all = GROUPS * GROUP_ROWS + 102;
    await vi.waitFor(async () => expect(await countPredictions()).toEqual({ rows: all, ids: all }), {
      timeout: 60_000,
    });
    await vi.waitFor(() => expect(shipper.status()).toMatchObject({ pendingSegments: 0, problem: null }));
    expect(await listSealedSegments(directory)).toEqual([]);
    const [aside, ...others] = readdirSync(join(directory, 'quarantine'));
    expect(others).toEqual([]);
    expect(readFileSync(join(directory, 'quarantine', aside ?? ''), 'utf8')).toBe(damaged);
  } finally {
    await shipper.stop();
    execFileSync('/bin/umount', [directory]);
  }
});

async function countPredictions() {
  const [counts] = await analytics.query<{ rows: number; ids: number }>(
    'SELECT toFloat64(count()) AS rows, toFloat64(uniqExact(id)) AS ids FROM predictions',
  );
  return counts;
}
