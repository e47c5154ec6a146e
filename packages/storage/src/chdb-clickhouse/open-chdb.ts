import { createReadStream, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { SwitchyardError } from '@switchyard/contracts';
import type { AnalyticsStore } from './analytics-store.ts';
import { createClientStore, QUERY_MAXIMUM_SECONDS } from './client-store.ts';
import { lineStructure, readSettings } from './insert-segments.ts';
import { applyRetention, migrateAnalytics } from './migrate.ts';

export const DEFAULT_RETENTION_DAYS = 400;
const DATABASE = 'switchyard';

/**
 * The engine's defaults are for a machine of its own: caches of 5 GB each, and a query may take all memory.
 * Here it shares a process with the control plane.
 */
const ENGINE_ARGUMENTS = [
  '--mark_cache_size=134217728',
  '--index_mark_cache_size=67108864',
  '--primary_index_cache_size=134217728',
  '--query_condition_cache_size=33554432',
];
const QUERY_MEMORY_BYTES = 1_500_000_000;

export interface ChdbAnalyticsOptions {
  /** The engine's own directory; made when missing. One process at a time. */
  readonly directory: string;
  readonly retentionDays?: number;
}

/**
 * Opens chDB, ClickHouse inside this process. Its queries run on threads of their own: they do not block the event loop.
 * Loading the engine takes about half a second and does block, once.
 * Throws SwitchyardError('storage_unavailable') when another process has the directory.
 */
export async function openChdbAnalytics(options: ChdbAnalyticsOptions): Promise<AnalyticsStore> {
  const directory = resolve(options.directory);
  mkdirSync(directory, { recursive: true });
  // Loaded here, not at the top: the engine is half a gigabyte, and a process that uses ClickHouse needs none of it.
  const [{ createChdbConnection }, { drainPending, Session }] = await Promise.all([
    import('chdb/connection'),
    import('chdb'),
  ]);
  const connect = (): ClickHouseClient =>
    // The client's types do not know the connection that its own test suite runs against.
    createClient({ connection: createChdbConnection({ path: directory }) } as unknown as Parameters<
      typeof createClient
    >[0]);
  let reader: ClickHouseClient;
  // The first connection starts the engine, so it is the one that can be given arguments; it holds the engine open.
  let engine: InstanceType<typeof Session>;
  try {
    engine = new Session(directory, { connectionArgs: ENGINE_ARGUMENTS });
    reader = connect();
  } catch (error) {
    throw new SwitchyardError(
      'storage_unavailable',
      `cannot open the analytics directory ${directory}${holder(directory)}`,
      {
        cause: error,
      },
    );
  }
  const loader = connect();
  const close = async () => {
    await Promise.all([reader.close(), loader.close()]);
    engine.close();
    await drainPending();
  };
  try {
    for (const client of [reader, loader]) {
      await client.command({ query: `CREATE DATABASE IF NOT EXISTS ${DATABASE} ENGINE = Atomic` });
      await client.command({ query: `USE ${DATABASE}` });
    }
    await reader.command({
      query: `SET max_memory_usage = ${QUERY_MEMORY_BYTES}, max_execution_time = ${QUERY_MAXIMUM_SECONDS}`,
    });
    const store = createClientStore({ engine: 'chdb', reader, loader, stage: stageFile, close });
    await migrateAnalytics(store);
    await applyRetention(store, options.retentionDays ?? DEFAULT_RETENTION_DAYS);
    return store;
  } catch (error) {
    await close();
    throw error;
  }
}

/** Who has the directory, from the engine's own lock file. */
function holder(directory: string): string {
  try {
    const pid = /^PID: (\d+)/m.exec(readFileSync(join(directory, 'status'), 'utf8'))?.[1];
    return pid === undefined ? '' : `: process ${pid} has it open`;
  } catch {
    return '';
  }
}

/** The `file` function takes wildcards and archive paths; a path that could be read as one is streamed instead. */
const PLAIN_PATH = /^[\p{L}\p{N}_\-./ @+=,]*$/u;

async function stageFile(loader: ClickHouseClient, path: string): Promise<void> {
  const absolute = resolve(path);
  if (PLAIN_PATH.test(absolute)) {
    await loader.command({
      query: `INSERT INTO staged_lines SETTINGS ${readSettings}
        SELECT * FROM file('${absolute}', 'JSONEachRow', '${lineStructure}', 'none')`,
    });
    return;
  }
  const result = await loader.exec({
    query: `INSERT INTO staged_lines SETTINGS ${readSettings} FORMAT JSONEachRow`,
    values: createReadStream(absolute),
  });
  result.stream.resume();
}
