import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Config, dataLayout, type GatewayStatus } from '@switchyard/contracts';
import { openPredictionLog } from '@switchyard/prediction-log';
import { createOnnxWorkerPool } from '@switchyard/runtimes/onnx';
import { openAnswerCache } from '@switchyard/storage/cache';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { createKeptAnswers } from './cache/kept-answers.ts';
import { createGrpcServer } from './grpc/grpc-server.ts';
import { createHttpServer } from './http/http-server.ts';
import { createIdGenerator } from './identifiers.ts';
import { createOutbox } from './log/outbox.ts';
import { createRejectionCounter } from './log/rejection-counter.ts';
import { createGatewayMetrics } from './metrics/gateway-metrics.ts';
import { renderUpstreamMetrics } from './metrics/upstream-metrics.ts';
import { createAdmission, type EndpointLoad } from './predict/admission.ts';
import { createPredictionRunner } from './predict/prediction-runner.ts';
import { createRecentRows } from './rehearsal/recent-rows.ts';
import { rehearse } from './rehearsal/rehearse.ts';
import { createRequestHandler } from './request-handler.ts';
import type { ControlClient } from './snapshot/control-client.ts';
import { openDiskCache } from './snapshot/disk-cache.ts';
import { loadVersion } from './snapshot/load-version.ts';
import { createModelStore } from './snapshot/model-store.ts';
import { buildServingState, targetGauges } from './snapshot/serving-state.ts';
import { followSnapshots } from './snapshot/snapshot-follower.ts';

export interface GatewayLogger {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export interface GatewayOptions {
  readonly config: Config;
  readonly id: string;
  readonly version: string;
  /** Several processes listen on one port. */
  readonly reusePort: boolean;
  readonly control: ControlClient;
  readonly logger: GatewayLogger;
}

export interface Gateway {
  readonly port: number;
  /** Where the Open Inference Protocol is spoken over gRPC. */
  readonly grpcPort: number;
  /** Resolves when a snapshot is served. */
  readonly ready: Promise<void>;
  /** Stops taking connections, finishes what is under way, seals the log. */
  stop(): Promise<void>;
}

const STATUS_INTERVAL_MS = 2_000;
const REJECTION_INTERVAL_MS = 1_000;
/** Leaves the rest of the ten seconds a process has for sealing the log. */
const DRAIN_DEADLINE_MS = 8_000;

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, id, version, control, logger } = options;
  const metrics = createGatewayMetrics();
  const processMetrics = new Registry();
  collectDefaultMetrics({ register: processMetrics });
  const log = openPredictionLog({
    directory: join(config.dataDir, dataLayout.predictionLog),
    writer: id,
    fsync: config.log.fsync,
    segmentMaximumBytes: config.log.segmentMaximumBytes,
    segmentMaximumAgeMs: config.log.segmentMaximumAgeMs,
    maximumUnshippedBytes: config.log.maximumUnshippedBytes,
  });
  const newId = createIdGenerator();
  const outbox = createOutbox(log, metrics.counters);
  const rejections = createRejectionCounter(log, metrics, id);
  const recent = createRecentRows();
  const admission = createAdmission();
  const runner = createPredictionRunner({ outbox, newId, admission, recent });
  const cache = await openAnswerCache({
    url: config.cacheUrl,
    report: (event, reason) => {
      if (event === 'reachable') logger.info({}, 'the cache answers');
      else logger.warn({ reason }, 'the cache does not answer, models are asked');
    },
  });
  const keptAnswers = createKeptAnswers(cache, (reason) => logger.warn({ reason }, 'answers cannot be kept'));
  const models = createModelStore();
  const loads = new Map<string, EndpointLoad>();
  const pool = createOnnxWorkerPool({ threads: Math.max(1, availableParallelism() - 1) });
  const startedAt = new Date().toISOString();
  const statusAbort = new AbortController();
  let isDraining = false;

  const reportStatus = (): void => {
    const current = follower.current();
    const status: GatewayStatus = {
      id,
      pid: process.pid,
      startedAt,
      state: isDraining ? 'draining' : current === undefined ? 'starting' : 'ready',
      snapshot: current === undefined ? null : { hash: current.hash, version: current.version },
      snapshotError: follower.error(),
      rehearsal: follower.rehearsal() ?? null,
      models: models.states(),
      memoryBytes: process.memoryUsage.rss(),
      log: log.status(),
    };
    // Control may be away; the next report says the same or better.
    control.putStatus(status, statusAbort.signal).catch(() => {});
  };

  const follower = followSnapshots({
    control,
    cache: await openDiskCache(join(config.dataDir, dataLayout.gatewayCache)),
    models,
    metrics,
    loadModel: (path, served) => loadVersion(path, served, pool),
    buildState: (snapshot, previous) =>
      buildServingState(snapshot, {
        gateway: id,
        metrics,
        loads,
        findLoaded: (model, served) => models.find(model, served, snapshot),
        keptAnswers,
        previous,
      }),
    rehearse: (current, next, signal) => rehearse(current, next, { recent, newId, signal }),
    onChange: () => reportStatus(),
    report: (event, details) => {
      if (event === 'served') logger.info(details, 'snapshot served');
      else if (event === 'failed') logger.error(details, 'snapshot cannot be served, the one before stays');
      else if (event === 'unreachable') logger.warn(details, 'control does not answer');
      else logger.info(details, 'control answers');
    },
  });

  const shared = {
    version,
    limits: config.limits,
    current: follower.current,
    isDraining: () => isDraining,
    runner,
    admission,
    outbox,
    rejections,
    metrics,
    newId,
    logFailure: (requestId: string, err: unknown) => logger.error({ requestId, err }, 'request failed unexpectedly'),
  };
  const grpc = createGrpcServer(shared);
  const server = createHttpServer(
    createRequestHandler({
      ...shared,
      renderMetrics: async () =>
        metrics.render({
          queuedRows: [...loads].map(([endpoint, { queuedRows }]) => ({ endpoint, rows: queuedRows })),
          targets: targetGauges(follower.current(), performance.now()),
          inFlightRequests: runner.inFlight(),
          snapshotVersion: follower.current()?.version ?? -1,
          isReady: follower.current() !== undefined && !isDraining,
          isControlReachable: follower.isControlReachable(),
          loadedModels: models.loadedCount(),
          log: log.status(),
        }) +
        renderUpstreamMetrics(models.remotes()) +
        (await processMetrics.metrics()),
    }),
  );

  const timers = [setInterval(reportStatus, STATUS_INTERVAL_MS), setInterval(rejections.flush, REJECTION_INTERVAL_MS)];
  const cleanUp = async (): Promise<void> => {
    for (const timer of timers) clearInterval(timer);
    await follower.stop();
    rejections.flush();
    outbox.flush();
    await log.close();
    await models.closeAll();
    await cache.close();
    await pool.close();
  };
  let port: number;
  let grpcPort: number;
  try {
    port = await listen(server, config, options.reusePort);
    grpcPort = await grpc.listen({ port: config.grpcPort, host: config.host, reusePort: options.reusePort });
  } catch (error) {
    server.close();
    await cleanUp();
    throw error;
  }

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    isDraining = true;
    logger.info({ inFlight: runner.inFlight() }, 'draining');
    reportStatus();
    await Promise.all([closeServer(server), grpc.stop(DRAIN_DEADLINE_MS)]);
    statusAbort.abort();
    await cleanUp();
  };

  return {
    port,
    grpcPort,
    ready: follower.firstServed,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

function listen(server: Server, config: Config, reusePort: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: config.gatewayPort, host: config.host, reusePort, backlog: 1_024 }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Resolves when every connection has ended: idle ones are closed now, the others after their answer. */
async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), DRAIN_DEADLINE_MS);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
  });
}
