import { Worker } from 'node:worker_threads';
import type { RunResult, ThreadReply, ThreadRequest, ThreadStart } from './thread-messages.ts';

const threadMain = new URL('./thread-main.ts', import.meta.url);
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16, codeRangeSizeMb: 16, stackSizeMb: 2 };

export type ThreadOutcome = RunResult & { readonly runMicros: number };

/** One thread with one module in it. Calls are answered in the order in which they were sent. */
export interface ModuleThread {
  send(call: number, rows: string): void;
  /** Ends it wherever it is. Only JavaScript runs there, so nothing native can be cut in the middle. */
  kill(): Promise<void>;
}

export interface ThreadListeners {
  readonly onDone: (call: number, outcome: ThreadOutcome) => void;
  /** It ended by itself, such as for want of memory. */
  readonly onDeath: (reason: string) => void;
}

/** Rejects with an Error that says what is wrong with the module, or that loading it takes too long. */
export function startModuleThread(
  start: ThreadStart,
  loadLimitMs: number,
  listeners: ThreadListeners,
): Promise<ModuleThread> {
  const worker = new Worker(threadMain, {
    name: 'switchyard: javascript model',
    // Nothing of the process is handed on: not its environment, not its arguments, not its streams.
    env: {},
    argv: [],
    execArgv: ['--experimental-vm-modules', '--no-warnings'],
    stdin: false,
    stdout: true,
    stderr: true,
    resourceLimits: LIMITS,
    workerData: start,
  });
  worker.unref();
  worker.stdout.resume();
  worker.stderr.resume();
  let isKilled = false;
  const kill = async (): Promise<void> => {
    isKilled = true;
    await worker.terminate();
  };
  return new Promise((resolve, reject) => {
    let isReady = false;
    const refuse = (reason: string): void => {
      clearTimeout(timer);
      reject(new Error(reason));
      void kill();
    };
    const timer = setTimeout(() => refuse(`loading it takes longer than ${loadLimitMs} ms`), loadLimitMs);
    let death = 'its thread ended';
    worker.on('error', (error: NodeJS.ErrnoException) => {
      death = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'it needs more memory than is allowed' : 'its thread crashed';
    });
    worker.once('exit', () => {
      if (isKilled) return;
      if (isReady) listeners.onDeath(death);
      else refuse(death);
    });
    worker.on('message', (reply: ThreadReply) => {
      if (isKilled) return;
      if (reply.kind === 'done') {
        const { kind: _kind, call, ...outcome } = reply;
        listeners.onDone(call, outcome);
      } else if (reply.kind === 'unusable') refuse(reply.reason);
      else {
        clearTimeout(timer);
        isReady = true;
        resolve({
          send(call, rows) {
            const request: ThreadRequest = { call, rows };
            worker.postMessage(request);
          },
          kill,
        });
      }
    });
  });
}
