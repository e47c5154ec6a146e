import { setTimeout as sleep } from 'node:timers/promises';
import type { PredictResponse } from '@switchyard/contracts';
import { FIRST_REPLAY_ROW, readTransactions, type Transaction } from './dataset.ts';
import { ENDPOINT, setUpFraudExample } from './setup.ts';

export interface ScenarioOptions {
  readonly controlUrl: string;
  readonly gatewayUrl: string;
  /** Transactions a second. */
  readonly perSecond: number;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  /** How often the replayed rows are gone through; for ever unless given. */
  readonly passes?: number;
  /** Shortest and longest time until the truth about a transaction is known. */
  readonly labelDelayMs?: readonly [shortest: number, longest: number];
  /** Called for each answered transaction; tests keep their own books with it. */
  readonly onAnswered?: (
    transaction: Transaction,
    id: string,
    answer: PredictResponse['predictions'][number],
    path: string,
  ) => void;
}

const LABEL_DELAY_MS = [2_000, 20_000] as const;
const TICK_MS = 50;
const PROGRESS_EVERY_MS = 15_000;

/**
 * Sets the fraud example up and replays its last 40 % by time, over and over,
 * each label following its transaction after a delay. Ends when the signal aborts or the passes are done.
 */
export async function runFraudScenario(options: ScenarioOptions): Promise<void> {
  const { controlUrl, gatewayUrl, signal, print } = options;
  print('Fraud example: card transactions of September 2013, in time order, labels arriving later');
  await setUpFraudExample(controlUrl, print);
  await waitUntilServed(gatewayUrl, signal);
  const transactions = readTransactions(FIRST_REPLAY_ROW);
  print(`  replaying ${transactions.length} transactions at ${options.perSecond} a second; see ${controlUrl}`);
  for (let pass = 1; pass <= (options.passes ?? Number.POSITIVE_INFINITY) && !signal.aborted; pass += 1) {
    await replayOnce(transactions, pass, options);
  }
}

async function replayOnce(transactions: readonly Transaction[], pass: number, options: ScenarioOptions): Promise<void> {
  const labels = new LabelQueue(options);
  const labelled = labels.run();
  const startedAt = performance.now();
  let sent = 0;
  let failed = 0;
  let printedAt = startedAt;
  while (sent < transactions.length && !options.signal.aborted) {
    const now = performance.now();
    const due = Math.min(transactions.length, Math.floor(((now - startedAt) / 1_000) * options.perSecond) + 1);
    const batch = transactions.slice(sent, due);
    sent = due;
    const answered = await Promise.all(batch.map((transaction) => predict(transaction, pass, options)));
    batch.forEach((transaction, index) => {
      const id = answered[index];
      if (id === undefined) failed += 1;
      else labels.add(id, transaction);
    });
    if (now - printedAt > PROGRESS_EVERY_MS) {
      printedAt = now;
      options.print(
        `  pass ${pass}: ${sent} of ${transactions.length} transactions${failed > 0 ? `, ${failed} failed` : ''}`,
      );
    }
    await pause(TICK_MS, options.signal);
  }
  labels.end();
  await labelled;
}

/** Gives the prediction id, or undefined when the transaction could not be answered: a replay goes on. */
async function predict(
  transaction: Transaction,
  pass: number,
  { gatewayUrl, signal, onAnswered }: ScenarioOptions,
): Promise<string | undefined> {
  try {
    const response = await fetch(`${gatewayUrl}/v1/models/${ENDPOINT}:predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ instances: [transaction.features], unit: `card-${transaction.row}-${pass}` }),
      signal,
    });
    const body = (await response.json()) as PredictResponse;
    const id = body.ids?.[0];
    const answer = body.predictions?.[0];
    if (!response.ok || id === undefined || answer === undefined) return undefined;
    onAnswered?.(transaction, id, answer, body.served[0]?.path ?? '');
    return id;
  } catch {
    return undefined;
  }
}

interface PendingLabel {
  readonly id: string;
  readonly label: number;
  readonly dueAt: number;
}

/** Sends what became of each transaction once its delay has passed; keeps what could not be sent. */
class LabelQueue {
  readonly #options: ScenarioOptions;
  #pending: PendingLabel[] = [];
  #ended = false;

  constructor(options: ScenarioOptions) {
    this.#options = options;
  }

  add(id: string, { row, label }: Transaction): void {
    const [shortest, longest] = this.#options.labelDelayMs ?? LABEL_DELAY_MS;
    // Spread by row, so that two runs are alike.
    const delay = shortest + ((row * 7_919) % 1_000) * ((longest - shortest) / 1_000);
    this.#pending.push({ id, label, dueAt: performance.now() + delay });
  }

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
      await pause(250, this.#options.signal);
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

async function waitUntilServed(gatewayUrl: string, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; attempt < 600 && !signal.aborted; attempt += 1) {
    const response = await fetch(`${gatewayUrl}/v2/models/${ENDPOINT}/ready`, { signal }).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.ok) return;
    await pause(100, signal);
  }
  if (!signal.aborted) throw new Error('The gateway did not start to serve the endpoint within a minute.');
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
