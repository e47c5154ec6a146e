import type { PredictionRecord, PredictionSummary } from '@switchyard/contracts';

/** What lists and the live feed show of a record whose outcome is not known yet. */
export function summariseRecord(record: PredictionRecord): PredictionSummary {
  return {
    id: record.id,
    at: new Date(record.at).toISOString(),
    endpoint: record.endpoint,
    revision: record.revision,
    path: record.path,
    model: record.model,
    version: record.version,
    status: record.status,
    error: record.error,
    unit: record.unit,
    answer: record.answer,
    outcome: null,
    totalMicros: record.totalMicros,
  };
}
