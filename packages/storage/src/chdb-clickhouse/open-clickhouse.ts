import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { SwitchyardError } from '@switchyard/contracts';
import type { AnalyticsStore } from './analytics-store.ts';
import { createClientStore, QUERY_MAXIMUM_SECONDS } from './client-store.ts';
import { readSettings } from './insert-segments.ts';
import { applyRetention, migrateAnalytics } from './migrate.ts';
import { DEFAULT_RETENTION_DAYS } from './open-chdb.ts';

export interface ClickhouseAnalyticsOptions {
  /** `http://user:password@host:8123`, with the database as path when not given below. */
  readonly url: string;
  readonly database?: string;
  readonly retentionDays?: number;
}

/**
 * Connects to a ClickHouse server over HTTP and brings its tables up to date.
 * Throws SwitchyardError('storage_unavailable') when it cannot be reached.
 */
export async function openClickhouseAnalytics(options: ClickhouseAnalyticsOptions): Promise<AnalyticsStore> {
  if (!/^https?:\/\//.test(options.url) || !URL.canParse(options.url)) {
    // Not repeated, by what is thrown for it neither: it may hold a password.
    throw new SwitchyardError('storage_unavailable', 'the address of ClickHouse is no http:// or https:// address');
  }
  const url = new URL(options.url);
  const database = options.database ?? (decodeURIComponent(url.pathname.slice(1)) || 'switchyard');
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(database)) {
    throw new SwitchyardError('storage_unavailable', `'${database}' cannot be the name of a database`);
  }
  url.pathname = '/';
  const shared = {
    url,
    application: 'switchyard',
    request_timeout: 120_000,
    keep_alive: { idle_socket_ttl: 2_000 },
    // Failures are thrown to the caller, who logs them once; the client's own log would show values of queries.
    log: { level: ClickHouseLogLevel.OFF },
  };
  const admin = createClient({ ...shared, database: 'default' });
  try {
    await admin.command({ query: `CREATE DATABASE IF NOT EXISTS ${database}` });
  } catch (error) {
    throw new SwitchyardError('storage_unavailable', `cannot use ClickHouse at ${url.host}`, { cause: error });
  } finally {
    await admin.close();
  }
  const reader = createClient({
    ...shared,
    database,
    clickhouse_settings: { max_execution_time: QUERY_MAXIMUM_SECONDS },
  });
  // Temporary tables live in a session; the server drops them when the session has been idle.
  const loader = createClient({
    ...shared,
    database,
    session_id: `switchyard-${randomUUID()}`,
    max_open_connections: 1,
  });
  const store = createClientStore({
    engine: 'clickhouse',
    reader,
    loader,
    async stage(client, path) {
      const result = await client.exec({
        query: `INSERT INTO staged_lines SETTINGS ${readSettings} FORMAT JSONEachRow`,
        values: createReadStream(path, { highWaterMark: 1 << 20 }),
      });
      for await (const _ of result.stream) {
        // An answer that is not read to its end would keep the only connection busy.
      }
    },
    async close() {
      await Promise.all([reader.close(), loader.close()]);
    },
  });
  try {
    await migrateAnalytics(store);
    await applyRetention(store, options.retentionDays ?? DEFAULT_RETENTION_DAYS);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
