import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';

/** Builds the pages as they are now into a directory of their own, so that no test looks at an old build. */
export async function buildDashboard(): Promise<{ directory: string; remove: () => void }> {
  const directory = await mkdtemp(join(tmpdir(), 'switchyard-dashboard-'));
  await build({
    configFile: join(import.meta.dirname, '../vite.config.ts'),
    logLevel: 'error',
    build: { outDir: directory, emptyOutDir: true, manifest: true },
  });
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
