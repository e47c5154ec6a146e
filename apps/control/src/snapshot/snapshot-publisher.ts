import type { ServingSnapshot } from '@switchyard/contracts';
import { lockForTransaction, type MetadataStore, type MetadataTransaction } from '@switchyard/storage/metadata';
import { loadRegistry } from '../registry/registry-view.ts';
import { recordPublication } from '../routing-state/state-store.ts';
import { buildSnapshotContent, hashOfContent } from './build-snapshot.ts';
import { createVersionCache } from './version-cache.ts';

/** The newest serving snapshot, and those who wait for a newer one. */
export interface SnapshotPublisher {
  current(): ServingSnapshot;
  /**
   * Changes what is registered and publishes what follows from it, as one step: either both happened or neither.
   * Changes run one after the other, across processes too, so `work` may check before it writes.
   */
  change<Result>(work: (transaction: MetadataTransaction) => Promise<Result>): Promise<Result>;
  /** Publishes what another process has changed. */
  refresh(): Promise<void>;
  /** The newest snapshot as soon as its hash is not `have`; null when `waitMs` went by, or on close or abort. */
  waitForOther(have: string | undefined, waitMs: number, signal: AbortSignal): Promise<ServingSnapshot | null>;
  /** How many wait now. */
  waiting(): number;
  /** Lets everybody go who waits. */
  close(): void;
}

export async function createSnapshotPublisher(options: {
  readonly metadata: MetadataStore;
  readonly now: () => Date;
}): Promise<SnapshotPublisher> {
  const { metadata, now } = options;
  const waiters = new Set<() => void>();
  const versions = createVersionCache();
  let closed = false;

  const publishIn = async (transaction: MetadataTransaction): Promise<ServingSnapshot> => {
    const content = await buildSnapshotContent(transaction, await loadRegistry(transaction), versions);
    const hash = hashOfContent(content, versions.texts);
    const state = await transaction.selectFrom('snapshot_state').selectAll().executeTakeFirst();
    if (state?.hash === hash) {
      return { ...content, hash, version: state.version, createdAt: state.created_at.toISOString() };
    }
    const version = (state?.version ?? -1) + 1;
    const createdAt = now();
    const row = { version, hash, created_at: createdAt };
    await transaction
      .insertInto('snapshot_state')
      .values(row)
      .onConflict((conflict) => conflict.column('singleton').doUpdateSet(row))
      .execute();
    await recordPublication(transaction, { version, hash, createdAt, routingStates: content.routingStates ?? {} });
    return { ...content, hash, version, createdAt: createdAt.toISOString() };
  };

  const change = async <Result>(work: (transaction: MetadataTransaction) => Promise<Result>): Promise<Result> => {
    const { result, snapshot } = await metadata.db.transaction().execute(async (transaction) => {
      await lockForTransaction(transaction, 'registry');
      const result = await work(transaction);
      return { result, snapshot: await publishIn(transaction) };
    });
    adopt(snapshot);
    return result;
  };

  const adopt = (snapshot: ServingSnapshot) => {
    // Commits of two changes may be seen here in the other order.
    if (snapshot.version < current.version) return;
    const differs = snapshot.hash !== current.hash;
    current = snapshot;
    if (differs) for (const wake of [...waiters]) wake();
  };

  let current: ServingSnapshot = await metadata.db.transaction().execute(async (transaction) => {
    await lockForTransaction(transaction, 'registry');
    return publishIn(transaction);
  });

  return {
    current: () => current,
    change,
    refresh: async () => {
      const state = await metadata.db.selectFrom('snapshot_state').select('version').executeTakeFirst();
      if (state?.version !== current.version) await change(async () => {});
    },
    waitForOther: (have, waitMs, signal) => {
      if (current.hash !== have) return Promise.resolve(current);
      if (closed || waitMs <= 0 || signal.aborted) return Promise.resolve(null);
      return new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          waiters.delete(done);
          resolve(current.hash === have ? null : current);
        };
        const timer = setTimeout(done, waitMs);
        signal.addEventListener('abort', done);
        waiters.add(done);
      });
    },
    waiting: () => waiters.size,
    close: () => {
      closed = true;
      for (const wake of [...waiters]) wake();
    },
  };
}
