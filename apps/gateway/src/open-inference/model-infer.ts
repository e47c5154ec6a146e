import { type Answer, type Signature, SwitchyardError, type TensorSpec } from '@switchyard/contracts';
import type { InferResult, Tensor } from '@switchyard/runtimes';
import { type Exchange, sendJson } from '../http/exchange.ts';
import { parseJson } from '../http/request-body.ts';
import type { Outbox } from '../log/outbox.ts';
import { checkBatch } from '../predict/prediction-request.ts';
import { assembleLine, type SharedRecordParts } from '../predict/record-lines.ts';
import { directName, type ServingState, type VersionPlan } from '../snapshot/serving-state.ts';
import { batchSizeOf, columnsOfSignature, type ReceivedInfer, readInferRequest } from './infer-request.ts';
import { outputJson } from './output-json.ts';
import { answersOfTensors, toTensor } from './tensors.ts';

export interface ModelInferOptions {
  readonly outbox: Outbox;
  readonly newId: () => string;
  readonly maximumRows: number;
  readonly fail: (exchange: Exchange, endpoint: string, error: unknown) => void;
}

/** No endpoint's settings apply to direct calls. */
const TIMEOUT_MS = 10_000;
const MAXIMUM_QUEUED_ROWS = 20_000;

/**
 * `POST /v2/models/{model}/infer` once the body is read: the artifact's own tensors in and out, every row logged.
 * Throws what is wrong with the request.
 */
export function handleModelInfer(
  exchange: Exchange,
  body: Buffer,
  plan: VersionPlan,
  state: ServingState,
  options: ModelInferOptions,
): void {
  const { outbox, newId, fail } = options;
  const endpoint = directName(plan.model);
  const infer = readInferRequest(parseJson(body));
  const { signature } = plan.served;
  const tensors = readTensors(infer, signature);
  const count = batchSizeOf(infer.inputs);
  checkBatch(count, options.maximumRows, undefined);
  const unknown = infer.outputs?.find((name) => !signature.outputs.some((output) => output.name === name));
  if (unknown !== undefined) throw new SwitchyardError('invalid_request', `there is no output '${unknown}'`);
  if (plan.load.queuedRows + count > MAXIMUM_QUEUED_ROWS) {
    throw new SwitchyardError('overloaded', `${plan.load.queuedRows} rows of this model wait already`, {
      retryAfterSeconds: 1,
    });
  }
  const ids = Array.from({ length: count }, newId);
  plan.load.queuedRows += count;
  state.lease.acquire();

  let isSettled = false;
  const settle = (result: InferResult | undefined, failure: unknown): void => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(timer);
    plan.load.queuedRows -= count;
    const lines = linesOf(exchange, plan, infer, ids, result, failure);
    if (failure === undefined) plan.metrics.ok += count;
    else plan.metrics.failed += count;
    outbox.add(lines, (logFailure) => {
      state.lease.release();
      const error = failure ?? logFailure;
      if (result === undefined || error !== undefined) {
        fail(exchange, endpoint, error);
        return;
      }
      const overheadMicros = Math.max(0, (performance.now() - exchange.startedAtMs) * 1_000 - result.modelMicros);
      sendJson(exchange, 200, responseJson(plan, infer, ids, result), [
        'x-switchyard-overhead-us',
        String(Math.round(overheadMicros)),
      ]);
    });
  };
  const timer = setTimeout(() => {
    settle(undefined, new SwitchyardError('deadline_exceeded', `no answer within ${TIMEOUT_MS} ms`));
  }, TIMEOUT_MS);
  plan.loaded.infer(tensors, infer.outputs).then(
    (result) => {
      plan.modelMetrics.run.observe(result.modelMicros);
      plan.modelMetrics.batchRows.observe(result.batchRows);
      settle(result, undefined);
    },
    (error) => settle(undefined, error),
  );
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

function linesOf(
  exchange: Exchange,
  plan: VersionPlan,
  infer: ReceivedInfer,
  ids: readonly string[],
  result: InferResult | undefined,
  failure: unknown,
): string[] {
  const { signature } = plan.served;
  const shared: SharedRecordParts = {
    at: exchange.atMs,
    requestIdJson: JSON.stringify(exchange.requestId),
    segmentJson: JSON.stringify(infer.segment),
    contextJson: JSON.stringify(infer.context),
  };
  const answers: readonly Answer[] =
    result === undefined ? [] : answersOfTensors(signature, result.outputs, ids.length);
  const columns = columnsOfSignature(signature);
  const byName = new Map(infer.inputs.map((input) => [input.name, input]));
  const totalMicros = (performance.now() - exchange.startedAtMs) * 1_000;
  return ids.map((id, row) => {
    const features: Record<string, unknown> = Object.create(null);
    signature.features.forEach((spec, index) => {
      const column = columns[index];
      if (column !== undefined)
        features[spec.name] = byName.get(column.tensor)?.data[row * column.width + column.offset] ?? null;
    });
    return assembleLine(plan.recordJson, shared, id, infer.unit, JSON.stringify(features), '[]', 1, {
      answerJson: JSON.stringify(answers[row] ?? {}),
      error: failure === undefined ? '' : SwitchyardError.is(failure) ? failure.code : 'internal_error',
      totalMicros,
      queueMicros: result?.queueMicros ?? 0,
      modelMicros: result?.modelMicros ?? 0,
      batchRows: result?.batchRows ?? 0,
    });
  });
}

function responseJson(plan: VersionPlan, infer: ReceivedInfer, ids: readonly string[], result: InferResult): string {
  const id = infer.id === undefined ? '' : `"id":${JSON.stringify(infer.id)},`;
  const parameters = JSON.stringify({ ids: JSON.stringify(ids) });
  const outputs = result.outputs
    .filter(({ name }) => infer.outputs === undefined || infer.outputs.includes(name))
    .map(outputJson)
    .join(',');
  return `{"model_name":"${plan.model}","model_version":"${plan.version}",${id}"parameters":${parameters},"outputs":[${outputs}]}`;
}
