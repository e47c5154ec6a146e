import type { EndpointTraffic } from '@switchyard/contracts';
import type { AnalyticsStore } from '@switchyard/storage/analytics';
import {
  type PredictionAggregates,
  predictionStatement,
  type QualityAggregates,
  type QualityContext,
  qualityStatement,
} from './aggregate-sql.ts';
import { summarisePeriod } from './period-summary.ts';
import { splitTimeRange } from './time-ranges.ts';

type Analytics = Pick<AnalyticsStore, 'query'>;

export interface EndpointTrafficQuery {
  readonly endpoint: string;
  readonly from: string;
  readonly to: string;
}

/** Members are in no roll-up, so only a bounded stretch of rows is read for them, however long the period is. */
const MEMBERS_MS = 3_600_000;
const MEMBERS_PREDICTIONS = 20_000;

/**
 * What took each path of one endpoint in the period from ≤ at < to, by path: the figures of `getOverview`.
 * Beside it, what the models did that were asked but did not answer alone.
 */
export async function getEndpointTraffic(
  analytics: Analytics,
  query: EndpointTrafficQuery,
  context: QualityContext,
): Promise<EndpointTraffic> {
  const [fromMs, toMs] = [Date.parse(query.from), Date.parse(query.to)];
  const membersFromMs = Math.max(fromMs, toMs - MEMBERS_MS);
  const options = { ranges: splitTimeRange(fromMs, toMs), filter: { endpoint: query.endpoint }, keys: ['path'] };
  const predictions = predictionStatement(options);
  const quality = qualityStatement(options, context);
  type Key = { readonly path: string };
  const [predictionRows, qualityRows, members] = await Promise.all([
    analytics.query<PredictionAggregates & Key>(predictions.sql, predictions.parameters),
    analytics.query<QualityAggregates & Key>(quality.sql, quality.parameters),
    listMembers(analytics, query.endpoint, membersFromMs, toMs),
  ]);
  const qualityOf = new Map(qualityRows.map((row) => [row.path, row]));
  return {
    from: query.from,
    to: query.to,
    paths: predictionRows
      .map((row) => ({ path: row.path, summary: summarisePeriod(row, qualityOf.get(row.path), 0) }))
      .sort((left, right) => (left.path < right.path ? -1 : 1)),
    membersFrom: new Date(membersFromMs).toISOString(),
    members,
  };
}

interface MemberRow {
  readonly path: string;
  readonly name: string;
  readonly role: 'member' | 'shadow' | 'attempt';
  readonly model: string;
  readonly version: string;
  readonly asked: number;
  readonly failed: number;
  readonly quantiles: readonly (number | null)[];
}

/** Shadows answer after the prediction is logged, so what they said is in a table of their own, which knows no path. */
const newestMembers = (table: 'predictions' | 'shadow_answers', path: string) => `
  SELECT toString(${path}) AS path, members FROM ${table}
  WHERE endpoint = {endpoint:String} AND members NOT IN ('', '[]')
    AND at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  ORDER BY at DESC LIMIT ${MEMBERS_PREDICTIONS}`;

async function listMembers(
  analytics: Analytics,
  endpoint: string,
  fromMs: number,
  toMs: number,
): Promise<EndpointTraffic['members']> {
  const rows = await analytics.query<MemberRow>(
    `SELECT path, JSONExtractString(member, 'name') AS name, JSONExtractString(member, 'role') AS role,
       JSONExtractString(member, 'model') AS model, JSONExtractString(member, 'version') AS version,
       toFloat64(count()) AS asked, toFloat64(countIf(JSONHas(member, 'error'))) AS failed,
       quantiles(0.5, 0.95)(JSONExtractFloat(member, 'modelMicros')) AS quantiles
     FROM (
       SELECT path, arrayJoin(JSONExtractArrayRaw(members)) AS member FROM (
         SELECT * FROM (${newestMembers('predictions', 'path')})
         UNION ALL SELECT * FROM (${newestMembers('shadow_answers', "''")})
       )
     )
     GROUP BY path, name, role, model, version ORDER BY path, role, name, model, version`,
    { endpoint, from: fromMs, to: toMs },
  );
  return rows.map(({ quantiles, ...row }) => ({
    ...row,
    p50Micros: quantiles[0] ?? null,
    p95Micros: quantiles[1] ?? null,
  }));
}
