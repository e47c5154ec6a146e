import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { constants, getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Supervisor } from '../src/supervisor.ts';

const child = fileURLToPath(new URL('./children/child.ts', import.meta.url));

function setUp(modes: Record<string, string>, stopTimeoutMs = 5_000, priority?: number) {
  const journal = join(mkdtempSync(join(tmpdir(), 'switchyard-supervisor-')), 'journal');
  const lines: string[] = [];
  const restarts: { name: string; how: string; delayMs: number }[] = [];
  const supervisor = new Supervisor({
    processes: Object.entries(modes).map(([name, mode]) => ({
      name,
      command: [child, name],
      settings: { journal, mode, name },
      ...(priority === undefined ? {} : { priority }),
    })),
    events: {
      line: (name, line) => lines.push(`${name}: ${line}`),
      restarting: (name, how, delayMs) => restarts.push({ name, how, delayMs }),
    },
    readyTimeoutMs: 10_000,
    stopTimeoutMs,
  });
  const entries = () =>
    readFileSync(journal, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
  const count = (name: string, what: string) =>
    entries().filter((entry) => entry[0] === name && entry[1] === what).length;
  return { supervisor, lines, restarts, entries, count };
}

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 400 && !condition(); attempt += 1) await sleep(25);
  expect(condition()).toBe(true);
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('Supervisor', () => {
  it('starts everything, stops it in reverse order and leaves nothing running', async () => {
    const { supervisor, entries } = setUp({ control: 'steady', 'gateway-0': 'steady' });
    await supervisor.start();
    const pids = [supervisor.pid('control'), supervisor.pid('gateway-0')];
    await supervisor.stop();
    expect(
      entries()
        .filter((entry) => entry[1] === 'stopped')
        .map((entry) => entry[0]),
    ).toEqual(['gateway-0', 'control']);
    for (const pid of pids) expect(isAlive(pid as number)).toBe(false);
  });

  it('lowers the priority of every thread once the process is ready', async () => {
    const { supervisor } = setUp({ control: 'steady' }, 5_000, constants.priority.PRIORITY_BELOW_NORMAL);
    await supervisor.start();
    const pid = supervisor.pid('control') as number;
    const threads = process.platform === 'linux' ? readdirSync(`/proc/${pid}/task`).map(Number) : [pid];
    expect(threads.map((thread) => getPriority(thread))).toEqual(
      threads.map(() => constants.priority.PRIORITY_BELOW_NORMAL),
    );
    if (process.platform === 'linux') expect(threads.length).toBeGreaterThan(1);
    await supervisor.stop();
  });

  it('starts a killed process again', async () => {
    const { supervisor, restarts, count } = setUp({ control: 'steady', 'gateway-0': 'steady' });
    await supervisor.start();
    process.kill(supervisor.pid('gateway-0') as number, 'SIGKILL');
    await until(() => count('gateway-0', 'started') === 2);
    await supervisor.stop();
    expect(restarts).toEqual([{ name: 'gateway-0', how: 'SIGKILL', delayMs: 100 }]);
    expect(count('control', 'started')).toBe(1);
  });

  it('waits longer before each further crash', async () => {
    const { supervisor, restarts } = setUp({ control: 'crashes' });
    await supervisor.start();
    await until(() => restarts.length >= 3);
    await supervisor.stop();
    expect(restarts.slice(0, 3).map((restart) => restart.delayMs)).toEqual([100, 200, 400]);
    expect(restarts[0]?.how).toBe('exit code 7');
  });

  it('gives up with everything stopped when a process cannot start, and shows what it said', async () => {
    const { supervisor, lines, entries } = setUp({ control: 'steady', 'gateway-0': 'fails' });
    await expect(supervisor.start()).rejects.toThrow('gateway-0 ended while starting (exit code 3)');
    expect(lines).toContain('gateway-0: the port is taken');
    for (const entry of entries()) expect(isAlive(Number(entry[2]))).toBe(false);
  });

  it('kills a process that does not listen', async () => {
    const { supervisor, entries } = setUp({ control: 'deaf' }, 300);
    await supervisor.start();
    await supervisor.stop();
    expect(isAlive(Number(entries()[0]?.[2]))).toBe(false);
  });
});
