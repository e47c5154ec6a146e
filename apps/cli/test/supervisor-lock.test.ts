import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { acquireSupervisorLock, findSupervisor } from '../src/supervisor-lock.ts';

const freshDirectory = () => mkdtempSync(join(tmpdir(), 'switchyard-lock-'));

describe('supervisor lock', () => {
  it('refuses a second holder by name and lets the next one in after release', () => {
    const directory = freshDirectory();
    const lock = acquireSupervisorLock(directory);
    expect(findSupervisor(directory)).toBe(process.pid);
    expect(() => acquireSupervisorLock(directory)).toThrow(/is in use by a running Switchyard \(process \d+\)/);
    lock.release();
    expect(existsSync(join(directory, 'supervisor.lock'))).toBe(false);
    acquireSupervisorLock(directory).release();
  });

  it('takes over from a process that is gone', () => {
    const directory = freshDirectory();
    const gone = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }));
    writeFileSync(join(directory, 'supervisor.lock'), JSON.stringify({ pid: gone, startedAt: null }));
    expect(findSupervisor(directory)).toBeUndefined();
    acquireSupervisorLock(directory).release();
  });

  it('takes over when the number belongs to a later process', () => {
    const directory = freshDirectory();
    writeFileSync(
      join(directory, 'supervisor.lock'),
      JSON.stringify({ pid: process.pid, startedAt: 'another boot:1' }),
    );
    acquireSupervisorLock(directory).release();
  });

  it('takes over from a lock that holds nonsense', () => {
    const directory = freshDirectory();
    writeFileSync(join(directory, 'supervisor.lock'), '{');
    acquireSupervisorLock(directory).release();
  });
});
