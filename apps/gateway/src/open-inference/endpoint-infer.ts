import { type Answer, type ClassLabel, SwitchyardError, type TensorSpec } from '@switchyard/contracts';
import { columnTensor, labelTensor, servedList } from '../columns/column-answer.ts';
import { columnPlanOf } from '../columns/column-plan.ts';
import { readMatrix } from '../columns/read-matrix.ts';
import { idList } from '../columns/row-lists.ts';
import type { EndpointPlan } from '../predict/endpoint-plan.ts';
import { checkBatch, type PredictionRequest, readRows } from '../predict/prediction-request.ts';
import type { PredictionRunner } from '../predict/prediction-runner.ts';
import type { ServingState } from '../snapshot/serving-state.ts';
import type { InferAnswer, InferArrival, InferOutcome, OutputTensor, ReceivedInfer } from './infer-call.ts';
import { batchSizeOf, columnsOfSignature } from './infer-request.ts';
import { checkOutputs } from './model-infer.ts';
import { featureValues } from './tensors.ts';

export interface EndpointInferOptions {
  readonly runner: PredictionRunner;
  readonly maximumRows: number;
}

/**
 * An `infer` call of an endpoint. Throws what is wrong with the request; otherwise calls `done` once, after the
 * rows are logged.
 */
export function inferEndpoint(
  infer: ReceivedInfer,
  arrival: InferArrival,
  plan: EndpointPlan,
  state: ServingState,
  options: EndpointInferOptions,
  done: (outcome: InferOutcome) => void,
): void {
  checkOutputs(infer, outputNamesOf(plan));
  if (inferColumns(infer, arrival, plan, state, options, done)) return;
  const request = readEndpointRequest(infer, plan, options.maximumRows);
  options.runner.submit(plan, state.lease, request, arrival, (result) => {
    if (!result.ok) {
      done({ ok: false, endpoint: plan.name, error: result.error });
      return;
    }
    const { rows, modelMicros } = result;
    const answers = rows.map((row) => row.answer);
    const parameters = {
      ids: JSON.stringify(rows.map((row) => row.id)),
      served: `[${rows.map((row) => row.servedJson).join(',')}]`,
    };
    const answer = answerOf(plan, infer, parameters, modelMicros, (name) => tensorOf(name, answers, plan.labels));
    done({ ok: true, answer });
  });
}

/** The same where it can be done without an object for each row; false, and nothing was done, where it cannot. */
function inferColumns(
  infer: ReceivedInfer,
  arrival: InferArrival,
  plan: EndpointPlan,
  state: ServingState,
  { runner, maximumRows }: EndpointInferOptions,
  done: (outcome: InferOutcome) => void,
): boolean {
  const columns = columnPlanOf(plan);
  if (columns === undefined) return false;
  const count = batchSizeOf(infer.inputs);
  checkBatch(count, maximumRows, undefined);
  const matrix = readMatrix(infer, plan, count);
  if (matrix === undefined) return false;
  const { unit, segment, context } = infer;
  const request = { matrix, unit, segment, context };
  return runner.columns.submit(plan, columns, state.lease, request, arrival, (result) => {
    if (!result.ok) {
      done({ ok: false, endpoint: plan.name, error: result.error });
      return;
    }
    const { groups, idPrefix, modelMicros } = result;
    const parameters = { ids: idList(idPrefix, count), served: servedList(groups, count) };
    const answer = answerOf(plan, infer, parameters, modelMicros, (name) =>
      columnTensor(name, groups, count, columns.labels),
    );
    done({ ok: true, answer });
  });
}

/** Names of the tensors an endpoint can answer with. */
export function outputNamesOf(plan: EndpointPlan): readonly string[] {
  return plan.task === 'regression' || plan.task === 'ranking' ? ['value'] : ['label', 'score', 'probabilities'];
}

/** The one input of an endpoint whose models all take the same one; undefined when there are more. */
export function onlyInputOf({ versions }: EndpointPlan): TensorSpec | undefined {
  const [first] = versions;
  const input = first?.signature.inputs[0];
  const isCommon = versions.every(
    ({ signature: { inputs } }) => inputs.length === 1 && JSON.stringify(inputs[0]) === JSON.stringify(input),
  );
  return isCommon ? input : undefined;
}

function readEndpointRequest(infer: ReceivedInfer, plan: EndpointPlan, maximumRows: number): PredictionRequest {
  const count = batchSizeOf(infer.inputs);
  checkBatch(count, maximumRows, undefined);
  const { unit, segment, context } = infer;
  return { rows: readRows(instancesOf(infer, plan, count), plan.features), unit, units: undefined, segment, context };
}

/** Arrays in the order of the endpoint's features, from one tensor per feature or from a model's own tensors. */
function instancesOf(infer: ReceivedInfer, plan: EndpointPlan, count: number): unknown[][] {
  const { indexByName, features } = plan.features;
  const instances: unknown[][] = Array.from({ length: count }, () => new Array(features.length));
  if (infer.inputs.every(({ name }) => indexByName.has(name))) {
    for (const input of infer.inputs) {
      const { name, shape, data } = input;
      if (data.length !== count) {
        throw new SwitchyardError(
          'invalid_request',
          `input '${name}' has shape [${shape}], not [${count}] or [${count}, 1]`,
        );
      }
      const position = indexByName.get(name) as number;
      const values = featureValues(input);
      for (let row = 0; row < count; row += 1) (instances[row] as unknown[])[position] = values[row];
    }
    return instances;
  }
  const sent = new Map(infer.inputs.map((input) => [input.name, input]));
  const version = plan.versions.find(
    ({ signature }) => signature.inputs.length === sent.size && signature.inputs.every(({ name }) => sent.has(name)),
  );
  if (version === undefined) {
    const own = [...new Set(plan.versions.map(({ signature }) => signature.inputs.map(({ name }) => name).join(', ')))];
    throw new SwitchyardError(
      'invalid_request',
      `the inputs are neither features of the endpoint nor the inputs of one of its models (${own.join(' or ')})`,
    );
  }
  const valuesByName = new Map(infer.inputs.map((input) => [input.name, featureValues(input)]));
  columnsOfSignature(version.signature).forEach(({ tensor, offset, width }, feature) => {
    const values = valuesByName.get(tensor) as ArrayLike<unknown>;
    if (values.length !== count * width) {
      throw new SwitchyardError(
        'invalid_request',
        `input '${tensor}' has shape [${sent.get(tensor)?.shape}], not [${count}, ${width}]`,
      );
    }
    const position = indexByName.get(version.signature.features[feature]?.name ?? '') as number;
    for (let row = 0; row < count; row += 1) (instances[row] as unknown[])[position] = values[row * width + offset];
  });
  return instances;
}

function answerOf(
  plan: EndpointPlan,
  infer: ReceivedInfer,
  parameters: InferAnswer['parameters'],
  modelMicros: number,
  tensorOf: (name: string) => OutputTensor | undefined,
): InferAnswer {
  const names = infer.outputs?.map(({ name }) => name) ?? outputNamesOf(plan);
  return {
    modelName: plan.name,
    modelVersion: String(plan.revision),
    id: infer.id,
    parameters,
    outputs: names.flatMap((name) => tensorOf(name) ?? []),
    modelMicros,
    endpoint: { revision: plan.revision, metrics: plan.metrics },
  };
}

/** Undefined when some row's answer does not have it. */
function tensorOf(name: string, answers: readonly Answer[], labels: readonly ClassLabel[]): OutputTensor | undefined {
  const count = answers.length;
  if (name === 'label') {
    const values = answers.map((answer) => answer.label);
    return values.includes(undefined) ? undefined : labelTensor(values as ClassLabel[]);
  }
  if (name === 'probabilities') {
    const known = labels.length > 0 ? labels.map(String) : Object.keys(answers[0]?.probabilities ?? {});
    if (known.length === 0 || answers.some((answer) => answer.probabilities === undefined)) return undefined;
    const data = answers.flatMap((answer) => known.map((label) => answer.probabilities?.[label] ?? 0));
    return {
      name,
      datatype: 'FP64',
      shape: [count, known.length],
      data,
      parameters: { labels: JSON.stringify(known) },
    };
  }
  const data = answers.map((answer) => (name === 'score' ? answer.score : answer.value));
  return data.includes(undefined) ? undefined : { name, datatype: 'FP64', shape: [count], data: data as number[] };
}
