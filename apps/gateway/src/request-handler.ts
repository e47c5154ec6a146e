import type { IncomingMessage, ServerResponse } from 'node:http';
import { SwitchyardError } from '@switchyard/contracts';
import { handleFeedback } from './feedback/feedback-handler.ts';
import { checkTimeout, type Exchange, openExchange, sendBody, sendFailure, sendJson } from './http/exchange.ts';
import type { RequestHandler } from './http/http-server.ts';
import { type BodyBudget, readBody } from './http/request-body.ts';
import { findRoute, type Route } from './http/router.ts';
import type { Outbox } from './log/outbox.ts';
import type { RejectionCounter } from './log/rejection-counter.ts';
import type { GatewayMetrics } from './metrics/gateway-metrics.ts';
import { sendInferAnswer } from './open-inference/http-answer.ts';
import { readInferBody } from './open-inference/infer-request.ts';
import { EXTENSIONS, targetConfig, targetMetadata } from './open-inference/metadata.ts';
import {
  loadFromRepository,
  readRepositoryBody,
  repositoryIndex,
  unloadFromRepository,
} from './open-inference/repository.ts';
import { startInfer } from './open-inference/start-infer.ts';
import { readStatistics } from './open-inference/statistics.ts';
import { findTarget, onlyInputOfTarget } from './open-inference/targets.ts';
import type { Admission } from './predict/admission.ts';
import { handlePredict } from './predict/predict-handler.ts';
import type { PredictionRunner } from './predict/prediction-runner.ts';
import type { ServingState } from './snapshot/serving-state.ts';

export interface RequestHandlerOptions {
  readonly version: string;
  readonly limits: { readonly bodyMaximumBytes: number; readonly batchMaximumRows: number };
  readonly current: () => ServingState | undefined;
  readonly isDraining: () => boolean;
  readonly runner: PredictionRunner;
  readonly admission: Admission;
  readonly outbox: Outbox;
  readonly rejections: RejectionCounter;
  readonly metrics: GatewayMetrics;
  readonly newId: () => string;
  readonly renderMetrics: () => Promise<string>;
  /** Called once for every failure that nobody foresaw. */
  readonly logFailure: (requestId: string, error: unknown) => void;
}

type ReadRoute = Exclude<
  Route,
  { kind: 'predict' | 'feedback' | 'infer' | 'repository-index' | 'repository-load' | 'repository-unload' }
>;

/** Bodies of the largest size that may be arriving at the same time; of small ones there may be any number. */
const BODIES_AT_ONCE = 16;

export function createRequestHandler(options: RequestHandlerOptions): RequestHandler {
  const { current, isDraining, runner, admission, outbox, rejections, metrics, newId, logFailure, limits } = options;

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
    admission,
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
      const target = findTarget(state, name, version);
      const received = readInferBody(body, exchange.headers.inferenceHeaderContentLength, onlyInputOfTarget(target));
      startInfer(target, received, exchange, state, shared, (outcome) => {
        if (outcome.ok) sendInferAnswer(exchange, received, outcome.answer);
        else failAccepted(exchange, outcome.endpoint, outcome.error);
      });
    });
  };

  const repository = (
    exchange: Exchange,
    route: Extract<Route, { kind: 'repository-index' | 'repository-load' | 'repository-unload' }>,
  ): void => {
    withBody(exchange, '', (body, state) => {
      const asked = readRepositoryBody(body);
      if (route.kind === 'repository-index') {
        sendJson(exchange, 200, JSON.stringify(repositoryIndex(state, asked.ready === true)));
      } else if (route.kind === 'repository-load') {
        loadFromRepository(state, route.name, asked.parameters ?? {});
        sendJson(exchange, 200, '{}');
      } else unloadFromRepository(state, route.name);
    });
  };

  const read = (exchange: Exchange, route: ReadRoute): void => {
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
        sendJson(
          exchange,
          200,
          JSON.stringify({ name: 'switchyard', version: options.version, extensions: EXTENSIONS }),
        );
        break;
      case 'metadata': {
        const target = findTarget(requireState(), route.name, route.version);
        sendJson(exchange, 200, JSON.stringify(targetMetadata(target)));
        break;
      }
      case 'config': {
        const target = findTarget(requireState(), route.name, route.version);
        sendJson(exchange, 200, JSON.stringify(targetConfig(target)));
        break;
      }
      case 'statistics': {
        const statistics = readStatistics(requireState(), metrics, route.name, route.version);
        sendJson(exchange, 200, JSON.stringify({ model_stats: statistics }));
        break;
      }
      case 'ready':
        findTarget(requireState(), route.name, route.version);
        sendJson(exchange, isReady ? 200 : 503, `{"ready":${isReady}}`);
        break;
      case 'metrics':
        options.renderMetrics().then(
          (text) => sendBody(exchange, 200, 'text/plain; version=0.0.4; charset=utf-8', text),
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
      case 'repository-index':
      case 'repository-load':
      case 'repository-unload':
        repository(exchange, route);
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
