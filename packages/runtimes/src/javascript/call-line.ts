import { SwitchyardError } from '@switchyard/contracts';
import { type ModuleThread, startModuleThread, type ThreadOutcome } from './module-thread.ts';
import type { ThreadStart } from './thread-messages.ts';

/** What loading a module may take, the start of its thread included. */
export const LOAD_LIMIT_MS = 10_000;
/** Calls that are handed over ahead: enough to keep the thread busy while an answer travels. */
const SENT_AHEAD = 8;

interface Call {
  readonly id: number;
  readonly rows: string;
  readonly rowCount: number;
  readonly limitMs: number;
  readonly arrivedAtMs: number;
  startedAtMs: number;
  readonly settle: (outcome: ThreadOutcome | SwitchyardError, queueMs: number) => void;
}

export interface CallLine {
  run(rows: string, rowCount: number, limitMs: number): Promise<ThreadOutcome & { readonly queueMicros: number }>;
  whenIdle(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Calls of one module, one after the other, each with its time limit. A call that overruns it is answered
 * `deadline_exceeded`, its thread is killed and another one goes on with the calls behind it.
 */
export function createCallLine(
  first: ModuleThread,
  start: ThreadStart,
  maximumQueuedRows: number,
): CallLine & {
  readonly onDone: (call: number, outcome: ThreadOutcome) => void;
  readonly onDeath: (reason: string) => void;
} {
  let thread: ModuleThread | undefined = first;
  let isStarting = false;
  let nextId = 0;
  let queuedRows = 0;
  let isClosed = false;
  const waiting: Call[] = [];
  /** Those that the thread has, oldest first: it works on the first. */
  const sent: Call[] = [];
  let timer: NodeJS.Timeout | undefined;
  let idle: (() => void)[] = [];

  const finish = (call: Call, outcome: ThreadOutcome | SwitchyardError): void => {
    queuedRows -= call.rowCount;
    call.settle(outcome, call.startedAtMs - call.arrivedAtMs);
  };
  const watchFirst = (): void => {
    clearTimeout(timer);
    const [head] = sent;
    if (head === undefined) return;
    head.startedAtMs = performance.now();
    timer = setTimeout(() => overrun(head), head.limitMs);
  };
  const pump = (): void => {
    if (thread === undefined) {
      if (waiting.length > 0) restart();
      return;
    }
    const wasIdle = sent.length === 0;
    while (sent.length < SENT_AHEAD && waiting.length > 0) {
      const call = waiting.shift() as Call;
      sent.push(call);
      thread.send(call.id, call.rows);
    }
    if (wasIdle) watchFirst();
    if (sent.length === 0 && waiting.length === 0) {
      for (const resolve of idle) resolve();
      idle = [];
    }
  };
  const restart = (): void => {
    if (isClosed || isStarting) return;
    isStarting = true;
    startModuleThread(start, LOAD_LIMIT_MS, { onDone, onDeath })
      .then(
        (fresh) => {
          thread = fresh;
        },
        (error: Error) => {
          const failure = new SwitchyardError('model_failed', `The model cannot be started again: ${error.message}.`);
          for (const call of waiting.splice(0)) finish(call, failure);
        },
      )
      .finally(() => {
        isStarting = false;
        if (isClosed) void thread?.kill();
        pump();
      });
  };
  /** What the dead thread had not come to goes to the next one, before everything that came later. */
  const replaceThread = (): void => {
    clearTimeout(timer);
    thread = undefined;
    waiting.unshift(...sent.splice(0));
  };
  const overrun = (head: Call): void => {
    const dying = thread;
    sent.shift();
    replaceThread();
    void dying?.kill();
    finish(head, new SwitchyardError('deadline_exceeded', `The model did not answer within ${head.limitMs} ms.`));
    pump();
  };
  const onDone = (id: number, outcome: ThreadOutcome): void => {
    const head = sent[0];
    if (head?.id !== id) return;
    sent.shift();
    finish(head, outcome);
    watchFirst();
    pump();
  };
  const onDeath = (reason: string): void => {
    const head = sent.shift();
    replaceThread();
    if (head !== undefined) finish(head, new SwitchyardError('model_failed', `The model failed: ${reason}.`));
    pump();
  };

  return {
    onDone,
    onDeath,
    run(rows, rowCount, limitMs) {
      if (queuedRows + rowCount > maximumQueuedRows) {
        const detail = `${queuedRows} rows wait for this model already.`;
        return Promise.reject(new SwitchyardError('overloaded', detail, { retryAfterSeconds: 1 }));
      }
      queuedRows += rowCount;
      const id = nextId;
      nextId += 1;
      return new Promise((resolve, reject) => {
        const arrivedAtMs = performance.now();
        waiting.push({
          id,
          rows,
          rowCount,
          limitMs,
          arrivedAtMs,
          startedAtMs: arrivedAtMs,
          settle(outcome, queueMs) {
            if (outcome instanceof Error) reject(outcome);
            else resolve({ ...outcome, queueMicros: queueMs * 1_000 });
          },
        });
        pump();
      });
    },
    whenIdle() {
      if (sent.length === 0 && waiting.length === 0) return Promise.resolve();
      return new Promise((resolve) => idle.push(resolve));
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await thread?.kill();
    },
  };
}
