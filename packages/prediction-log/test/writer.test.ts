import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SwitchyardError } from '@switchyard/contracts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  listSealedSegments,
  openPredictionLog,
  type PredictionLogOptions,
  type PredictionLogWriter,
  readSegmentLines,
} from '../src/index.ts';

const failing = vi.hoisted(() => ({
  /** Bytes the pretended disk still takes; undefined = the real disk. */
  spaceBytes: undefined as number | undefined,
  errorCode: 'ENOSPC',
  truncateFails: false,
}));

// The file system is real; only these calls can be told to fail as a full or broken disk does.
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const fail = () => Object.assign(new Error('pretended'), { code: failing.errorCode });
  return {
    ...fs,
    writeSync(file: number, bytes: Buffer, offset: number, length: number, position: number) {
      if (failing.spaceBytes === undefined || position === undefined) {
        return fs.writeSync(file, bytes, offset, length, position);
      }
      if (failing.spaceBytes === 0) {
        throw fail();
      }
      const taken = Math.min(length, failing.spaceBytes);
      failing.spaceBytes -= taken;
      return fs.writeSync(file, bytes, offset, taken, position);
    },
    ftruncateSync(file: number, length: number) {
      if (failing.truncateFails) {
        throw fail();
      }
      fs.ftruncateSync(file, length);
    },
  };
});

let directory: string;
const writers: PredictionLogWriter[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'prediction-log-'));
  Object.assign(failing, { spaceBytes: undefined, errorCode: 'ENOSPC', truncateFails: false });
});
afterEach(async () => {
  Object.assign(failing, { spaceBytes: undefined, truncateFails: false });
  await Promise.all(writers.splice(0).map((writer) => writer.close()));
  rmSync(directory, { recursive: true });
});

function openLog(options: Partial<PredictionLogOptions> = {}): PredictionLogWriter {
  const writer = openPredictionLog({
    directory,
    writer: 'gateway-0',
    fsync: 'off',
    segmentMaximumBytes: 1_000_000,
    segmentMaximumAgeMs: 60_000,
    maximumUnshippedBytes: 10_000_000,
    ...options,
  });
  writers.push(writer);
  return writer;
}

async function sealedLines(): Promise<string[]> {
  const lines: string[] = [];
  for (const segment of await listSealedSegments(directory)) {
    for await (const line of readSegmentLines(segment.path)) {
      lines.push(line.toString('utf8'));
    }
  }
  return lines;
}

const codeOf = (action: () => void) => {
  try {
    action();
    return 'no error';
  } catch (error) {
    return SwitchyardError.is(error) ? error.code : String(error);
  }
};
const openFile = () => {
  const name = readdirSync(join(directory, 'gateway-0')).find((entry) => entry.endsWith('.open'));
  return name === undefined ? undefined : join(directory, 'gateway-0', name);
};

describe('openPredictionLog', () => {
  it('has the lines in the file when write returns', () => {
    openLog().write(['{"a":1}', '{"b":"ü✓"}']);
    expect(readFileSync(openFile() ?? '', 'utf8')).toBe('{"a":1}\n{"b":"ü✓"}\n');
  });

  it.each(['every-second', 'always', 'off'] as const)('keeps every line in order with fsync %s', async (fsync) => {
    const writer = openLog({ fsync, segmentMaximumBytes: 100 });
    const lines = Array.from({ length: 100 }, (_, index) => `{"n":${index}}`);
    for (const line of lines) {
      writer.write([line]);
    }
    await writer.close();
    expect(await sealedLines()).toEqual(lines);
    expect((await listSealedSegments(directory)).length).toBeGreaterThan(5);
    expect(openFile()).toBeUndefined();
  });

  it('makes no file for nothing', async () => {
    const writer = openLog();
    writer.write([]);
    await writer.close();
    expect(await listSealedSegments(directory)).toEqual([]);
    expect(readdirSync(join(directory, 'gateway-0'))).toEqual([]);
  });

  it('seals by age, also when nothing is written any more', async () => {
    const writer = openLog({ segmentMaximumAgeMs: 50 });
    writer.write(['{"n":1}']);
    await vi.waitFor(async () => expect(await sealedLines()).toEqual(['{"n":1}']), { timeout: 3_000 });
    expect(writer.status()).toEqual({ writable: true, unshippedSegments: 1, unshippedBytes: 8 });
  });

  it('counts on after a restart, also when all earlier segments were shipped and deleted', async () => {
    let last = 0;
    for (let life = 0; life < 3; life += 1) {
      const writer = openLog();
      writer.write(['{}']);
      await writer.close();
      const [segment] = await listSealedSegments(directory);
      // Numbers that were set aside and not used are skipped.
      expect(segment?.sequence).toBeGreaterThan(last);
      last = segment?.sequence ?? 0;
      rmSync(segment?.path ?? '');
    }
  });

  it('refuses a second live writer of the same name and lets others be', async () => {
    const first = openLog();
    expect(codeOf(() => openLog())).toBe('log_unavailable');
    openLog({ writer: 'gateway-1' });
    await first.close();
    openLog();
  });

  it.each(['../x', '', 'a/b', 'quarantine', '.hidden'])('refuses %j as a name', (writer) => {
    expect(codeOf(() => openLog({ writer }))).toBe('log_unavailable');
  });

  it('says so when its directory cannot be used', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(codeOf(() => openLog({ directory: join(directory, 'file') }))).toBe('log_unavailable');
  });

  it('is not writable above the unshipped limit, and is again once segments were deleted', async () => {
    const writer = openLog({ segmentMaximumBytes: 100, maximumUnshippedBytes: 400 });
    const line = JSON.stringify('x'.repeat(97));
    for (let index = 0; index < 4; index += 1) {
      writer.write([line]);
    }
    expect(writer.status()).toMatchObject({ writable: false, unshippedSegments: 4, unshippedBytes: 400 });
    expect(codeOf(() => writer.write([line]))).toBe('log_unavailable');
    for (const segment of await listSealedSegments(directory)) {
      rmSync(segment.path);
    }
    await vi.waitFor(() => expect(writer.status()).toMatchObject({ writable: true, unshippedBytes: 0 }), {
      timeout: 5_000,
    });
    writer.write([line]);
  });

  it('refuses to write after close, and closes twice', async () => {
    const writer = openLog();
    await writer.close();
    await writer.close();
    expect(codeOf(() => writer.write(['{}']))).toBe('log_unavailable');
    expect(writer.status().writable).toBe(false);
  });
});

describe('a disk that refuses (pretended error of write)', () => {
  it.each(['ENOSPC', 'EIO', 'EDQUOT'])('leaves no trace of a group that did not fit: %s', async (errorCode) => {
    failing.errorCode = errorCode;
    for (let spaceBytes = 0; spaceBytes < 24; spaceBytes += 1) {
      const writer = openLog({ writer: `gateway-${spaceBytes}` });
      writer.write(['{"n":1}']);
      failing.spaceBytes = spaceBytes;
      expect(codeOf(() => writer.write(['{"n":2}', '{"n":3}', '{"n":4}']))).toBe('log_unavailable');
      expect(writer.status()).toMatchObject({ writable: false, unshippedBytes: 8 });
      failing.spaceBytes = undefined;
      writer.write(['{"n":5}']);
      expect(writer.status()).toMatchObject({ writable: true, unshippedBytes: 16 });
      await writer.close();
      expect(await sealedLines()).toEqual(['{"n":1}', '{"n":5}']);
      rmSync(join(directory, `gateway-${spaceBytes}`), { recursive: true });
    }
  });

  it('cuts the rest off later when even cutting fails at first', async () => {
    const writer = openLog();
    writer.write(['{"n":1}']);
    Object.assign(failing, { spaceBytes: 5, truncateFails: true });
    expect(codeOf(() => writer.write(['{"n":22222222222222222222}']))).toBe('log_unavailable');
    expect(statSync(openFile() ?? '').size).toBe(13);
    failing.spaceBytes = undefined;
    expect(codeOf(() => writer.write(['{"n":3}']))).toBe('log_unavailable');
    failing.truncateFails = false;
    writer.write(['{"n":4}']);
    await writer.close();
    expect(await sealedLines()).toEqual(['{"n":1}', '{"n":4}']);
  });

  it('becomes writable again by itself when space returns, without a write', async () => {
    const writer = openLog();
    failing.spaceBytes = 0;
    expect(codeOf(() => writer.write(['{}']))).toBe('log_unavailable');
    expect(writer.status().writable).toBe(false);
    failing.spaceBytes = undefined;
    await vi.waitFor(() => expect(writer.status().writable).toBe(true), { timeout: 5_000 });
  });
});
