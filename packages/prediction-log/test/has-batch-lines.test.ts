import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasBatchLines } from '../src/index.ts';

const BATCH = '{"t":"b","rest":1}';
const PIECE = 262_144;
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'switchyard-batches-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const has = (text: string): Promise<boolean> => {
  const path = join(directory, 'segment.ndjson');
  writeFileSync(path, text);
  return hasBatchLines(path);
};

test('finds a batch wherever its line begins, also across the pieces in which a segment is read', async () => {
  expect(await has(`${BATCH}\n`)).toBe(true);
  expect(await has(`{"t":"p"}\n${BATCH}\n{"t":"p"}\n`)).toBe(true);
  for (let before = PIECE - 12; before <= PIECE + 2; before += 1) {
    expect(await has(`${'x'.repeat(before - 1)}\n${BATCH}\n`), `${before} bytes before`).toBe(true);
    expect(await has(`${'x'.repeat(2 * before - 1)}\n${BATCH}`), `twice ${before} bytes before`).toBe(true);
  }
});

test('takes nothing else for one', async () => {
  for (const text of ['', '\n', '{"t":"p"}\n', `{"t":"p","unit":"${BATCH.replaceAll('"', '\\"')}"}\n`, ` ${BATCH}\n`]) {
    expect(await has(text), text).toBe(false);
  }
  expect(await has(`${'x'.repeat(3 * PIECE)}${BATCH}\n`)).toBe(false);
});
