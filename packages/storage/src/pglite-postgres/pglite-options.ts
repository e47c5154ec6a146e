import type { PGliteOptions } from '@electric-sql/pglite';

/**
 * One connection and a few megabytes of registry: the defaults of a server would cost 150 MB more for nothing.
 * Written into the cluster when it is made, so it must not depend on the machine.
 */
export const pgliteOptions = {
  postgresqlconf: ['shared_buffers=16MB', 'wal_buffers=1MB', 'max_connections=5'],
} satisfies PGliteOptions;
