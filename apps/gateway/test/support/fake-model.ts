import type { Answer, FeatureSpec, Signature } from '@switchyard/contracts';
import type { AnswerColumns, FeatureRow, InferResult, LoadedModel, PredictResult, Tensor } from '@switchyard/runtimes';

export interface FakeModelOptions {
  readonly features: readonly FeatureSpec[];
  readonly answer?: (row: FeatureRow) => Answer;
  readonly delayMs?: number;
  readonly execution?: 'inline' | 'worker';
  readonly signature?: Partial<Signature>;
  /** Whether it takes columns too. */
  readonly takesColumns?: boolean;
}

export interface FakeModel extends LoadedModel {
  /** Every batch it was given. */
  readonly batches: FeatureRow[][];
  readonly inferred: (readonly Tensor[])[];
  /** Tensors of every call for columns. */
  readonly columnCalls: (readonly Tensor[])[];
  isClosed: boolean;
  /** Holds all answers back until `resume`. */
  pause(): void;
  resume(): void;
}

export const binarySignature = (features: readonly FeatureSpec[], over: Partial<Signature> = {}): Signature => ({
  features: [...features],
  layout: 'single-tensor',
  inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, features.length] }],
  outputs: [
    { name: 'label', datatype: 'INT64', shape: [-1] },
    { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
  ],
  roles: { label: 'label', probabilities: 'probabilities' },
  labels: [0, 1],
  positiveLabel: 1,
  ...over,
});

/** Batches what came in one turn of the event loop, as the real one does. The score is the first feature, unless told otherwise. */
export function createFakeModel(options: FakeModelOptions): FakeModel {
  const { answer = answerWithFirst, delayMs = 0, execution = 'inline' } = options;
  const timings = { modelMicros: 12, queueMicros: 3 };
  let waiting: { rows: readonly FeatureRow[]; resolve: (result: PredictResult) => void }[] = [];
  let isPaused = false;
  const runBatch = (): void => {
    if (isPaused || waiting.length === 0) return;
    const calls = waiting;
    waiting = [];
    const batch = calls.flatMap(({ rows }) => [...rows]);
    model.batches.push(batch);
    for (const { rows, resolve } of calls) resolve({ answers: rows.map(answer), ...timings, batchRows: batch.length });
  };
  const model: FakeModel = {
    signature: binarySignature(options.features, options.signature),
    execution,
    runMicros: 10,
    batches: [],
    inferred: [],
    columnCalls: [],
    isClosed: false,
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      runBatch();
    },
    predict(rows) {
      return new Promise((resolve) => {
        waiting.push({ rows, resolve });
        if (waiting.length === 1) {
          if (delayMs > 0) setTimeout(runBatch, delayMs);
          else setImmediate(runBatch);
        }
      });
    },
    async infer(inputs): Promise<InferResult> {
      model.inferred.push(inputs);
      const rows = inputs[0]?.shape[0] ?? 0;
      const score = (row: number) => Number(inputs[0]?.data[row * options.features.length]);
      return {
        outputs: [
          {
            name: 'label',
            datatype: 'INT64',
            shape: [rows],
            data: BigInt64Array.from({ length: rows }, (_, row) => BigInt(score(row) > 0.5)),
          },
          {
            name: 'probabilities',
            datatype: 'FP32',
            shape: [rows, 2],
            data: Float32Array.from({ length: rows * 2 }, (_, index) =>
              index % 2 === 0 ? 1 - score(index >> 1) : score(index >> 1),
            ),
          },
        ],
        ...timings,
        batchRows: rows,
      };
    },
    async close() {
      model.isClosed = true;
    },
  };
  if (options.takesColumns === true) {
    model.predictColumns = async (tensors) => {
      model.columnCalls.push(tensors);
      const count = tensors[0]?.shape[0] ?? 0;
      const { answers, ...timing } = await model.predict(
        Array.from({ length: count }, (_, row) => tensors.flatMap((tensor) => rowOf(tensor, row, count))),
      );
      return { answers: columnsOf(answers), ...timing };
    };
  }
  return model;
}

function rowOf({ data }: Tensor, row: number, count: number): number[] {
  const width = data.length / count;
  return Array.from({ length: width }, (_, index) => Number(data[row * width + index]));
}

function columnsOf(answers: readonly Answer[]): AnswerColumns {
  const keys = Object.keys(answers[0]?.probabilities ?? {});
  const values = answers.flatMap(({ value }) => value ?? []);
  if (values.length > 0) return { values: Float64Array.from(values) };
  return {
    labels: answers.flatMap(({ label }) => label ?? []),
    probabilities: {
      labels: keys,
      positive: keys.length - 1,
      data: Float64Array.from(answers.flatMap(({ probabilities }) => keys.map((key) => probabilities?.[key] ?? 0))),
    },
  };
}

export function answerWithFirst(row: FeatureRow): Answer {
  const score = Number(row[0]);
  return { label: score > 0.5 ? 1 : 0, score, probabilities: { 0: 1 - score, 1: score } };
}
