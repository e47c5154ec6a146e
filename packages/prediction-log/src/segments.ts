import { randomBytes } from 'node:crypto';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** A finished part of the log: nobody writes to it any more. */
export interface SealedSegment {
  readonly writer: string;
  /** `<writer>/<file name without extension>`: unique for ever, so it also names the insert of this segment. */
  readonly id: string;
  readonly sequence: number;
  readonly path: string;
  readonly sizeBytes: number;
}

const SEGMENT_NAME = /^(\d{12})-([0-9a-f]{12})\.(open|ndjson)$/;

export interface SegmentName {
  readonly sequence: number;
  readonly state: 'open' | 'sealed';
}

export function parseSegmentName(name: string): SegmentName | undefined {
  const match = SEGMENT_NAME.exec(name);
  return match === null ? undefined : { sequence: Number(match[1]), state: match[3] === 'open' ? 'open' : 'sealed' };
}

export function newOpenSegmentName(sequence: number): string {
  return `${String(sequence).padStart(12, '0')}-${randomBytes(6).toString('hex')}.open`;
}

export const sealedName = (openName: string): string => openName.replace(/\.open$/, '.ndjson');

/** Names of the writers that have a directory, dead or alive. */
export async function listWriters(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && entry.name !== QUARANTINE_DIRECTORY)
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw error;
  }
}

/** Where lines go that cannot be read; not a writer. */
export const QUARANTINE_DIRECTORY = 'quarantine';

/** The sealed segments of all writers, each writer's in the order they were written. */
export async function listSealedSegments(directory: string): Promise<SealedSegment[]> {
  const segments: SealedSegment[] = [];
  for (const writer of await listWriters(directory)) {
    const names = (await readdir(join(directory, writer))).sort();
    for (const name of names) {
      const parsed = parseSegmentName(name);
      if (parsed?.state !== 'sealed') {
        continue;
      }
      const path = join(directory, writer, name);
      const size = await stat(path).then(
        (entry) => entry.size,
        () => undefined, // deleted meanwhile
      );
      if (size !== undefined) {
        segments.push({
          writer,
          id: `${writer}/${basename(name, '.ndjson')}`,
          sequence: parsed.sequence,
          path,
          sizeBytes: size,
        });
      }
    }
  }
  return segments;
}

/** A writer's sealed segments with their sizes. Synchronous: for the start only. */
export function measureSealed(writerDirectory: string): { name: string; sizeBytes: number }[] {
  return readdirSync(writerDirectory)
    .filter((name) => parseSegmentName(name)?.state === 'sealed')
    .map((name) => ({ name, sizeBytes: statSync(join(writerDirectory, name), { throwIfNoEntry: false })?.size ?? 0 }));
}

/** The lines of a segment as bytes, without their line breaks; empty lines are left out. */
export async function* readSegmentLines(path: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(10, start); end >= 0; end = chunk.indexOf(10, start)) {
      const piece = chunk.subarray(start, end);
      const line = rest.length === 0 ? piece : Buffer.concat([...rest, piece]);
      rest = [];
      start = end + 1;
      if (line.length > 0) {
        yield line;
      }
    }
    if (start < chunk.length) {
      rest.push(chunk.subarray(start));
    }
  }
  if (rest.length > 0) {
    yield Buffer.concat(rest);
  }
}

const PIECE_BYTES = 262_144;

/**
 * Whether some line of a segment begins with `start`. Looks at bytes alone, and so is far faster than reading lines:
 * within JSON text there is no line break.
 */
export async function hasLinesFrom(path: string, start: string): Promise<boolean> {
  const wanted = Buffer.from(`\n${start}`);
  // One buffer for the whole file: every segment is looked through, and a new one for each piece would be collected in
  // ways that cost more than the looking. What the end of a piece may have begun goes before the next; so does, at
  // first, the line break that the first line has none before it.
  const buffer = Buffer.allocUnsafe(PIECE_BYTES);
  let kept = buffer.write('\n');
  const file = await open(path, 'r');
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, kept, PIECE_BYTES - kept);
      if (bytesRead === 0) return false;
      const filled = kept + bytesRead;
      if (buffer.subarray(0, filled).includes(wanted)) return true;
      kept = Math.min(filled, wanted.length - 1);
      buffer.copyWithin(0, filled - kept, filled);
    }
  } finally {
    await file.close();
  }
}

export async function deleteSegment(path: string): Promise<void> {
  await rm(path, { force: true });
}
