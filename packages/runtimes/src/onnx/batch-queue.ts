import { SwitchyardError } from '@switchyard/contracts/errors';
import { type InputColumns, makeBuffers } from './encode-rows.ts';
import type { BatchTiming, Job } from './jobs.ts';
import type { SessionTensor } from './session.ts';
import { head, type TensorValues } from './tensor-types.ts';

/** What a batch came back as. */
export interface RunOutcome {
  readonly outputs: readonly SessionTensor[];
  /** When the model began, on the clock of `monotonicMs`. */
  readonly startedAtMs: number;
  readonly runMicros: number;
}

/** Where batches run: in this thread (then it answers at once, where it can) or in another. */
export interface Executor {
  run(
    inputs: readonly SessionTensor[],
    outputNames: readonly string[],
    rowCount: number,
  ): RunOutcome | Promise<RunOutcome>;
  /** Whether the arrays can be used again after a run; otherwise they were given away. */
  readonly keepsBuffers: boolean;
  close(): Promise<void>;
}

export interface BatchQueueOptions {
  readonly executor: Executor;
  readonly columns: readonly InputColumns[];
  /** Rows that may wait. A call that comes while nothing waits is always taken. */
  readonly maximumQueuedRows: number;
  readonly maximumBatchRows: number;
}

interface Piece {
  readonly waiting: Waiting;
  readonly at: number;
  readonly count: number;
}

interface Waiting {
  readonly job: Job;
  /** Rows handed to a batch so far. */
  sent: number;
  hasFailed: boolean;
  /** A batch it was part of failed: it runs by itself now, so that only the call to blame fails. */
  isAlone: boolean;
  /** What the batches it was in came to; undefined before the first has run. */
  timing: BatchTiming | undefined;
}

/**
 * A batch in this thread gains nothing from more rows, and in a turn that reads hundreds of requests the first would
 * wait for all others to be read.
 */
const FULL_ROWS = 32;

/**
 * Runs one batch at a time. Calls of the same turn of the event loop, and all that come while a batch runs,
 * wait together and go as the next batch; nothing waits for a timer.
 */
export class BatchQueue {
  readonly #executor: Executor;
  readonly #columns: readonly InputColumns[];
  readonly #maximumQueuedRows: number;
  readonly #maximumBatchRows: number;
  #waiting: Waiting[] = [];
  #queuedRows = 0;
  #isScheduled = false;
  #isRunning = false;
  #isClosing = false;
  #onIdle: (() => void) | undefined;
  #buffers: TensorValues[] = [];
  #capacity = 0;

  constructor(options: BatchQueueOptions) {
    this.#executor = options.executor;
    this.#columns = options.columns;
    this.#maximumQueuedRows = options.maximumQueuedRows;
    this.#maximumBatchRows = options.maximumBatchRows;
  }

  get queuedRows(): number {
    return this.#queuedRows;
  }

  push(job: Job): void {
    if (this.#isClosing) {
      job.fail(new SwitchyardError('model_unavailable', 'The model version is being unloaded.'));
      return;
    }
    if (this.#queuedRows > 0 && this.#queuedRows + job.rowCount > this.#maximumQueuedRows) {
      const detail = `${this.#queuedRows} rows are waiting for the model, and at most ${this.#maximumQueuedRows} may.`;
      job.fail(new SwitchyardError('overloaded', detail, { retryAfterSeconds: 1 }));
      return;
    }
    this.#waiting.push({ job, sent: 0, hasFailed: false, isAlone: false, timing: undefined });
    this.#queuedRows += job.rowCount;
    if (this.#executor.keepsBuffers && this.#queuedRows >= FULL_ROWS && !this.#isRunning) this.#runNext();
    else this.#schedule();
  }

  /** Resolves when everything that has queued is answered; nothing more is taken. */
  close(): Promise<void> {
    this.#isClosing = true;
    if (!this.#isRunning && this.#waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isRunning) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.#isRunning && this.#waiting.length > 0) this.#runNext();
    });
  }

  #runNext(): void {
    const batch = this.#collect();
    if (batch === undefined) {
      this.#afterRun();
      return;
    }
    this.#isRunning = true;
    let outcome: RunOutcome | Promise<RunOutcome>;
    try {
      outcome = this.#executor.run(batch.inputs, batch.outputNames, batch.rows);
    } catch (error) {
      this.#failAll(batch.pieces, error);
      this.#afterRun();
      return;
    }
    if (outcome instanceof Promise) {
      outcome
        .then(
          (result) => this.#settle(batch.pieces, batch.rows, result),
          (error: unknown) => this.#failAll(batch.pieces, error),
        )
        .finally(() => this.#afterRun());
      return;
    }
    this.#settle(batch.pieces, batch.rows, outcome);
    this.#afterRun();
  }

  #afterRun(): void {
    this.#isRunning = false;
    if (this.#waiting.length > 0) this.#schedule();
    else this.#onIdle?.();
  }

  /** Takes rows from the front of the queue; a job that cannot be written fails alone. */
  #collect(): { inputs: SessionTensor[]; outputNames: readonly string[]; rows: number; pieces: Piece[] } | undefined {
    const buffers = this.#takeBuffers(Math.min(this.#queuedRows, this.#maximumBatchRows));
    const pieces: Piece[] = [];
    let rows = 0;
    let done = 0;
    let outputNames: readonly string[] | undefined;
    for (const waiting of this.#waiting) {
      const { job } = waiting;
      if (rows >= this.#maximumBatchRows) break;
      if (!waiting.hasFailed) {
        outputNames ??= job.outputNames;
        if (outputNames !== job.outputNames || (waiting.isAlone && pieces.length > 0)) break;
        const count = Math.min(job.rowCount - waiting.sent, this.#maximumBatchRows - rows);
        try {
          job.write(buffers, rows, waiting.sent, waiting.sent + count);
          pieces.push({ waiting, at: rows, count });
          waiting.sent += count;
          this.#queuedRows -= count;
          rows += count;
        } catch (error) {
          this.#fail(waiting, error);
        }
      }
      if (!waiting.hasFailed && waiting.sent < job.rowCount) break;
      done += 1;
      if (waiting.isAlone && pieces.length > 0) break;
    }
    this.#waiting.splice(0, done);
    if (outputNames === undefined || rows === 0) return undefined;
    return { inputs: inputTensors(this.#columns, buffers, rows), outputNames, rows, pieces };
  }

  #takeBuffers(rows: number): TensorValues[] {
    if (!this.#executor.keepsBuffers) return makeBuffers(this.#columns, rows);
    if (rows > this.#capacity) {
      this.#capacity = Math.max(rows, Math.min(this.#capacity * 2, this.#maximumBatchRows));
      this.#buffers = makeBuffers(this.#columns, this.#capacity);
    }
    return this.#buffers;
  }

  #settle(pieces: readonly Piece[], rows: number, outcome: RunOutcome): void {
    const wrong = wrongOutput(outcome.outputs, rows);
    if (wrong !== undefined) {
      this.#failAll(pieces, wrong);
      return;
    }
    for (const { waiting, at, count } of pieces) {
      if (waiting.hasFailed) continue;
      waiting.timing = {
        startedAtMs: waiting.timing?.startedAtMs ?? outcome.startedAtMs,
        runMicros: (waiting.timing?.runMicros ?? 0) + outcome.runMicros,
        rows: Math.max(waiting.timing?.rows ?? 0, rows),
      };
      try {
        waiting.job.take(outcome.outputs, at, count, rows);
        if (waiting.sent === waiting.job.rowCount) waiting.job.finish(waiting.timing);
      } catch (error) {
        this.#fail(waiting, error);
      }
    }
  }

  /** After a failure of the model itself the calls of the batch are tried one by one; other failures are final. */
  #failAll(pieces: readonly Piece[], error: unknown): void {
    if (pieces.length > 1 && !SwitchyardError.is(error)) {
      const back: Waiting[] = [];
      for (const { waiting, count } of pieces) {
        if (waiting.hasFailed) continue;
        if (waiting.sent === waiting.job.rowCount) back.push(waiting);
        waiting.isAlone = true;
        waiting.sent -= count;
        this.#queuedRows += count;
      }
      this.#waiting.unshift(...back);
      return;
    }
    const failure = runFailure(error);
    for (const { waiting } of pieces) this.#fail(waiting, failure);
  }

  #fail(waiting: Waiting, error: unknown): void {
    if (waiting.hasFailed) return;
    waiting.hasFailed = true;
    // What has not run of it does not wait any more.
    this.#queuedRows -= waiting.job.rowCount - waiting.sent;
    waiting.sent = waiting.job.rowCount;
    waiting.job.fail(error);
  }
}

/** The first rows of the arrays as the runtime takes them. */
export function inputTensors(
  columns: readonly InputColumns[],
  buffers: readonly TensorValues[],
  rows: number,
): SessionTensor[] {
  return columns.map((column, index) => ({
    name: column.name,
    type: column.type.runtimeType,
    dims: [rows, ...column.rowShape],
    values: head(buffers[index] as TensorValues, rows * column.width),
  }));
}

/** What is wrong with the shape of answers, if anything is. */
export function wrongOutput(outputs: readonly SessionTensor[], rows: number): SwitchyardError | undefined {
  const wrong = outputs.find(({ values, dims }) => values.length % rows !== 0 || (dims.length > 0 && dims[0] !== rows));
  return (
    wrong &&
    new SwitchyardError(
      'model_failed',
      `The model answered ${rows} rows with '${wrong.name}' of shape [${wrong.dims.join(', ')}].`,
    )
  );
}

/** What a call is told when a run failed. */
export const runFailure = (error: unknown): SwitchyardError =>
  SwitchyardError.is(error)
    ? error
    : new SwitchyardError('model_failed', 'The model failed while it ran.', { cause: error });
