import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { LoadOptions, LoadResult } from './generator.ts';

const run = promisify(execFile);

/** Runs the generator in a process of its own, so that neither measures the other's event loop. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const generator = new URL('./generator.ts', import.meta.url).pathname;
  const { stdout } = await run(process.execPath, [generator, JSON.stringify(options)], { maxBuffer: 10_000_000 });
  return JSON.parse(stdout) as LoadResult;
}
