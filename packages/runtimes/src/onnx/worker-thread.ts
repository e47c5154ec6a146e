import { Worker } from 'node:worker_threads';
import type { Signature } from '@switchyard/contracts';
import { SwitchyardError } from '@switchyard/contracts/errors';
import type { SessionTensor } from './session.ts';
import type { LoadMeasurements, RunReply, ThreadReply, ThreadRequest } from './thread-messages.ts';

/**
 * A thread makes little but short-lived messages; tensors are outside its heap. Left alone, V8 lets the space for new
 * objects of each thread grow to 128 MB on a large machine, and keeps what it has grown to.
 */
const YOUNG_GENERATION_MB = 6;
const threadMain = new URL('./thread-main.ts', import.meta.url);

/** The model said no; the thread itself is well. */
export class ThreadRefusal extends Error {}

type Settle = { resolve: (result: never) => void; reject: (error: unknown) => void };

/** One worker thread, from start to end. When it ends, whoever still waits is told `model_failed`. */
export class WorkerThread {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Settle>();
  readonly startedAtMs = performance.now();
  /** Resolves when the thread has ended, for whatever reason. */
  readonly ended: Promise<void>;
  #nextCall = 0;
  #hasEnded = false;
  #isStopping = false;

  constructor() {
    this.#worker = new Worker(threadMain, {
      name: 'switchyard: model runtime',
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    // Idle threads do not keep a process alive.
    this.#worker.unref();
    this.#worker.on('message', (reply: ThreadReply) => this.#settle(reply));
    // 'exit' follows; without a listener the error would end the process.
    this.#worker.on('error', () => {});
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#hasEnded = true;
        for (const { reject } of this.#pending.values()) reject(threadEnded());
        this.#pending.clear();
        resolve();
      });
    });
  }

  /** Identifies the thread in logs and tests. */
  get id(): number {
    return this.#worker.threadId;
  }

  load(model: number, path: string, signature: Signature): Promise<void> {
    return this.#call((call) => ({ kind: 'load', call, model, path, signature, isMeasured: false }), []);
  }

  loadAndMeasure(model: number, path: string, signature: Signature): Promise<LoadMeasurements> {
    return this.#call((call) => ({ kind: 'load', call, model, path, signature, isMeasured: true }), []);
  }

  /** The arrays of the inputs are handed over: the caller cannot use them afterwards. */
  run(
    model: number,
    batch: { inputs: readonly SessionTensor[]; outputNames: readonly string[]; rowCount: number },
  ): Promise<RunReply> {
    const handedOver = batch.inputs.flatMap(({ values }) =>
      Array.isArray(values) ? [] : [values.buffer as ArrayBuffer],
    );
    return this.#call((call) => ({ kind: 'run', call, model, ...batch }), handedOver);
  }

  /** After a trial the thread collects its garbage too; nobody waits for answers of it. */
  unload(model: number, { wasTrial = false } = {}): Promise<void> {
    return this.#call((call) => ({ kind: 'unload', call, model, wasTrial }), []);
  }

  /**
   * Ends the thread once it has done what it was asked before. `Worker.terminate` must not be used: when it
   * interrupts the native runtime, that aborts the whole process.
   */
  async stop(): Promise<void> {
    if (this.#hasEnded) return;
    this.#isStopping = true;
    this.#worker.ref();
    const request: ThreadRequest = { kind: 'stop' };
    this.#worker.postMessage(request);
    await this.ended;
  }

  #call<T>(makeRequest: (call: number) => ThreadRequest, handedOver: ArrayBuffer[]): Promise<T> {
    if (this.#hasEnded) return Promise.reject(threadEnded());
    const call = this.#nextCall;
    this.#nextCall += 1;
    return new Promise((resolve, reject) => {
      if (this.#pending.size === 0) this.#worker.ref();
      this.#pending.set(call, { resolve, reject });
      this.#worker.postMessage(makeRequest(call), handedOver);
    });
  }

  #settle(reply: ThreadReply): void {
    const settle = this.#pending.get(reply.call);
    this.#pending.delete(reply.call);
    if (this.#pending.size === 0 && !this.#isStopping) this.#worker.unref();
    if (reply.ok) settle?.resolve(reply.result as never);
    else settle?.reject(new ThreadRefusal(reply.message));
  }
}

const threadEnded = (): SwitchyardError =>
  new SwitchyardError('model_failed', 'The thread that ran the model ended unexpectedly.');
