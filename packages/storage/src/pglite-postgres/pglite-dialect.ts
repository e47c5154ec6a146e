import type { PGlite } from '@electric-sql/pglite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from 'kysely';

/**
 * Kysely on PGlite: PostgreSQL's SQL, one connection. Whoever needs the connection waits in line for it,
 * so a transaction never sees statements of another one in between.
 */
export function createPgliteDialect(database: PGlite): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => createPgliteDriver(database),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
}

function createPgliteDriver(database: PGlite): Driver {
  const connection = createConnection(database);
  let lastInLine: Promise<void> = Promise.resolve();
  let leave: () => void = () => {};
  const run = (statement: string) => connection.executeQuery(CompiledQuery.raw(statement)).then(() => undefined);
  return {
    init: async () => {
      await database.waitReady;
    },
    acquireConnection: async () => {
      const before = lastInLine;
      const { promise, resolve } = Promise.withResolvers<void>();
      lastInLine = promise;
      await before;
      leave = resolve;
      return connection;
    },
    releaseConnection: async () => leave(),
    beginTransaction: (_connection, settings) =>
      run(settings.isolationLevel ? `begin isolation level ${settings.isolationLevel}` : 'begin'),
    commitTransaction: () => run('commit'),
    rollbackTransaction: () => run('rollback'),
    destroy: () => database.close(),
  };
}

function createConnection(database: PGlite): DatabaseConnection {
  return {
    executeQuery: async <Row>(query: CompiledQuery): Promise<QueryResult<Row>> => {
      const result = await database.query<Row>(query.sql, [...query.parameters]);
      return { rows: result.rows, numAffectedRows: BigInt(result.affectedRows ?? 0) };
    },
    streamQuery: () => {
      throw new Error('Streaming queries is not supported: PGlite has no cursors outside of SQL.');
    },
  };
}
