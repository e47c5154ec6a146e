import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeObjectStore } from './conformance.ts';
import { openFileObjects, translateStorageError } from './open-file-objects.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'switchyard-objects-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describeObjectStore('files', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'switchyard-objects-'));
  return {
    store: await openFileObjects({ directory }),
    reopen: () => openFileObjects({ directory }),
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
});

describe('objects as files', () => {
  it('removes on open what a killed process left half-made', async () => {
    const directory = join(root, 'left');
    await mkdir(join(directory, '.partial'), { recursive: true });
    await writeFile(join(directory, '.partial', 'half'), 'half');
    await openFileObjects({ directory });
    expect(await readdir(join(directory, '.partial'))).toEqual([]);
  });

  it('does not follow a link out of its directory', async () => {
    const directory = join(root, 'links');
    const store = await openFileObjects({ directory });
    await writeFile(join(root, 'secret'), 'secret');
    await symlink(join(root, 'secret'), join(directory, 'link'));
    expect(await store.openRead('link')).toBeUndefined();
  });

  it('moves from another file system by copying', async () => {
    const elsewhere = await mkdtemp('/dev/shm/switchyard-').catch(() => undefined);
    if (elsewhere === undefined) return console.info('left out: moving between file systems (/dev/shm is not there)');
    try {
      const store = await openFileObjects({ directory: join(root, 'across') });
      await writeFile(join(elsewhere, 'source'), 'bytes');
      await store.putFile('moved', join(elsewhere, 'source'));
      expect([await store.exists('moved'), await readdir(elsewhere)]).toEqual([true, []]);
      expect(await readdir(join(root, 'across', '.partial'))).toEqual([]);
    } finally {
      await rm(elsewhere, { recursive: true, force: true });
    }
  });

  it.each(['ENOSPC', 'EDQUOT'])('calls %s a full store, and nothing else', (code) => {
    expect(translateStorageError(Object.assign(new Error('disk'), { code }))).toMatchObject({ code: 'storage_full' });
    const other = Object.assign(new Error('disk'), { code: 'EIO' });
    expect(translateStorageError(other)).toBe(other);
  });
});
