import { SwitchyardError } from '@switchyard/contracts';
import { type Exchange, sendJson } from '../http/exchange.ts';
import { parseText, readText } from '../http/request-body.ts';
import type { ServingState } from '../snapshot/serving-state.ts';
import type { EndpointPlan } from './endpoint-plan.ts';
import { readPredictRequest } from './prediction-request.ts';
import type { AnsweredRow, PredictionRunner } from './prediction-runner.ts';
import { sentFeatures } from './sent-features.ts';

export interface PredictHandlerOptions {
  readonly runner: PredictionRunner;
  readonly maximumRows: number;
  /** Tells the caller about a failure; `endpoint` is '' when there is none. */
  readonly fail: (exchange: Exchange, endpoint: string, error: unknown) => void;
}

/** `POST /v1/models/{endpoint}:predict` once the body is read. Throws what is wrong with the request. */
export function handlePredict(
  exchange: Exchange,
  body: Buffer,
  endpoint: string,
  state: ServingState,
  options: PredictHandlerOptions,
): void {
  const plan = state.endpoints.get(endpoint);
  if (plan === undefined)
    throw new SwitchyardError('endpoint_not_found', `there is no endpoint '${endpoint.slice(0, 100)}'`);
  const text = readText(body);
  const request = readPredictRequest(parseText(text), plan.features, options.maximumRows);
  const [row] = request.rows;
  if (request.rows.length === 1 && row !== undefined) {
    request.featuresJson = sentFeatures(text, row, plan.longestFeatures);
  }
  options.runner.submit(plan, state.lease, request, exchange, (result) => {
    if (!result.ok) {
      options.fail(exchange, plan.name, result.error);
      return;
    }
    sendPredictions(exchange, plan, predictResponseJson(result.rows), result.modelMicros);
  });
}

/** Sends an answer with what a caller may want to know about it, and counts the time it took. */
export function sendPredictions(exchange: Exchange, plan: EndpointPlan, body: string, modelMicros: number): void {
  const totalMicros = (performance.now() - exchange.startedAtMs) * 1_000;
  const overheadMicros = Math.max(0, totalMicros - modelMicros);
  plan.metrics.duration.observe(totalMicros);
  plan.metrics.overhead.observe(overheadMicros);
  sendJson(exchange, 200, body, [
    'x-switchyard-revision',
    String(plan.revision),
    'x-switchyard-overhead-us',
    String(Math.round(overheadMicros)),
  ]);
}

function predictResponseJson(rows: readonly AnsweredRow[]): string {
  let predictions = '';
  let ids = '';
  let served = '';
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index] as AnsweredRow;
    const comma = index === 0 ? '' : ',';
    predictions += comma + row.answerJson;
    ids += `${comma}"${row.id}"`;
    served += comma + row.servedJson;
  }
  return `{"predictions":[${predictions}],"ids":[${ids}],"served":[${served}]}`;
}
