import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SwitchyardError } from '@switchyard/contracts';
import { assertObjectKey, type ObjectStore } from './object-store.ts';

/** Objects as files below `directory`. Half-made ones live in `<directory>/.partial` and are removed on open. */
export async function openFileObjects(options: { directory: string }): Promise<ObjectStore> {
  const { directory } = options;
  const partial = join(directory, '.partial');
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });

  const pathOf = (key: string): string => {
    assertObjectKey(key);
    return join(directory, ...key.split('/'));
  };
  const exists = async (key: string) => (await sizeOfFile(pathOf(key))) !== undefined;

  return {
    engine: 'files',
    exists,
    putFile: async (key, sourcePath) => {
      const path = pathOf(key);
      try {
        if (!(await exists(key))) await moveDurably(sourcePath, path, join(partial, randomUUID()));
        await rm(sourcePath, { force: true });
      } catch (error) {
        throw translateStorageError(error);
      }
    },
    openRead: async (key) => {
      const path = pathOf(key);
      // The size comes from the opened file: what is at the path may change between two looks.
      const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(ignoreMissing);
      if (!file) return undefined;
      const info = await file.stat();
      if (!info.isFile()) {
        await file.close();
        return undefined;
      }
      return { stream: file.createReadStream(), sizeBytes: info.size };
    },
    delete: async (key) => {
      await rm(pathOf(key), { force: true });
    },
    health: async () => {
      try {
        await access(partial, constants.W_OK);
        return { healthy: true, detail: '' };
      } catch (error) {
        return { healthy: false, detail: `not writable: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}` };
      }
    },
  };
}

async function moveDurably(source: string, target: string, partial: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await syncFile(source);
  try {
    await rename(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    // Another file system: a copy beside the target first, so that the last step is a rename again.
    try {
      await copyFile(source, partial, constants.COPYFILE_EXCL);
      await syncFile(partial);
      await rename(partial, target);
    } catch (copyError) {
      await rm(partial, { force: true });
      throw copyError;
    }
  }
  await syncFile(dirname(target));
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, constants.O_RDONLY);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function sizeOfFile(path: string): Promise<number | undefined> {
  const info = await stat(path).catch(ignoreMissing);
  return info?.isFile() ? info.size : undefined;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ELOOP') return undefined;
  throw error;
}

/** ENOSPC: the disk is full; EDQUOT: the user's share of it is. */
export function translateStorageError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new SwitchyardError('storage_full', 'There is no space left for this object.', { cause: error });
}
