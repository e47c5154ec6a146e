import type { Config } from '@switchyard/contracts';
import { type Platform, startPlatform } from '../platform.ts';

/** Starts the platform, says where it is, and stays until it is told to stop. Gives the exit code. */
export async function start(
  config: Config,
  whileRunning?: (platform: Platform, signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const print = (line: string) => process.stderr.write(`${line}\n`);
  const abort = new AbortController();
  const stopAsked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (abort.signal.aborted) return;
        print('\nStopping: finishing requests and sealing the log …');
        abort.abort();
        resolve();
      });
    }
  });
  print(`Starting Switchyard in ${config.dataDir} …`);
  const startedAt = performance.now();
  let platform: Platform;
  try {
    platform = await startPlatform({ config, print, minimumLevel: config.logLevel === 'debug' ? 20 : 40 });
  } catch (error) {
    print(`Switchyard did not start: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  print(`Ready after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  print(`  dashboard  ${platform.controlUrl}`);
  print(`  API        ${platform.controlUrl}/api/docs`);
  print(`  gateway    ${platform.gatewayUrl}`);
  print('Press Ctrl-C to stop.');
  let exitCode = 0;
  if (whileRunning !== undefined) {
    whileRunning(platform, abort.signal).catch((error: unknown) => {
      if (abort.signal.aborted) return;
      print(error instanceof Error ? error.message : String(error));
      exitCode = 1;
      process.kill(process.pid, 'SIGTERM');
    });
  }
  await stopAsked;
  await platform.stop();
  print('Stopped.');
  return exitCode;
}
