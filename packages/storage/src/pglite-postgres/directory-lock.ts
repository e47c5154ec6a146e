import { createHash } from 'node:crypto';
import { realpath, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Thrown when another process has the directory open. */
export class DirectoryInUseError extends Error {
  constructor(directory: string) {
    super(`${directory} is in use by another process: only one can have it open at a time.`);
    this.name = 'DirectoryInUseError';
  }
}

export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * Makes this process the only one of the machine that has `directory` open.
 * The lock is a listening local socket named after the directory and not a file with a process id in it:
 * the operating system lets go of it when the process dies, however it dies, and ids are used again.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = socketPath(await realpath(directory));
  const server = await listen(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    if (isPlainFile(path) && !(await answers(path))) {
      // Left by a process that was killed. Sockets outside the file system leave nothing behind.
      await rm(path, { force: true });
      return listen(path);
    }
    throw new DirectoryInUseError(directory);
  });
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function socketPath(directory: string): string {
  const name = `switchyard-${createHash('sha256').update(directory).digest('hex').slice(0, 32)}`;
  if (process.platform === 'linux') return `\0${name}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  return join(tmpdir(), `${name}.sock`);
}

const isPlainFile = (path: string) => process.platform !== 'linux' && process.platform !== 'win32' && path !== '';

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
