import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PlatformStatus } from '@switchyard/contracts';
import { type AnalyticsStore, openClickhouseAnalytics } from '@switchyard/storage/analytics';
import { makeFeedback, makePrediction, startChdbHttp, writeSegment } from '@switchyard/storage/analytics/testing';
import { type MetadataStore, openPostgresMetadata, withLock } from '@switchyard/storage/metadata';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createShipper, type Shipper } from './shipper.ts';

const serverUrl = process.env.SWITCHYARD_TEST_POSTGRES_URL;
if (!serverUrl) console.info('left out: two shippers into one store (SWITCHYARD_TEST_POSTGRES_URL names no server)');
const now = Date.now() - 60_000;
const ROUNDS = 8;
const ROWS = 20;

interface Control {
  readonly directory: string;
  readonly metadata: MetadataStore;
  readonly analytics: AnalyticsStore;
  readonly shipper: Shipper;
}

function spawnControl(config: object): ChildProcess {
  const settings = {
    config: { port: 0, ...config },
    internalToken: 'token-of-the-tests-0123',
    version: '0.0.0-test',
    dashboardDir: null,
  };
  return spawn(process.execPath, [fileURLToPath(new URL('../main.ts', import.meta.url)), 'control'], {
    env: { PATH: process.env.PATH, SWITCHYARD_PROCESS: JSON.stringify(settings) },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

describe.skipIf(!serverUrl)('two controls that ship into one ClickHouse', () => {
  const closing: (() => Promise<unknown>)[] = [];
  const controls: Control[] = [];
  const errors: object[] = [];
  const urls = { metadataUrl: '', clickhouseUrl: '' };
  beforeAll(async () => {
    const name = `switchyard_test_${randomUUID().replaceAll('-', '')}`;
    const administrator = new pg.Client({ connectionString: serverUrl });
    await administrator.connect();
    await administrator.query(`create database ${name}`);
    closing.push(async () => {
      await administrator.query(`drop database ${name} with (force)`);
      await administrator.end();
    });
    const url = new URL(serverUrl ?? '');
    url.pathname = `/${name}`;
    const server = await startChdbHttp();
    closing.push(() => server.stop());
    Object.assign(urls, { metadataUrl: url.href, clickhouseUrl: server.url });
    for (let each = 0; each < 2; each += 1) {
      const directory = mkdtempSync(join(tmpdir(), 'two-shippers-'));
      mkdirSync(join(directory, 'gateway-0'));
      const metadata = await openPostgresMetadata({ url: url.href });
      const analytics = await openClickhouseAnalytics({ url: server.url });
      closing.push(async () => {
        await metadata.close();
        await analytics.close();
        rmSync(directory, { recursive: true });
      });
      const log = { warn: () => {}, error: (fields: object) => errors.push(fields) };
      const alone = <Result>(insert: () => Promise<Result>) =>
        withLock(metadata, 'shipping', { waitMs: 20_000 }, insert);
      controls.push({ directory, metadata, analytics, shipper: createShipper({ directory, analytics, log, alone }) });
    }
  });
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  it('join each feedback once, although one has the predictions and the other what is said of them', async () => {
    const [first, second] = controls as [Control, Control];
    for (let round = 0; round < ROUNDS; round += 1) {
      const records = Array.from({ length: ROWS }, (_, row) => makePrediction(round * ROWS + row, now));
      const name = `${String(round + 1).padStart(12, '0')}-000000000001.ndjson`;
      writeSegment(join(first.directory, 'gateway-0', name), records);
      writeSegment(
        join(second.directory, 'gateway-0', name),
        records.map(({ id }) => makeFeedback(id, 1, now, { label: 'fraud' })),
      );
      await Promise.all([first.shipper.shipNow(), second.shipper.shipNow()]);
    }
    expect(errors).toEqual([]);
    const [counts] = await first.analytics.query(`
      SELECT toFloat64(count()) AS ids, toFloat64(countIf(net != 1)) AS doubled
      FROM (SELECT sum(sign) AS net FROM outcomes GROUP BY id)`);
    expect(counts).toEqual({ ids: ROUNDS * ROWS, doubled: 0 });
  });

  it('wait for each other for a while, say why they wait, and go on when the other is done or dead', async () => {
    const [first, second] = controls as [Control, Control];
    const patiently = { waitMs: 20_000 };
    const held = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const holder = withLock(first.metadata, 'shipping', patiently, async () => {
      held.resolve();
      await release.promise;
      return 'done';
    });
    await held.promise;
    const waiting = withLock(second.metadata, 'shipping', { waitMs: 200 }, async () => 'too early');
    await expect(waiting).rejects.toMatchObject({
      code: 'storage_unavailable',
      message: "another process has the lock 'shipping'",
    });
    let isDone = false;
    const next = withLock(second.metadata, 'shipping', patiently, async () => isDone);
    isDone = true;
    release.resolve();
    expect(await holder).toBe('done');
    expect(await next).toBe(true);
    await expect(
      withLock(first.metadata, 'shipping', patiently, () => Promise.reject(new Error('the insert failed'))),
    ).rejects.toThrow('the insert failed');

    // As if the process that inserts had died between two statements.
    const killed = withLock(first.metadata, 'shipping', patiently, async () => {
      await second.metadata.db
        .selectNoFrom(
          sql`(select count(pg_terminate_backend(pid)) from pg_locks where locktype = 'advisory' and granted)`.as(
            'ended',
          ),
        )
        .execute();
      return withLock(second.metadata, 'shipping', patiently, async () => 'taken over');
    });
    expect(await killed).toBe('taken over');
  });

  it('take turns as processes too', async () => {
    const [first] = controls as [Control, Control];
    const dataDir = mkdtempSync(join(tmpdir(), 'two-shippers-process-'));
    const log = join(dataDir, 'prediction-log', 'gateway-0');
    mkdirSync(log, { recursive: true });
    writeSegment(join(log, '000000000001-000000000001.ndjson'), [makePrediction(90_000, now)]);
    const release = Promise.withResolvers<void>();
    const holder = withLock(first.metadata, 'shipping', { waitMs: 20_000 }, () => release.promise);
    const child = spawnControl({ dataDir, ...urls });
    try {
      const [{ port }] = (await once(child, 'message')) as [{ port: number }];
      const shipping = async () => {
        const status = await fetch(`http://127.0.0.1:${port}/api/v1/status`);
        return ((await status.json()) as PlatformStatus).shipping;
      };
      const waiting = { pendingSegments: 1, problem: "another process has the lock 'shipping'" };
      await vi.waitFor(async () => expect(await shipping()).toMatchObject(waiting), { timeout: 20_000 });
      release.resolve();
      const done = { pendingSegments: 0, problem: null };
      await vi.waitFor(async () => expect(await shipping()).toMatchObject(done), { timeout: 20_000 });
    } finally {
      release.resolve();
      await holder;
      child.kill();
      await once(child, 'exit');
      rmSync(dataDir, { recursive: true });
    }
  });
});
