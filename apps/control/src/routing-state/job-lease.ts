import { sql } from 'kysely';
import type { Database } from '../registry/registry-view.ts';

/**
 * Makes one process at a time the owner of a job, by a row that it has to renew before it runs out. Unlike a lock it
 * holds no connection, so the owner can take its time elsewhere; whoever writes results asks again in the same
 * transaction whether it still is the owner. Times are the database's, so clocks need not agree.
 */
export interface JobLease {
  /** True when this process is the owner now, for the next `ttlMs`. */
  acquire(db: Database): Promise<boolean>;
  /** Lets another process have it at once. */
  release(db: Database): Promise<void>;
}

export function createJobLease(options: {
  readonly job: string;
  readonly owner: string;
  readonly ttlMs: number;
}): JobLease {
  const { job, owner, ttlMs } = options;
  const expiry = sql<Date>`clock_timestamp() + make_interval(secs => ${ttlMs / 1_000})`;
  return {
    acquire: async (db) => {
      const row = await db
        .insertInto('job_leases')
        .values({ job, owner, expires_at: expiry })
        .onConflict((conflict) =>
          conflict
            .column('job')
            .doUpdateSet({ owner, expires_at: expiry })
            .where((expression) =>
              expression.or([
                expression('job_leases.owner', '=', owner),
                expression('job_leases.expires_at', '<', sql<Date>`clock_timestamp()`),
              ]),
            ),
        )
        .returning('owner')
        .executeTakeFirst();
      return row !== undefined;
    },
    release: async (db) => {
      await db.deleteFrom('job_leases').where('job', '=', job).where('owner', '=', owner).execute();
    },
  };
}
