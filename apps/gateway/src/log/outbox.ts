import type { LineBlock } from '@switchyard/prediction-log';
import type { Counters } from '../metrics/gateway-metrics.ts';

/** The part of the prediction log that the gateway writes to. */
export interface LogSink {
  write(lines: readonly (string | LineBlock)[]): void;
}

/** What waits for its lines to be written. Called once, with the failure when they could not be. */
export type OnLogged = (failure: unknown | undefined) => void;

export interface Outbox {
  /** Hands lines over; `onLogged` is called after they are with the operating system, never before. */
  add(lines: readonly (string | LineBlock)[], onLogged: OnLogged): void;
  /** Writes what has gathered, now. */
  flush(): void;
}

/**
 * Gathers the lines of everything that finishes in one turn of the event loop and writes them with one call,
 * then lets all those who waited answer: acknowledged means logged, at the price of one write a turn.
 *
 * @param defer runs a function once the current turn has finished what it can
 */
export function createOutbox(
  log: LogSink,
  counters: Counters,
  defer: (run: () => void) => void = process.nextTick,
): Outbox {
  let lines: (string | LineBlock)[] = [];
  let waiting: OnLogged[] = [];
  let isScheduled = false;

  const flush = (): void => {
    isScheduled = false;
    if (waiting.length === 0) return;
    const writtenLines = lines;
    const released = waiting;
    lines = [];
    waiting = [];
    let failure: unknown;
    try {
      log.write(writtenLines);
      for (const line of writtenLines) counters.logLines += typeof line === 'string' ? 1 : line.lines;
    } catch (error) {
      failure = error;
      counters.logWriteFailures += 1;
    }
    const thrown: unknown[] = [];
    for (const onLogged of released) {
      try {
        onLogged(failure);
      } catch (error) {
        thrown.push(error);
      }
    }
    // Nobody foresaw it, but those who waited beside it are not to wait for ever.
    if (thrown.length > 0) throw thrown[0];
  };

  return {
    add(added, onLogged) {
      for (const line of added) lines.push(line);
      waiting.push(onLogged);
      if (isScheduled) return;
      isScheduled = true;
      defer(flush);
    },
    flush,
  };
}
