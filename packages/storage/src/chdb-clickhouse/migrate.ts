import { SwitchyardError } from '@switchyard/contracts';
import type { AnalyticsStore } from './analytics-store.ts';
import { type Migration, migrations, retentionColumns } from './schema.ts';

type Store = Pick<AnalyticsStore, 'query' | 'command'>;

/**
 * Brings the tables up to date. Several processes may do so at once: every statement may run twice,
 * and a migration is noted only when all of its statements have run.
 * Throws when a newer program has been here: its tables are unknown to this one.
 */
export async function migrateAnalytics(store: Store, list: readonly Migration[] = migrations): Promise<void> {
  await store.command(
    'CREATE TABLE IF NOT EXISTS migrations (id UInt32, applied_at DateTime DEFAULT now()) ENGINE = MergeTree ORDER BY id',
  );
  const applied = new Set(
    (await store.query<{ id: number }>('SELECT DISTINCT id FROM migrations')).map((row) => row.id),
  );
  const known = new Set(list.map(({ id }) => id));
  const newer = [...applied].filter((id) => !known.has(id));
  if (newer.length > 0) {
    throw new SwitchyardError(
      'storage_unavailable',
      `the analytics tables are at migration ${Math.max(...newer)}, this program knows ${Math.max(...known)}: start the newer program`,
    );
  }
  for (const migration of list) {
    if (applied.has(migration.id)) {
      continue;
    }
    for (const statement of migration.statements) {
      await store.command(statement);
    }
    await store.command(`INSERT INTO migrations (id) VALUES (${migration.id})`);
  }
}

/** The engine's dates end in 2106. */
const MAXIMUM_RETENTION_DAYS = 20_000;

/** Rows older than this many days are dropped by the engine, in whole parts. */
export async function applyRetention(store: Store, days: number): Promise<void> {
  const retentionDays = Math.min(Math.max(1, Math.round(days)), MAXIMUM_RETENTION_DAYS);
  const tables = await store.query<{ name: string; engine_full: string }>(
    'SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()',
  );
  for (const [table, column] of Object.entries(retentionColumns)) {
    const current = tables.find((row) => row.name === table)?.engine_full ?? '';
    if (!current.includes(`toIntervalDay(${retentionDays})`)) {
      await store.command(
        `ALTER TABLE ${table} MODIFY TTL toDateTime(${column}) + toIntervalDay(${retentionDays})
         SETTINGS materialize_ttl_after_modify = 0`,
      );
    }
  }
}
