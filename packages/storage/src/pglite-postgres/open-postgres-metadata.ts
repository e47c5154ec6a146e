import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { createMetadataStore } from './create-metadata-store.ts';
import type { MetadataStore } from './metadata-store.ts';
import type { Tables } from './tables.ts';

const INT8 = 20;

/** A PostgreSQL server, version 14 or newer. Migrated before it is handed out; any number of processes may share it. */
export async function openPostgresMetadata(options: {
  url: string;
  maximumConnections?: number;
  onConnectionError?: (error: Error) => void;
}): Promise<MetadataStore> {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maximumConnections ?? 10,
    connectionTimeoutMillis: 5_000,
    application_name: 'switchyard',
    types: {
      // As PGlite does it: sizes and counts of ours stay far below 2^53.
      getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
    },
  });
  // Without a listener a connection that the server closes would end the process. The pool listens to idle ones only:
  // one can be lost between two statements of a transaction too.
  pool.on('connect', (client) => client.on('error', (error) => options.onConnectionError?.(error)));
  pool.on('error', () => {});
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return createMetadataStore('postgresql', db, async () => {});
}
