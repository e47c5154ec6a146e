import { mkdir, open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  expandBatchLine,
  hasBatchLines,
  isBatchLine,
  LineWriter,
  readSegmentLines,
  type SealedSegment,
} from '@switchyard/prediction-log';
import { type AnalyticsStore, type InsertedSegments, UnreadableSegmentError } from '@switchyard/storage/analytics';

export type Analytics = Pick<AnalyticsStore, 'insertSegments'>;

/** One insert takes this much: enough that many small segments cost one insert, little enough to stay in memory. */
export const INSERT_BYTES = 16_777_216;
/** Lines are written to the disk in portions of this size; in between, others get their turn. */
const PORTION_BYTES = 1_048_576;
const LINE_BREAK = Buffer.from('\n');

export const NOTHING_INSERTED: InsertedSegments = {
  predictions: 0,
  feedback: 0,
  rejections: 0,
  shadowAnswers: 0,
  outcomes: 0,
};

export function sumInserted(left: InsertedSegments, right: InsertedSegments): InsertedSegments {
  return {
    predictions: left.predictions + right.predictions,
    feedback: left.feedback + right.feedback,
    rejections: left.rejections + right.rejections,
    shadowAnswers: left.shadowAnswers + right.shadowAnswers,
    outcomes: left.outcomes + right.outcomes,
  };
}

/** A file beside the log for lines that are about to be inserted. Overwritten when a shipper died before it was removed. */
export const scratchFile = (scratch: string, { writer, path }: SealedSegment): string =>
  join(scratch, `${writer}-${basename(path)}.part`);

/**
 * Puts segments into the store, in their order. Lines of batches are taken apart into a file in `scratch` first, as
 * much at a time as one insert takes. May be interrupted and repeated: the store recognises rows by their ids.
 * Throws UnreadableSegmentError when a line cannot be read; what came before it may be in the store then.
 */
export async function insertSegments(
  segments: readonly SealedSegment[],
  scratch: string,
  analytics: Analytics,
): Promise<InsertedSegments> {
  let inserted = NOTHING_INSERTED;
  let paths: string[] = [];
  const insert = async (): Promise<void> => {
    inserted = sumInserted(inserted, await analytics.insertSegments(paths));
    paths = [];
  };
  for (const segment of segments) {
    if (!(await hasBatchLines(segment.path))) {
      paths.push(segment.path);
      continue;
    }
    await mkdir(scratch, { recursive: true });
    await insertParts(segment.path, scratchFile(scratch, segment), (part) => {
      paths.push(part);
      return insert();
    });
  }
  if (paths.length > 0) await insert();
  return inserted;
}

/** Takes lines of batches apart, the next part while the store takes in the one before. */
async function insertParts(path: string, file: string, insert: (part: string) => Promise<void>): Promise<void> {
  const files = [file, `${file}.next`] as const;
  const parts = expandInParts(path, files);
  const begin = (): ReturnType<typeof parts.next> => {
    const begun = parts.next();
    // It may fail while nobody looks at it yet; who awaits it is told all the same.
    begun.catch(() => {});
    return begun;
  };
  let next = begin();
  try {
    for (let part = await next; part.done !== true; part = await next) {
      next = begin();
      await insert(part.value);
    }
  } finally {
    // When the insert failed, the next part may still be under way.
    await next.catch(() => {});
    await parts.return(undefined);
    for (const one of files) await rm(one, { force: true });
  }
}

/** Writes one part after the other to the files in turn, each time anew, and yields the one that is whole. */
async function* expandInParts(path: string, files: readonly [string, string]): AsyncGenerator<string> {
  const lines = readSegmentLines(path);
  const writer = new LineWriter();
  let [file, other] = files;
  try {
    for (let isLast = false; !isLast; ) {
      const handle = await open(file, 'w');
      let bytes = 0;
      try {
        while (!isLast && bytes < INSERT_BYTES) {
          const { value: line, done } = await lines.next();
          if (done === true) isLast = true;
          else append(writer, line);
          const written = writer.written();
          if (written.length < PORTION_BYTES && !isLast) continue;
          await handle.writeFile(written);
          bytes += written.length;
          writer.clear();
        }
      } finally {
        await handle.close();
      }
      if (bytes > 0) yield file;
      [file, other] = [other, file];
    }
  } finally {
    // Where it ends before the segment does, the segment is still open.
    await lines.return(undefined);
  }
}

function append(writer: LineWriter, line: Buffer): void {
  if (!isBatchLine(line)) {
    writer.bytes(line);
    writer.bytes(LINE_BREAK);
    return;
  }
  try {
    expandBatchLine(writer, line);
  } catch (error) {
    throw new UnreadableSegmentError('a line of a batch is not whole', { cause: error });
  }
}
