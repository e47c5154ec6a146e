import type { PredictResponse } from '@switchyard/contracts';
import { pause } from './control-api.ts';
import type { LabelQueue } from './label-queue.ts';

export interface ReplayedRow {
  /** Row of the data set, 0 for the first line after the header. */
  readonly row: number;
  readonly features: Readonly<Record<string, number | string | boolean>>;
  /** What became of it: 1 or 0. */
  readonly label: number;
}

/** Called for each answered row; tests keep their own books with it. */
export type OnAnswered<Row extends ReplayedRow> = (
  row: Row,
  id: string,
  answer: PredictResponse['predictions'][number],
  path: string,
) => void;

export interface ReplayOptions<Row extends ReplayedRow> {
  readonly gatewayUrl: string;
  readonly endpoint: string;
  /** Rows a second. */
  readonly perSecond: number;
  readonly signal: AbortSignal;
  readonly labels: LabelQueue;
  readonly unitOf: (row: Row) => string;
  readonly segmentOf?: (row: Row) => Readonly<Record<string, string>>;
  readonly onAnswered?: OnAnswered<Row> | undefined;
  /** Called now and then with how many rows were sent and how many of them could not be answered. */
  readonly onProgress: (sent: number, failed: number) => void;
}

const TICK_MS = 50;
const PROGRESS_EVERY_MS = 15_000;

/** Sends the rows in order at an even pace, and what became of each one later. Ends early when the signal aborts. */
export async function replay<Row extends ReplayedRow>(
  rows: readonly Row[],
  options: ReplayOptions<Row>,
): Promise<void> {
  const startedAt = performance.now();
  let sent = 0;
  let failed = 0;
  let toldAt = startedAt;
  while (sent < rows.length && !options.signal.aborted) {
    const now = performance.now();
    const due = Math.min(rows.length, Math.floor(((now - startedAt) / 1_000) * options.perSecond) + 1);
    const batch = rows.slice(sent, due);
    sent = due;
    const ids = await Promise.all(batch.map((row) => predict(row, options)));
    batch.forEach((row, index) => {
      const id = ids[index];
      if (id === undefined) failed += 1;
      else options.labels.add(id, row);
    });
    if (now - toldAt > PROGRESS_EVERY_MS) {
      toldAt = now;
      options.onProgress(sent, failed);
    }
    await pause(TICK_MS, options.signal);
  }
}

/** Gives the prediction id, or undefined when the row could not be answered: a replay goes on. */
async function predict<Row extends ReplayedRow>(row: Row, options: ReplayOptions<Row>): Promise<string | undefined> {
  const { gatewayUrl, endpoint, signal, unitOf, segmentOf, onAnswered } = options;
  try {
    const response = await fetch(`${gatewayUrl}/v1/models/${endpoint}:predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ instances: [row.features], unit: unitOf(row), segment: segmentOf?.(row) }),
      signal,
    });
    const body = (await response.json()) as PredictResponse;
    const id = body.ids?.[0];
    const answer = body.predictions?.[0];
    if (!response.ok || id === undefined || answer === undefined) return undefined;
    onAnswered?.(row, id, answer, body.served[0]?.path ?? '');
    return id;
  } catch {
    return undefined;
  }
}
