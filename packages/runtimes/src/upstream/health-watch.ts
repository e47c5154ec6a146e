import type { UpstreamHealth } from '@switchyard/contracts';
import type { UpstreamCounters } from './counters.ts';
import { startDeadline } from './deadline.ts';
import { messageOf, UpstreamFailure } from './failures.ts';

export interface HealthWatchOptions {
  readonly kind: string;
  readonly url: string;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly counters: Pick<UpstreamCounters, 'probes' | 'failedProbes'>;
  /** Rejects while the server or its model is not ready. */
  readonly probe: (signal: AbortSignal) => Promise<void>;
  /** Asked when the server is first seen, and again whenever it comes back: it may then have another model. */
  readonly verify: (signal: AbortSignal) => Promise<void>;
}

export interface HealthWatch {
  health(): UpstreamHealth;
  /** Why nothing may be asked of the server; undefined when it may. */
  mismatch(): string | undefined;
  /** A call could not reach the server: known before the next probe. That it can again is for a probe to find out. */
  noteUnreachable(error: unknown): void;
  /** Probes now; resolves when the outcome is known. */
  check(): Promise<void>;
  stop(): void;
}

/** Asks a server again and again whether it is ready, and remembers since when it is or is not. */
export function watchHealth(options: HealthWatchOptions): HealthWatch {
  let state: UpstreamHealth['state'] = 'unknown';
  let since = new Date();
  let checkedAt: Date | null = null;
  let lastError: string | null = null;
  let latencyMicros: number | null = null;
  let isVerified = false;
  /** What was found when the model was last compared. It stands until nothing is found, whatever probes say meanwhile. */
  let mismatch: string | undefined;
  let checking: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  const enter = (next: UpstreamHealth['state'], error?: unknown): void => {
    if (error !== undefined) lastError = messageOf(error);
    if (next === state) return;
    state = next;
    since = new Date();
  };

  const check = async (): Promise<void> => {
    const deadline = startDeadline(options.timeoutMs);
    const startedAt = performance.now();
    options.counters.probes += 1;
    try {
      await deadline.race(options.probe(deadline.signal));
      latencyMicros = Math.round((performance.now() - startedAt) * 1_000);
      if (!isVerified || state !== 'up') await deadline.race(options.verify(deadline.signal));
      isVerified = true;
      mismatch = undefined;
      enter('up');
    } catch (error) {
      options.counters.failedProbes += 1;
      const isMismatch = error instanceof UpstreamFailure && error.reason === 'mismatched';
      if (isMismatch) mismatch = messageOf(error);
      else isVerified = false;
      enter(isMismatch ? 'mismatched' : 'down', error);
    } finally {
      checkedAt = new Date();
      deadline.end();
    }
  };
  const checkOnce = (): Promise<void> => {
    checking ??= check().finally(() => {
      checking = undefined;
    });
    return checking;
  };
  const schedule = (): void => {
    if (isStopped) return;
    // Spread out, so that many gateways do not ask one server at the same moment.
    const delay = options.everyMs * (0.9 + Math.random() * 0.2);
    timer = setTimeout(() => void checkOnce().finally(schedule), delay);
    timer.unref();
  };
  schedule();

  return {
    health: () => ({
      kind: options.kind,
      url: options.url,
      state,
      since: since.toISOString(),
      checkedAt: checkedAt?.toISOString() ?? null,
      lastError,
      latencyMicros,
    }),
    mismatch: () => mismatch,
    noteUnreachable(error) {
      isVerified = false;
      enter('down', error);
    },
    check: checkOnce,
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
