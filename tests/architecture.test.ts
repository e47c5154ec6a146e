import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findViolations, type SourceFile } from './architecture-rules.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

function readSources(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('node_modules') && !path.includes('/dist/'))
    .map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') }));
}

describe('architecture', () => {
  it('keeps imports pointing inward and pure packages pure', () => {
    const files = [...readSources('apps'), ...readSources('packages')];
    expect(files.length).toBeGreaterThan(50);
    expect(findViolations(files)).toEqual([]);
  });

  it('is alive: finds every kind of violation in known-bad sources', () => {
    const bad: SourceFile[] = [
      { path: 'apps/gateway/src/a.ts', text: "import { openPgliteMetadata } from '@switchyard/storage/metadata';" },
      { path: 'apps/gateway/src/a.ts', text: "import { x } from '@switchyard/storage/cache/other';" },
      {
        path: 'apps/gateway/src/a.ts',
        text: "import { x } from '../../../packages/storage/src/memory-redis/index.ts';",
      },
      { path: 'apps/gateway/src/b.ts', text: "import { x } from '../../control/src/x.ts';" },
      { path: 'packages/contracts/src/c.ts', text: "export { decide } from '@switchyard/routing';" },
      { path: 'packages/drift/src/d.ts', text: "import { readFileSync } from 'node:fs';" },
      { path: 'packages/drift/src/e.ts', text: 'export const now = () => Date.now();' },
      { path: 'packages/routing/src/f.ts', text: 'export const draw = () => Math.random();' },
      { path: 'packages/unheard-of/src/g.ts', text: '' },
    ];
    for (const file of bad) expect(findViolations([file]), file.path).toHaveLength(1);
    const cache = "import { openMemoryCache } from '@switchyard/storage/cache';";
    expect(findViolations([{ path: 'apps/gateway/src/ok.ts', text: cache }])).toEqual([]);
    expect(findViolations([{ path: 'apps/dashboard/src/bad.ts', text: cache }])).toHaveLength(1);
    expect(findViolations([{ path: 'packages/drift/src/ok.ts', text: '// Date.now() is not used here' }])).toEqual([]);
  });
});
