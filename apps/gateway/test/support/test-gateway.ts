import type { AddressInfo } from 'node:net';
import { type LogRecord, logRecordSchema, type ServingSnapshot, SwitchyardError } from '@switchyard/contracts';
import { type LineBlock, recordLinesOf } from '@switchyard/prediction-log';
import type { LoadedModel } from '@switchyard/runtimes';
import type { KeptAnswers } from '../../src/cache/kept-answers.ts';
import { createGrpcServer, type GrpcServer } from '../../src/grpc/grpc-server.ts';
import { createHttpServer } from '../../src/http/http-server.ts';
import { createIdGenerator } from '../../src/identifiers.ts';
import { createOutbox } from '../../src/log/outbox.ts';
import { createRejectionCounter } from '../../src/log/rejection-counter.ts';
import { createGatewayMetrics } from '../../src/metrics/gateway-metrics.ts';
import { createAdmission } from '../../src/predict/admission.ts';
import { createPredictionRunner } from '../../src/predict/prediction-runner.ts';
import { createRequestHandler } from '../../src/request-handler.ts';
import { buildServingState, type ServingState, targetGauges } from '../../src/snapshot/serving-state.ts';
import type { SnapshotContent } from './fake-control.ts';

export interface MemoryLog {
  readonly writes: string[][];
  isBroken: boolean;
  write(lines: readonly (string | LineBlock)[]): void;
  /** Every record, checked against the contract. */
  records(): LogRecord[];
}

export interface TestGateway {
  readonly url: string;
  readonly port: number;
  readonly log: MemoryLog;
  readonly unforeseen: unknown[];
  isDraining: boolean;
  flushRejections(): void;
  metricsText(): string;
  serve(content: SnapshotContent | undefined, models?: ReadonlyMap<string, LoadedModel>): void;
  call(
    path: string,
    init?: { method?: string; body?: string | Uint8Array; headers?: Record<string, string> },
  ): Promise<Response>;
  predict(
    endpoint: string,
    body: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: Record<string, unknown> & { code?: string }; headers: Headers }>;
  /** Listens for gRPC too. */
  startGrpc(): Promise<{ port: number; stop(deadlineMs: number): Promise<void> }>;
  close(): Promise<void>;
}

export const SNAPSHOT_HASH = 'a'.repeat(64);

function linesOf({ bytes, lines }: LineBlock): string[] {
  const text = Buffer.from(bytes).toString();
  if (!text.endsWith('\n')) throw new Error('a block of the log does not end with a line break');
  const found = text.slice(0, -1).split('\n');
  if (found.length !== lines) throw new Error(`a block of ${found.length} lines says it has ${lines}`);
  return found;
}

function createMemoryLog(): MemoryLog {
  const log: MemoryLog = {
    writes: [],
    isBroken: false,
    write(lines) {
      if (log.isBroken) throw new SwitchyardError('log_unavailable', 'the disk is full');
      log.writes.push(lines.flatMap((line) => (typeof line === 'string' ? line : linesOf(line))));
    },
    records: () =>
      log.writes
        .flat()
        .flatMap((line) => {
          if (line.includes('\n')) throw new Error('a line of the log holds a line break');
          return recordLinesOf(Buffer.from(line));
        })
        .map((line) => logRecordSchema.parse(JSON.parse(String(line)))),
  };
  return log;
}

/** The whole gateway but for disk, snapshots from control, and real models. Keys of `models` are `name/version`. */
export async function startTestGateway(
  limits = { bodyMaximumBytes: 100_000, batchMaximumRows: 100 },
  httpLimits: Parameters<typeof createHttpServer>[1] = {},
  keptAnswers?: KeptAnswers,
): Promise<TestGateway> {
  const log = createMemoryLog();
  const metrics = createGatewayMetrics();
  const newId = createIdGenerator();
  const outbox = createOutbox(log, metrics.counters);
  const rejections = createRejectionCounter(log, metrics, 'test');
  const loads = new Map();
  const unforeseen: unknown[] = [];
  let state: ServingState | undefined;
  const renderMetrics = () =>
    metrics.render({
      queuedRows: [...loads].map(([endpoint, load]) => ({ endpoint, rows: load.queuedRows })),
      targets: targetGauges(state, performance.now()),
      inFlightRequests: 0,
      snapshotVersion: state?.version ?? -1,
      isReady: state !== undefined,
      isControlReachable: false,
      loadedModels: 0,
      log: { writable: !log.isBroken, unshippedSegments: 0, unshippedBytes: 0 },
    });
  const admission = createAdmission();
  const shared = {
    version: '0.0.0',
    limits,
    current: () => state,
    isDraining: () => gateway.isDraining,
    runner: createPredictionRunner({ outbox, newId, admission }),
    admission,
    outbox,
    rejections,
    metrics,
    newId,
    logFailure: (_requestId: string, error: unknown) => unforeseen.push(error),
  };
  let grpc: GrpcServer | undefined;
  const server = createHttpServer(
    createRequestHandler({ ...shared, renderMetrics: async () => renderMetrics() }),
    httpLimits,
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  const gateway: TestGateway = {
    url,
    port,
    log,
    unforeseen,
    isDraining: false,
    flushRejections: rejections.flush,
    metricsText: renderMetrics,
    serve(content, models = new Map()) {
      if (content === undefined) {
        state = undefined;
        return;
      }
      const snapshot: ServingSnapshot = {
        formatVersion: 1,
        ...content,
        hash: SNAPSHOT_HASH,
        version: 1,
        createdAt: '2026-01-01T00:00:00Z',
      };
      state = buildServingState(snapshot, {
        gateway: 'test',
        metrics,
        loads,
        findLoaded: (model, version) => models.get(`${model}/${version}`),
        keptAnswers,
        previous: state,
      });
    },
    call: (path, init = {}) => fetch(`${url}${path}`, init as RequestInit),
    async predict(endpoint, body, headers = {}) {
      const response = await fetch(`${url}/v1/models/${endpoint}:predict`, {
        method: 'POST',
        headers,
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      return {
        status: response.status,
        headers: response.headers,
        body: (await response.json()) as Record<string, unknown> & { code?: string },
      };
    },
    async startGrpc() {
      const started = createGrpcServer(shared);
      grpc = started;
      const grpcPort = await started.listen({ port: 0, host: '127.0.0.1', reusePort: false });
      return { port: grpcPort, stop: started.stop };
    },
    async close() {
      await grpc?.stop(0);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return gateway;
}
