import { type Signature, SwitchyardError, type TensorSpec } from '@switchyard/contracts';
import type { InferResult, Tensor } from '@switchyard/runtimes';
import { logLines } from '../columns/log-lines.ts';
import { idList, newRowIds, type RowList } from '../columns/row-lists.ts';
import { limitElsewhere } from '../execution/model-calls.ts';
import type { Outbox } from '../log/outbox.ts';
import { observeRun } from '../metrics/gateway-metrics.ts';
import type { Admission } from '../predict/admission.ts';
import { checkBatch } from '../predict/prediction-request.ts';
import { directName, type ServingState, type VersionPlan } from '../snapshot/serving-state.ts';
import { writeDirectRecords } from './direct-records.ts';
import type { InferAnswer, InferArrival, InferOutcome, ReceivedInfer } from './infer-call.ts';
import { batchSizeOf } from './infer-request.ts';
import { toTensor } from './tensors.ts';

export interface ModelInferOptions {
  readonly outbox: Outbox;
  readonly newId: () => string;
  readonly admission: Admission;
  readonly maximumRows: number;
}

/** No endpoint's settings apply to direct calls. */
const TIMEOUT_MS = 10_000;
const MAXIMUM_QUEUED_ROWS = 20_000;

/**
 * An `infer` call of a model addressed by its name: the artifact's own tensors in and out, every row logged with
 * all its features and with what all the outputs say, whichever of them were asked for.
 * Throws what is wrong with the request; otherwise calls `done` once, after the rows are logged.
 */
export function inferModel(
  infer: ReceivedInfer,
  arrival: InferArrival,
  plan: VersionPlan,
  state: ServingState,
  options: ModelInferOptions,
  done: (outcome: InferOutcome) => void,
): void {
  const { outbox, newId, admission } = options;
  const endpoint = directName(plan.model);
  const { signature } = plan.served;
  const tensors = readTensors(infer, signature);
  const count = batchSizeOf(infer.inputs);
  checkBatch(count, options.maximumRows, undefined);
  checkOutputs(
    infer,
    signature.outputs.map(({ name }) => name),
  );
  const timeoutMs = Math.min(TIMEOUT_MS, arrival.timeoutMs ?? TIMEOUT_MS);
  const leftMs = timeoutMs - (performance.now() - arrival.startedAtMs);
  if (leftMs <= 0) throw new SwitchyardError('deadline_exceeded', `no answer within ${timeoutMs} ms`);
  const idPrefix = newRowIds(newId);
  const nowMs = performance.now();
  admission.enter(plan.load, { rows: count, maximumQueuedRows: MAXIMUM_QUEUED_ROWS, timeoutMs: leftMs, nowMs });
  state.lease.acquire();

  let isSettled = false;
  const settle = (result: InferResult | undefined, failure: unknown): void => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(timer);
    admission.leave(plan.load, count, failure === undefined ? count : 0, performance.now());
    if (failure === undefined) plan.metrics.ok += count;
    else {
      plan.metrics.failed += count;
      plan.modelMetrics.statistics.observeFailure();
    }
    logLines(
      outbox,
      (writer) => writeDirectRecords(writer, arrival, plan, infer, { idPrefix, rows: count, result, failure }),
      (logFailure) => {
        state.lease.release();
        const error = failure ?? logFailure;
        if (result === undefined || error !== undefined) done({ ok: false, endpoint, error });
        else done({ ok: true, answer: answerOf(plan, infer, idList(idPrefix, count), result) });
      },
    );
  };
  const late = (): void =>
    settle(undefined, new SwitchyardError('deadline_exceeded', `no answer within ${timeoutMs} ms`));
  const timer = setTimeout(late, leftMs);
  plan.loaded.infer(tensors, undefined, limitElsewhere(plan.loaded, arrival.startedAtMs + timeoutMs)).then(
    (result) => {
      observeRun(plan.modelMetrics, count, result);
      // A model that runs inline keeps the timer from firing.
      if (performance.now() - arrival.startedAtMs > timeoutMs) late();
      else settle(result, undefined);
    },
    (error) => settle(undefined, error),
  );
}

/** Throws invalid_request for outputs that there are not, or that are asked for twice. */
export function checkOutputs({ outputs }: ReceivedInfer, available: readonly string[]): void {
  if (outputs === undefined) return;
  const unknown = outputs.find(({ name }) => !available.includes(name));
  if (unknown !== undefined) {
    throw new SwitchyardError(
      'invalid_request',
      `there is no output '${unknown.name.slice(0, 200)}'; there are ${available.join(', ')}`,
    );
  }
  if (new Set(outputs.map(({ name }) => name)).size !== outputs.length) {
    throw new SwitchyardError('invalid_request', 'an output is asked for twice');
  }
}

function readTensors(infer: ReceivedInfer, signature: Signature): Tensor[] {
  const wanted = signature.inputs.map(({ name }) => name).join(', ');
  if (infer.inputs.length !== signature.inputs.length) {
    throw new SwitchyardError('invalid_request', `the model takes ${signature.inputs.length} inputs: ${wanted}`);
  }
  return infer.inputs.map((input) => {
    const spec = signature.inputs.find(({ name }) => name === input.name);
    if (spec === undefined)
      throw new SwitchyardError('invalid_request', `there is no input '${input.name}'; there are ${wanted}`);
    if (spec.datatype !== input.datatype || !fits(spec, input.shape)) {
      throw new SwitchyardError(
        'invalid_request',
        `input '${input.name}' is ${input.datatype} [${input.shape}], the model takes ${spec.datatype} [${spec.shape}]`,
      );
    }
    return toTensor(input);
  });
}

function fits(spec: TensorSpec, shape: readonly number[]): boolean {
  return (
    spec.shape.length === shape.length &&
    spec.shape.every((size, axis) => size < 0 || axis === 0 || size === shape[axis])
  );
}

function answerOf(plan: VersionPlan, infer: ReceivedInfer, ids: RowList, result: InferResult): InferAnswer {
  const { outputs } = infer;
  const wanted =
    outputs === undefined
      ? result.outputs
      : outputs.flatMap(({ name }) => result.outputs.find((output) => output.name === name) ?? []);
  return {
    modelName: plan.model,
    modelVersion: plan.version,
    id: infer.id,
    parameters: { ids },
    outputs: wanted,
    modelMicros: result.modelMicros,
    endpoint: undefined,
  };
}
