import { type Kysely, sql, type Transaction } from 'kysely';
import type { Tables } from './tables.ts';

export type MetadataTransaction = Transaction<Tables>;

/** What is registered and published. Both engines speak the same SQL, so callers never ask which one it is. */
export interface MetadataStore {
  readonly engine: 'pglite' | 'postgresql';
  readonly db: Kysely<Tables>;
  health(): Promise<{ healthy: boolean; detail: string }>;
  /** Finishes what is running, then lets go of the database. Safe to call twice. */
  close(): Promise<void>;
}

/** Names of locks that several processes agree on. Values are arbitrary but must never change. */
export const advisoryLocks = {
  migrations: 7_070_001,
  registry: 7_070_002,
  artifacts: 7_070_003,
  shipping: 7_070_004,
} as const;
export type AdvisoryLock = keyof typeof advisoryLocks;

/** Waits for the lock and keeps it until the transaction ends. */
export async function lockForTransaction(transaction: MetadataTransaction, lock: AdvisoryLock): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(advisoryLocks[lock])})`.execute(transaction);
}

/** True when a statement failed because a unique key is taken, with either driver. */
export function isUniqueViolation(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { code?: unknown }).code === '23505';
}
