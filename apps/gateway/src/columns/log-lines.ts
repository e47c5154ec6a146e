import { LineWriter } from '@switchyard/prediction-log';
import type { OnLogged, Outbox } from '../log/outbox.ts';

/** Not in use now. What one wrote is with the operating system before it is used again. */
const writers: LineWriter[] = [];
const KEPT_WRITERS = 8;

/**
 * Hands lines to the log that are written as bytes.
 * @param write writes them, each with its line break, and returns how many there are
 */
export function logLines(outbox: Outbox, write: (writer: LineWriter) => number, onLogged: OnLogged): void {
  const writer = writers.pop() ?? new LineWriter();
  const lines = write(writer);
  outbox.add([{ bytes: writer.written(), lines }], (failure) => {
    writer.clear();
    if (writers.length < KEPT_WRITERS) writers.push(writer);
    onLogged(failure);
  });
}
