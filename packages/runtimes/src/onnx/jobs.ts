import type { Answer, Signature } from '@switchyard/contracts';
import { SwitchyardError } from '@switchyard/contracts/errors';
import type { FeatureRow, InferResult, PredictResult, Tensor } from '../model-runtime.ts';
import type { makeRowEncoder } from './encode-rows.ts';
import type { AnswerReader } from './read-answers.ts';
import type { SessionTensor } from './session.ts';
import { copyInto, getTypeByDatatype, getTypeByRuntimeType, type TensorValues } from './tensor-types.ts';

/** When a call first ran, for how long in all its batches, and the rows of the largest of them. */
export interface BatchTiming {
  /** On the clock of `monotonicMs`. */
  readonly startedAtMs: number;
  readonly runMicros: number;
  readonly rows: number;
}

/**
 * One call while it waits and runs. Its rows may be spread over several batches, and share each with other calls:
 * it writes its own rows in and takes its own rows out, by position.
 */
export interface Job {
  readonly rowCount: number;
  /** Jobs that want the same outputs (the same array) can share a batch. */
  readonly outputNames: readonly string[];
  readonly queuedAtMs: number;
  /** Writes the rows `from` up to `to` into the buffers, at row `at`. Throws when a row does not fit. */
  write(buffers: readonly TensorValues[], at: number, from: number, to: number): void;
  /** Takes the answers of `count` rows from row `at` of the batch's outputs. Throws when they are not usable. */
  take(outputs: readonly SessionTensor[], at: number, count: number, batchRows: number): void;
  finish(timing: BatchTiming): void;
  fail(error: unknown): void;
}

export class PredictJob implements Job {
  readonly rowCount: number;
  readonly outputNames: readonly string[];
  readonly queuedAtMs: number;
  readonly #rows: readonly FeatureRow[];
  readonly #encode: ReturnType<typeof makeRowEncoder>;
  readonly #reader: AnswerReader;
  readonly #resolve: (result: PredictResult) => void;
  readonly #reject: (error: unknown) => void;
  #answers: Answer[] = [];

  constructor(
    rows: readonly FeatureRow[],
    model: { encode: ReturnType<typeof makeRowEncoder>; reader: AnswerReader },
    queuedAtMs: number,
    settle: { resolve: (result: PredictResult) => void; reject: (error: unknown) => void },
  ) {
    this.rowCount = rows.length;
    this.outputNames = model.reader.outputNames;
    this.queuedAtMs = queuedAtMs;
    this.#rows = rows;
    this.#encode = model.encode;
    this.#reader = model.reader;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
  }

  write(buffers: readonly TensorValues[], at: number, from: number, to: number): void {
    for (let index = from; index < to; index += 1) {
      this.#encode(this.#rows[index] as FeatureRow, index, buffers, at + index - from);
    }
  }

  take(outputs: readonly SessionTensor[], at: number, count: number): void {
    const answers = this.#reader.read(outputs, at, count);
    if (this.#answers.length === 0) this.#answers = answers;
    else for (const answer of answers) this.#answers.push(answer);
  }

  finish(timing: BatchTiming): void {
    this.#resolve({ answers: this.#answers, ...describeTiming(timing, this.queuedAtMs) });
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}

/** A call with the artifact's own tensors, whose shapes and types were checked before. */
export class InferJob implements Job {
  readonly rowCount: number;
  readonly outputNames: readonly string[];
  readonly queuedAtMs: number;
  readonly #inputs: readonly TensorValues[];
  readonly #resolve: (result: InferResult) => void;
  readonly #reject: (error: unknown) => void;
  readonly #parts: Tensor[][] = [];

  constructor(
    call: { inputs: readonly TensorValues[]; rowCount: number; outputNames: readonly string[] },
    queuedAtMs: number,
    settle: { resolve: (result: InferResult) => void; reject: (error: unknown) => void },
  ) {
    this.rowCount = call.rowCount;
    this.outputNames = call.outputNames;
    this.queuedAtMs = queuedAtMs;
    this.#inputs = call.inputs;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
  }

  write(buffers: readonly TensorValues[], at: number, from: number, to: number): void {
    for (const [index, values] of this.#inputs.entries()) {
      const width = values.length / this.rowCount;
      const part =
        from === 0 && to === this.rowCount ? values : (values.slice(from * width, to * width) as TensorValues);
      copyInto(buffers[index] as TensorValues, part, at * width);
    }
  }

  take(outputs: readonly SessionTensor[], at: number, count: number, batchRows: number): void {
    this.#parts.push(outputs.map((output) => readRows(output, at, count, batchRows)));
  }

  finish(timing: BatchTiming): void {
    const outputs = this.#parts.length === 1 ? (this.#parts[0] as Tensor[]) : joinParts(this.#parts);
    this.#resolve({ outputs, ...describeTiming(timing, this.queuedAtMs) });
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}

function describeTiming(
  timing: BatchTiming,
  queuedAtMs: number,
): { modelMicros: number; queueMicros: number; batchRows: number } {
  return {
    modelMicros: timing.runMicros,
    queueMicros: Math.max(0, (timing.startedAtMs - queuedAtMs) * 1000),
    batchRows: timing.rows,
  };
}

function readRows(output: SessionTensor, at: number, count: number, batchRows: number): Tensor {
  const { datatype } = getTypeByRuntimeType(output.type);
  const width = output.values.length / batchRows;
  const isAll = at === 0 && count === batchRows;
  const values = isAll ? output.values : (output.values.slice(at * width, (at + count) * width) as TensorValues);
  if (values instanceof Float32Array || values instanceof Float64Array) {
    for (let index = 0; index < values.length; index += 1) {
      if (!Number.isFinite(values[index])) {
        throw new SwitchyardError(
          'model_failed',
          `The model's output '${output.name}' is ${values[index]} for a row, which is not a number.`,
        );
      }
    }
  }
  return {
    name: output.name,
    datatype,
    shape: [count, ...output.dims.slice(1)],
    data: datatype === 'BOOL' ? Array.from(values as Uint8Array, (value) => value !== 0) : values,
  };
}

function joinParts(parts: readonly Tensor[][]): Tensor[] {
  const [first = []] = parts;
  return first.map((tensor, index) => {
    const pieces = parts.map((part) => part[index] as Tensor);
    const rows = pieces.reduce((sum, piece) => sum + (piece.shape[0] ?? 0), 0);
    return {
      name: tensor.name,
      datatype: tensor.datatype,
      shape: [rows, ...tensor.shape.slice(1)],
      data: joinValues(
        tensor.datatype,
        pieces.map(({ data }) => data),
      ),
    };
  });
}

/** In the same kind of array as those of one part have: who writes them down tells 32 bits from 64 by it. */
function joinValues(datatype: Tensor['datatype'], parts: readonly Tensor['data'][]): Tensor['data'] {
  if (Array.isArray(parts[0])) return (parts as readonly (readonly never[])[]).flat();
  const joined = getTypeByDatatype(datatype).make(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    copyInto(joined, part as TensorValues, at);
    at += part.length;
  }
  return joined;
}

/** Whether a signature says that rows can share a run. */
export const isBatchable = (signature: Signature): boolean => signature.inputs.every((input) => input.shape[0] === -1);
