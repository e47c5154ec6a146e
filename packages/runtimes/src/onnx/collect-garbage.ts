import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Collects all garbage of this thread, which takes some milliseconds for the small heap of a thread that runs models.
 * The runtime's answers are memory that V8 keeps until a full collection and does not count: a thread that loads and
 * tries one model after the other would go without one for minutes and hold megabytes.
 */
export function collectGarbage(): void {
  if (collect === undefined) {
    // Only what is made while the flag is set gets the function.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  collect();
}
