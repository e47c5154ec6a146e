import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { describeMetadataStore } from './conformance.ts';
import { DirectoryInUseError } from './directory-lock.ts';
import { openPgliteMetadata } from './open-pglite-metadata.ts';

const made: string[] = [];
const makeDirectory = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'switchyard-metadata-'));
  made.push(directory);
  return directory;
};
afterAll(async () => {
  await Promise.all(made.map((directory) => rm(directory, { recursive: true, force: true })));
});

describeMetadataStore('PGlite', async () => {
  const store = await openPgliteMetadata({ directory: null });
  return { store, openSecond: null, dispose: () => store.close() };
});

describe('PGlite in a directory', () => {
  it('keeps what was written, belongs to one at a time, and is free again after closing', async () => {
    const directory = join(await makeDirectory(), 'metadata');
    const first = await openPgliteMetadata({ directory });
    await first.db.insertInto('models').values({ name: 'kept', task: 'binary', description: '' }).execute();

    const second = openPgliteMetadata({ directory });
    await expect(second).rejects.toThrow(DirectoryInUseError);
    await expect(second).rejects.toThrow(/in use by another process/);
    await first.close();

    const third = await openPgliteMetadata({ directory });
    expect(await third.db.selectFrom('models').select('name').execute()).toEqual([{ name: 'kept' }]);
    await third.close();
  }, 30_000);
});
