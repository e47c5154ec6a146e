import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LogRecord, type Policy, type PredictionRecord, servingSnapshotSchema } from '@switchyard/contracts';
import { type AnalyticsStore, openChdbAnalytics } from '@switchyard/storage/analytics';
import { makeFeedback, makePrediction, writeSegment } from '@switchyard/storage/analytics/testing';
import { type MetadataStore, openPgliteMetadata } from '@switchyard/storage/metadata';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashOfContent } from '../snapshot/build-snapshot.ts';
import { createSnapshotPublisher, type SnapshotPublisher } from '../snapshot/snapshot-publisher.ts';
import { createLearningLoop, type LearningLoop, type LearningLoopOptions } from './learning-loop.ts';
import { findPublishedStates, forgetOldStates } from './state-store.ts';

const MINUTE = 60_000;
const start = Date.now() - 10 * MINUTE;
const directory = mkdtempSync(join(tmpdir(), 'learning-loop-'));
const signature = {
  features: [{ name: 'amount', type: 'number' }],
  layout: 'single-tensor',
  inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 1] }],
  outputs: [{ name: 'probabilities', datatype: 'FP32', shape: [-1, 2] }],
  roles: {},
  labels: ['legit', 'fraud'],
};
let analytics: AnalyticsStore;
let metadata: MetadataStore;
let snapshots: SnapshotPublisher;
let nowMs: number;
let warnings: object[];
let loops: LearningLoop[];
let segments = 0;
let counter = 0;

beforeAll(async () => {
  analytics = await openChdbAnalytics({ directory: join(directory, 'analytics') });
  metadata = await openPgliteMetadata({ directory: null });
}, 60_000);
beforeEach(async () => {
  nowMs = start;
  warnings = [];
  loops = [];
  await sql`truncate models, endpoints, snapshot_state, job_leases, published_snapshots, routing_state_history
    restart identity cascade`.execute(metadata.db);
  for (const model of ['forest', 'network']) {
    await metadata.db.insertInto('models').values({ name: model, task: 'binary', description: '' }).execute();
    for (const version of [1, 2]) {
      const row = { model, version, format: 'onnx' as const, artifact_sha256: 'a'.repeat(64), artifact_size_bytes: 1 };
      await metadata.db
        .insertInto('model_versions')
        .values({ ...row, signature: JSON.stringify(signature), lineage: '{}' })
        .execute();
    }
  }
  await metadata.db
    .insertInto('aliases')
    .values({ model: 'forest', alias: 'champion', target_version: 1, target_alias: null })
    .execute();
  snapshots = await createSnapshotPublisher({ metadata, now: () => new Date(nowMs) });
});
afterEach(async () => {
  await Promise.all(loops.map((loop) => loop.stop()));
  for (const table of ['predictions', 'feedback', 'outcomes']) await analytics.command(`TRUNCATE TABLE ${table}`);
});
afterAll(async () => {
  await metadata.close();
  await analytics.close();
  rmSync(directory, { recursive: true });
});

function makeLoop(options: Partial<LearningLoopOptions> = {}): LearningLoop {
  const log = { warn: (fields: object) => warnings.push(fields), error: (fields: object) => warnings.push(fields) };
  const loop = createLearningLoop({
    ...{
      metadata,
      analytics,
      snapshots,
      intervalMs: 1,
      now: () => new Date(nowMs),
      log,
      maximumShare: 1e9,
      owner: `loop-${loops.length}`,
    },
    ...options,
  });
  loops.push(loop);
  return loop;
}

const arms = [
  { name: 'a', policy: { kind: 'model', model: 'forest', alias: 'champion' } },
  { name: 'b', policy: { kind: 'model', model: 'network', version: '1' } },
] as const;
const policy: Policy = {
  kind: 'rules',
  rules: [
    {
      name: 'small',
      when: 'true',
      policy: { kind: 'best', metric: 'accuracy', candidates: [...arms], minimumLabels: 1 },
    },
  ],
  otherwise: { kind: 'bandit', algorithm: 'thompson', reward: { from: 'correct' }, arms: [...arms] },
};

async function publish(endpoint: string, revision: number, of: Policy): Promise<void> {
  await snapshots.change(async (transaction) => {
    await transaction
      .insertInto('endpoints')
      .values({ name: endpoint, last_revision: revision })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ last_revision: revision }))
      .execute();
    const settings = { onLogFailure: 'refuse', unknownFeatures: 'reject', timeoutMs: 1_000, maximumQueuedRows: 100 };
    await transaction
      .insertInto('endpoint_revisions')
      .values({
        ...{ endpoint, revision, note: '', author: '', rollback_of: null },
        policy: JSON.stringify(of),
        settings: JSON.stringify(settings),
      })
      .execute();
  });
}

/** Predictions of 'fraud' at a path, with the labels that arrive for them. */
function judged(path: string, ...labels: string[]): LogRecord[] {
  const model = path.endsWith('/a') ? 'forest' : 'network';
  return labels.flatMap((label) => {
    counter += 1;
    const record: PredictionRecord = makePrediction(counter, start - MINUTE + counter, {
      endpoint: 'pay',
      path,
      model,
    });
    return [record, makeFeedback(record.id, 1, start, { label })];
  });
}
const insert = (records: readonly LogRecord[]) =>
  analytics.insertSegments([writeSegment(join(directory, `${segments++}.ndjson`), records)]);
const states = () => snapshots.current().routingStates?.pay;

describe('the learning loop', () => {
  it('publishes what nodes have learnt, covered by the hash, and nothing when nothing changed', async () => {
    await publish('pay', 1, policy);
    const loop = makeLoop();
    await loop.learnNow();
    // Nothing is known, and gateways need not be told that.
    expect(snapshots.current()).not.toHaveProperty('routingStates');
    await insert([...judged('small/a', 'fraud', 'fraud', 'legit'), ...judged('otherwise/b', 'fraud')]);
    await loop.learnNow();
    expect(states()).toEqual({
      small: { kind: 'best', computedAtMs: start, segments: { '': { a: { value: 2 / 3, labels: 3 } } } },
      otherwise: {
        kind: 'bandit',
        epoch: 1,
        computedAtMs: start,
        arms: { a: { count: 0, sum: 0, sumOfSquares: 0 }, b: { count: 1, sum: 1, sumOfSquares: 1 } },
      },
    });
    const before = snapshots.current();
    const { hash, version: _version, createdAt: _createdAt, ...content } = servingSnapshotSchema.parse(before);
    expect(hash).toBe(hashOfContent(content));
    nowMs += 10_000;
    await loop.learnNow();
    expect(snapshots.current()).toBe(before);
    await insert(judged('otherwise/b', 'legit'));
    await loop.learnNow();
    expect(states()?.small).toEqual(before.routingStates?.pay?.small);
    expect(states()?.otherwise).toMatchObject({ epoch: 2, computedAtMs: nowMs, arms: { b: { count: 2, sum: 1 } } });
    expect(snapshots.current().hash).not.toBe(before.hash);
    expect(loop.status()).toEqual({ isOwner: true, failingNodes: 0, published: 3 });
  });

  it('says again that a comparison is fresh, well before it is stale', async () => {
    await publish('pay', 1, policy);
    await insert([...judged('small/a', 'fraud'), ...judged('otherwise/b', 'fraud')]);
    const loop = makeLoop();
    await loop.learnNow();
    const first = snapshots.current();
    nowMs += 14 * MINUTE;
    await loop.learnNow();
    expect(snapshots.current()).toBe(first);
    nowMs += MINUTE;
    await loop.learnNow();
    expect(states()?.small).toMatchObject({ computedAtMs: nowMs, segments: { '': { a: { value: 1, labels: 1 } } } });
    expect(states()?.otherwise).toMatchObject({ computedAtMs: start });
  });

  it('leaves the last states alone while the store is away, says so once, and goes on', async () => {
    await publish('pay', 1, policy);
    await insert(judged('otherwise/a', 'fraud'));
    let isAway = false;
    const query: AnalyticsStore['query'] = (...parameters) =>
      isAway ? Promise.reject(new Error('away')) : analytics.query(...parameters);
    const loop = makeLoop({ analytics: { query } });
    await loop.learnNow();
    const before = snapshots.current();
    await insert(judged('otherwise/a', 'fraud'));
    isAway = true;
    await loop.learnNow();
    await loop.learnNow();
    expect(snapshots.current()).toBe(before);
    expect(loop.status().failingNodes).toBe(2);
    expect(warnings).toHaveLength(2);
    isAway = false;
    await loop.learnNow();
    expect(loop.status().failingNodes).toBe(0);
    expect(states()?.otherwise).toMatchObject({ epoch: 2, arms: { a: { count: 2 } } });
  });

  it('is there at once after a restart, as it was', async () => {
    await publish('pay', 1, policy);
    await insert(judged('otherwise/a', 'fraud'));
    await makeLoop({ owner: 'embedded' }).learnNow();
    const restarted = await createSnapshotPublisher({ metadata, now: () => new Date(nowMs) });
    expect(restarted.current()).toEqual(snapshots.current());
    expect(restarted.current().routingStates?.pay?.otherwise).toMatchObject({ epoch: 1 });
    // The process before was killed: its lease is its successor's where there can be no other.
    const again = makeLoop({ owner: 'embedded', snapshots: restarted });
    await insert(judged('otherwise/a', 'fraud'));
    await again.learnNow();
    expect(restarted.current().routingStates?.pay?.otherwise).toMatchObject({ epoch: 2, arms: { a: { count: 2 } } });
  });

  it('drops what an arm has learnt in the very step that gives it another version', async () => {
    await publish('pay', 1, policy);
    await insert([...judged('otherwise/a', 'fraud'), ...judged('otherwise/b', 'fraud')]);
    const loop = makeLoop();
    await loop.learnNow();
    await snapshots.change((transaction) =>
      transaction.updateTable('aliases').set({ target_version: 2 }).where('alias', '=', 'champion').execute(),
    );
    expect(states()?.otherwise).toEqual({
      kind: 'bandit',
      epoch: 2,
      computedAtMs: start,
      arms: { b: { count: 1, sum: 1, sumOfSquares: 1 } },
    });
    await loop.learnNow();
    expect(states()?.otherwise).toMatchObject({ epoch: 3, arms: { a: { count: 0 }, b: { count: 1 } } });
  });

  it('runs in one process at a time, and in the other as soon as that lets go or dies', async () => {
    await publish('pay', 1, policy);
    await insert(judged('otherwise/a', 'fraud'));
    const [first, second, third] = [makeLoop(), makeLoop(), makeLoop()];
    await first.learnNow();
    await second.learnNow();
    expect([first.status().isOwner, second.status().isOwner]).toEqual([true, false]);
    expect(second.status().published).toBe(0);
    await first.stop();
    await second.learnNow();
    expect(second.status().isOwner).toBe(true);
    // As if it had been killed long ago.
    await metadata.db
      .updateTable('job_leases')
      .set({ expires_at: new Date(0) })
      .execute();
    await third.learnNow();
    await second.learnNow();
    expect([second.status().isOwner, third.status().isOwner]).toEqual([false, true]);
  });

  it('asks nobody anything while no live policy learns', async () => {
    const asked: string[] = [];
    const query: AnalyticsStore['query'] = (sql, parameters) => {
      asked.push(sql);
      return analytics.query(sql, parameters);
    };
    await publish('pay', 1, policy);
    const loop = makeLoop({ analytics: { query } });
    await loop.learnNow();
    expect(asked.length).toBeGreaterThan(0);
    await publish('pay', 2, arms[1].policy);
    asked.length = 0;
    await loop.learnNow();
    expect(asked).toEqual([]);
    expect(loop.status().isOwner).toBe(false);
    expect(await metadata.db.selectFrom('job_leases').selectAll().execute()).toEqual([]);
    await publish('pay', 3, policy);
    await loop.learnNow();
    expect(loop.status().isOwner).toBe(true);
  });

  it('writes nothing when it lost its place while the store was slow', async () => {
    await publish('pay', 1, policy);
    await insert(judged('otherwise/a', 'fraud'));
    const slow = makeLoop({
      analytics: {
        query: async (...parameters) => {
          await metadata.db
            .updateTable('job_leases')
            .set({ owner: 'another', expires_at: new Date(Date.now() + MINUTE) })
            .execute();
          return analytics.query(...parameters);
        },
      },
    });
    await slow.learnNow();
    expect(slow.status()).toMatchObject({ isOwner: false, published: 0 });
    expect(states()).toBeUndefined();
  });

  it('keeps what every published snapshot knew, until nobody can ask for it', async () => {
    await publish('pay', 1, policy);
    const empty = snapshots.current();
    const known = [empty];
    const loop = makeLoop();
    for (let round = 0; round < 3; round += 1) {
      await insert([...judged('otherwise/a', 'fraud'), ...(round === 1 ? judged('small/b', 'legit') : [])]);
      await loop.learnNow();
      known.push(snapshots.current());
    }
    await publish('pay', 2, arms[1].policy);
    known.push(snapshots.current());
    expect(new Set(known.map(({ hash }) => hash)).size).toBe(5);
    for (const { hash, version, routingStates } of known) {
      const found = await findPublishedStates(metadata.db, 'pay', hash);
      expect(found).toMatchObject({ version });
      expect(found?.states).toEqual(routingStates?.pay ?? {});
    }
    expect(await findPublishedStates(metadata.db, 'pay', 'f'.repeat(64))).toBeUndefined();

    await metadata.db
      .updateTable('published_snapshots')
      .set({ created_at: new Date(Date.now() - 31 * 24 * 60 * MINUTE) } as never)
      .where('version', '<', known[3]?.version ?? 0)
      .execute();
    await forgetOldStates(metadata.db, 30);
    expect(await findPublishedStates(metadata.db, 'pay', known[2]?.hash ?? '')).toBeUndefined();
    for (const { hash, routingStates } of known.slice(3)) {
      expect((await findPublishedStates(metadata.db, 'pay', hash))?.states).toEqual(routingStates?.pay ?? {});
    }
    const history = await metadata.db.selectFrom('routing_state_history').select('snapshot_version').execute();
    expect(history.length).toBeLessThan(6);
  });
});
