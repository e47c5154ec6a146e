import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareDataDirectory } from '../src/data-directory.ts';

let place: string;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'switchyard-data-'));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

describe('prepareDataDirectory', () => {
  it('makes what is missing, for its owner only, and takes what is there', () => {
    const directory = join(place, 'a', 'b');
    prepareDataDirectory(directory);
    prepareDataDirectory(directory);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it('says what is wrong with a file in its place, or in its way', () => {
    const file = join(place, 'file');
    writeFileSync(file, '');
    expect(() => prepareDataDirectory(file)).toThrow('EEXIST');
    expect(() => prepareDataDirectory(join(file, 'below'))).toThrow(/EEXIST|ENOTDIR/);
  });

  it('ends with an error where nothing can be made', () => {
    expect(() => prepareDataDirectory('/proc/none/below')).toThrow();
  });
});
