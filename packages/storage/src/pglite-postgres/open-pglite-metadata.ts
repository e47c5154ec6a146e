import { mkdir } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { Kysely } from 'kysely';
import { createMetadataStore } from './create-metadata-store.ts';
import { createPgliteCluster } from './create-pglite-cluster.ts';
import { type DirectoryLock, lockDirectory } from './directory-lock.ts';
import type { MetadataStore } from './metadata-store.ts';
import { createPgliteDialect } from './pglite-dialect.ts';
import { pgliteOptions } from './pglite-options.ts';
import type { Tables } from './tables.ts';

/**
 * PostgreSQL inside this process, kept in `directory`, or in memory where none is given.
 * Migrated before it is handed out. Rejects with DirectoryInUseError while another process has it open.
 */
export async function openPgliteMetadata(options: { directory: string | null }): Promise<MetadataStore> {
  let lock: DirectoryLock | undefined;
  if (options.directory !== null) {
    await mkdir(options.directory, { recursive: true });
    lock = await lockDirectory(options.directory);
  }
  try {
    if (options.directory !== null) await createPgliteCluster(options.directory);
    const location = options.directory === null ? {} : { dataDir: options.directory };
    const database = await PGlite.create({ ...pgliteOptions, ...location });
    const db = new Kysely<Tables>({ dialect: createPgliteDialect(database) });
    return await createMetadataStore('pglite', db, async () => lock?.release());
  } catch (error) {
    await lock?.release();
    throw error;
  }
}
