import {
  ENSEMBLE_PREFIX,
  type modelQualitySchema,
  type Overview,
  type PeriodSummary,
  type TimeSeries,
  type timeRangeQuerySchema,
  type timeSeriesQuerySchema,
} from '@switchyard/contracts';
import type { AnalyticsStore } from '@switchyard/storage/analytics';
import type { z } from 'zod';
import {
  type Filter,
  type PredictionAggregates,
  predictionStatement,
  type QualityAggregates,
  type QualityContext,
  qualityStatement,
} from './aggregate-sql.ts';
import { latencyOf, ratio, summarisePeriod } from './period-summary.ts';
import { chooseStepSeconds, splitTimeRange } from './time-ranges.ts';

type Analytics = Pick<AnalyticsStore, 'query'>;
export type TimeRangeQuery = z.infer<typeof timeRangeQuerySchema>;
export type TimeSeriesQuery = z.infer<typeof timeSeriesQuerySchema>;
export type ModelQuality = z.infer<typeof modelQualitySchema>;

/** Series beyond this many are left out, the ones with the fewest predictions first. */
const MAXIMUM_SERIES = 50;

const NO_PREDICTIONS: PredictionAggregates = {
  predictions: 0,
  failed: 0,
  total_micros: 0,
  quantiles: [],
  scored_predictions: 0,
  score_sum: 0,
};

interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

const periodOf = (query: { from: string; to: string }): Period => ({
  fromMs: Date.parse(query.from),
  toMs: Date.parse(query.to),
});
const instant = (millis: number) => new Date(millis).toISOString();

/** What of refused requests is inside a period, and of one endpoint where that is asked for. */
function rejectionsIn(period: Period, filter: Filter) {
  return {
    from: `FROM rejections
      WHERE at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND at < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
      ${filter.endpoint === undefined ? '' : 'AND endpoint = {endpoint:String}'}`,
    parameters: {
      from: period.fromMs,
      to: period.toMs,
      ...(filter.endpoint === undefined ? {} : { endpoint: filter.endpoint }),
    },
  };
}

/** Refused requests name an endpoint but no model, so with a filter on models there are none that could be counted. */
async function countRejections(analytics: Analytics, period: Period, filter: Filter): Promise<number> {
  if (filter.model !== undefined) {
    return 0;
  }
  const { from, parameters } = rejectionsIn(period, filter);
  const [row] = await analytics.query<{ rejected: number }>(
    `SELECT toFloat64(sum(count)) AS rejected ${from}`,
    parameters,
  );
  return row?.rejected ?? 0;
}

/** By the start of the step, in Unix seconds. */
async function countRejectionsByStep(
  analytics: Analytics,
  period: Period,
  filter: Filter,
  stepSeconds: number,
): Promise<Map<number, number>> {
  const { from, parameters } = rejectionsIn(period, filter);
  const rows = await analytics.query<{ bucket: number; rejected: number }>(
    `SELECT toFloat64(intDiv(toUnixTimestamp(at), ${stepSeconds}) * ${stepSeconds}) AS bucket,
       toFloat64(sum(count)) AS rejected ${from} GROUP BY bucket`,
    parameters,
  );
  return new Map(rows.map(({ bucket, rejected }) => [bucket, rejected]));
}

async function summaryOf(
  analytics: Analytics,
  period: Period,
  filter: Filter,
  context: QualityContext,
): Promise<PeriodSummary> {
  const ranges = splitTimeRange(period.fromMs, period.toMs);
  if (ranges.length === 0) {
    return summarisePeriod(undefined, undefined, 0);
  }
  const predictions = predictionStatement({ ranges, filter, keys: [] });
  const quality = qualityStatement({ ranges, filter, keys: [] }, context);
  const [predictionRows, qualityRows, rejected] = await Promise.all([
    analytics.query<PredictionAggregates>(predictions.sql, predictions.parameters),
    analytics.query<QualityAggregates>(quality.sql, quality.parameters),
    countRejections(analytics, period, filter),
  ]);
  return summarisePeriod(predictionRows[0], qualityRows[0], rejected);
}

/**
 * The period from ≤ at < to and the equally long one before it, by the time of the prediction.
 * Counts and means are exact; latency quantiles are within 1 % of a value that has that rank.
 */
export async function getOverview(
  analytics: Analytics,
  query: TimeRangeQuery,
  context: QualityContext,
): Promise<Overview> {
  const period = periodOf(query);
  const before = { fromMs: period.fromMs - (period.toMs - period.fromMs), toMs: period.fromMs };
  const [current, previous] = await Promise.all([
    summaryOf(analytics, period, query, context),
    summaryOf(analytics, before, query, context),
  ]);
  return { from: query.from, to: query.to, current, previous };
}

/**
 * The same figures over time, in at most `points` steps that begin at round times; the first and the last step hold
 * only what is inside the period. Accuracy belongs to the step in which the prediction was made.
 */
export async function getTimeSeries(analytics: Analytics, query: TimeSeriesQuery): Promise<TimeSeries> {
  const period = periodOf(query);
  const stepSeconds = chooseStepSeconds(period.fromMs, period.toMs, query.points);
  const ranges = splitTimeRange(period.fromMs, period.toMs, stepSeconds * 1_000);
  const answer = { from: query.from, to: query.to, stepSeconds };
  if (ranges.length === 0) {
    return { ...answer, series: [] };
  }
  const keys = query.groupBy === 'none' ? [] : [query.groupBy];
  const predictions = predictionStatement({ ranges, filter: query, keys, stepSeconds });
  const quality = qualityStatement({ ranges, filter: query, keys, stepSeconds }, { positiveLabels: {} });
  type Key = Partial<Record<'endpoint' | 'model' | 'path', string>> & { readonly bucket: number };
  const knowsRejections = query.groupBy === 'none' && query.model === undefined;
  const [predictionRows, qualityRows, rejections] = await Promise.all([
    analytics.query<PredictionAggregates & Key>(predictions.sql, predictions.parameters),
    analytics.query<QualityAggregates & Key>(quality.sql, quality.parameters),
    knowsRejections ? countRejectionsByStep(analytics, period, query, stepSeconds) : new Map<number, number>(),
  ]);
  const keyOf = (row: Key) => (query.groupBy === 'none' ? '' : (row[query.groupBy] ?? ''));
  const qualityAt = new Map(qualityRows.map((row) => [`${row.bucket} ${keyOf(row)}`, row]));
  const series = new Map<string, { predictions: number; points: TimeSeries['series'][number]['points'] }>();
  // A step in which everything was refused is one in which something happened.
  const withPredictions = new Set(predictionRows.map(({ bucket }) => bucket));
  const refusedOnly = [...rejections.keys()].filter((bucket) => !withPredictions.has(bucket));
  const rows: (PredictionAggregates & Key)[] = [
    ...predictionRows,
    ...refusedOnly.map((bucket) => ({ ...NO_PREDICTIONS, bucket })),
  ].sort((left, right) => left.bucket - right.bucket);
  for (const row of rows) {
    const key = keyOf(row);
    const judged = qualityAt.get(`${row.bucket} ${key}`);
    const one = series.get(key) ?? { predictions: 0, points: [] };
    series.set(key, one);
    one.predictions += row.predictions;
    one.points.push({
      at: instant(row.bucket * 1_000),
      predictions: row.predictions,
      failed: row.failed,
      rejected: knowsRejections ? (rejections.get(row.bucket) ?? 0) : null,
      ...latencyOf(row),
      labelled: judged?.labelled ?? 0,
      accuracy: ratio(judged?.correct ?? 0, judged?.labelled ?? 0),
      meanScore: ratio(row.score_sum ?? 0, row.scored_predictions),
    });
  }
  const largest = [...series.entries()].sort(([, left], [, right]) => right.predictions - left.predictions);
  const shown = largest.slice(0, MAXIMUM_SERIES).sort(([left], [right]) => (left < right ? -1 : 1));
  return { ...answer, series: shown.map(([key, { points }]) => ({ key, points })) };
}

/** One summary for each model version that answered in the period, by name and version. */
export async function listModelQuality(
  analytics: Analytics,
  query: TimeRangeQuery,
  context: QualityContext,
): Promise<ModelQuality[]> {
  const period = periodOf(query);
  const ranges = splitTimeRange(period.fromMs, period.toMs);
  if (ranges.length === 0) {
    return [];
  }
  const keys = ['model', 'version'];
  const predictions = predictionStatement({ ranges, filter: query, keys });
  const quality = qualityStatement({ ranges, filter: query, keys }, context);
  type Key = { readonly model: string; readonly version: string };
  const [predictionRows, qualityRows] = await Promise.all([
    analytics.query<PredictionAggregates & Key>(predictions.sql, predictions.parameters),
    analytics.query<QualityAggregates & Key>(quality.sql, quality.parameters),
  ]);
  const qualityOf = new Map(qualityRows.map((row) => [`${row.model}@${row.version}`, row]));
  return (
    predictionRows
      // Requests that failed before a model was chosen, and ensembles, which are no versions of a model.
      .filter((row) => row.model !== '' && !row.model.startsWith(ENSEMBLE_PREFIX))
      .map((row) => ({
        model: row.model,
        version: row.version,
        summary: summarisePeriod(row, qualityOf.get(`${row.model}@${row.version}`), 0),
      }))
      .sort((left, right) =>
        left.model === right.model ? Number(left.version) - Number(right.version) : left.model < right.model ? -1 : 1,
      )
  );
}
