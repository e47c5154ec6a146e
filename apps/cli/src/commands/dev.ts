import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '@switchyard/contracts';
import { type Example, runExample } from '../examples.ts';
import type { Platform } from '../platform.ts';
import { start } from './start.ts';

const repository = fileURLToPath(new URL('../../../../', import.meta.url));
const SETTLE_MS = 200;

/** Everything embedded and seeded: restarts a process when its sources change, and serves the dashboard with live reload. */
export function dev(config: Config, example: Example, perSecond: number): Promise<number> {
  return start(config, async (platform, signal) => {
    const vite = startVite(platform, signal);
    watchSources(config, platform, signal);
    await runExample(example, platform, perSecond, signal);
    vite.kill('SIGTERM');
  });
}

function startVite(platform: Platform, signal: AbortSignal): ChildProcess {
  const vite = spawn(process.execPath, [join(repository, 'node_modules/vite/bin/vite.js'), '--host', '127.0.0.1'], {
    cwd: join(repository, 'apps/dashboard'),
    stdio: 'inherit',
    env: { ...process.env, SWITCHYARD_CONTROL_URL: platform.controlUrl },
  });
  signal.addEventListener('abort', () => vite.kill('SIGTERM'));
  return vite;
}

function watchSources(config: Config, platform: Platform, signal: AbortSignal): void {
  const gateways = Array.from({ length: config.workers }, (_, index) => `gateway-${index}`);
  const affected: readonly (readonly [folder: string, processes: readonly string[]])[] = [
    ['apps/control/src', ['control']],
    ['apps/gateway/src', gateways],
    ['packages', ['control', ...gateways]],
  ];
  const pending = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  for (const [folder, processes] of affected) {
    const path = join(repository, folder);
    if (!existsSync(path)) continue;
    watch(path, { recursive: true, signal }, (_event, file) => {
      if (file === null || !/\.(ts|json|sql)$/.test(file) || /\.test\.ts$/.test(file)) return;
      for (const name of processes) pending.add(name);
      clearTimeout(timer);
      timer = setTimeout(() => {
        for (const name of pending) {
          process.stderr.write(`${name}: sources changed, starting it again\n`);
          void platform.supervisor.restart(name);
        }
        pending.clear();
      }, SETTLE_MS);
    });
  }
}
