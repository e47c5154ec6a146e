/** How often something happened and how long it took together. */
export interface DurationCount {
  readonly count: number;
  readonly micros: number;
}

/** What one call of a model came to. */
export interface RunOfCall {
  readonly modelMicros: number;
  readonly queueMicros: number;
  /** Rows of the run it rode in, other calls' included. */
  readonly batchRows: number;
}

/** Sizes of batches that are told apart; a batch of any further size is counted, but not by its size. */
const MAXIMUM_SIZES = 256;

/**
 * Calls and runs of one model version since the process began, as the statistics extension of the Open Inference
 * Protocol tells them. Calls that come together share a run, so of each run a call counts its share of the rows:
 * the shares of all its callers are one run.
 */
export class RunStatistics {
  #calls = 0;
  #failedCalls = 0;
  #rows = 0;
  #runs = 0;
  #queueMicros = 0;
  #modelMicros = 0;
  #lastAtMs = 0;
  readonly #batches = new Map<number, { runs: number; micros: number }>();

  /** @param rows of this call @param atMs Unix time */
  observe(rows: number, run: RunOfCall, atMs: number): void {
    const share = run.batchRows > 0 ? rows / run.batchRows : 1;
    this.#calls += 1;
    this.#rows += rows;
    this.#runs += share;
    this.#queueMicros += run.queueMicros;
    this.#modelMicros += run.modelMicros;
    this.#lastAtMs = atMs;
    let batch = this.#batches.get(run.batchRows);
    if (batch === undefined) {
      if (this.#batches.size >= MAXIMUM_SIZES) return;
      batch = { runs: 0, micros: 0 };
      this.#batches.set(run.batchRows, batch);
    }
    batch.runs += share;
    batch.micros += share * run.modelMicros;
  }

  observeFailure(): void {
    this.#failedCalls += 1;
  }

  read() {
    return {
      lastAtMs: this.#lastAtMs,
      rows: this.#rows,
      runs: Math.round(this.#runs),
      failedCalls: this.#failedCalls,
      queue: { count: this.#calls, micros: this.#queueMicros },
      compute: { count: this.#calls, micros: this.#modelMicros },
      batches: [...this.#batches]
        .map(([batchRows, { runs, micros }]) => ({ batchRows, compute: { count: Math.round(runs), micros } }))
        .sort((a, b) => a.batchRows - b.batchRows),
    };
  }
}
