import { open } from 'node:fs/promises';
import type { PredictionSummary } from '@switchyard/contracts';
import { parseLogLine } from '@switchyard/prediction-log';
import { summariseRecord } from './summarise-record.ts';

const TAIL_BYTES = 131_072;

/** The newest predictions of a segment, newest first, at most `count`, from its last 128 KiB. */
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
  const lines = tail.toString('utf8').split('\n');
  if (!isWhole) {
    lines.shift(); // begins somewhere in a line
  }
  const sample: PredictionSummary[] = [];
  for (let index = lines.length - 1; index >= 0 && sample.length < count; index -= 1) {
    const line = lines[index] ?? '';
    // Looked at before it is parsed: a segment may end in thousands of lines of feedback.
    if (line.includes('"t":"p"')) {
      const parsed = parseLogLine(line);
      if (parsed.ok && parsed.record.t === 'p') {
        sample.push(summariseRecord(parsed.record));
      }
    }
  }
  return sample;
}
