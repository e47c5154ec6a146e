import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '@switchyard/contracts';
import { prepareDataDirectory, readOrCreateInternalToken } from './data-directory.ts';
import { type ProcessSpec, Supervisor } from './supervisor.ts';
import { acquireSupervisorLock, type SupervisorLock } from './supervisor-lock.ts';
import { formatLogLine, logLevelOf } from './terminal.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

export interface Platform {
  readonly controlUrl: string;
  readonly gatewayUrl: string;
  readonly supervisor: Supervisor;
  /** Ends every process in order and lets go of the data directory. Idempotent. */
  stop(): Promise<void>;
}

export interface PlatformOptions {
  readonly config: Config;
  /** Called with each line worth showing in the terminal. */
  readonly print: (line: string) => void;
  /** Lines below this level are not shown; 30 = info, 40 = warning. */
  readonly minimumLevel?: number;
}

/**
 * Starts control and the gateways under one supervisor in one data directory.
 * Rejects with a message for people when the directory is in use or a process cannot start.
 */
export async function startPlatform({ config, print, minimumLevel = 40 }: PlatformOptions): Promise<Platform> {
  prepareDataDirectory(config.dataDir);
  const lock: SupervisorLock = acquireSupervisorLock(config.dataDir);
  const internalToken = readOrCreateInternalToken(config.dataDir);
  const controlUrl = urlOf(config.host, config.port);
  const supervisor = new Supervisor({
    processes: processSpecs(config, internalToken, controlUrl),
    events: {
      line: (name, line) => {
        if (logLevelOf(line) >= minimumLevel) print(formatLogLine(name, line));
      },
      restarting: (name, how, delayMs) => print(`${name} ended (${how}); starting it again in ${delayMs} ms`),
    },
  });
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= supervisor.stop().finally(() => lock.release());
    return stopped;
  };
  try {
    await supervisor.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { controlUrl, gatewayUrl: urlOf(config.host, config.gatewayPort), supervisor, stop };
}

export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

function processSpecs(config: Config, internalToken: string, controlUrl: string): ProcessSpec[] {
  const version = packageVersion();
  const built = join(repository, 'apps/dashboard/dist');
  const dashboardDir = existsSync(join(built, 'index.html')) ? built : null;
  const control: ProcessSpec = {
    name: 'control',
    // Left alone, V8 lets its space for new objects grow to 128 MB on a large machine, and keeps it.
    command: ['--max-semi-space-size=16', join(repository, 'apps/control/src/main.ts'), 'control'],
    settings: { config, internalToken, version, dashboardDir },
    // Shipping and queries use every processor they get; on the same machine, requests come first.
    priority: constants.priority.PRIORITY_BELOW_NORMAL,
  };
  const gateways = Array.from({ length: config.workers }, (_, index): ProcessSpec => {
    const id = `gateway-${index}`;
    return {
      name: id,
      command: [join(repository, 'apps/gateway/src/main.ts'), 'gateway', id],
      settings: { config, internalToken, controlUrl, id, reusePort: config.workers > 1, version },
    };
  });
  return [control, ...gateways];
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
