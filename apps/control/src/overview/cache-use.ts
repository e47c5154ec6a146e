import type { CacheUse } from '@switchyard/contracts';
import type { AnalyticsStore } from '@switchyard/storage/analytics';
import type { Database } from '../registry/registry-view.ts';
import { ratio } from './period-summary.ts';

export interface Period {
  readonly from: string;
  readonly to: string;
}

export interface AnsweredByRevision {
  readonly endpoint: string;
  readonly revision: number;
  readonly answered: number;
  readonly cached: number;
}

/**
 * Successful predictions of some endpoints in the period from ≤ at < to, and how many of them no model ran for. Read
 * from the rows: no roll-up knows what came from a cache, and few endpoints have one.
 */
export async function listAnswered(
  analytics: Pick<AnalyticsStore, 'query'>,
  endpoints: readonly string[],
  { from, to }: Period,
): Promise<AnsweredByRevision[]> {
  const rows = await analytics.query<Omit<AnsweredByRevision, 'cached'> & { cached_answers: number }>(
    `SELECT endpoint, revision, toFloat64(count()) AS answered, toFloat64(countIf(cached)) AS cached_answers
     FROM predictions
     WHERE endpoint IN {endpoints:Array(String)} AND status = 'ok'
       AND at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
     GROUP BY endpoint, revision`,
    { endpoints: [...endpoints], from: Date.parse(from), to: Date.parse(to) },
  );
  return rows.map(({ cached_answers: cached, ...row }) => ({ ...row, cached }));
}

/** By endpoint that is there: its revisions that had a cache. Endpoints that never had one are not in it. */
export async function loadRevisionsWithCache(db: Database): Promise<Map<string, ReadonlySet<number>>> {
  const rows = await db
    .selectFrom('endpoint_revisions as revision')
    .innerJoin('endpoints as endpoint', 'endpoint.name', 'revision.endpoint')
    .select(['revision.endpoint', 'revision.revision', 'revision.settings'])
    .where('endpoint.deleted', '=', false)
    .orderBy('endpoint.id')
    .execute();
  const withCache = rows.filter(({ settings }) => settings.cache != null);
  return new Map(
    [...Map.groupBy(withCache, ({ endpoint }) => endpoint)].map(([endpoint, ofIt]) => [
      endpoint,
      new Set(ofIt.map(({ revision }) => revision)),
    ]),
  );
}

/** Only what revisions with a cache answered counts: before it was switched on nothing could have come from it. */
export function cacheUseOf(
  revisions: ReadonlyMap<string, ReadonlySet<number>>,
  rows: readonly AnsweredByRevision[],
): CacheUse[] {
  return [...revisions].map(([endpoint, withCache]) => {
    const counted = rows.filter((row) => row.endpoint === endpoint && withCache.has(row.revision));
    const answered = counted.reduce((sum, row) => sum + row.answered, 0);
    const cached = counted.reduce((sum, row) => sum + row.cached, 0);
    return { endpoint, answered, cached, hitRate: ratio(cached, answered) };
  });
}
