import type { Config } from '@switchyard/contracts';
import { type Example, runExample } from '../examples.ts';
import { start } from './start.ts';

/** Starts the platform and replays an example's real data through it until it is told to stop. */
export function demo(config: Config, example: Example, perSecond: number): Promise<number> {
  return start(config, (platform, signal) => runExample(example, platform, perSecond, signal));
}
