import type {
  modelQualitySchema,
  Overview,
  PredictionDetail,
  PredictionSummary,
  predictionQuerySchema,
  TimeSeries,
  timeRangeQuerySchema,
  timeSeriesQuerySchema,
} from '@switchyard/contracts';
import type { z } from 'zod';

export type ModelQuality = z.infer<typeof modelQualitySchema>;

/** Class whose probability is the score, as text, by model: what precision and recall are about. */
export type PositiveLabels = Readonly<Record<string, string>>;

/** Questions to the analytics store. */
export interface ReadModels {
  listPredictions(
    query: z.output<typeof predictionQuerySchema>,
  ): Promise<{ items: PredictionSummary[]; nextCursor?: string | undefined }>;
  /** Undefined when the prediction is not known. */
  getPrediction(id: string): Promise<PredictionDetail | undefined>;
  getOverview(query: z.output<typeof timeRangeQuerySchema>, positiveLabels: PositiveLabels): Promise<Overview>;
  getTimeSeries(query: z.output<typeof timeSeriesQuerySchema>, positiveLabels: PositiveLabels): Promise<TimeSeries>;
  listModelQuality(
    query: z.output<typeof timeRangeQuerySchema>,
    positiveLabels: PositiveLabels,
  ): Promise<ModelQuality[]>;
}
