import { type CsvCell, toCsv } from '@switchyard/charts/prepare';
import type { PredictionSummary } from '@switchyard/contracts';

const COLUMNS: readonly (readonly [name: string, cell: (row: PredictionSummary) => CsvCell])[] = [
  ['id', (row) => row.id],
  ['at', (row) => row.at],
  ['endpoint', (row) => row.endpoint],
  ['revision', (row) => row.revision],
  ['path', (row) => row.path],
  ['model', (row) => row.model],
  ['version', (row) => row.version],
  ['status', (row) => row.status],
  ['error', (row) => row.error],
  ['unit', (row) => row.unit],
  ['label', (row) => row.answer.label],
  ['score', (row) => row.answer.score],
  ['value', (row) => row.answer.value],
  ['outcome', (row) => row.outcome],
  ['total_micros', (row) => row.totalMicros],
];

/** Raw numbers and ISO times. */
export function predictionsCsv(rows: readonly PredictionSummary[]): string {
  return toCsv(
    COLUMNS.map(([name]) => name),
    rows.map((row) => COLUMNS.map(([, cell]) => cell(row))),
  );
}
