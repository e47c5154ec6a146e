import { execFileSync, fork } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimDirectory } from '../src/claims.ts';
import { listSealedSegments, openPredictionLog, readSegmentLines, recoverPredictionLog } from '../src/index.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'prediction-log-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('a writer killed with SIGKILL', () => {
  it('loses and doubles no acknowledged line, 20 times in a row', async () => {
    let acknowledged = 0;
    const acknowledgedRanges: [number, number][] = [];
    for (let life = 0; life < 20; life += 1) {
      const first = acknowledged;
      const child = fork(join(import.meta.dirname, 'writer-process.ts'), [directory, 'gateway-0', String(first)]);
      child.on('message', (next) => {
        acknowledged = Math.max(acknowledged, Number(next));
      });
      const exited = new Promise((resolve) => child.once('exit', resolve));
      while (acknowledged === first) {
        await sleep(2);
      }
      await sleep(Math.random() * 120);
      child.kill('SIGKILL');
      await exited;
      await sleep(5);
      acknowledgedRanges.push([first, acknowledged]);
      // The next life counts from far away, so that lines written but not acknowledged cannot be mistaken for its own.
      acknowledged += 1_000_000;
    }
    await recoverPredictionLog(directory);
    const seen = new Map<number, number>();
    for (const segment of await listSealedSegments(directory)) {
      for await (const line of readSegmentLines(segment.path)) {
        const { n } = JSON.parse(line.toString('utf8')) as { n: number };
        seen.set(n, (seen.get(n) ?? 0) + 1);
      }
    }
    let lines = 0;
    for (const [first, end] of acknowledgedRanges) {
      for (let n = first; n < end; n += 1) {
        lines += 1;
        expect(seen.get(n)).toBe(1);
      }
    }
    expect(lines).toBeGreaterThan(1_000);
    expect([...seen].filter(([, times]) => times > 1)).toEqual([]);
  });
});

function mountSmallDisk(path: string): string | undefined {
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return String(error);
  }
}

describe('a disk that is really full', () => {
  it('refuses, loses nothing that was acknowledged, and goes on when space returns', async (context) => {
    const reason = mountSmallDisk(directory);
    if (reason !== undefined) {
      console.warn(`left out: a small file system cannot be mounted here (${reason})`);
      context.skip();
    }
    try {
      const log = openPredictionLog({
        directory,
        writer: 'gateway-0',
        fsync: 'every-second',
        segmentMaximumBytes: 50_000,
        segmentMaximumAgeMs: 60_000,
        maximumUnshippedBytes: 1_000_000_000,
      });
      const acknowledged: string[] = [];
      let refusals = 0;
      const write = (n: number) => {
        const line = JSON.stringify({ n, filler: 'x'.repeat(997) });
        try {
          log.write([line]);
          acknowledged.push(line);
        } catch {
          refusals += 1;
        }
      };
      for (let n = 0; n < 400; n += 1) {
        write(n);
      }
      expect(refusals).toBeGreaterThan(50);
      expect(log.status().writable).toBe(false);
      const shipped: string[] = [];
      for (const segment of await listSealedSegments(directory)) {
        for await (const line of readSegmentLines(segment.path)) {
          shipped.push(line.toString('utf8'));
        }
        rmSync(segment.path);
      }
      await sleep(1_500);
      expect(log.status().writable).toBe(true);
      for (let n = 400; n < 500; n += 1) {
        write(n);
      }
      await log.close();
      for (const segment of await listSealedSegments(directory)) {
        for await (const line of readSegmentLines(segment.path)) {
          shipped.push(line.toString('utf8'));
        }
      }
      expect(shipped).toEqual(acknowledged);
    } finally {
      execFileSync('/bin/umount', [directory]);
    }
  });

  it('is left as it was by claims that do not fit, however often they are tried', (context) => {
    const reason = mountSmallDisk(directory);
    if (reason !== undefined) {
      console.warn(`left out: a small file system cannot be mounted here (${reason})`);
      context.skip();
    }
    try {
      expect(() => writeFileSync(join(directory, 'filler'), Buffer.alloc(1_000_000))).toThrow('ENOSPC');
      for (let attempt = 0; attempt < 5; attempt += 1) {
        expect(() => claimDirectory(directory, 'recovery')).toThrow('ENOSPC');
      }
      expect(readdirSync(directory)).toEqual(['filler']);
    } finally {
      execFileSync('/bin/umount', [directory]);
    }
  });
});
