import { setTimeout as sleep } from 'node:timers/promises';
import type { Signature } from '@switchyard/contracts';
import { SwitchyardError } from '@switchyard/contracts/errors';
import type { RunOutcome } from './batch-queue.ts';
import type { SessionTensor } from './session.ts';
import { WorkerThread } from './worker-thread.ts';

const HEALTHY_AFTER_MS = 5_000;
const MAXIMUM_RESTART_DELAY_MS = 5_000;

interface Placement {
  readonly id: number;
  readonly path: string;
  readonly signature: Signature;
}

/**
 * A place for models: one thread at a time, replaced when it ends unexpectedly, with its models loaded again.
 * States: `ready` is pending while a thread starts or loads its models again, and settled otherwise.
 */
export class ThreadSlot {
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
