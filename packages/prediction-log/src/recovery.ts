import { closeSync, ftruncateSync, openSync, readdirSync, readSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { claimDirectory, isClaimed } from './claims.ts';
import { listWriters, parseSegmentName, sealedName } from './segments.ts';

export interface RecoveryResult {
  /** Segments sealed now. */
  readonly sealed: number;
  /** Empty segments removed. */
  readonly removed: number;
  /** Bytes of torn last lines cut off: never acknowledged, because a line is acknowledged only whole. */
  readonly droppedBytes: number;
}

const CHUNK_BYTES = 65_536;

/** Length of the file up to and with its last line break. */
function wholeLinesLength(file: number, sizeBytes: number): number {
  const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, sizeBytes));
  let end = sizeBytes;
  while (end > 0) {
    const start = Math.max(0, end - CHUNK_BYTES);
    const read = readSync(file, buffer, 0, end - start, start);
    const index = buffer.subarray(0, read).lastIndexOf(10);
    if (index >= 0) {
      return start + index + 1;
    }
    end = start;
  }
  return 0;
}

/** Seals what was left open in a directory. The caller holds the directory's claim. */
export function sealLeftovers(writerDirectory: string): RecoveryResult {
  let sealed = 0;
  let removed = 0;
  let droppedBytes = 0;
  for (const name of readdirSync(writerDirectory)) {
    if (parseSegmentName(name)?.state !== 'open') {
      continue;
    }
    const path = join(writerDirectory, name);
    const sizeBytes = statSync(path).size;
    const file = openSync(path, 'r+');
    let keptBytes: number;
    try {
      keptBytes = wholeLinesLength(file, sizeBytes);
      if (keptBytes < sizeBytes) {
        ftruncateSync(file, keptBytes);
      }
    } finally {
      closeSync(file);
    }
    droppedBytes += sizeBytes - keptBytes;
    if (keptBytes === 0) {
      unlinkSync(path);
      removed += 1;
    } else {
      renameSync(path, join(writerDirectory, sealedName(name)));
      sealed += 1;
    }
  }
  return { sealed, removed, droppedBytes };
}

/**
 * Seals what writers left behind that died or were killed, so that it can be shipped.
 * Never touches the directory of a living writer. Safe to call at any time, by any number of processes.
 */
export async function recoverPredictionLog(directory: string): Promise<RecoveryResult> {
  const total = { sealed: 0, removed: 0, droppedBytes: 0 };
  for (const writer of await listWriters(directory)) {
    const writerDirectory = join(directory, writer);
    const hasLeftovers = readdirSync(writerDirectory).some((name) => parseSegmentName(name)?.state === 'open');
    // Looking before claiming keeps out of the way of a writer that is about to start.
    if (!hasLeftovers || isClaimed(writerDirectory)) {
      continue;
    }
    const result = claimDirectory(writerDirectory, 'recovery');
    if (!result.ok) {
      continue;
    }
    try {
      const one = sealLeftovers(writerDirectory);
      total.sealed += one.sealed;
      total.removed += one.removed;
      total.droppedBytes += one.droppedBytes;
    } finally {
      result.claim.release();
    }
  }
  return total;
}
