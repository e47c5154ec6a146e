import { type LogRecord, logRecordSchema } from '@switchyard/contracts';
import { readSegmentLines } from './segments.ts';

export type SegmentLine =
  | { readonly ok: true; readonly record: LogRecord; readonly line: string }
  | { readonly ok: false; readonly reason: string; readonly line: string };

/** Reads one line of the log: strict, so that what a damaged disk made of a record is not taken for one. */
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

/** Every line of a sealed segment, parsed; lines that do not parse are yielded as such, not thrown. */
export async function* readSegment(path: string): AsyncGenerator<SegmentLine> {
  for await (const line of readSegmentLines(path)) {
    yield parseLogLine(line.toString('utf8'));
  }
}
