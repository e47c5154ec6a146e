import { Metadata, type ServerDuplexStream, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { SwitchyardError } from '@switchyard/contracts';
import { isSafeRequestId } from '../identifiers.ts';
import { type InferAnswer, type InferArrival, type InferOutcome, observeAnswer } from '../open-inference/infer-call.ts';
import { startInfer } from '../open-inference/start-infer.ts';
import { findTarget } from '../open-inference/targets.ts';
import type { GrpcOptions } from './grpc-server.ts';
import { inferAnswerMessage, readInferMessage } from './infer-messages.ts';
import type { ModelInferRequest, ModelInferResponse, ModelStreamInferResponse } from './messages.ts';
import { type Failure, toStatus } from './status.ts';

type InferCall = ServerUnaryCall<ModelInferRequest, ModelInferResponse>;
type InferStream = ServerDuplexStream<ModelInferRequest, ModelStreamInferResponse>;
type Told = { readonly ok: true; readonly answer: InferAnswer } | { readonly ok: false; readonly failure: Failure };

/** Requests of one stream that may be under way; more wait in the connection. */
const MAXIMUM_UNDER_WAY = 64;

export interface InferCalls {
  modelInfer(call: InferCall, callback: sendUnaryData<ModelInferResponse>): void;
  modelStreamInfer(call: InferStream): void;
  /** Ends every stream once what it has asked is answered. */
  endStreams(): void;
}

export function createInferCalls(options: GrpcOptions): InferCalls {
  const { current, isDraining, limits, rejections, newId, logFailure } = options;
  const shared = { ...options, maximumRows: limits.batchMaximumRows };
  const streams = new Set<() => void>();

  /** Refused before it was accepted: counted, because no line of the log tells of it. */
  const refuse = (name: string, arrival: InferArrival, error: unknown): Failure => {
    if (!SwitchyardError.is(error)) logFailure(arrival.requestId, error);
    const failure = toStatus(error, arrival.requestId);
    rejections.count(current()?.endpoints.has(name) ? name : '', failure.code);
    return failure;
  };

  const failAccepted = ({ endpoint, error }: InferOutcome & { ok: false }, arrival: InferArrival): Failure => {
    if (!SwitchyardError.is(error)) logFailure(arrival.requestId, error);
    const failure = toStatus(error, arrival.requestId);
    if (failure.code === 'log_unavailable') rejections.count(endpoint, failure.code);
    return failure;
  };

  const answer = (message: ModelInferRequest, arrival: InferArrival, done: (told: Told) => void): void => {
    const { model_name: name, model_version: version } = message;
    try {
      const state = current();
      if (state === undefined) {
        throw new SwitchyardError('not_ready', 'no serving snapshot is loaded yet', { retryAfterSeconds: 1 });
      }
      const target = findTarget(state, name, version === '' ? undefined : version);
      const infer = readInferMessage(message);
      startInfer(target, infer, arrival, state, shared, (outcome) => {
        done(outcome.ok ? outcome : { ok: false, failure: failAccepted(outcome, arrival) });
      });
    } catch (error) {
      done({ ok: false, failure: refuse(name, arrival, error) });
    }
  };

  const open = (metadata: Metadata, deadline: Date | number): InferArrival => {
    const given = metadata.get('x-request-id')[0];
    const leftMs = Number(deadline) - Date.now();
    return {
      requestId: typeof given === 'string' && isSafeRequestId(given) ? given : newId(),
      atMs: Date.now(),
      startedAtMs: performance.now(),
      timeoutMs: Number.isFinite(leftMs) ? Math.max(0, leftMs) : undefined,
    };
  };

  return {
    modelInfer(call, callback) {
      const arrival = open(call.metadata, call.getDeadline());
      answer(call.request, arrival, (told) => {
        if (!told.ok) {
          callback(told.failure.status);
          return;
        }
        const metadata = new Metadata();
        metadata.set('x-request-id', arrival.requestId);
        if (told.answer.endpoint !== undefined) {
          metadata.set('x-switchyard-revision', String(told.answer.endpoint.revision));
        }
        const message = inferAnswerMessage(told.answer);
        metadata.set('x-switchyard-overhead-us', String(Math.round(observeAnswer(told.answer, arrival))));
        call.sendMetadata(metadata);
        callback(null, message);
      });
    },

    modelStreamInfer(call) {
      let underWay = 0;
      let last = Promise.resolve();
      const end = (): void => {
        streams.delete(end);
        last = last.then(() => {
          call.end();
        });
      };
      streams.add(end);
      call.on('data', (message: ModelInferRequest) => {
        underWay += 1;
        if (underWay >= MAXIMUM_UNDER_WAY) call.pause();
        const arrival = open(call.metadata, call.getDeadline());
        const told = new Promise<Told>((resolve) => {
          if (!isDraining()) answer(message, arrival, resolve);
          else {
            const error = new SwitchyardError('not_ready', 'the server is going away', { retryAfterSeconds: 1 });
            resolve({ ok: false, failure: refuse(message.model_name, arrival, error) });
          }
        });
        // Answers keep the order of the requests, whichever model is faster.
        last = last.then(async () => {
          await write(call, streamMessage(message, await told, arrival));
          underWay -= 1;
          if (call.isPaused()) call.resume();
        });
      });
      call.on('end', end);
      call.on('cancelled', () => streams.delete(end));
      call.on('error', () => streams.delete(end));
    },

    endStreams() {
      for (const end of [...streams]) end();
    },
  };
}

function streamMessage(request: ModelInferRequest, told: Told, arrival: InferArrival): ModelStreamInferResponse {
  if (told.ok) {
    observeAnswer(told.answer, arrival);
    return { error_message: '', infer_response: inferAnswerMessage(told.answer) };
  }
  const { model_name, model_version, id } = request;
  const nothing = { parameters: {}, outputs: [], raw_output_contents: [] };
  return {
    error_message: told.failure.status.details,
    infer_response: { model_name, model_version, id, ...nothing },
  };
}

/** Resolves when more may be written, or when nobody reads any more. */
function write(call: InferStream, message: ModelStreamInferResponse): Promise<void> {
  if (call.cancelled || call.destroyed || call.write(message)) return Promise.resolve();
  return new Promise((resolve) => {
    const go = (): void => {
      for (const event of ['drain', 'cancelled', 'close', 'error']) call.off(event, go);
      resolve();
    };
    for (const event of ['drain', 'cancelled', 'close', 'error']) call.on(event, go);
  });
}
