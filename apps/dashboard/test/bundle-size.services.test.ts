import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildDashboard } from './build-dashboard.ts';

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
}

const LIMIT_KILOBYTES = 250;
let built: Awaited<ReturnType<typeof buildDashboard>>;
let manifest: Record<string, Chunk>;

beforeAll(async () => {
  built = await buildDashboard();
  manifest = JSON.parse(readFileSync(join(built.directory, '.vite/manifest.json'), 'utf8')) as Record<string, Chunk>;
});
afterAll(() => built.remove());

/** The files that have to be there before a page can be drawn: the entry, the page and all they import. */
function filesOf(...names: string[]): Set<string> {
  const files = new Set<string>();
  const add = (name: string) => {
    const chunk = manifest[name];
    if (chunk === undefined) throw new Error(`the build has no ${name}`);
    if (files.has(chunk.file)) return;
    files.add(chunk.file);
    for (const imported of chunk.imports ?? []) add(imported);
  };
  for (const name of names) add(name);
  return files;
}

const kilobytes = (files: Iterable<string>): number =>
  [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(built.directory, file)), { level: 9 }).length, 0) /
  1_000;

test(`the first page needs at most ${LIMIT_KILOBYTES} KB of compressed script`, () => {
  const size = kilobytes(filesOf('index.html', 'src/pages/overview/overview-page.tsx'));
  console.log(`first page: ${size.toFixed(1)} KB of compressed script`);
  expect(size).toBeLessThanOrEqual(LIMIT_KILOBYTES);
  expect(size).toBeGreaterThan(50);
});

test('pages are loaded when they are opened', () => {
  const first = filesOf('index.html', 'src/pages/overview/overview-page.tsx');
  for (const page of ['models/model-page', 'endpoints/endpoint-page', 'predictions/predictions-page']) {
    const file = manifest[`src/pages/${page}.tsx`]?.file;
    expect(file, page).toBeDefined();
    expect(first.has(file ?? '')).toBe(false);
  }
});

test('no schema of the contracts is shipped to browsers, but that of an endpoint to who edits one', () => {
  const hasSchema = (file: string) => readFileSync(join(built.directory, file), 'utf8').includes('ZodObject');
  const withSchema = [
    ...new Set(
      Object.values(manifest)
        .map((chunk) => chunk.file)
        .filter((file) => file.endsWith('.js') && hasSchema(file)),
    ),
  ];
  const onDemand = filesOf('src/policy/endpoint-schema.ts');
  expect(withSchema).not.toEqual([]);
  expect(withSchema.filter((file) => !onDemand.has(file))).toEqual([]);
  // No page has it before it is asked for, not even the editor.
  const pages = Object.keys(manifest).filter((name) => /^(index\.html|src\/pages\/.*)$/.test(name));
  expect(pages.length).toBeGreaterThan(8);
  for (const page of pages) {
    expect(
      [...filesOf(page)].filter((file) => withSchema.includes(file)),
      page,
    ).toEqual([]);
  }
  const size = kilobytes(withSchema);
  console.log(`schema of an endpoint: ${size.toFixed(1)} KB of compressed script`);
  expect(size).toBeLessThanOrEqual(40);
});
