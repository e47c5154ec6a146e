import { mkdir } from 'node:fs/promises';
import { inspectUpstream } from '@switchyard/runtimes/upstream';
import { openChdbAnalytics, openClickhouseAnalytics } from '@switchyard/storage/analytics';
import { openPgliteMetadata, openPostgresMetadata, withLock } from '@switchyard/storage/metadata';
import { openFileObjects } from '@switchyard/storage/objects';
import { destination, type Logger, pino } from 'pino';

import { createControl } from './create-control.ts';
import { createLiveFeed } from './live/live-feed.ts';
import { inspectByFormat } from './models/inspect-by-format.ts';
import { dataPaths, type ProcessSettings, parseProcessSettings } from './process-settings.ts';
import { bindReadModels } from './server/read-models.ts';
import { createShipper } from './shipping/shipper.ts';

const STOP_DEADLINE_MS = 10_000;
/** Less than the deadline, so that there is time left to close the stores properly. */
const DRAIN_MS = 5_000;
/** Less than the deadline too: whoever waits for another process's insert must be able to end. */
const SHIPPING_WAIT_MS = 5_000;

/**
 * Opens the stores, then what uses them, then the socket; closes in the opposite order.
 * What was opened before a step failed is closed again.
 */
async function start(settings: ProcessSettings, logger: Logger): Promise<{ port: number; stop: () => Promise<void> }> {
  const { config, version } = settings;
  const paths = dataPaths(config.dataDir);
  const now = () => new Date();
  const opened: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (let close = opened.pop(); close !== undefined; close = opened.pop()) {
      await close().catch((error: unknown) => logger.error({ err: error }, 'a part did not stop cleanly'));
    }
  };
  try {
    await mkdir(config.dataDir, { recursive: true });
    const metadata = config.metadataUrl
      ? await openPostgresMetadata({
          url: config.metadataUrl,
          onConnectionError: (error) => logger.warn({ err: error }, 'a connection to the metadata store was lost'),
        })
      : await openPgliteMetadata({ directory: paths.metadata });
    opened.push(() => metadata.close());
    const analytics = config.clickhouseUrl
      ? await openClickhouseAnalytics({ url: config.clickhouseUrl, retentionDays: config.retentionDays })
      : await openChdbAnalytics({ directory: paths.analytics, retentionDays: config.retentionDays });
    opened.push(() => analytics.close());
    const objects = await openFileObjects({ directory: paths.objects });

    const live = createLiveFeed({ now, version });
    const shipper = createShipper({
      directory: paths.predictionLog,
      analytics,
      log: logger,
      onShipped: ({ count, sample }) => live.predictionsRecorded(count, sample),
      onOutcomesJoined: (count) => live.outcomesJoined(count),
      ...(metadata.engine === 'postgresql' && analytics.engine === 'clickhouse'
        ? { alone: (insert) => withLock(metadata, 'shipping', { waitMs: SHIPPING_WAIT_MS }, insert) }
        : {}),
    });
    const control = await createControl({
      config,
      internalToken: settings.internalToken,
      version,
      gatewayUrl: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${config.gatewayPort}`,
      dashboardDir: settings.dashboardDir,
      uploadsDirectory: paths.uploads,
      metadata,
      objects,
      analytics: { port: 'analytics', engine: analytics.engine, health: () => analytics.health() },
      readModels: bindReadModels(analytics),
      shipping: () => shipper.status(),
      inspectArtifact: inspectByFormat,
      inspectUpstream: (request) => inspectUpstream({ ...request, readSecret: (name) => process.env[name] }),
      live,
      learning: { analytics, intervalMs: config.learning.intervalMs },
      logger,
      now,
      drainMs: DRAIN_MS,
    });
    opened.push(() => shipper.stop());
    shipper.start();
    opened.push(() => control.stop());
    await control.server.listen({ host: config.host, port: config.port });
    const address = control.server.server.address();
    return { port: typeof address === 'object' && address ? address.port : config.port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One clear line for a person; what it was exactly goes to the log at debug level. */
function describeStartFailure(error: unknown): string {
  const { code, message, port } = error as NodeJS.ErrnoException & { port?: number };
  if (code === 'EADDRINUSE') return `port ${port} is taken by another program`;
  return message ?? String(error);
}

async function main(): Promise<void> {
  process.title = 'switchyard: control';
  const logger = pino({ base: { role: 'control', pid: process.pid } }, destination({ fd: 2, sync: true }));
  let running: Awaited<ReturnType<typeof start>>;
  try {
    const settings = parseProcessSettings(process.env.SWITCHYARD_PROCESS);
    logger.level = settings.config.logLevel;
    running = await start(settings, logger);
  } catch (error) {
    logger.fatal(`control cannot start: ${describeStartFailure(error)}`);
    logger.debug({ err: error }, 'why control cannot start');
    process.exit(1);
  }
  let stopping = false;
  const stop = (reason: string) => {
    if (stopping) return;
    stopping = true;
    logger.info({ reason }, 'control stops');
    setTimeout(() => {
      logger.error('control did not stop in time');
      process.exit(1);
    }, STOP_DEADLINE_MS).unref();
    running.stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  // The supervisor is gone: nobody would start or stop this process any more.
  process.on('disconnect', () => stop('the supervisor is gone'));
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'a failure was not handled'));
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'control crashed');
    process.exit(1);
  });
  logger.info({ port: running.port }, 'control is ready');
  process.send?.({ type: 'ready', port: running.port });
}

await main();
