import type { EndpointTraffic, Overview, PredictionDetail, PredictionSummary, TimeSeries } from '@switchyard/contracts';
import type { AnalyticsStore } from '@switchyard/storage/analytics';
import type { QualityContext } from '../overview/aggregate-sql.ts';
import { type AnsweredByRevision, listAnswered, type Period } from '../overview/cache-use.ts';
import { type EndpointTrafficQuery, getEndpointTraffic } from '../overview/endpoint-traffic.ts';
import {
  getOverview,
  getTimeSeries,
  listModelQuality,
  type ModelQuality,
  type TimeRangeQuery,
  type TimeSeriesQuery,
} from '../overview/queries.ts';
import { getPrediction, listPredictions, type PredictionQuery } from '../predictions/queries.ts';
import { listRecentFeatures, type RecentFeaturesQuery } from '../predictions/recent-features.ts';

/** Questions to the analytics store. */
export interface ReadModels {
  listPredictions(query: PredictionQuery): Promise<{ items: PredictionSummary[]; nextCursor?: string }>;
  listRecentFeatures(query: RecentFeaturesQuery): Promise<Record<string, unknown>[]>;
  /** Rejects with prediction_not_found. */
  getPrediction(id: string): Promise<PredictionDetail>;
  getOverview(query: TimeRangeQuery, context: QualityContext): Promise<Overview>;
  getTimeSeries(query: TimeSeriesQuery): Promise<TimeSeries>;
  listModelQuality(query: TimeRangeQuery, context: QualityContext): Promise<ModelQuality[]>;
  getEndpointTraffic(query: EndpointTrafficQuery, context: QualityContext): Promise<EndpointTraffic>;
  listAnswered(endpoints: readonly string[], period: Period): Promise<AnsweredByRevision[]>;
}

export function bindReadModels(analytics: AnalyticsStore): ReadModels {
  return {
    listPredictions: (query) => listPredictions(analytics, query),
    listRecentFeatures: (query) => listRecentFeatures(analytics, query),
    getPrediction: (id) => getPrediction(analytics, id),
    getOverview: (query, context) => getOverview(analytics, query, context),
    getTimeSeries: (query) => getTimeSeries(analytics, query),
    listModelQuality: (query, context) => listModelQuality(analytics, query, context),
    getEndpointTraffic: (query, context) => getEndpointTraffic(analytics, query, context),
    listAnswered: (endpoints, period) => listAnswered(analytics, endpoints, period),
  };
}
