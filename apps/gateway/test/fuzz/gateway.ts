import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Metadata, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import type { ServingSnapshot } from '@switchyard/contracts';
import { recordLinesOf, splitLines } from '@switchyard/prediction-log';
import type { LoadedModel } from '@switchyard/runtimes';
import { createOnnxWorkerPool } from '@switchyard/runtimes/onnx';
import { loadFixture } from '../../../../packages/runtimes/test/fixture.ts';
import { createInferCalls } from '../../src/grpc/infer-calls.ts';
import type { ModelInferRequest, ModelInferResponse } from '../../src/grpc/messages.ts';
import { createIdGenerator } from '../../src/identifiers.ts';
import { createOutbox } from '../../src/log/outbox.ts';
import { createRejectionCounter } from '../../src/log/rejection-counter.ts';
import { createGatewayMetrics } from '../../src/metrics/gateway-metrics.ts';
import { createAdmission } from '../../src/predict/admission.ts';
import { createPredictionRunner } from '../../src/predict/prediction-runner.ts';
import { createRequestHandler } from '../../src/request-handler.ts';
import { buildServingState } from '../../src/snapshot/serving-state.ts';
import { servedEndpoint } from '../support/fraud-models.ts';
import { model, served } from '../support/shop.ts';

export interface Answered {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** The gateway's handlers over real models, without sockets. */
export interface FuzzedGateway {
  send(path: string, headers: readonly string[], body: Buffer): Promise<Answered>;
  infer(message: ModelInferRequest): Promise<{ code: number; details: string } | ModelInferResponse>;
  /** Lines of the records that were logged since the last time. */
  takeLines(): string[];
  readonly unforeseen: unknown[];
  close(): Promise<void>;
}

const LIMITS = { bodyMaximumBytes: 200_000, batchMaximumRows: 50 };

/** @param change what is done to the model that sums, for a test that a wrong one is noticed */
export async function openGateway(
  change: (model: LoadedModel) => LoadedModel = (same) => same,
): Promise<FuzzedGateway> {
  const pool = createOnnxWorkerPool({ threads: 1 });
  const sum = change(
    await loadFixture('sum', 'regression', { pool, execution: 'inline', spec: { features: ['north', 'east', 'up'] } }),
  );
  const types = await loadFixture('every-type', 'regression', { pool, execution: 'inline' });
  const lines: string[] = [];
  const unforeseen: unknown[] = [];
  const sink = {
    write(written: readonly (string | { readonly bytes: Uint8Array })[]) {
      for (const line of written) {
        const whole = typeof line === 'string' ? [Buffer.from(line)] : splitLines(line.bytes);
        lines.push(...whole.flatMap(recordLinesOf).map(String));
      }
    },
  };
  const metrics = createGatewayMetrics();
  const newId = createIdGenerator();
  const outbox = createOutbox(sink, metrics.counters);
  const snapshot = {
    formatVersion: 1,
    hash: 'f'.repeat(64),
    version: 1,
    createdAt: '2026-01-01T00:00:00Z',
    models: {
      sum: { ...served('sum', sum), task: 'regression' },
      types: { ...served('types', types), task: 'regression' },
    },
    endpoints: { sums: servedEndpoint('sums', model('sum'), 1, { timeoutMs: 60_000 }) },
    keepWarm: [],
  } as unknown as ServingSnapshot;
  const loaded = new Map([
    ['sum/1', sum],
    ['types/1', types],
  ]);
  const state = buildServingState(snapshot, {
    gateway: 'fuzz',
    metrics,
    loads: new Map(),
    findLoaded: (name: string, version: string) => loaded.get(`${name}/${version}`),
  });
  const admission = createAdmission();
  const shared = {
    version: '0.0.0',
    limits: LIMITS,
    current: () => state,
    isDraining: () => false,
    runner: createPredictionRunner({ outbox, newId, admission }),
    admission,
    outbox,
    // Counting what is refused is tested elsewhere; here it would only gather.
    rejections: createRejectionCounter({ write: () => {} }, metrics, 'fuzz'),
    metrics,
    newId,
    logFailure: (_requestId: string, error: unknown) => unforeseen.push(error),
  };
  const handle = createRequestHandler({ ...shared, renderMetrics: async () => '' });
  const calls = createInferCalls(shared);
  const flushing = setInterval(() => shared.rejections.flush(), 200);

  return {
    send: (path, headers, body) =>
      new Promise((resolve) => {
        const request = Object.assign(new EventEmitter(), {
          method: 'POST',
          url: path,
          rawHeaders: ['Content-Length', String(body.length), ...headers],
          resume() {},
          destroy() {},
        });
        let status = 0;
        let answerHeaders: readonly string[] = [];
        const response = {
          destroyed: false,
          headersSent: false,
          shouldKeepAlive: true,
          writeHead(code: number, list: readonly string[]) {
            status = code;
            answerHeaders = list;
            response.headersSent = true;
          },
          end(content: string | Uint8Array) {
            resolve({ status, headers: answerHeaders, body: Buffer.from(content as string) });
          },
        };
        handle(request as unknown as IncomingMessage, response as unknown as ServerResponse);
        if (body.length > 0) request.emit('data', body);
        request.emit('end');
        request.emit('close');
      }),
    infer: (message) =>
      new Promise((resolve) => {
        const call = {
          request: message,
          metadata: new Metadata(),
          getDeadline: () => Number.POSITIVE_INFINITY,
          sendMetadata() {},
        } as unknown as ServerUnaryCall<ModelInferRequest, ModelInferResponse>;
        const callback: sendUnaryData<ModelInferResponse> = (error, answer) => {
          if (error) resolve({ code: error.code ?? -1, details: error.details ?? '' });
          else resolve(answer as ModelInferResponse);
        };
        calls.modelInfer(call, callback);
      }),
    takeLines: () => lines.splice(0),
    unforeseen,
    async close() {
      clearInterval(flushing);
      await Promise.all([sum.close(), types.close()]);
      await pool.close();
    },
  };
}
