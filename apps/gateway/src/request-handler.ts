import type { IncomingMessage, ServerResponse } from 'node:http';
import { SwitchyardError } from '@switchyard/contracts';
import { handleFeedback } from './feedback/feedback-handler.ts';
import { checkTimeout, type Exchange, openExchange, sendFailure, sendJson, sendText } from './http/exchange.ts';
import type { RequestHandler } from './http/http-server.ts';
import { type BodyBudget, readBody } from './http/request-body.ts';
import { findRoute, type Route } from './http/router.ts';
import type { Outbox } from './log/outbox.ts';
import type { RejectionCounter } from './log/rejection-counter.ts';
import type { GatewayMetrics } from './metrics/gateway-metrics.ts';
import { handleEndpointInfer } from './open-inference/endpoint-infer.ts';
import { endpointMetadata, modelMetadata } from './open-inference/metadata.ts';
import { handleModelInfer } from './open-inference/model-infer.ts';
import type { EndpointPlan } from './predict/endpoint-plan.ts';
import { handlePredict } from './predict/predict-handler.ts';
import type { PredictionRunner } from './predict/prediction-runner.ts';
import type { ModelPlan, ServingState, VersionPlan } from './snapshot/serving-state.ts';

export interface RequestHandlerOptions {
  readonly version: string;
  readonly limits: { readonly bodyMaximumBytes: number; readonly batchMaximumRows: number };
  readonly current: () => ServingState | undefined;
  readonly isDraining: () => boolean;
  readonly runner: PredictionRunner;
  readonly outbox: Outbox;
  readonly rejections: RejectionCounter;
  readonly metrics: GatewayMetrics;
  readonly newId: () => string;
  readonly renderMetrics: () => Promise<string>;
  /** Called once for every failure that nobody foresaw. */
  readonly logFailure: (requestId: string, error: unknown) => void;
}

/** Bodies of the largest size that may be arriving at the same time; of small ones there may be any number. */
const BODIES_AT_ONCE = 16;

/** What a name stands for: endpoints come first, then models. */
type Target =
  | { readonly kind: 'endpoint'; readonly plan: EndpointPlan }
  | { readonly kind: 'model'; readonly model: ModelPlan; readonly version: VersionPlan };

export function createRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { current, isDraining, runner, outbox, rejections, metrics, newId, logFailure, limits } = options;

  const fail = (exchange: Exchange, endpoint: string, error: unknown): void => {
    if (!SwitchyardError.is(error)) logFailure(exchange.requestId, error);
    rejections.count(endpoint, sendFailure(exchange, error));
  };
  /** Failures of rows that were accepted are in the log already, as predictions. */
  const failAccepted = (exchange: Exchange, endpoint: string, error: unknown): void => {
    if (!SwitchyardError.is(error)) logFailure(exchange.requestId, error);
    const code = sendFailure(exchange, error);
    if (code === 'log_unavailable') rejections.count(endpoint, code);
  };
  const budget: BodyBudget = { maximumBytes: limits.bodyMaximumBytes * BODIES_AT_ONCE, heldBytes: 0 };
  const shared = {
    runner,
    outbox,
    newId,
    metrics,
    maximumRows: limits.batchMaximumRows,
    maximumItems: limits.batchMaximumRows,
  };
  const accepted = { ...shared, fail: failAccepted };

  const requireState = (): ServingState => {
    const state = current();
    if (state === undefined) {
      throw new SwitchyardError('not_ready', 'no serving snapshot is loaded yet', { retryAfterSeconds: 1 });
    }
    return state;
  };

  /** Reads the body, then handles it; whatever is thrown is told to the caller. */
  const withBody = (
    exchange: Exchange,
    endpoint: string,
    handle: (body: Buffer, state: ServingState) => void,
  ): void => {
    const endpointKnown = () => (current()?.endpoints.has(endpoint) ? endpoint : '');
    readBody(exchange, limits.bodyMaximumBytes, budget, (failure, body) => {
      if (failure !== undefined) {
        fail(exchange, endpointKnown(), failure);
        return;
      }
      try {
        checkTimeout(exchange);
        handle(body, requireState());
      } catch (error) {
        fail(exchange, endpointKnown(), error);
      }
    });
  };

  const infer = (exchange: Exchange, name: string, version: string | undefined): void => {
    withBody(exchange, name, (body, state) => {
      if (exchange.headers.inferenceHeaderContentLength !== undefined) {
        throw new SwitchyardError('unsupported_media_type', 'binary tensors are not supported, send data as JSON');
      }
      const target = findTarget(state, name, version);
      if (target.kind === 'endpoint') handleEndpointInfer(exchange, body, target.plan, state, accepted);
      else handleModelInfer(exchange, body, target.version, state, accepted);
    });
  };

  const read = (exchange: Exchange, route: Exclude<Route, { kind: 'predict' | 'feedback' | 'infer' }>): void => {
    const isReady = current() !== undefined && !isDraining();
    switch (route.kind) {
      case 'healthz':
      case 'server-live':
        sendJson(exchange, 200, '{"live":true}');
        break;
      case 'readyz':
      case 'server-ready':
        sendJson(exchange, isReady ? 200 : 503, `{"ready":${isReady}}`);
        break;
      case 'server-metadata':
        sendJson(exchange, 200, JSON.stringify({ name: 'switchyard', version: options.version, extensions: [] }));
        break;
      case 'metadata': {
        const target = findTarget(requireState(), route.name, route.version);
        const metadata =
          target.kind === 'endpoint' ? endpointMetadata(target.plan) : modelMetadata(target.model, target.version);
        sendJson(exchange, 200, JSON.stringify(metadata));
        break;
      }
      case 'ready':
        findTarget(requireState(), route.name, route.version);
        sendJson(exchange, isReady ? 200 : 503, `{"ready":${isReady}}`);
        break;
      case 'metrics':
        options.renderMetrics().then(
          (text) => sendText(exchange, 200, 'text/plain; version=0.0.4; charset=utf-8', text),
          (error) => fail(exchange, '', error),
        );
        break;
      case 'method-not-allowed':
        throw new SwitchyardError('method_not_allowed', `use ${route.allow}`, { problems: [{ detail: route.allow }] });
      case 'not-found':
        throw new SwitchyardError('route_not_found', 'there is nothing at this address');
    }
  };

  return (request: IncomingMessage, response: ServerResponse): void => {
    const url = request.url as string;
    const exchange = openExchange(request, response, url.startsWith('/v2') ? 'open-inference' : 'switchyard', newId);
    // Lets the connection end after this answer, so that a drain does not wait for callers to go away.
    if (isDraining()) response.shouldKeepAlive = false;
    const route = findRoute(request.method as string, url);
    switch (route.kind) {
      case 'predict':
        withBody(exchange, route.endpoint, (body, state) => {
          handlePredict(exchange, body, route.endpoint, state, accepted);
        });
        break;
      case 'feedback':
        withBody(exchange, '', (body) => handleFeedback(exchange, body, accepted));
        break;
      case 'infer':
        infer(exchange, route.name, route.version);
        break;
      default:
        request.resume();
        try {
          read(exchange, route);
        } catch (error) {
          // What only looks does not count as a refused request.
          if (!SwitchyardError.is(error)) logFailure(exchange.requestId, error);
          sendFailure(exchange, error);
        }
    }
  };
}

function findTarget(state: ServingState, name: string, version: string | undefined): Target {
  const plan = state.endpoints.get(name);
  if (plan !== undefined) {
    if (version !== undefined && version !== String(plan.revision)) {
      throw new SwitchyardError('version_not_found', `endpoint '${plan.name}' serves revision ${plan.revision} only`);
    }
    return { kind: 'endpoint', plan };
  }
  const model = state.models.get(name);
  if (model === undefined) {
    throw new SwitchyardError('model_not_found', `there is no endpoint and no model '${name.slice(0, 100)}'`);
  }
  const wanted = version ?? model.defaultVersion;
  const found = model.versions.get(wanted);
  if (found === undefined) {
    throw new SwitchyardError(
      'version_not_found',
      `version '${wanted.slice(0, 20)}' of model '${model.name}' is not loaded`,
    );
  }
  return { kind: 'model', model, version: found };
}
