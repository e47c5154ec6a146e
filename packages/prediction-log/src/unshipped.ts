import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { measureSealed, parseSegmentName } from './segments.ts';

const REFRESH_INTERVAL_MS = 1_000;

/** How much of a writer's log waits to be shipped. Another process ships and deletes, so it looks again every second. */
export interface UnshippedGauge {
  segments(): number;
  bytes(): number;
  add(name: string, sizeBytes: number): void;
  close(): void;
}

export function createUnshippedGauge(directory: string): UnshippedGauge {
  const sizes = new Map(measureSealed(directory).map((segment) => [segment.name, segment.sizeBytes]));
  let bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  let timer: NodeJS.Timeout;
  let isClosed = false;

  function set(name: string, sizeBytes: number): void {
    bytes += sizeBytes - (sizes.get(name) ?? 0);
    sizes.set(name, sizeBytes);
  }

  async function refresh(): Promise<void> {
    // What was added after the listing began may be missing from it and must stay.
    const known = new Set(sizes.keys());
    const present = new Set(await readdir(directory));
    for (const name of known) {
      if (!present.has(name)) {
        bytes -= sizes.get(name) ?? 0;
        sizes.delete(name);
      }
    }
    for (const name of present) {
      if (!sizes.has(name) && parseSegmentName(name)?.state === 'sealed') {
        set(name, statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0);
      }
    }
  }

  function schedule(delayMs: number): void {
    timer = setTimeout(async () => {
      const started = performance.now();
      await refresh().catch(() => {}); // the next write tells what is wrong with the directory
      if (!isClosed) {
        // A directory with very many files is looked at less often, so that looking costs at most 2 % of the time.
        schedule(Math.max(REFRESH_INTERVAL_MS, 50 * (performance.now() - started)));
      }
    }, delayMs).unref();
  }
  schedule(REFRESH_INTERVAL_MS);

  return {
    segments: () => sizes.size,
    bytes: () => bytes,
    add: set,
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
