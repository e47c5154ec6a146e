import { pause } from './control-api.ts';

export interface LabelQueueOptions {
  readonly gatewayUrl: string;
  readonly signal: AbortSignal;
  /** Shortest and longest time until the truth about a row is known. */
  readonly delayMs: readonly [shortest: number, longest: number];
}

interface PendingLabel {
  readonly id: string;
  readonly label: number;
  readonly dueAt: number;
}

const LOOK_EVERY_MS = 250;

/** Sends what became of each row once its delay has passed; keeps what could not be sent. */
export class LabelQueue {
  readonly #options: LabelQueueOptions;
  #pending: PendingLabel[] = [];
  #ended = false;

  constructor(options: LabelQueueOptions) {
    this.#options = options;
  }

  /** @param id of the prediction */
  add(id: string, { row, label }: { readonly row: number; readonly label: number }): void {
    const [shortest, longest] = this.#options.delayMs;
    // Spread by row, so that two runs are alike.
    const delay = shortest + ((row * 7_919) % 1_000) * ((longest - shortest) / 1_000);
    this.#pending.push({ id, label, dueAt: performance.now() + delay });
  }

  /** No more rows will come: `run` ends once the last label is sent. */
  end(): void {
    this.#ended = true;
  }

  async run(): Promise<void> {
    while (!this.#options.signal.aborted && !(this.#ended && this.#pending.length === 0)) {
      const now = performance.now();
      const due = this.#pending.filter((pending) => pending.dueAt <= now);
      if (due.length > 0 && (await this.#send(due))) {
        const sent = new Set(due);
        this.#pending = this.#pending.filter((pending) => !sent.has(pending));
      }
      await pause(LOOK_EVERY_MS, this.#options.signal);
    }
  }

  async #send(due: readonly PendingLabel[]): Promise<boolean> {
    try {
      const response = await fetch(`${this.#options.gatewayUrl}/v1/feedback`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(due.map(({ id, label }) => ({ id, label }))),
        signal: this.#options.signal,
      });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }
}
