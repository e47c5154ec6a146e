export {
  type AnalyticsStore,
  type InsertedSegments,
  type QueryParameters,
  UnreadableSegmentError,
} from './analytics-store.ts';
export { type ChdbAnalyticsOptions, openChdbAnalytics } from './open-chdb.ts';
export { type ClickhouseAnalyticsOptions, openClickhouseAnalytics } from './open-clickhouse.ts';
export { predictionAggregates } from './schema.ts';
