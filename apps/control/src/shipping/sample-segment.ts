import { open } from 'node:fs/promises';
import type { PredictionSummary } from '@switchyard/contracts';
import { expandBatchLine, isBatchLine, LineWriter, parseLogLine, splitLines } from '@switchyard/prediction-log';
import { summariseRecord } from './summarise-record.ts';

/** A line of a batch takes up to half of it. */
const TAIL_BYTES = 524_288;

/** The newest predictions of a segment, newest first, at most `count`, from its last 512 KiB. */
export async function sampleSegment(path: string, count: number): Promise<PredictionSummary[]> {
  const file = await open(path, 'r');
  let tail: Buffer;
  let isWhole: boolean;
  try {
    const { size } = await file.stat();
    const length = Math.min(size, TAIL_BYTES);
    isWhole = length === size;
    tail = Buffer.alloc(length);
    await file.read(tail, 0, length, size - length);
  } finally {
    await file.close();
  }
  const sample: PredictionSummary[] = [];
  for (const line of linesFromTheEnd(tail, isWhole)) {
    if (sample.length >= count) break;
    sample.push(...summariesOf(line, count - sample.length));
  }
  return sample;
}

/** Without the first, which begins somewhere in a line unless the bytes are the whole file. */
function* linesFromTheEnd(bytes: Buffer, isWhole: boolean): Generator<Buffer> {
  for (let end = bytes.length; end > 0; ) {
    const start = bytes.lastIndexOf(10, end - 1) + 1;
    if (start === 0 && !isWhole) return;
    if (start < end) yield bytes.subarray(start, end);
    end = start - 1;
  }
}

/** Newest first. */
function summariesOf(line: Buffer, count: number): PredictionSummary[] {
  if (!isBatchLine(line)) return summariesOfLines([line]);
  const writer = new LineWriter();
  try {
    expandBatchLine(writer, line, count);
  } catch {
    return [];
  }
  return summariesOfLines(splitLines(writer.written()).reverse());
}

const summariesOfLines = (lines: readonly Buffer[]): PredictionSummary[] =>
  lines.flatMap((line) => {
    // Looked at before it is parsed: a segment may end in thousands of lines of feedback.
    if (!line.includes('"t":"p"')) return [];
    const parsed = parseLogLine(line.toString('utf8'));
    return parsed.ok && parsed.record.t === 'p' ? [summariseRecord(parsed.record)] : [];
  });
