import { type Signature, SwitchyardError } from '@switchyard/contracts';
import type { CallOptions, FeatureRow, LoadedModel, PredictResult, Tensor } from '../model-runtime.ts';
import { checkOutputNames, checkTensors } from '../onnx/check-tensors.ts';
import { makeProbeRows } from '../onnx/probe-rows.ts';
import { shorten } from '../upstream/failures.ts';
import { createCallLine, LOAD_LIMIT_MS } from './call-line.ts';
import { startModuleThread } from './module-thread.ts';
import { readModuleAnswers } from './read-answers.ts';

export interface JavascriptLoadOptions {
  readonly path: string;
  /** As `inspectJavascriptFile` made it. */
  readonly signature: Signature;
  /** What one call may take, whatever the number of its rows; one second unless given. */
  readonly callLimitMs?: number;
  /** What loading may take, the start of the thread included; ten seconds unless given. */
  readonly loadLimitMs?: number;
  /** Rows that may wait; 10,000 unless given. */
  readonly maximumQueuedRows?: number;
}

const MEASURED_RUNS = 5;

/**
 * Loads a JavaScript or TypeScript module whose default export answers rows. Rejects with `invalid_artifact` when it
 * cannot be loaded. Calls reject with `model_failed` when it throws or answers wrongly, `deadline_exceeded` when it
 * takes too long, `overloaded` when too many rows wait.
 */
export async function loadJavascriptModel(options: JavascriptLoadOptions): Promise<LoadedModel> {
  const { path, signature, callLimitMs = 1_000, loadLimitMs = LOAD_LIMIT_MS, maximumQueuedRows = 10_000 } = options;
  const start = {
    path,
    features: signature.features.map(({ name }) => name),
    labels: signature.labels ?? null,
    positiveLabel: signature.positiveLabel ?? null,
  };
  const thread = await startModuleThread(start, loadLimitMs, {
    onDone: (call, outcome) => line.onDone(call, outcome),
    onDeath: (reason) => line.onDeath(reason),
  }).catch((error: Error) => {
    throw new SwitchyardError('invalid_artifact', `The module cannot be served: ${error.message}.`);
  });
  const line = createCallLine(thread, start, maximumQueuedRows);

  const run = async (rows: readonly FeatureRow[], limitMs: number): Promise<PredictResult> => {
    const outcome = await line.run(JSON.stringify(rows), rows.length, limitMs);
    if ('error' in outcome) throw new SwitchyardError('model_failed', `The model failed: ${shorten(outcome.error)}.`);
    return {
      answers: readModuleAnswers(outcome.answers, rows.length, signature),
      modelMicros: outcome.runMicros,
      queueMicros: outcome.queueMicros,
      batchRows: rows.length,
    };
  };

  const limitOf = (options: CallOptions | undefined): number =>
    Math.min(callLimitMs, options?.timeoutMs ?? Number.POSITIVE_INFINITY);
  const runMicros = await measure(run, signature, callLimitMs);
  let closing: Promise<void> | undefined;
  return {
    signature,
    execution: 'worker',
    runMicros,
    async predict(rows, callOptions) {
      if (rows.length === 0) return { answers: [], modelMicros: 0, queueMicros: 0, batchRows: 0 };
      return run(rows, limitOf(callOptions));
    },
    async infer(inputs, outputNames, callOptions) {
      checkOutputNames(signature, outputNames);
      const { rowCount } = checkTensors(signature, inputs);
      const ordered = signature.inputs.map((spec) => inputs.find(({ name }) => name === spec.name) as Tensor);
      const rows = Array.from({ length: rowCount }, (_, row) =>
        ordered.map(({ data }) => plainValue(data[row] as number | bigint | string | boolean)),
      );
      const { answers, ...times } = await run(rows, limitOf(callOptions));
      return { ...times, outputs: signature.outputs.map((output) => toTensor(output.name, answers, signature)) };
    },
    close() {
      closing ??= line.whenIdle().then(() => line.close());
      return closing;
    },
  };
}

const plainValue = (value: number | bigint | string | boolean): number | string | boolean =>
  typeof value === 'bigint' ? Number(value) : value;

/** The answers as the one output that the signature names. */
function toTensor(name: string, answers: PredictResult['answers'], signature: Signature): Tensor {
  if (signature.roles.value !== undefined) {
    const data = Float64Array.from(answers, ({ value }) => value as number);
    return { name, datatype: 'FP64', shape: [answers.length], data };
  }
  const labels = (signature.labels ?? []).map(String);
  const data = answers.flatMap(({ probabilities }) => {
    if (probabilities === undefined) {
      throw new SwitchyardError('model_failed', 'The model answered a label without probabilities.');
    }
    return labels.map((label) => probabilities[label] as number);
  });
  return { name, datatype: 'FP64', shape: [answers.length, labels.length], data: Float64Array.from(data) };
}

/** null when the module fails on rows that nobody sent: that is not for loading to judge. */
async function measure(
  run: (rows: readonly FeatureRow[], limitMs: number) => Promise<PredictResult>,
  signature: Signature,
  limitMs: number,
): Promise<number | null> {
  const [row = []] = makeProbeRows(signature.features, []);
  const times: number[] = [];
  try {
    for (let count = 0; count < MEASURED_RUNS; count += 1) times.push((await run([row], limitMs)).modelMicros);
  } catch {
    return null;
  }
  return times.sort((a, b) => a - b)[Math.floor(MEASURED_RUNS / 2)] ?? null;
}
