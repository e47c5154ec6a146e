import { readdirSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseLogLine, readRecordLines, type SealedSegment } from '@switchyard/prediction-log';
import { type InsertedSegments, UnreadableSegmentError } from '@switchyard/storage/analytics';
import { type Analytics, INSERT_BYTES, NOTHING_INSERTED, scratchFile, sumInserted } from './insert-segments.ts';

export interface SalvagedSegment {
  readonly inserted: InsertedSegments;
  readonly unreadableLines: number;
}

const SUFFIX = '.ndjson';

/** How many segments have had lines set aside. */
export function countQuarantined(quarantine: string): number {
  try {
    return readdirSync(quarantine).filter((name) => name.endsWith(SUFFIX)).length;
  } catch {
    return 0; // nothing was ever set aside
  }
}

/**
 * Ships what can be read of a damaged segment and writes the rest, byte for byte, to
 * `<quarantine>/<writer>-<segment>.ndjson`. May be interrupted and repeated: rows are recognised by their ids,
 * and the quarantine file of a segment is written whole. The segment itself is left for the caller to delete.
 */
export async function salvageSegment(
  segment: SealedSegment,
  quarantine: string,
  analytics: Analytics,
): Promise<SalvagedSegment> {
  await mkdir(quarantine, { recursive: true });
  const temporary = scratchFile(quarantine, segment);
  let good: Buffer[] = [];
  let goodBytes = 0;
  const bad: Buffer[] = [];
  let inserted = NOTHING_INSERTED;
  let isUnreadable = false;
  const insertGood = async (): Promise<void> => {
    try {
      inserted = sumInserted(inserted, await insertLines(good, bad, temporary, analytics));
    } finally {
      // Also when the disk is full: half a file would keep others from the room there is.
      await rm(temporary, { force: true });
    }
    good = [];
    goodBytes = 0;
  };
  try {
    for await (const line of readRecordLines(segment.path)) {
      if (!parseLogLine(line.toString('utf8')).ok) {
        bad.push(line);
        continue;
      }
      good.push(line);
      goodBytes += line.length;
      if (goodBytes > INSERT_BYTES) await insertGood();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EIO') {
      throw error;
    }
    isUnreadable = true;
  }
  await insertGood();
  const path = join(quarantine, `${segment.writer}-${basename(segment.path)}`);
  if (isUnreadable) {
    // The disk does not give the rest of the file: keep what it has instead of a copy.
    await rename(segment.path, path);
    return { inserted, unreadableLines: bad.length + 1 };
  }
  if (bad.length > 0) {
    try {
      await writeFile(`${path}.new`, joinLines(bad));
      await rename(`${path}.new`, path);
    } finally {
      await rm(`${path}.new`, { force: true });
    }
  }
  return { inserted, unreadableLines: bad.length };
}

const joinLines = (lines: readonly Buffer[]) => Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));

/** Lines that look right and are still refused (a number beyond its column) are found by halving. */
async function insertLines(
  lines: readonly Buffer[],
  bad: Buffer[],
  temporary: string,
  analytics: Analytics,
): Promise<InsertedSegments> {
  if (lines.length === 0) {
    return NOTHING_INSERTED;
  }
  await writeFile(temporary, joinLines(lines));
  try {
    return await analytics.insertSegments([temporary]);
  } catch (error) {
    if (!(error instanceof UnreadableSegmentError)) {
      throw error;
    }
  }
  const [only] = lines;
  if (lines.length === 1 && only !== undefined) {
    bad.push(only);
    return NOTHING_INSERTED;
  }
  const middle = Math.ceil(lines.length / 2);
  const first = await insertLines(lines.slice(0, middle), bad, temporary, analytics);
  const second = await insertLines(lines.slice(middle), bad, temporary, analytics);
  return sumInserted(first, second);
}
