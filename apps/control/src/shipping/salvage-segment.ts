import { readdirSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseLogLine, readSegmentLines, type SealedSegment } from '@switchyard/prediction-log';
import { type AnalyticsStore, type InsertedSegments, UnreadableSegmentError } from '@switchyard/storage/analytics';

type Analytics = Pick<AnalyticsStore, 'insertSegments'>;

export interface SalvagedSegment {
  readonly inserted: InsertedSegments;
  readonly unreadableLines: number;
}

const NOTHING: InsertedSegments = { predictions: 0, feedback: 0, rejections: 0, shadowAnswers: 0, outcomes: 0 };
const SUFFIX = '.ndjson';

function sum(left: InsertedSegments, right: InsertedSegments): InsertedSegments {
  return {
    predictions: left.predictions + right.predictions,
    feedback: left.feedback + right.feedback,
    rejections: left.rejections + right.rejections,
    shadowAnswers: left.shadowAnswers + right.shadowAnswers,
    outcomes: left.outcomes + right.outcomes,
  };
}

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
  const good: Buffer[] = [];
  const bad: Buffer[] = [];
  let isUnreadable = false;
  try {
    for await (const line of readSegmentLines(segment.path)) {
      (parseLogLine(line.toString('utf8')).ok ? good : bad).push(line);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EIO') {
      throw error;
    }
    isUnreadable = true;
  }
  const temporary = join(quarantine, `${segment.writer}-${basename(segment.path)}.part`);
  const inserted = await insertLines(good, bad, temporary, analytics);
  await rm(temporary, { force: true });
  const path = join(quarantine, `${segment.writer}-${basename(segment.path)}`);
  if (isUnreadable) {
    // The disk does not give the rest of the file: keep what it has instead of a copy.
    await rename(segment.path, path);
    return { inserted, unreadableLines: bad.length + 1 };
  }
  if (bad.length > 0) {
    await writeFile(`${path}.new`, joinLines(bad));
    await rename(`${path}.new`, path);
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
    return NOTHING;
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
    return NOTHING;
  }
  const middle = Math.ceil(lines.length / 2);
  const first = await insertLines(lines.slice(0, middle), bad, temporary, analytics);
  const second = await insertLines(lines.slice(middle), bad, temporary, analytics);
  return sum(first, second);
}
