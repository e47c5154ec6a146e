import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Signature } from '@switchyard/contracts';
import { SwitchyardError } from '@switchyard/contracts/errors';
import type { InferResult, LoadedModel, PredictResult, Tensor } from '../model-runtime.ts';
import { BatchQueue, type Executor } from './batch-queue.ts';
import { checkOutputNames, checkTensors } from './check-tensors.ts';
import { layOutColumns, makeRowEncoder } from './encode-rows.ts';
import { InferJob, type Job, PredictJob } from './jobs.ts';
import { LargeBatches, type SecondThread } from './large-batches.ts';
import { monotonicMs } from './monotonic-clock.ts';
import { openModel } from './open-model.ts';
import { plainMessage } from './plain-message.ts';
import { makeAnswerReader } from './read-answers.ts';
import type { LoadMeasurements } from './thread-messages.ts';
import { type OnnxWorkerPool, WorkerPool } from './worker-pool.ts';

/** Up to here a run in the caller's thread takes less than the way to another one and back (about 175 µs). */
const INLINE_RUN_MICROS = 150;
/** Loading in the caller's thread blocks it for about as long as loading took elsewhere. */
const INLINE_LOAD_MS = 10;
const INLINE_FILE_BYTES = 4_194_304;
/** So much may be on its way to the second thread; what would come behind it is done sooner in the caller's. */
const SECOND_BACKLOG_MICROS = 10_000;
/** An inline batch holds up everything else in the thread, so it is cut after about this long. */
const INLINE_BATCH_MICROS = 2_000;

export interface LoadOptions {
  readonly path: string;
  /** As `inspectOnnxFile` found it for this very file. */
  readonly signature: Signature;
  /** `auto` unless given: inline when the model is measured to be small. */
  readonly execution?: 'auto' | 'inline' | 'worker';
  /** Rows that may wait for the model; 10,000 unless given. */
  readonly maximumQueuedRows?: number;
  /** Rows of one run; 4,096 unless given. */
  readonly maximumBatchRows?: number;
  readonly pool: OnnxWorkerPool;
}

/**
 * Loads a model version and warms it up, without blocking the caller's thread for longer than a few milliseconds.
 * Rejects with `invalid_artifact` when the file cannot be loaded or does not fit the signature.
 */
export async function loadOnnxModel(options: LoadOptions): Promise<LoadedModel> {
  const { path, signature, execution = 'auto', maximumQueuedRows = 10_000, maximumBatchRows = 4_096 } = options;
  const { pool } = options;
  if (!(pool instanceof WorkerPool)) throw new TypeError('the pool is not from createOnnxWorkerPool');
  const isInline = (measured: LoadMeasurements): boolean =>
    execution === 'inline' ||
    (execution === 'auto' &&
      measured.runMicros < INLINE_RUN_MICROS &&
      measured.loadMs <= INLINE_LOAD_MS &&
      statSync(path).size <= INLINE_FILE_BYTES);
  try {
    const placed = await pool.place(path, signature, (measured) => (isInline(measured) ? 'inline' : 'worker'));
    const { measurements } = placed;
    const executor = placed.executor ?? (await openInline(path, signature));
    const batchRows = placed.executor === undefined ? rowsWithin(measurements, INLINE_BATCH_MICROS) : maximumBatchRows;
    return makeLoadedModel({
      signature,
      executor,
      measurements,
      maximumQueuedRows,
      maximumBatchRows: Math.max(1, Math.min(maximumBatchRows, batchRows)),
      maximumSecondRows: Math.max(1, maximumBatchRows),
      placeSecond:
        placed.executor === undefined && execution === 'auto' && availableParallelism() > 1
          ? () => pool.placeSecond(path, signature)
          : undefined,
    });
  } catch (error) {
    if (SwitchyardError.is(error)) throw error;
    throw new SwitchyardError('invalid_artifact', `The model cannot be loaded: ${plainMessage(error)}`, {
      cause: error,
    });
  }
}

/** How many rows a run of so long has. */
const rowsWithin = ({ runMicros, furtherRowMicros }: LoadMeasurements, micros: number): number =>
  1 + Math.floor(Math.max(0, micros - runMicros) / Math.max(furtherRowMicros, 0.01));

async function openInline(path: string, signature: Signature): Promise<Executor> {
  const model = await openModel(path, signature);
  await model.warmUp();
  return {
    keepsBuffers: true,
    run(inputs, outputNames, rowCount) {
      const startedAtMs = monotonicMs();
      const outputs = model.run(inputs, outputNames, rowCount);
      if (!(outputs instanceof Promise)) {
        return { outputs, startedAtMs, runMicros: (monotonicMs() - startedAtMs) * 1000 };
      }
      return outputs.then((late) => ({
        outputs: late,
        startedAtMs,
        runMicros: (monotonicMs() - startedAtMs) * 1000,
      }));
    },
    close: () => model.close(),
  };
}

interface Parts {
  readonly signature: Signature;
  readonly executor: Executor;
  readonly measurements: LoadMeasurements;
  readonly maximumQueuedRows: number;
  /** Rows of one run where all calls run, and of one in the second thread. */
  readonly maximumBatchRows: number;
  readonly maximumSecondRows: number;
  /** Undefined where large calls are to run like all others. */
  readonly placeSecond: (() => Promise<SecondThread>) | undefined;
}

function makeLoadedModel(parts: Parts): LoadedModel {
  const { signature, executor, measurements, placeSecond } = parts;
  const columns = layOutColumns(signature);
  const encoding = {
    encode: makeRowEncoder(columns, signature.features),
    reader: makeAnswerReader(signature, measurements.fileLabels),
  };
  const allOutputs = signature.outputs.map((output) => output.name);
  const queue = new BatchQueue({
    executor,
    columns,
    maximumQueuedRows: parts.maximumQueuedRows,
    maximumBatchRows: parts.maximumBatchRows,
  });
  const large =
    placeSecond &&
    new LargeBatches({
      columns,
      fromRows: 1 + rowsWithin(measurements, INLINE_RUN_MICROS),
      atOnceRows: rowsWithin(measurements, SECOND_BACKLOG_MICROS),
      maximumBatchRows: parts.maximumSecondRows,
      place: placeSecond,
    });
  const push = (job: Job): void => {
    if (!large?.take(job)) queue.push(job);
  };
  /** Throws invalid_request. @param outputNames calls with the same array can share a run */
  const infer = (inputs: readonly Tensor[], outputNames: readonly string[]): Promise<InferResult> => {
    const call = { ...checkTensors(signature, inputs), outputNames };
    return new Promise((resolve, reject) => {
      push(new InferJob(call, monotonicMs(), { resolve, reject }));
    });
  };
  let closing: Promise<void> | undefined;
  return {
    signature,
    execution: executor.keepsBuffers ? 'inline' : 'worker',
    runMicros: measurements.runMicros,
    predict(rows) {
      if (rows.length === 0) return Promise.resolve(emptyResult);
      return new Promise((resolve, reject) => {
        push(new PredictJob(rows, encoding, monotonicMs(), { resolve, reject }));
      });
    },
    async predictColumns(inputs: readonly Tensor[]) {
      const { outputs, ...timing } = await infer(inputs, encoding.reader.outputNames);
      return { answers: encoding.reader.readColumns(outputs), ...timing };
    },
    async infer(inputs: readonly Tensor[], outputNames?: readonly string[]) {
      return infer(inputs, checkOutputNames(signature, outputNames) ?? allOutputs);
    },
    close() {
      closing ??= Promise.all([queue.close().then(() => executor.close()), large?.close()]).then(() => {});
      return closing;
    },
  };
}

const emptyResult: PredictResult = { answers: [], modelMicros: 0, queueMicros: 0, batchRows: 0 };
