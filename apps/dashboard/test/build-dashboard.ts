import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';

/** Builds the pages as they are now into a directory of their own, so that no test looks at an old build. */
export async function buildDashboard(): Promise<{ directory: string; remove: () => void }> {
  const directory = await mkdtemp(join(tmpdir(), 'switchyard-dashboard-'));
  // Tests run with NODE_ENV=test, and the build would then hold React for developers.
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  try {
    await build({
      configFile: join(import.meta.dirname, '../vite.config.ts'),
      logLevel: 'error',
      build: { outDir: directory, emptyOutDir: true, manifest: true },
    });
  } finally {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  }
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}
