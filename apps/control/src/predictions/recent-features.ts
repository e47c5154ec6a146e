import type { AnalyticsStore } from '@switchyard/storage/analytics';

export interface RecentFeaturesQuery {
  readonly endpoint: string;
  /** Unix milliseconds. */
  readonly since: number;
  /** Of different rows. */
  readonly limit: number;
}

/** Predictions looked at for each different row that is wanted: clients often repeat themselves. */
const LOOKED_AT_PER_ROW = 10;

/** What was sent to an endpoint and answered, each different row once, newest first; missing values are left out. */
export async function listRecentFeatures(
  analytics: Pick<AnalyticsStore, 'query'>,
  { endpoint, since, limit }: RecentFeaturesQuery,
): Promise<Record<string, unknown>[]> {
  const rows = await analytics.query<{ features: string }>(
    `SELECT features FROM (
       SELECT features, at FROM predictions
       WHERE endpoint = {endpoint:String} AND at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') AND status = 'ok'
       ORDER BY at DESC LIMIT {looked:UInt32}
     ) GROUP BY features ORDER BY max(at) DESC, features LIMIT {limit:UInt32}`,
    { endpoint, since, limit, looked: limit * LOOKED_AT_PER_ROW },
  );
  return rows.map(({ features }) => {
    const row = JSON.parse(features) as Record<string, unknown>;
    return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
  });
}
