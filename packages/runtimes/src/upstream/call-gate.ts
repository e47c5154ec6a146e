import { UpstreamFailure } from './failures.ts';

interface Waiting {
  readonly enter: () => void;
}

/**
 * Lets so many calls through at once; so many more wait, in order, until their signal says that they have waited
 * long enough. Beyond that, calls are refused: a queue without a bound only makes every answer late.
 */
export class CallGate {
  readonly limit: number;
  readonly #maximumWaiting: number;
  readonly #waiting = new Set<Waiting>();
  #inUse = 0;
  #whenIdle: (() => void)[] = [];

  constructor(limit: number, maximumWaiting: number) {
    this.limit = limit;
    this.#maximumWaiting = maximumWaiting;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Resolves when it is the caller's turn, who must call `leave` afterwards. Rejects with the signal's reason. */
  async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#inUse < this.limit && this.#waiting.size === 0) {
      this.#inUse += 1;
      return;
    }
    if (this.#waiting.size >= this.#maximumWaiting) {
      throw new UpstreamFailure('queue_full', `${this.#waiting.size} calls of this model server wait already.`);
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiting.delete(waiting);
        this.#announceIdle();
        reject(signal.reason);
      };
      const waiting: Waiting = {
        enter: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      this.#waiting.add(waiting);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next !== undefined) {
      this.#waiting.delete(next);
      next.enter();
      return;
    }
    this.#inUse -= 1;
    this.#announceIdle();
  }

  /** Resolves when no call is under way or waiting. */
  whenIdle(): Promise<void> {
    if (this.#inUse === 0 && this.#waiting.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  #announceIdle(): void {
    if (this.#inUse > 0 || this.#waiting.size > 0) return;
    for (const resolve of this.#whenIdle) resolve();
    this.#whenIdle = [];
  }
}
