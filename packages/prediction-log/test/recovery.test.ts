import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  listSealedSegments,
  openPredictionLog,
  parseLogLine,
  readSegmentLines,
  recoverPredictionLog,
} from '../src/index.ts';
import { ownIdentity } from '../src/process-identity.ts';
import { makePredictionRecord } from './log-records.ts';

let directory: string;
let writerDirectory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'prediction-log-'));
  writerDirectory = join(directory, 'gateway-0');
  mkdirSync(writerDirectory);
});
afterEach(() => rmSync(directory, { recursive: true }));

async function linesAfterRecovery(content: Uint8Array): Promise<string[]> {
  for (const name of readdirSync(writerDirectory)) {
    rmSync(join(writerDirectory, name));
  }
  writeFileSync(join(writerDirectory, '000000000001-0123456789ab.open'), content);
  await recoverPredictionLog(directory);
  const lines: string[] = [];
  for (const segment of await listSealedSegments(directory)) {
    for await (const line of readSegmentLines(segment.path)) {
      lines.push(line.toString('utf8'));
    }
  }
  expect(readdirSync(writerDirectory).filter((name) => !name.endsWith('.ndjson'))).toEqual([]);
  return lines;
}

describe('recoverPredictionLog', () => {
  it('keeps exactly the whole lines, wherever the file was cut', async () => {
    const records = [0, 1, 2].map((index) =>
      JSON.stringify(makePredictionRecord(`0198a3b2-7c00-7abc-8def-00000000000${index}`, 1_755_093_040_128 + index)),
    );
    const content = Buffer.from(records.map((line) => `${line}\n`).join(''));
    const ends = records.map((_, index) => Buffer.byteLength(`${records.slice(0, index + 1).join('\n')}\n`));
    for (let length = 0; length <= content.length; length += 1) {
      const whole = ends.filter((end) => end <= length).length;
      expect(await linesAfterRecovery(content.subarray(0, length))).toEqual(records.slice(0, whole));
    }
  });

  it('does so for any lines, also longer than the piece it reads at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'binary' }),
            fc.nat(150_000).map((length) => 'x'.repeat(length)),
          ),
          {
            maxLength: 5,
          },
        ),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (values, share) => {
          const lines = values.map((value) => JSON.stringify(value));
          const content = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const length = Math.floor(share * content.length);
          let end = 0;
          const whole = lines.filter((line) => {
            end += Buffer.byteLength(line) + 1;
            return end <= length;
          });
          expect(await linesAfterRecovery(content.subarray(0, length))).toEqual(whole);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('says what it did', async () => {
    writeFileSync(join(writerDirectory, '000000000001-0123456789ab.open'), '{}\n{"to');
    writeFileSync(join(writerDirectory, '000000000002-0123456789ab.open'), '');
    expect(await recoverPredictionLog(directory)).toEqual({ sealed: 1, removed: 1, droppedBytes: 4 });
    expect(await recoverPredictionLog(directory)).toEqual({ sealed: 0, removed: 0, droppedBytes: 0 });
    expect(await recoverPredictionLog(join(directory, 'not-there'))).toEqual({
      sealed: 0,
      removed: 0,
      droppedBytes: 0,
    });
  });

  it('never touches the open file of a living writer', async () => {
    const writer = openPredictionLog({
      directory,
      writer: 'gateway-0',
      fsync: 'off',
      segmentMaximumBytes: 1_000_000,
      segmentMaximumAgeMs: 60_000,
      maximumUnshippedBytes: 1_000_000,
    });
    writer.write(['{"n":1}']);
    expect(await recoverPredictionLog(directory)).toEqual({ sealed: 0, removed: 0, droppedBytes: 0 });
    writer.write(['{"n":2}']);
    await writer.close();
    const [segment] = await listSealedSegments(directory);
    expect(segment?.sizeBytes).toBe(16);
  });

  it.each([
    ['a process that is gone', { ...ownIdentity(), pid: 4_194_304_000 }],
    ['a process id that another process has now', { ...ownIdentity(), startedAt: '1' }],
    ['another boot', { ...ownIdentity(), boot: 'earlier' }],
  ])('takes over from %s', async (_, identity) => {
    writeFileSync(join(writerDirectory, 'writer-1-dead.claim'), JSON.stringify({ ...identity, kind: 'writer' }));
    writeFileSync(join(writerDirectory, '000000000007-0123456789ab.open'), '{}\n');
    expect(await recoverPredictionLog(directory)).toEqual({ sealed: 1, removed: 0, droppedBytes: 0 });
    expect(readdirSync(writerDirectory)).toEqual(['000000000007-0123456789ab.ndjson']);
  });

  it('is done by a writer that starts, and its sequence goes on', async () => {
    writeFileSync(join(writerDirectory, '000000000007-0123456789ab.open'), '{"n":1}\n{"torn');
    const writer = openPredictionLog({
      directory,
      writer: 'gateway-0',
      fsync: 'off',
      segmentMaximumBytes: 1_000_000,
      segmentMaximumAgeMs: 60_000,
      maximumUnshippedBytes: 1_000_000,
    });
    writer.write(['{"n":2}']);
    await writer.close();
    expect((await listSealedSegments(directory)).map((segment) => [segment.sequence, segment.sizeBytes])).toEqual([
      [7, 8],
      [8, 8],
    ]);
  });
});

describe('parseLogLine', () => {
  it('reads what was written, and refuses what a damaged disk made of it', () => {
    const record = makePredictionRecord('0198a3b2-7c00-7abc-8def-000000000001', 1_755_093_040_128);
    const line = JSON.stringify(record);
    expect(parseLogLine(line)).toEqual({ ok: true, record, line });
    for (const damaged of [
      line.slice(0, -1),
      line.replace('"t":"p"', '"t":"q"'),
      line.replace('0198a3b2', '0198'),
      '{}',
      '\0\0',
    ]) {
      expect(parseLogLine(damaged)).toMatchObject({ ok: false, line: damaged });
    }
  });
});
