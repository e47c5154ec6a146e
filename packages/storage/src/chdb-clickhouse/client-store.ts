import type { ClickHouseClient } from '@clickhouse/client';
import { SwitchyardError } from '@switchyard/contracts';
import { type AnalyticsStore, UnreadableSegmentError } from './analytics-store.ts';
import { insertSegmentsInto, type SegmentSession } from './insert-segments.ts';

/** By shape, not by class: the connection of chDB brings its own copy of the class. */
function engineErrorCode(error: unknown): string | undefined {
  const { code, type } = (error ?? {}) as { code?: unknown; type?: unknown };
  return typeof code === 'string' && /^\d+$/.test(code) && typeof type === 'string' ? code : undefined;
}

/** A query may not keep all others waiting for longer than this. */
export const QUERY_MAXIMUM_SECONDS = 30;

const LIMIT_CODES: Partial<Record<string, string>> = {
  '159': `the query took more than ${QUERY_MAXIMUM_SECONDS} s: ask for a shorter period`,
  '241': 'the query needs more memory than it may have: ask for a shorter period',
};

/**
 * An error that the engine itself reported is a fault of the statement, unless it ran into a limit;
 * anything else is a store that does not answer.
 */
async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const code = engineErrorCode(error);
    const limit = LIMIT_CODES[code ?? ''];
    if (limit !== undefined) {
      throw new SwitchyardError('storage_unavailable', limit, { cause: error });
    }
    if (code !== undefined || SwitchyardError.is(error) || error instanceof UnreadableSegmentError) {
      throw error;
    }
    throw new SwitchyardError('storage_unavailable', 'the analytics store does not answer', { cause: error });
  }
}

/** ClickHouse's codes of what its JSON reader says about a line or a file. */
const PARSE_ERROR_CODES = new Set([
  '6', // CANNOT_PARSE_TEXT
  '25', // CANNOT_PARSE_ESCAPE_SEQUENCE
  '26', // CANNOT_PARSE_QUOTED_STRING
  '27', // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  '33', // CANNOT_READ_ALL_DATA
  '38', // CANNOT_PARSE_DATE
  '41', // CANNOT_PARSE_DATETIME
  '53', // TYPE_MISMATCH
  '69', // ARGUMENT_OUT_OF_BOUND
  '72', // CANNOT_PARSE_NUMBER
  '74', // CANNOT_READ_FROM_FILE_DESCRIPTOR: a bad sector, which the caller then finds too
  '117', // INCORRECT_DATA
  '130', // CANNOT_READ_ARRAY_FROM_TEXT
  '131', // TOO_LARGE_STRING_SIZE
  '376', // CANNOT_PARSE_UUID
  '467', // CANNOT_PARSE_BOOL
  '552', // CANNOT_PARSE_... (domain values)
  '691', // UNKNOWN_ELEMENT_OF_ENUM
]);

export async function asReadError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (PARSE_ERROR_CODES.has(engineErrorCode(error) ?? '')) {
      throw new UnreadableSegmentError((error as Error).message, { cause: error });
    }
    throw error;
  }
}

export interface ClientStoreOptions {
  readonly engine: AnalyticsStore['engine'];
  /** Answers queries. */
  readonly reader: ClickHouseClient;
  /** Loads segments: a connection of its own, so that its temporary tables are seen by nobody else. */
  readonly loader: ClickHouseClient;
  readonly stage: (loader: ClickHouseClient, path: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The store on top of a client; the engines differ only in how they connect and how they read a file. */
export function createClientStore(options: ClientStoreOptions): AnalyticsStore {
  const { reader, loader } = options;
  let lastInsert: Promise<unknown> = Promise.resolve();

  const session: SegmentSession = {
    async run(sql) {
      await loader.command({ query: sql });
    },
    async rows<Row>(sql: string) {
      const result = await loader.query({ query: sql, format: 'JSONEachRow' });
      return await result.json<Row>();
    },
    stage: (path) => asReadError(options.stage(loader, path)),
  };

  return {
    engine: options.engine,
    async query<Row>(sql: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Row[]> {
      return await translated(
        (async () => {
          const result = await reader.query({ query: sql, format: 'JSONEachRow', query_params: { ...parameters } });
          return await result.json<Row>();
        })(),
      );
    },
    async command(sql, parameters = {}) {
      await translated(reader.command({ query: sql, query_params: { ...parameters } }));
    },
    insertSegments(paths) {
      const insert = lastInsert.then(() => translated(insertSegmentsInto(session, paths)));
      lastInsert = insert.catch(() => {});
      return insert;
    },
    async health() {
      const answer = await reader.ping({ select: true });
      return answer.success
        ? { healthy: true, detail: '' }
        : { healthy: false, detail: 'the analytics store does not answer' };
    },
    async close() {
      await lastInsert;
      await options.close();
    },
  };
}
