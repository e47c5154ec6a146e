import { waitUntilServed } from '../shared/control-api.ts';
import { LabelQueue } from '../shared/label-queue.ts';
import { type OnAnswered, type ReplayOptions, replay } from '../shared/replay.ts';
import { FIRST_PART_MONTHS, readSessions, SECOND_PART_MONTHS, type Session, sessionsOf } from './dataset.ts';
import { ENDPOINT, publishSecondWeek, setUpShopExample } from './setup.ts';

export interface ScenarioOptions {
  readonly controlUrl: string;
  readonly gatewayUrl: string;
  /** Sessions a second. */
  readonly perSecond: number;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
  /** How often the replayed months are gone through; for ever unless given. */
  readonly passes?: number;
  /** Shortest and longest time until it is known whether a visitor bought. */
  readonly labelDelayMs?: readonly [shortest: number, longest: number];
  readonly onAnswered?: OnAnswered<Session>;
}

const LABEL_DELAY_MS = [2_000, 20_000] as const;

/**
 * Sets the e-commerce example up and replays August to December, month by month, purchases following later.
 * After October the equal split of week 1 gives way to the routing by visitor of week 2, which stays.
 * Ends when the signal aborts or the passes are done.
 */
export async function runShopScenario(options: ScenarioOptions): Promise<void> {
  const { controlUrl, signal, print } = options;
  print("E-commerce example: an online shop's sessions, month by month, purchases arriving later");
  await setUpShopExample(controlUrl, print);
  await waitUntilServed(controlUrl, signal);
  const sessions = readSessions();
  print(
    `  replaying ${FIRST_PART_MONTHS[0]} to ${SECOND_PART_MONTHS.at(-1)} at ${options.perSecond} sessions a second`,
  );
  for (let pass = 1; pass <= (options.passes ?? Number.POSITIVE_INFINITY) && !signal.aborted; pass += 1) {
    await replayYear(sessions, pass, options);
  }
}

async function replayYear(sessions: readonly Session[], pass: number, options: ScenarioOptions): Promise<void> {
  const { controlUrl, signal, print } = options;
  const labels = new LabelQueue({ ...options, delayMs: options.labelDelayMs ?? LABEL_DELAY_MS });
  const labelled = labels.run();
  await replayMonths(sessions, FIRST_PART_MONTHS, pass, labels, options);
  if (pass === 1 && !signal.aborted) {
    await publishSecondWeek(controlUrl, print);
    await waitUntilServed(controlUrl, signal);
  }
  await replayMonths(sessions, SECOND_PART_MONTHS, pass, labels, options);
  labels.end();
  await labelled;
}

async function replayMonths(
  sessions: readonly Session[],
  months: readonly string[],
  pass: number,
  labels: LabelQueue,
  { gatewayUrl, perSecond, signal, print, onAnswered }: ScenarioOptions,
): Promise<void> {
  for (const month of months) {
    if (signal.aborted) return;
    const rows = sessionsOf(sessions, [month]);
    print(`  pass ${pass}, ${month}: ${rows.length} sessions`);
    const replayOptions: ReplayOptions<Session> = {
      gatewayUrl,
      endpoint: ENDPOINT,
      perSecond,
      signal,
      labels,
      // The data has each visitor once. The same one comes back in the next pass, and stays with the model they had.
      unitOf: ({ row }) => `visitor-${row}`,
      segmentOf: ({ visitorType }) => ({ visitor: visitorType, month }),
      onAnswered,
      onProgress: (sent, failed) => {
        print(`  pass ${pass}, ${month}: ${sent} of ${rows.length}${failed > 0 ? `, ${failed} failed` : ''}`);
      },
    };
    await replay(rows, replayOptions);
  }
}
