import { waitUntilServed } from '../shared/control-api.ts';
import { LabelQueue } from '../shared/label-queue.ts';
import { type OnAnswered, replay } from '../shared/replay.ts';
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
  readonly onAnswered?: OnAnswered<Transaction>;
}

const LABEL_DELAY_MS = [2_000, 20_000] as const;

/**
 * Sets the fraud example up and replays its last 40 % by time, over and over,
 * each label following its transaction after a delay. Ends when the signal aborts or the passes are done.
 */
export async function runFraudScenario(options: ScenarioOptions): Promise<void> {
  const { controlUrl, signal, print } = options;
  print('Fraud example: card transactions of September 2013, in time order, labels arriving later');
  await setUpFraudExample(controlUrl, print);
  await waitUntilServed(controlUrl, signal);
  const transactions = readTransactions(FIRST_REPLAY_ROW);
  print(`  replaying ${transactions.length} transactions at ${options.perSecond} a second; see ${controlUrl}`);
  for (let pass = 1; pass <= (options.passes ?? Number.POSITIVE_INFINITY) && !signal.aborted; pass += 1) {
    await replayOnce(transactions, pass, options);
  }
}

async function replayOnce(transactions: readonly Transaction[], pass: number, options: ScenarioOptions): Promise<void> {
  const { gatewayUrl, perSecond, signal, print, onAnswered } = options;
  const labels = new LabelQueue({ gatewayUrl, signal, delayMs: options.labelDelayMs ?? LABEL_DELAY_MS });
  const labelled = labels.run();
  await replay(transactions, {
    gatewayUrl,
    endpoint: ENDPOINT,
    perSecond,
    signal,
    labels,
    unitOf: ({ row }) => `card-${row}-${pass}`,
    onAnswered,
    onProgress: (sent, failed) => {
      const failures = failed > 0 ? `, ${failed} failed` : '';
      print(`  pass ${pass}: ${sent} of ${transactions.length} transactions${failures}`);
    },
  });
  labels.end();
  await labelled;
}
