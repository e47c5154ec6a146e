import { type Executor, inputTensors, runFailure, wrongOutput } from './batch-queue.ts';
import { type InputColumns, makeBuffers } from './encode-rows.ts';
import type { BatchTiming, Job } from './jobs.ts';

/** Another thread that has the model too. */
export interface SecondThread extends Executor {
  /** Whether a run would begin at once, or behind others of this model. */
  isFree(): boolean;
}

export interface LargeBatchesOptions {
  readonly columns: readonly InputColumns[];
  /** Rows from which on a call is worth the way there and back. */
  readonly fromRows: number;
  /** Rows that may be there at the same time, though one call is always taken. */
  readonly atOnceRows: number;
  /** Rows of one run: models that share the thread have their turn between the runs of a call with more. */
  readonly maximumBatchRows: number;
  /** Loads the model there. */
  readonly place: () => Promise<SecondThread>;
}

/**
 * The large calls of a model that otherwise runs in the caller's thread: they run in a second one, so that the first
 * reads, logs and answers meanwhile, and a small call never waits for a large one. The model is loaded there when the
 * first large call comes, which still runs as all others do.
 */
export class LargeBatches {
  readonly #options: LargeBatchesOptions;
  readonly #running = new Set<Promise<void>>();
  #placing: Promise<void> | undefined;
  #thread: SecondThread | undefined;
  #rows = 0;
  #isClosing = false;

  constructor(options: LargeBatchesOptions) {
    this.#options = options;
  }

  /** Takes the call and answers it; false where it is better, or only possible, to run it as any other. */
  take(job: Job): boolean {
    const { fromRows, atOnceRows } = this.#options;
    const { rowCount } = job;
    if (rowCount < fromRows || this.#isClosing) return false;
    const thread = this.#thread;
    if (thread === undefined) {
      this.#placing ??= this.#place();
      return false;
    }
    if (!thread.isFree() || (this.#rows > 0 && this.#rows + rowCount > atOnceRows)) return false;
    this.#rows += rowCount;
    const running = this.#run(thread, job).finally(() => {
      this.#rows -= rowCount;
      this.#running.delete(running);
    });
    this.#running.add(running);
    return true;
  }

  /** Resolves when what was taken is answered and the model is unloaded. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#placing;
    await Promise.all(this.#running);
    await this.#thread?.close();
  }

  async #place(): Promise<void> {
    // Where it cannot be loaded a second time, everything goes on as before.
    this.#thread = await this.#options.place().catch(() => undefined);
  }

  async #run(thread: SecondThread, job: Job): Promise<void> {
    const { rowCount } = job;
    try {
      let timing: BatchTiming | undefined;
      for (let from = 0; from < rowCount; from += this.#options.maximumBatchRows) {
        const part = await this.#runPart(thread, job, from);
        timing = {
          startedAtMs: timing?.startedAtMs ?? part.startedAtMs,
          runMicros: (timing?.runMicros ?? 0) + part.runMicros,
          rows: Math.max(timing?.rows ?? 0, part.rows),
        };
      }
      job.finish(timing as BatchTiming);
    } catch (error) {
      job.fail(runFailure(error));
    }
  }

  async #runPart(thread: SecondThread, job: Job, from: number): Promise<BatchTiming> {
    const { columns, maximumBatchRows } = this.#options;
    const rows = Math.min(maximumBatchRows, job.rowCount - from);
    const buffers = makeBuffers(columns, rows);
    job.write(buffers, 0, from, from + rows);
    const { outputs, startedAtMs, runMicros } = await thread.run(
      inputTensors(columns, buffers, rows),
      job.outputNames,
      rows,
    );
    const wrong = wrongOutput(outputs, rows);
    if (wrong !== undefined) throw wrong;
    job.take(outputs, 0, rows, rows);
    return { startedAtMs, runMicros, rows };
  }
}
