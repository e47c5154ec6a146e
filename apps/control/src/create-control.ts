import { randomUUID } from 'node:crypto';
import type { Config } from '@switchyard/contracts';
import type { MetadataStore } from '@switchyard/storage/metadata';
import type { ObjectStore } from '@switchyard/storage/objects';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createAliasHandlers } from './aliases/alias-handlers.ts';
import { createRecentRequests } from './endpoints/client-check.ts';
import { createEndpointHandlers } from './endpoints/endpoint-handlers.ts';
import { createTryEndpoint } from './endpoints/try-endpoint.ts';
import { createGatewayDirectory } from './gateways/gateway-directory.ts';
import { createInternalHandlers } from './gateways/internal-handlers.ts';
import type { LiveFeed } from './live/live-feed.ts';
import { registerMetrics } from './metrics/control-metrics.ts';
import { createArtifactStore } from './models/artifact-store.ts';
import type { InspectArtifact } from './models/inspect-artifact.ts';
import type { InspectUpstream } from './models/inspect-upstream.ts';
import { createModelHandlers } from './models/model-handlers.ts';
import { prepareUploads } from './models/receive-upload.ts';
import { createVersionHandlers } from './models/version-handlers.ts';
import { createLearningLoop } from './routing-state/learning-loop.ts';
import type { Analytics } from './routing-state/outcome-rows.ts';
import { createRoutingStateHandlers } from './routing-state/state-handlers.ts';
import { createAnalyticsHandlers } from './server/analytics-handlers.ts';
import { createControlServer } from './server/create-control-server.ts';
import type { ReadModels } from './server/read-models.ts';
import { createSnapshotPublisher } from './snapshot/snapshot-publisher.ts';
import type { HealthSource, ShippingStatus } from './status/platform-health.ts';
import { createStatusHandlers } from './status/status-handlers.ts';
import { startStatusMonitor } from './status/status-monitor.ts';

export interface ControlDependencies {
  readonly config: Pick<Config, 'limits'>;
  readonly internalToken: string;
  readonly version: string;
  readonly gatewayUrl: string;
  readonly dashboardDir: string | null;
  readonly uploadsDirectory: string;
  readonly metadata: MetadataStore;
  readonly objects: ObjectStore;
  readonly analytics: HealthSource;
  readonly readModels: ReadModels;
  readonly shipping: () => ShippingStatus;
  readonly inspectArtifact: InspectArtifact;
  readonly inspectUpstream: InspectUpstream;
  /** Shared with what ships the prediction log. */
  readonly live: LiveFeed;
  /** What nodes that learn learn from, and how often; without it they know what they knew. */
  readonly learning?: { readonly analytics: Analytics; readonly intervalMs: number };
  readonly logger: Logger;
  readonly now: () => Date;
  /** Time that requests have to finish when control stops; what is left then is cut off. */
  readonly drainMs: number;
  /** Checks every answer against the contract: for tests. */
  readonly checkAnswers?: boolean;
}

export interface Control {
  /** Not listening yet. */
  readonly server: FastifyInstance;
  /** Ends waiting requests and live connections, then the server. The stores stay open. */
  stop(): Promise<void>;
}

const STATUS_EVERY_MS = 2_000;
/** Another control process on the same database may have published. */
const REFRESH_EVERY_MS = 1_000;

/** Everything of control between its stores and its socket. */
export async function createControl(dependencies: ControlDependencies): Promise<Control> {
  const { metadata, objects, live, logger, now, config } = dependencies;
  await prepareUploads(dependencies.uploadsDirectory);
  const snapshots = await createSnapshotPublisher({ metadata, now });
  const gateways = createGatewayDirectory({ now, onChanged: (id) => live.entityChanged('gateway', id) });
  const artifacts = createArtifactStore(metadata, objects);
  const recentRequests = createRecentRequests({
    listRecentFeatures: dependencies.readModels.listRecentFeatures,
    now,
  });
  const onModelChanged = (model: string) => live.entityChanged('model', model);
  const onEndpointChanged = (endpoint: string) => live.entityChanged('endpoint', endpoint);
  const monitor = startStatusMonitor({
    stores: [
      { port: 'metadata', engine: metadata.engine, health: () => metadata.health() },
      dependencies.analytics,
      { port: 'objects', engine: objects.engine, health: () => objects.health() },
    ],
    shipping: dependencies.shipping,
    gateways,
    now,
    onAlertChanged: (id) => live.entityChanged('alert', id),
    everyMs: STATUS_EVERY_MS,
  });
  const learning =
    dependencies.learning &&
    createLearningLoop({
      ...dependencies.learning,
      metadata,
      snapshots,
      now,
      log: logger,
      // An embedded store has one process: the one that takes over from a dead one need not wait for its lease to end.
      owner: metadata.engine === 'pglite' ? 'embedded' : randomUUID(),
    });
  const refreshing =
    metadata.engine === 'pglite'
      ? undefined
      : setInterval(() => {
          snapshots.refresh().catch((error: unknown) => logger.warn({ err: error }, 'refreshing the snapshot failed'));
        }, REFRESH_EVERY_MS);

  const server = await createControlServer({
    handlers: {
      ...createModelHandlers({ metadata, snapshots, artifacts, onChanged: onModelChanged }),
      ...createVersionHandlers({
        metadata,
        snapshots,
        artifacts,
        uploads: {
          directory: dependencies.uploadsDirectory,
          artifactMaximumBytes: config.limits.artifactMaximumBytes,
        },
        inspectArtifact: dependencies.inspectArtifact,
        inspectUpstream: dependencies.inspectUpstream,
        onChanged: onModelChanged,
      }),
      ...createAliasHandlers({ metadata, snapshots, onChanged: onModelChanged, recentRequests }),
      ...createEndpointHandlers({
        metadata,
        snapshots,
        onChanged: onEndpointChanged,
        tryEndpoint: createTryEndpoint(dependencies.gatewayUrl),
        recentRequests,
      }),
      ...createRoutingStateHandlers({ metadata, snapshots }),
      ...createAnalyticsHandlers({ metadata, readModels: dependencies.readModels }),
      ...createStatusHandlers({
        monitor,
        snapshots,
        version: dependencies.version,
        startedAt: now(),
        gatewayUrl: dependencies.gatewayUrl,
      }),
    },
    internalHandlers: createInternalHandlers({ snapshots, artifacts, gateways }),
    live,
    logger,
    internalToken: dependencies.internalToken,
    version: dependencies.version,
    gatewayUrl: dependencies.gatewayUrl,
    dashboardDir: dependencies.dashboardDir,
    bodyMaximumBytes: config.limits.bodyMaximumBytes,
    isReady: async () => (await metadata.health()).healthy,
    observe: (each) => registerMetrics(each, { snapshots, gateways, live, shipping: dependencies.shipping, learning }),
    checkAnswers: dependencies.checkAnswers ?? false,
  });
  learning?.start();
  return {
    server,
    stop: async () => {
      clearInterval(refreshing);
      await learning?.stop();
      monitor.stop();
      snapshots.close();
      live.close();
      const deadline = setTimeout(() => server.server.closeAllConnections(), dependencies.drainMs);
      // A connection that was answering when closing began is kept alive by its caller otherwise.
      const sweeping = setInterval(() => server.server.closeIdleConnections(), 20);
      await server.close();
      clearTimeout(deadline);
      clearInterval(sweeping);
    },
  };
}
