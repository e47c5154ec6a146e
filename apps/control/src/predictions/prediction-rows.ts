import type { Answer, ClassLabel, PredictionSummary } from '@switchyard/contracts';

/** Columns that make a summary, and how a row of them looks. */
export const summaryColumns = `
  id, toUnixTimestamp64Milli(at) AS at_millis, endpoint, revision, path, model, version, status, error,
  unit, label_json, score, probabilities, value, total_micros`;

export interface SummaryRow {
  readonly id: string;
  readonly at_millis: number | string;
  readonly endpoint: string;
  readonly revision: number;
  readonly path: string;
  readonly model: string;
  readonly version: string;
  readonly status: string;
  readonly error: string;
  readonly unit: string;
  readonly label_json: string | null;
  readonly score: number | null;
  readonly probabilities: string;
  readonly value: number | null;
  readonly total_micros: number;
}

export const instantOf = (millis: number | string) => new Date(Number(millis)).toISOString();

/** A JSON column; an empty one is an empty object. */
export function parseJson<T>(text: string): T {
  return JSON.parse(text === '' ? '{}' : text) as T;
}

export function labelOf(json: string | null): ClassLabel | null {
  return json === null ? null : (JSON.parse(json) as ClassLabel);
}

function answerOf(row: SummaryRow): Answer {
  const label = labelOf(row.label_json);
  return {
    ...(label === null ? {} : { label }),
    ...(row.score === null ? {} : { score: row.score }),
    ...(row.probabilities === '' ? {} : { probabilities: parseJson<Record<string, number>>(row.probabilities) }),
    ...(row.value === null ? {} : { value: row.value }),
  };
}

export function summaryOf(row: SummaryRow, outcome: ClassLabel | null): PredictionSummary {
  return {
    id: row.id,
    at: instantOf(row.at_millis),
    endpoint: row.endpoint,
    revision: row.revision,
    path: row.path,
    model: row.model,
    version: row.version,
    status: row.status === 'error' ? 'error' : 'ok',
    error: row.error,
    unit: row.unit,
    answer: answerOf(row),
    outcome,
    totalMicros: row.total_micros,
  };
}
