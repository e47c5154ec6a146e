import { type Answer, type ClassLabel, SwitchyardError } from '@switchyard/contracts';
import type { Exchange } from '../http/exchange.ts';
import { parseJson } from '../http/request-body.ts';
import type { EndpointPlan } from '../predict/endpoint-plan.ts';
import { type PredictHandlerOptions, sendPredictions } from '../predict/predict-handler.ts';
import { checkBatch, type PredictionRequest, readRows } from '../predict/prediction-request.ts';
import type { RowState } from '../predict/prediction-runner.ts';
import type { ServingState } from '../snapshot/serving-state.ts';
import { batchSizeOf, columnsOfSignature, type ReceivedInfer, readInferRequest } from './infer-request.ts';
import { type OutputTensor, outputJson } from './output-json.ts';

/** `POST /v2/models/{endpoint}/infer` once the body is read. Throws what is wrong with the request. */
export function handleEndpointInfer(
  exchange: Exchange,
  body: Buffer,
  plan: EndpointPlan,
  state: ServingState,
  options: PredictHandlerOptions,
): void {
  const infer = readInferRequest(parseJson(body));
  const available = outputNamesOf(plan);
  const unknown = infer.outputs?.find((name) => !available.includes(name));
  if (unknown !== undefined) {
    throw new SwitchyardError('invalid_request', `there is no output '${unknown}'; there are ${available.join(', ')}`);
  }
  const request = readEndpointRequest(infer, plan, options.maximumRows);
  options.runner.submit(plan, state.lease, request, exchange, (result) => {
    if (!result.ok) {
      options.fail(exchange, plan.name, result.error);
      return;
    }
    sendPredictions(exchange, plan, inferResponseJson(plan, infer, result.rows), result.modelMicros);
  });
}

/** Names of the tensors an endpoint can answer with. */
export function outputNamesOf(plan: EndpointPlan): readonly string[] {
  return plan.task === 'regression' || plan.task === 'ranking' ? ['value'] : ['label', 'score', 'probabilities'];
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
    for (const { name, shape, data } of infer.inputs) {
      if (data.length !== count) {
        throw new SwitchyardError(
          'invalid_request',
          `input '${name}' has shape [${shape}], not [${count}] or [${count}, 1]`,
        );
      }
      const position = indexByName.get(name) as number;
      for (let row = 0; row < count; row += 1) (instances[row] as unknown[])[position] = data[row];
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
  const columns = columnsOfSignature(version.signature);
  columns.forEach(({ tensor, offset, width }, feature) => {
    const { data, shape } = sent.get(tensor) as { data: readonly unknown[]; shape: readonly number[] };
    if (data.length !== count * width) {
      throw new SwitchyardError('invalid_request', `input '${tensor}' has shape [${shape}], not [${count}, ${width}]`);
    }
    const position = indexByName.get(version.signature.features[feature]?.name ?? '') as number;
    for (let row = 0; row < count; row += 1) (instances[row] as unknown[])[position] = data[row * width + offset];
  });
  return instances;
}

function inferResponseJson(plan: EndpointPlan, infer: ReceivedInfer, rows: readonly RowState[]): string {
  const answers = rows.map((row) => row.answer as Answer);
  const outputs = outputNamesOf(plan)
    .filter((name) => infer.outputs === undefined || infer.outputs.includes(name))
    .flatMap((name) => tensorOf(name, answers, plan.labels) ?? []);
  const id = infer.id === undefined ? '' : `"id":${JSON.stringify(infer.id)},`;
  // Parameters are scalars in this protocol, so lists travel as JSON text.
  const parameters = JSON.stringify({
    ids: JSON.stringify(rows.map((row) => row.id)),
    served: `[${rows.map((row) => row.leaf.servedJson).join(',')}]`,
  });
  return `{"model_name":"${plan.name}","model_version":"${plan.revision}",${id}"parameters":${parameters},"outputs":[${outputs
    .map(outputJson)
    .join(',')}]}`;
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

function labelTensor(values: readonly ClassLabel[]): OutputTensor {
  const shape = [values.length];
  if (values.every((value) => typeof value === 'boolean'))
    return { name: 'label', datatype: 'BOOL', shape, data: values };
  if (values.every((value) => Number.isInteger(value))) {
    return { name: 'label', datatype: 'INT64', shape, data: values as readonly number[] };
  }
  if (values.every((value) => typeof value === 'number'))
    return { name: 'label', datatype: 'FP64', shape, data: values };
  return { name: 'label', datatype: 'BYTES', shape, data: values.map(String) };
}
