import { UpstreamFailure } from './failures.ts';

/** The time that a call has left, as a signal. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** `performance.now()` at which the time is over. */
  readonly atMs: number;
  /** Rejects with the signal's reason as soon as it fires, whatever `work` does: not every client can be interrupted. */
  race<T>(work: Promise<T>): Promise<T>;
  /** Lets go of the timer, and of whatever is still under way: nobody waits for it any more. */
  end(): void;
}

const OVER = new UpstreamFailure('cancelled', 'The call is over.');

/** @param outer ends the call earlier, such as when whoever asked has gone */
export function startDeadline(timeoutMs: number, outer?: AbortSignal): Deadline {
  const controller = new AbortController();
  const startedAt = performance.now();
  const timer = setTimeout(() => {
    controller.abort(new UpstreamFailure('timeout', `The model server did not answer within ${timeoutMs} ms.`));
  }, timeoutMs);
  const cancel = (): void => {
    controller.abort(new UpstreamFailure('cancelled', 'The call was given up before the model server answered.'));
  };
  if (outer?.aborted) cancel();
  else outer?.addEventListener('abort', cancel, { once: true });
  return {
    signal: controller.signal,
    atMs: startedAt + timeoutMs,
    race(work) {
      const { signal } = controller;
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          work.catch(() => {});
          reject(signal.reason);
          return;
        }
        const giveUp = (): void => reject(signal.reason);
        signal.addEventListener('abort', giveUp, { once: true });
        work.then(
          (result) => {
            signal.removeEventListener('abort', giveUp);
            resolve(result);
          },
          (error) => {
            signal.removeEventListener('abort', giveUp);
            // What an interrupted client says is only an echo of the deadline.
            reject(signal.aborted ? signal.reason : error);
          },
        );
      });
    },
    end() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', cancel);
      controller.abort(OVER);
    },
  };
}
