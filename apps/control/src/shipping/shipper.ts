import { join } from 'node:path';
import type { PlatformStatus, PredictionSummary } from '@switchyard/contracts';
import {
  deleteSegment,
  listSealedSegments,
  QUARANTINE_DIRECTORY,
  recoverPredictionLog,
  type SealedSegment,
} from '@switchyard/prediction-log';
import { type InsertedSegments, UnreadableSegmentError } from '@switchyard/storage/analytics';
import { describeProblem } from './describe-problem.ts';
import { type Analytics, INSERT_BYTES, insertSegments } from './insert-segments.ts';
import { countQuarantined, salvageSegment } from './salvage-segment.ts';
import { sampleSegment } from './sample-segment.ts';

export interface ShipperOptions {
  /** `<data dir>/prediction-log`. */
  readonly directory: string;
  readonly analytics: Analytics;
  readonly log: {
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** Predictions that can be queried now, with the newest few of them. */
  readonly onShipped?: (batch: { readonly count: number; readonly sample: readonly PredictionSummary[] }) => void;
  /** Predictions whose outcome became known or changed. */
  readonly onOutcomesJoined?: (count: number) => void;
  readonly intervalMs?: number;
  /**
   * Runs an insert while no other control process makes one into the same store: two that insert a prediction and its
   * feedback at the same moment could both join them. Left out where the store is this process's own.
   */
  readonly alone?: <Result>(insert: () => Promise<Result>) => Promise<Result>;
}

/** Moves the prediction log into the analytics store. One a data directory; see `alone` for more into one store. */
export interface Shipper {
  start(): void;
  /** Ships everything that is sealed now; for tests and for the end. Never rejects. */
  shipNow(): Promise<void>;
  /** Finishes the insert under way, then rests. */
  stop(): Promise<void>;
  status(): PlatformStatus['shipping'];
}

const INTERVAL_MS = 200;
const RECOVERY_INTERVAL_MS = 2_000;
const BACKOFF_MAXIMUM_MS = 10_000;
const BATCH_SEGMENTS = 200;
const SAMPLE_SIZE = 20;

interface WriterState {
  readonly failures: number;
  readonly notBefore: number;
  readonly problem: string;
}

/**
 * Every writer's segments are shipped in their order, each deleted only when it is in the store. A segment that cannot
 * be shipped holds back its own writer only, with growing pauses; lines that cannot be read hold back nobody:
 * they are set aside.
 */
export function createShipper(options: ShipperOptions): Shipper {
  const quarantine = join(options.directory, QUARANTINE_DIRECTORY);
  const alone: NonNullable<ShipperOptions['alone']> = options.alone ?? ((insert) => insert());
  const writers = new Map<string, WriterState>();
  let pending: readonly SealedSegment[] = [];
  let lastShippedAt: string | null = null;
  let quarantinedSegments = countQuarantined(quarantine);
  let lastRecovery = Number.NEGATIVE_INFINITY;
  let recoveryProblem: string | null = null;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isStopped = true;

  function noteSuccess(batch: readonly SealedSegment[], inserted: InsertedSegments, sample: PredictionSummary[]): void {
    for (const segment of batch) {
      writers.delete(segment.writer);
    }
    pending = pending.filter((segment) => !batch.includes(segment));
    lastShippedAt = new Date().toISOString();
    if (inserted.predictions > 0) {
      options.onShipped?.({ count: inserted.predictions, sample });
    }
    if (inserted.outcomes > 0) {
      options.onOutcomesJoined?.(inserted.outcomes);
    }
  }

  function noteFailure(batch: readonly SealedSegment[], error: unknown): void {
    for (const writer of new Set(batch.map((segment) => segment.writer))) {
      const failures = (writers.get(writer)?.failures ?? 0) + 1;
      const pauseMs = Math.min(INTERVAL_MS * 2 ** failures, BACKOFF_MAXIMUM_MS);
      writers.set(writer, { failures, notBefore: performance.now() + pauseMs, problem: describeProblem(error) });
      if (failures === 1) {
        options.log.error({ writer, err: error }, 'shipping failed, it is tried again');
      }
    }
  }

  async function deleteAll(batch: readonly SealedSegment[]): Promise<void> {
    for (const segment of batch) {
      await deleteSegment(segment.path);
    }
  }

  async function shipBatch(batch: readonly SealedSegment[]): Promise<void> {
    try {
      const inserted = await alone(() => insertSegments(batch, quarantine, options.analytics));
      const last = batch.at(-1);
      const sample = last === undefined ? [] : await sampleSegment(last.path, SAMPLE_SIZE);
      await deleteAll(batch);
      noteSuccess(batch, inserted, sample);
    } catch (error) {
      if (!(error instanceof UnreadableSegmentError)) {
        noteFailure(batch, error);
        return;
      }
      for (const segment of batch) {
        if (!(await shipDamaged(segment))) {
          return;
        }
      }
    }
  }

  /** One segment that may have unreadable lines. Returns false when its writer has to wait. */
  async function shipDamaged(segment: SealedSegment): Promise<boolean> {
    try {
      const sample = await sampleSegment(segment.path, SAMPLE_SIZE).catch(() => []);
      const salvaged = await alone(() => salvageSegment(segment, quarantine, options.analytics));
      await deleteSegment(segment.path);
      if (salvaged.unreadableLines > 0) {
        quarantinedSegments = countQuarantined(quarantine);
        options.log.error(
          { segment: segment.id, lines: salvaged.unreadableLines },
          'lines of the prediction log cannot be read and were set aside',
        );
      }
      noteSuccess([segment], salvaged.inserted, sample);
      return true;
    } catch (error) {
      noteFailure([segment], error);
      return false;
    }
  }

  /**
   * The next segments of writers that need not wait, each writer's in order. A writer that failed goes alone: its
   * segments may need what others do not, as room on the disk.
   */
  function nextBatch(): SealedSegment[] {
    const now = performance.now();
    const batch: SealedSegment[] = [];
    let bytes = 0;
    for (const segment of pending) {
      const state = writers.get(segment.writer);
      if (state !== undefined && (state.notBefore > now || (batch[0] ?? segment).writer !== segment.writer)) {
        continue;
      }
      if (batch.length > 0 && (bytes + segment.sizeBytes > INSERT_BYTES || batch.length >= BATCH_SEGMENTS)) {
        break;
      }
      if (batch[0] !== undefined && batch[0].writer !== segment.writer && writers.has(batch[0].writer)) {
        break;
      }
      batch.push(segment);
      bytes += segment.sizeBytes;
    }
    return batch;
  }

  /** It writes files of its own, so a full disk may stop it: what is sealed already must be shipped all the same. */
  async function recover(): Promise<void> {
    if (performance.now() - lastRecovery <= RECOVERY_INTERVAL_MS) {
      return;
    }
    try {
      const recovered = await recoverPredictionLog(options.directory);
      recoveryProblem = null;
      if (recovered.sealed > 0) {
        options.log.warn(recovered, 'took over the log of a writer that died');
      }
    } catch (error) {
      if (recoveryProblem === null) {
        options.log.error({ err: error }, 'the log of a writer that died cannot be taken over, it is tried again');
      }
      recoveryProblem = describeProblem(error);
    }
    lastRecovery = performance.now();
  }

  async function ship(untilStopped: boolean): Promise<void> {
    await recover();
    pending = await listSealedSegments(options.directory);
    for (let batch = nextBatch(); batch.length > 0; batch = nextBatch()) {
      if (untilStopped && isStopped) {
        return;
      }
      await shipBatch(batch);
    }
  }

  /** One pass at a time; a caller that comes during one gets a pass of its own after it. */
  async function pass(untilStopped: boolean): Promise<void> {
    while (running !== undefined) {
      await running;
    }
    running = ship(untilStopped).catch((error) => {
      options.log.error({ err: error }, 'the prediction log cannot be looked at');
    });
    await running;
    running = undefined;
  }

  function schedule(): void {
    timer = setTimeout(async () => {
      await pass(true);
      if (!isStopped) {
        schedule();
      }
    }, options.intervalMs ?? INTERVAL_MS);
  }

  return {
    start() {
      if (isStopped) {
        isStopped = false;
        schedule();
      }
    },
    shipNow: () => pass(false),
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
    status: () => ({
      pendingSegments: pending.length,
      pendingBytes: pending.reduce((sum, segment) => sum + segment.sizeBytes, 0),
      lastShippedAt,
      quarantinedSegments,
      problem: writers.values().next().value?.problem ?? recoveryProblem,
    }),
  };
}
