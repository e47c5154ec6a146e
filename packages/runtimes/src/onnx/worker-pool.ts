import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Signature } from '@switchyard/contracts';
import { SwitchyardError } from '@switchyard/contracts/errors';
import type { Executor, RunOutcome } from './batch-queue.ts';
import type { SecondThread } from './large-batches.ts';
import { prepareRuntime, type SessionTensor } from './session.ts';
import type { LoadMeasurements } from './thread-messages.ts';
import { WorkerThread } from './worker-thread.ts';

/** A model whose loading takes longer gets a thread of its own: in a shared one it would hold up the others. */
const SHARED_LOAD_MS = 60;
const HEALTHY_AFTER_MS = 5_000;
const MAXIMUM_RESTART_DELAY_MS = 5_000;

export interface OnnxWorkerPool {
  /**
   * Ends all threads after what they are running; models that are still loaded fail from then on.
   * Await it before `process.exit`: ending the process while a thread is inside the native runtime aborts it.
   */
  close(): Promise<void>;
}

interface Placement {
  readonly id: number;
  readonly path: string;
  readonly signature: Signature;
}

/**
 * A place for models: one thread at a time, replaced when it ends unexpectedly, with its models loaded again.
 * States: `ready` is pending while a thread starts or loads its models again, and settled otherwise.
 */
class ThreadSlot {
  thread: WorkerThread;
  readonly placements = new Map<number, Placement>();
  #ready: Promise<void> = Promise.resolve();
  #isReady = true;
  #failedReloads = new Map<number, string>();
  /** Runs that have not come back, by model. */
  readonly #runs = new Map<number, number>();
  /** Loads that have not come back. */
  #loads = 0;
  #quickEnds = 0;
  #isClosing = false;

  constructor(thread = new WorkerThread()) {
    this.thread = thread;
    this.#watch(thread);
  }

  get modelCount(): number {
    return this.placements.size;
  }

  /** Models that are here, and those on their way. */
  get expectedModels(): number {
    return this.placements.size + this.#loads;
  }

  async load(placement: Placement): Promise<void> {
    this.#loads += 1;
    try {
      await this.#ready;
      await this.thread.load(placement.id, placement.path, placement.signature);
      this.placements.set(placement.id, placement);
    } finally {
      this.#loads -= 1;
    }
  }

  async run(
    model: number,
    batch: { inputs: readonly SessionTensor[]; outputNames: readonly string[]; rowCount: number },
  ): Promise<RunOutcome> {
    this.#runs.set(model, (this.#runs.get(model) ?? 0) + 1);
    try {
      await this.#ready;
      const failure = this.#failedReloads.get(model);
      if (this.#isClosing || failure !== undefined) {
        throw new SwitchyardError('model_unavailable', 'The model could not be loaded again after its thread ended.');
      }
      return await this.thread.run(model, batch);
    } finally {
      const left = (this.#runs.get(model) as number) - 1;
      if (left === 0) this.#runs.delete(model);
      else this.#runs.set(model, left);
    }
  }

  /** Whether a run of this model would begin at once, or behind others of the same model. */
  isFreeFor(model: number): boolean {
    if (this.#isClosing || !this.#isReady || this.#loads > 0) return false;
    const others = this.#runs.size - (this.#runs.has(model) ? 1 : 0);
    return others === 0 && !this.#failedReloads.has(model);
  }

  async unload(model: number): Promise<void> {
    this.placements.delete(model);
    this.#failedReloads.delete(model);
    await this.#ready;
    await this.thread.unload(model).catch(() => {});
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.thread.stop();
  }

  #watch(thread: WorkerThread): void {
    void thread.ended.then(() => {
      if (this.#isClosing) return;
      this.#isReady = false;
      const ready = this.#restart(performance.now() - thread.startedAtMs).then(() => {
        // Its successor may have ended as well, before it had loaded everything.
        if (this.#ready === ready) this.#isReady = true;
      });
      this.#ready = ready;
    });
  }

  async #restart(livedMs: number): Promise<void> {
    this.#quickEnds = livedMs < HEALTHY_AFTER_MS ? this.#quickEnds + 1 : 0;
    // The first time at once, then slower and slower.
    if (this.#quickEnds > 1)
      await sleep(Math.min(MAXIMUM_RESTART_DELAY_MS, 50 * 2 ** this.#quickEnds), undefined, { ref: false });
    if (this.#isClosing) return;
    const thread = new WorkerThread();
    this.thread = thread;
    this.#watch(thread);
    for (const placement of this.placements.values()) {
      try {
        await thread.load(placement.id, placement.path, placement.signature);
        this.#failedReloads.delete(placement.id);
      } catch (error) {
        this.#failedReloads.set(placement.id, error instanceof Error ? error.message : String(error));
      }
    }
  }
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
    const slot = this.#leastUsed();
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
  #leastUsed(): ThreadSlot {
    const [least] = this.#shared.toSorted((one, other) => one.expectedModels - other.expectedModels);
    if (least !== undefined && (least.expectedModels === 0 || this.#shared.length >= this.#sharedLimit)) return least;
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
