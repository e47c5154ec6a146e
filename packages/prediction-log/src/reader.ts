import { type LogRecord, logRecordSchema } from '@switchyard/contracts';
import { expandBatchLine, isBatchLine } from './batch-lines.ts';
import { LineWriter } from './line-writer.ts';
import { readSegmentLines } from './segments.ts';

export type SegmentLine =
  | { readonly ok: true; readonly record: LogRecord; readonly line: string }
  | { readonly ok: false; readonly reason: string; readonly line: string };

/** Reads one line of the log, batches apart: strict, so that what a damaged disk made of a record is not taken for one. */
export function parseLogLine(line: string): SegmentLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { ok: false, reason: 'not valid JSON', line };
  }
  const parsed = logRecordSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { ok: false, reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a log record'}`, line };
  }
  return { ok: true, record: parsed.data, line };
}

/**
 * The lines of the records that a line stands for: of a batch those of its rows, otherwise the line alone. So is a batch
 * that cannot be taken apart, which is no record for `parseLogLine` either.
 */
export function recordLinesOf(line: Buffer): Buffer[] {
  if (!isBatchLine(line)) return [line];
  const writer = new LineWriter();
  try {
    expandBatchLine(writer, line);
  } catch {
    return [line];
  }
  return splitLines(writer.written());
}

/** The lines of all records of a segment. */
export async function* readRecordLines(path: string): AsyncGenerator<Buffer> {
  for await (const line of readSegmentLines(path)) {
    yield* recordLinesOf(line);
  }
}

/** Lines with their line breaks, as they are in memory, without them. */
export function splitLines(bytes: Uint8Array): Buffer[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lines: Buffer[] = [];
  for (let start = 0, end = buffer.indexOf(10); end >= 0; start = end + 1, end = buffer.indexOf(10, start)) {
    lines.push(buffer.subarray(start, end));
  }
  return lines;
}

/** Every record of a sealed segment; lines that do not parse are yielded as such, not thrown. */
export async function* readSegment(path: string): AsyncGenerator<SegmentLine> {
  for await (const line of readRecordLines(path)) {
    yield parseLogLine(line.toString('utf8'));
  }
}
