import { configSchema } from '@switchyard/contracts';
import pino from 'pino';
import { z } from 'zod';
import { startGateway } from './gateway.ts';
import { createControlClient } from './snapshot/control-client.ts';

const settingsSchema = z.object({
  config: configSchema,
  internalToken: z.string(),
  controlUrl: z.string(),
  id: z.string(),
  reusePort: z.boolean(),
  version: z.string(),
});

const DEADLINE_MS = 10_000;

async function main(): Promise<void> {
  const settings = settingsSchema.parse(JSON.parse(process.env.SWITCHYARD_PROCESS ?? '{}'));
  process.title = `switchyard: gateway ${settings.id}`;
  const logger = pino(
    { level: settings.config.logLevel, base: { process: settings.id } },
    pino.destination({ dest: 2, sync: true }),
  );
  process.on('unhandledRejection', (err) => logger.error({ err }, 'unhandled rejection'));

  const gateway = await startGateway({
    config: settings.config,
    id: settings.id,
    version: settings.version,
    reusePort: settings.reusePort,
    control: createControlClient(settings.controlUrl, settings.internalToken),
    logger,
  });
  logger.info({ port: gateway.port, grpcPort: gateway.grpcPort }, 'listening');

  const stop = (): void => {
    setTimeout(() => {
      logger.error({}, 'not stopped within the deadline');
      process.exit(1);
    }, DEADLINE_MS).unref();
    gateway.stop().then(
      () => process.exit(0),
      (err) => {
        logger.error({ err }, 'failed to stop');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Without the supervisor there is nobody to stop this process later.
  process.once('disconnect', stop);
  gateway.ready.then(() => process.send?.({ type: 'ready', port: gateway.port, grpcPort: gateway.grpcPort }));
}

main().catch((error) => {
  process.stderr.write(`the gateway cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
