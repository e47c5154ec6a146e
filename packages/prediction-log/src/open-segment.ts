import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { newOpenSegmentName, sealedName } from './segments.ts';
import type { FsyncMode } from './writer.ts';

const datasync = promisify(fdatasync);

/**
 * The one file that is being appended to. Its first `sizeBytes()` bytes are whole, acknowledged lines;
 * anything behind them is the rest of a write that failed and is cut off before the next one.
 */
export interface OpenSegment {
  /** All of `bytes` or nothing; throws the file system's error. */
  append(bytes: Uint8Array): void;
  sizeBytes(): number;
  ageMs(): number;
  syncInBackground(): Promise<void>;
  /** Renames the file to its sealed name; an empty one is removed and undefined is returned. Throws when the disk refuses. */
  seal(): { readonly name: string; readonly sizeBytes: number } | undefined;
  /** After the last append: waits for what is being synced, syncs the rest, closes the file. */
  finish(): Promise<void>;
}

export function createOpenSegment(directory: string, sequence: number, fsync: FsyncMode): OpenSegment {
  const name = newOpenSegmentName(sequence);
  const path = join(directory, name);
  const file = openSync(path, 'wx');
  if (fsync === 'always') {
    // A file whose directory entry is lost is lost too.
    syncDirectory(directory);
  }
  const openedAt = performance.now();
  let sizeBytes = 0;
  let hasTornTail = false;
  let isDirty = false;
  let syncing: Promise<void> | undefined;

  function cutTornTail(): void {
    if (hasTornTail) {
      ftruncateSync(file, sizeBytes);
      hasTornTail = false;
    }
  }

  async function sync(): Promise<void> {
    isDirty = false;
    try {
      await datasync(file);
    } catch (error) {
      isDirty = true;
      throw error;
    }
  }

  function syncInBackground(): Promise<void> {
    if (syncing === undefined && isDirty) {
      syncing = sync().finally(() => {
        syncing = undefined;
      });
      return syncing;
    }
    return Promise.resolve();
  }

  return {
    append(bytes) {
      cutTornTail();
      hasTornTail = true;
      try {
        // The operating system may take a part only, most often just before the disk is full.
        for (let written = 0; written < bytes.length; ) {
          const count = writeSync(file, bytes, written, bytes.length - written, sizeBytes + written);
          if (count === 0) {
            throw Object.assign(new Error('the file system took no bytes'), { code: 'EIO' });
          }
          written += count;
        }
        if (fsync === 'always') {
          fdatasyncSync(file);
        }
      } catch (error) {
        try {
          cutTornTail();
        } catch {
          // Tried again before the next append and before sealing.
        }
        throw error;
      }
      hasTornTail = false;
      sizeBytes += bytes.length;
      isDirty = fsync === 'every-second';
    },
    sizeBytes: () => sizeBytes,
    ageMs: () => performance.now() - openedAt,
    syncInBackground,
    seal() {
      cutTornTail();
      if (sizeBytes === 0) {
        unlinkSync(path);
        return undefined;
      }
      const sealed = sealedName(name);
      renameSync(path, join(directory, sealed));
      return { name: sealed, sizeBytes };
    },
    async finish() {
      try {
        await syncing?.catch(() => {});
        if (isDirty) {
          await sync();
        }
      } finally {
        closeSync(file);
      }
    },
  };
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
