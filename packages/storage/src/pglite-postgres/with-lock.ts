import { SwitchyardError } from '@switchyard/contracts';
import { sql } from 'kysely';
import { type AdvisoryLock, lockForTransaction, type MetadataStore } from './metadata-store.ts';

const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Runs the work while no other process runs any under the same lock; those who wait get it in turn. It holds one
 * connection for as long as the work takes and no longer than this process lives, so nobody has to find out that it
 * died. Not for PGlite, whose one connection everybody else needs meanwhile, and which is one process's anyway.
 * Throws SwitchyardError('storage_unavailable') when the lock is not to be had within `waitMs`.
 */
export async function withLock<Result>(
  store: MetadataStore,
  lock: AdvisoryLock,
  options: { readonly waitMs: number },
  work: () => Promise<Result>,
): Promise<Result> {
  const done: PromiseSettledResult<Result>[] = [];
  try {
    await store.db.transaction().execute(async (transaction) => {
      // A server may be set up to end transactions that wait for their client: this one does, by design.
      await sql`select set_config('lock_timeout', ${`${options.waitMs}ms`}, true),
        set_config('idle_in_transaction_session_timeout', '0', true)`.execute(transaction);
      await lockForTransaction(transaction, lock);
      done.push(...(await Promise.allSettled([work()])));
    });
  } catch (error) {
    if (done.length === 0) throw lockError(error, lock);
    // The connection was lost after the work: what was done is done.
  }
  const [outcome] = done as [PromiseSettledResult<Result>];
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}

function lockError(error: unknown, lock: AdvisoryLock): SwitchyardError {
  const isTaken = (error as { code?: unknown } | null)?.code === LOCK_NOT_AVAILABLE;
  const detail = isTaken ? `another process has the lock '${lock}'` : 'the metadata store does not answer';
  return new SwitchyardError('storage_unavailable', detail, { cause: error });
}
