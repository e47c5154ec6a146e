/** What segments of the prediction log came to. */
export interface InsertedSegments {
  /** Lines, by kind. A segment inserted before counts the same again, but adds nothing. */
  readonly predictions: number;
  readonly feedback: number;
  readonly rejections: number;
  readonly shadowAnswers: number;
  /** Predictions whose outcome became known or changed by this insert. */
  readonly outcomes: number;
}

/** The values of query parameters (`{name:Type}` in the SQL). */
export type QueryParameters = Readonly<Record<string, unknown>>;

/** The port to the store of predictions, feedback and outcomes. Tables: `schema.ts`. */
export interface AnalyticsStore {
  readonly engine: 'chdb' | 'clickhouse';
  /** Rows as objects. 64-bit integers come as text: cast counts in SQL. NaN comes as null. */
  query<Row>(sql: string, parameters?: QueryParameters): Promise<Row[]>;
  command(sql: string, parameters?: QueryParameters): Promise<void>;
  /**
   * Loads sealed segments of the prediction log, given by their paths, and joins outcomes with predictions in both
   * directions: new feedback with old predictions, and feedback that waited with the predictions that arrive now.
   * Exactly once however often, in whatever grouping and order segments are given, and wherever an earlier call was
   * interrupted: rows are told apart by their ids, not by the segment they came in.
   * Calls are carried out one after the other.
   * Throws UnreadableSegmentError when a line cannot be read; then nothing was inserted.
   */
  insertSegments(paths: readonly string[]): Promise<InsertedSegments>;
  health(): Promise<{ readonly healthy: boolean; readonly detail: string }>;
  close(): Promise<void>;
}

/** A line of a segment is not a log record: the caller takes the bad lines out and tries again. */
export class UnreadableSegmentError extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'UnreadableSegmentError';
  }
}
