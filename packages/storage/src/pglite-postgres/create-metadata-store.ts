import { type Kysely, sql } from 'kysely';
import type { MetadataStore } from './metadata-store.ts';
import { migrate } from './migrations.ts';
import type { Tables } from './tables.ts';

/** Migrates, then wraps; what was opened is closed again when that fails. */
export async function createMetadataStore(
  engine: MetadataStore['engine'],
  db: Kysely<Tables>,
  afterClose: () => Promise<void>,
): Promise<MetadataStore> {
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy().catch(() => {});
    throw error;
  }
  let closing: Promise<void> | undefined;
  return {
    engine,
    db,
    health: async () => {
      if (closing) return { healthy: false, detail: 'closed' };
      try {
        await sql`select 1`.execute(db);
        return { healthy: true, detail: '' };
      } catch (error) {
        return { healthy: false, detail: error instanceof Error ? error.message : 'does not answer' };
      }
    },
    close: () => {
      closing ??= db.destroy().then(afterClose);
      return closing;
    },
  };
}
