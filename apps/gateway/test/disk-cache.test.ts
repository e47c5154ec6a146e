import { existsSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openDiskCache } from '../src/snapshot/disk-cache.ts';

const directory = mkdtempSync(join(tmpdir(), 'switchyard-disk-cache-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const HOUR = 3_600_000;

it('keeps artifacts for an hour after they were in use, and removes them then', async () => {
  const cache = await openDiskCache(directory);
  const start = Date.now();
  const pathOf = (name: string) => join(directory, 'artifacts', name);
  const touchedAt = (name: string) => statSync(pathOf(name)).mtimeMs;
  for (const name of ['used', 'dropped']) {
    writeFileSync(pathOf(name), name);
    utimesSync(pathOf(name), (start - 2 * HOUR) / 1_000, (start - 2 * HOUR) / 1_000);
  }
  await cache.removeUnused(new Set(['used', 'dropped']), start);
  expect(touchedAt('dropped')).toBeCloseTo(start, -2);
  // Snapshots follow each other faster than files have to be told.
  await cache.removeUnused(new Set(['used']), start + 1_000);
  expect(touchedAt('used')).toBeCloseTo(start, -2);
  await cache.removeUnused(new Set(['used']), start + 0.5 * HOUR);
  expect(touchedAt('used')).toBeCloseTo(start + 0.5 * HOUR, -2);
  expect(existsSync(pathOf('dropped'))).toBe(true);
  await cache.removeUnused(new Set(['used']), start + 1.1 * HOUR);
  expect(existsSync(pathOf('dropped'))).toBe(false);
  expect(existsSync(pathOf('used'))).toBe(true);
});
