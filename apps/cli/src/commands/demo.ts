import type { Config } from '@switchyard/contracts';
import { runFraudScenario } from '../../../../examples/fraud/scenario.ts';
import { start } from './start.ts';

/** Starts the platform and replays real card transactions through it until it is told to stop. */
export function demo(config: Config, perSecond: number): Promise<number> {
  return start(config, (platform, signal) =>
    runFraudScenario({
      controlUrl: platform.controlUrl,
      gatewayUrl: platform.gatewayUrl,
      perSecond,
      signal,
      print: (line) => process.stderr.write(`${line}\n`),
    }),
  );
}
