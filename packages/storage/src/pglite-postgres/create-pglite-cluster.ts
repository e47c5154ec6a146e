import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import { pgliteOptions } from './pglite-options.ts';

/**
 * Makes a new cluster in `directory`, which exists and is empty or holds a cluster already.
 * Made by a process of its own, because making one takes seconds and 300 MB that the caller would keep,
 * and beside its place first, because half a cluster cannot be told from a whole one.
 */
export async function createPgliteCluster(directory: string): Promise<void> {
  if (existsSync(join(directory, 'PG_VERSION'))) return;
  const unfinished = `${directory}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await runItself(unfinished);
  await rename(unfinished, directory);
}

function runItself(directory: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url), directory], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {},
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString('utf8')).slice(-2_000);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`The metadata directory could not be made (${signal ?? code}): ${complaint}`));
    });
  });
}

if (import.meta.main) {
  const [, , directory] = process.argv;
  const database = await PGlite.create({ ...pgliteOptions, dataDir: directory ?? '' });
  await database.close();
}
