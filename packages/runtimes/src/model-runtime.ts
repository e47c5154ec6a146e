import type { Answer, ClassLabel, Signature, TensorDatatype, UpstreamHealth } from '@switchyard/contracts';
import type { UpstreamCounters, UpstreamPoolState } from './upstream/counters.ts';

/**
 * One validated row: a value for every feature, in the order of `signature.features`, defaults applied.
 * number and integer → number, boolean → boolean, string → string.
 */
export type FeatureRow = readonly (number | string | boolean)[];

/** Answers for the rows of one call, in their order, and what the call cost. */
export interface PredictResult {
  readonly answers: readonly Answer[];
  /** Time the model itself ran, for the batch this call rode in. */
  readonly modelMicros: number;
  /** Time between the call and the start of that run. */
  readonly queueMicros: number;
  /** Rows of that batch, other callers' included. */
  readonly batchRows: number;
}

/** What rows were answered, as columns: one value a row, and of probabilities one a row and label. */
export interface AnswerColumns {
  readonly labels?: readonly ClassLabel[];
  readonly values?: Float64Array;
  readonly probabilities?: {
    /** Class labels as text. */
    readonly labels: readonly string[];
    /** Position of the label that the score is of. */
    readonly positive: number;
    readonly data: Float64Array;
  };
}

export interface PredictColumnsResult extends Omit<PredictResult, 'answers'> {
  readonly answers: AnswerColumns;
}

/** A tensor as the Open Inference Protocol sees it: row-major, flat. */
export interface Tensor {
  readonly name: string;
  readonly datatype: TensorDatatype;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number> | ArrayLike<bigint> | readonly string[] | readonly boolean[];
}

export interface InferResult {
  readonly outputs: readonly Tensor[];
  readonly modelMicros: number;
  readonly queueMicros: number;
  readonly batchRows: number;
}

/** Limits of one call. Models in this process cannot be interrupted: they ignore them. */
export interface CallOptions {
  /** The time it may take, where that is less than the model's own limit. */
  readonly timeoutMs?: number;
  /** Ends the call early. */
  readonly signal?: AbortSignal;
}

/** How another server is doing. */
export interface RemoteState {
  health(): UpstreamHealth;
  /** Changes as calls are made: to be read, not kept. */
  readonly counters: UpstreamCounters;
  pool(): UpstreamPoolState;
}

/**
 * A model version that is loaded, warm and ready to answer.
 * Calls that are waiting when the model gets free run as one batch; nothing waits for a timer.
 * Failures reject with a SwitchyardError: model_failed, overloaded, deadline_exceeded or model_unavailable; of models
 * that another server runs also with the codes that start with `upstream_`.
 */
export interface LoadedModel {
  readonly signature: Signature;
  /**
   * `inline` runs on the caller's thread: only models measured to be small, of which calls with several rows may run
   * in another. `remote`: another server runs it.
   */
  readonly execution: 'inline' | 'worker' | 'remote';
  /** Median of one single-row run, measured when warming; null where nothing could be measured. */
  readonly runMicros: number | null;
  /** Of models that another server runs. */
  readonly remote?: RemoteState;
  predict(rows: readonly FeatureRow[], options?: CallOptions): Promise<PredictResult>;
  /**
   * As `predict`, from the artifact's own tensors and without an object for each row; absent where a runtime has no
   * faster way than that.
   */
  predictColumns?(inputs: readonly Tensor[]): Promise<PredictColumnsResult>;
  /** The artifact's own tensors in, the artifact's own tensors out. */
  infer(inputs: readonly Tensor[], outputNames?: readonly string[], options?: CallOptions): Promise<InferResult>;
  /** Finishes what has queued, then frees the memory. */
  close(): Promise<void>;
}
