import { runShopScenario } from '../../../examples/e-commerce/scenario.ts';
import { runFraudScenario } from '../../../examples/fraud/scenario.ts';
import type { Platform } from './platform.ts';

export const EXAMPLES = { fraud: runFraudScenario, 'e-commerce': runShopScenario } as const;
export type Example = keyof typeof EXAMPLES;

export function isExample(name: string): name is Example {
  return Object.hasOwn(EXAMPLES, name);
}

/** Sets the example up and replays it through the platform until the signal aborts. */
export function runExample(
  example: Example,
  platform: Platform,
  perSecond: number,
  signal: AbortSignal,
): Promise<void> {
  return EXAMPLES[example]({
    controlUrl: platform.controlUrl,
    gatewayUrl: platform.gatewayUrl,
    perSecond,
    signal,
    print: (line) => process.stderr.write(`${line}\n`),
  });
}
