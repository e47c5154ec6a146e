import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { processEnvironment } from './process-environment.ts';

export interface ProcessSpec {
  /** Such as `control` or `gateway-0`. */
  readonly name: string;
  /** Arguments for this Node: the entry file, then the role that process lists show. */
  readonly command: readonly string[];
  readonly settings: unknown;
  /** As `os.constants.priority`; normal unless given. */
  readonly priority?: number;
}

export interface SupervisorEvents {
  /** A line a child wrote. */
  line(name: string, line: string): void;
  /** A child ended that should not have; it is started again after `delayMs`. */
  restarting(name: string, how: string, delayMs: number): void;
}

export interface SupervisorOptions {
  readonly processes: readonly ProcessSpec[];
  readonly events: SupervisorEvents;
  readonly readyTimeoutMs?: number;
  readonly stopTimeoutMs?: number;
}

/** Uptime after which a crash is news again and the backoff starts over. */
const STABLE_MS = 10_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;

interface Managed {
  readonly spec: ProcessSpec;
  child: ChildProcess | undefined;
  ended: Promise<void>;
  startedAt: number;
  crashes: number;
  wasReady: boolean;
}

/**
 * Keeps a set of processes running: starts them in order, starts a crashed one again with growing delays,
 * stops them in reverse order. Children get their settings through one environment variable and an IPC channel
 * whose closing tells them that the supervisor is gone.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #managed: Managed[];
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#managed = options.processes.map((spec) => ({
      spec,
      child: undefined,
      ended: Promise.resolve(),
      startedAt: 0,
      crashes: 0,
      wasReady: false,
    }));
  }

  /** Resolves when every process has said that it is ready; rejects, with everything stopped, when one cannot start. */
  async start(): Promise<void> {
    const deadline = Date.now() + (this.#options.readyTimeoutMs ?? 120_000);
    try {
      await Promise.all(this.#managed.map((managed) => this.#launch(managed, deadline)));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Stops gateways before control, so that the last records still find their shipper. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const managed of [...this.#managed].reverse()) await this.#end(managed);
  }

  /** Ends one process in order and starts it again. */
  async restart(name: string): Promise<void> {
    const managed = this.#managed.find((candidate) => candidate.spec.name === name);
    managed?.child?.kill('SIGTERM');
  }

  pid(name: string): number | undefined {
    return this.#managed.find((managed) => managed.spec.name === name)?.child?.pid;
  }

  #launch(managed: Managed, deadline?: number): Promise<void> {
    const { spec } = managed;
    const child = spawn(process.execPath, [...spec.command], {
      env: { ...processEnvironment(process.env), SWITCHYARD_PROCESS: JSON.stringify(spec.settings) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: Ctrl-C in the terminal reaches the supervisor alone, which then ends the others in order.
      detached: true,
    });
    managed.child = child;
    managed.startedAt = Date.now();
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) forEachLine(stream, (line) => this.#options.events.line(spec.name, line));
    }
    let tellEnded = () => {};
    managed.ended = new Promise((resolve) => {
      tellEnded = resolve;
    });
    return new Promise((resolve, reject) => {
      const timer =
        deadline === undefined
          ? undefined
          : setTimeout(
              () => reject(new Error(`${spec.name} was not ready in time`)),
              Math.max(0, deadline - Date.now()),
            );
      child.on('message', (message) => {
        if (!isReady(message)) return;
        managed.wasReady = true;
        // Not before: on a busy machine a start at low priority would take minutes.
        lowerPriority(child.pid, spec.priority);
        clearTimeout(timer);
        resolve();
      });
      child.on('error', (error) => {
        clearTimeout(timer);
        tellEnded();
        reject(new Error(`${spec.name} cannot be started: ${error.message}`));
      });
      child.on('exit', (code, signal) => {
        clearTimeout(timer);
        managed.child = undefined;
        tellEnded();
        const how = signal === null ? `exit code ${code}` : signal;
        if (!managed.wasReady) reject(new Error(`${spec.name} ended while starting (${how})`));
        else if (!this.#stopping) void this.#startAgain(managed, how);
      });
    });
  }

  async #startAgain(managed: Managed, how: string): Promise<void> {
    managed.crashes = Date.now() - managed.startedAt > STABLE_MS ? 0 : managed.crashes;
    const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** managed.crashes);
    managed.crashes += 1;
    this.#options.events.restarting(managed.spec.name, how, delayMs);
    await sleep(delayMs);
    if (this.#stopping) return;
    managed.wasReady = true;
    await this.#launch(managed).catch(() => {});
  }

  async #end(managed: Managed): Promise<void> {
    const { child } = managed;
    if (child === undefined) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.stopTimeoutMs ?? 20_000);
    await managed.ended;
    clearTimeout(timer);
  }
}

function isReady(message: unknown): boolean {
  return typeof message === 'object' && message !== null && (message as { type?: unknown }).type === 'ready';
}

/** Calls back for every whole line; a line longer than 64 KiB is cut, so that no child can fill this process. */
function forEachLine(stream: NodeJS.ReadableStream, callback: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    rest += chunk;
    let end = rest.indexOf('\n');
    while (end >= 0) {
      callback(rest.slice(0, end));
      rest = rest.slice(end + 1);
      end = rest.indexOf('\n');
    }
    if (rest.length > 65_536) {
      callback(rest);
      rest = '';
    }
  });
  stream.on('end', () => {
    if (rest !== '') callback(rest);
  });
}

/** Of all its threads, and so of those they will make. Where the system does not allow it, they run as any other. */
function lowerPriority(pid: number | undefined, priority: number | undefined): void {
  if (pid === undefined || priority === undefined) return;
  const threads = process.platform === 'linux' ? threadsOf(pid) : [pid];
  for (const thread of threads) {
    try {
      setPriority(thread, priority);
    } catch {}
  }
  try {
    // Linux may share processors between sessions first, and each of these processes is a session of its own.
    if (process.platform === 'linux') writeFileSync(`/proc/${pid}/autogroup`, String(priority));
  } catch {}
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [pid];
  }
}
