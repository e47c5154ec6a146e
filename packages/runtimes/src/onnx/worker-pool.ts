import { availableParallelism } from 'node:os';
import type { Signature } from '@switchyard/contracts';
import { SwitchyardError } from '@switchyard/contracts/errors';
import type { Executor } from './batch-queue.ts';
import type { SecondThread } from './large-batches.ts';
import { prepareRuntime } from './session.ts';
import type { LoadMeasurements } from './thread-messages.ts';
import { ThreadSlot } from './thread-slot.ts';
import { WorkerThread } from './worker-thread.ts';

/** A model whose loading takes longer gets a thread of its own: in a shared one it would hold up the others. */
const SHARED_LOAD_MS = 60;
/** Second copies of small models share these: a thread for each would take more memory than the models. */
const SECOND_THREADS = 2;

export interface OnnxWorkerPool {
  /**
   * Ends all threads after what they are running; models that are still loaded fail from then on.
   * Await it before `process.exit`: ending the process while a thread is inside the native runtime aborts it.
   */
  close(): Promise<void>;
}

/** The pool as `loadOnnxModel` sees it. */
export class WorkerPool implements OnnxWorkerPool {
  readonly #sharedLimit: number;
  readonly #shared: ThreadSlot[] = [];
  readonly #dedicated = new Set<ThreadSlot>();
  /** Where models are loaded and measured first, so that loading never holds up a thread that answers. */
  #trial: WorkerThread | undefined;
  #trials: Promise<unknown> = Promise.resolve();
  #nextModel = 0;
  #isClosed = false;

  constructor(threads: number) {
    this.#sharedLimit = threads;
  }

  /** All places, for tests and logs. */
  get slots(): readonly ThreadSlot[] {
    return [...this.#shared, ...this.#dedicated];
  }

  /**
   * Loads and measures a model away from everything that answers; one at a time, so that measurements
   * do not disturb each other. `decide` says where it is to stay, given the measurements.
   */
  place(
    path: string,
    signature: Signature,
    decide: (measurements: LoadMeasurements) => 'inline' | 'worker',
  ): Promise<{ measurements: LoadMeasurements; executor: Executor | undefined }> {
    const placed = this.#trials.then(() => this.#place(path, signature, decide));
    this.#trials = placed.catch(() => {});
    return placed;
  }

  /** Loads a model that runs elsewhere in a shared thread too. */
  async placeSecond(path: string, signature: Signature): Promise<SecondThread> {
    if (this.#isClosed) throw new SwitchyardError('model_unavailable', 'The runtime is shutting down.');
    const id = this.#takeId();
    const slot = this.#leastUsed(Math.min(SECOND_THREADS, this.#sharedLimit));
    await slot.load({ id, path, signature });
    return { ...this.#makeExecutor(slot, id), isFree: () => slot.isFreeFor(id) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#trials;
    await Promise.all([this.#trial?.stop(), ...this.slots.map((slot) => slot.close())]);
  }

  async #place(
    path: string,
    signature: Signature,
    decide: (measurements: LoadMeasurements) => 'inline' | 'worker',
  ): Promise<{ measurements: LoadMeasurements; executor: Executor | undefined }> {
    if (this.#isClosed) throw new SwitchyardError('model_unavailable', 'The runtime is shutting down.');
    const id = this.#takeId();
    const trial = this.#takeTrial();
    const measurements = await trial.loadAndMeasure(id, path, signature);
    if (decide(measurements) === 'inline') {
      await trial.unload(id, { wasTrial: true });
      return { measurements, executor: undefined };
    }
    const placement = { id, path, signature };
    if (measurements.loadMs > SHARED_LOAD_MS) {
      // It stays where it was loaded, and the next trial gets a new thread.
      this.#trial = undefined;
      const slot = new ThreadSlot(trial);
      slot.placements.set(id, placement);
      this.#dedicated.add(slot);
      return { measurements, executor: this.#makeExecutor(slot, id) };
    }
    await trial.unload(id, { wasTrial: true });
    const slot = this.#leastUsed();
    await slot.load(placement);
    return { measurements, executor: this.#makeExecutor(slot, id) };
  }

  #takeId(): number {
    this.#nextModel += 1;
    return this.#nextModel;
  }

  #takeTrial(): WorkerThread {
    if (this.#trial === undefined) {
      const thread = new WorkerThread();
      this.#trial = thread;
      void thread.ended.then(() => {
        if (this.#trial === thread) this.#trial = undefined;
      });
    }
    return this.#trial;
  }

  /** One without models, or a new one as long as there may be more: each takes about 25 MB, and stays. */
  #leastUsed(limit = this.#sharedLimit): ThreadSlot {
    const allowed = this.#shared.slice(0, limit);
    const [least] = allowed.toSorted((one, other) => one.expectedModels - other.expectedModels);
    if (least !== undefined && (least.expectedModels === 0 || allowed.length >= limit)) return least;
    const slot = new ThreadSlot();
    this.#shared.push(slot);
    return slot;
  }

  #makeExecutor(slot: ThreadSlot, id: number): Executor {
    return {
      keepsBuffers: false,
      run: (inputs, outputNames, rowCount) => slot.run(id, { inputs, outputNames, rowCount }),
      close: async () => {
        if (!this.#dedicated.delete(slot)) await slot.unload(id);
        else await slot.close();
      },
    };
  }
}

/**
 * Threads that models run in when they are too slow for the caller's thread.
 * `threads` are shared by the models; all processors but one unless given.
 */
export function createOnnxWorkerPool(options: { threads?: number } = {}): OnnxWorkerPool {
  // Blocks for some ten milliseconds: better now than when the first small model is loaded beside live traffic.
  prepareRuntime();
  return new WorkerPool(options.threads ?? Math.max(1, availableParallelism() - 1));
}
