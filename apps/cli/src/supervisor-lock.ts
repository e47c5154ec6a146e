import { closeSync, linkSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { dataLayout } from '@switchyard/contracts';

export interface SupervisorLock {
  release(): void;
}

interface Holder {
  readonly pid: number;
  /** Tells a process from a later one that got the same number; null where the system does not say. */
  readonly startedAt: string | null;
}

/**
 * Takes the data directory for this process. A lock left by a killed supervisor is taken over:
 * its process is gone, or its number belongs to a process that started at another time.
 * Throws with a message for people when a live supervisor holds it.
 */
export function acquireSupervisorLock(directory: string): SupervisorLock {
  const path = join(directory, dataLayout.lock);
  const mine: Holder = { pid: process.pid, startedAt: startTimeOf(process.pid) };
  const temporary = `${path}.${process.pid}`;
  const file = openSync(temporary, 'w', 0o600);
  writeSync(file, JSON.stringify(mine));
  closeSync(file);
  try {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      try {
        // A link is made whole or not at all, and fails when the name is taken: no one ever sees half a lock.
        linkSync(temporary, path);
        return { release: () => releaseIfMine(path, mine) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        const holder = readHolder(path);
        if (holder !== undefined && isAlive(holder)) {
          throw new Error(
            `${directory} is in use by a running Switchyard (process ${holder.pid}). Stop that one first, or give another --data-dir.`,
          );
        }
        rmSync(path, { force: true });
      }
    }
    throw new Error(`${directory} is being started by another process right now.`);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** The live supervisor of a data directory, if there is one. */
export function findSupervisor(directory: string): number | undefined {
  const holder = readHolder(join(directory, dataLayout.lock));
  return holder !== undefined && isAlive(holder) ? holder.pid : undefined;
}

function releaseIfMine(path: string, mine: Holder): void {
  const holder = readHolder(path);
  if (holder?.pid === mine.pid && holder.startedAt === mine.startedAt) rmSync(path, { force: true });
}

function readHolder(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder>;
    return typeof holder.pid === 'number' ? { pid: holder.pid, startedAt: holder.startedAt ?? null } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const startedAt = startTimeOf(holder.pid);
  return holder.startedAt === null || startedAt === null || startedAt === holder.startedAt;
}

/** Start time in clock ticks since boot, with the boot's id, from /proc; null elsewhere. */
function startTimeOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}:${afterName[19]}`;
  } catch {
    return null;
  }
}
