import { setTimeout as sleep } from 'node:timers/promises';
import type { Rehearsal, ServedVersion, ServingSnapshot } from '@switchyard/contracts';
import type { LoadedModel } from '@switchyard/runtimes';
import type { GatewayMetrics } from '../metrics/gateway-metrics.ts';
import { refusalOf } from '../rehearsal/rehearse.ts';
import type { ControlClient } from './control-client.ts';
import type { DiskCache } from './disk-cache.ts';
import type { ModelStore } from './model-store.ts';
import type { ServingState } from './serving-state.ts';

export interface SnapshotFollower {
  current(): ServingState | undefined;
  /** Why the newest snapshot is not served; null when it is. */
  error(): string | null;
  /** What came of the last new snapshot that was tried on recent requests. */
  rehearsal(): Rehearsal | undefined;
  isControlReachable(): boolean;
  /** Resolves when a snapshot is served for the first time. */
  readonly firstServed: Promise<void>;
  stop(): Promise<void>;
}

export interface FollowerOptions {
  readonly control: ControlClient;
  readonly cache: DiskCache;
  readonly models: ModelStore;
  readonly metrics: GatewayMetrics;
  readonly loadModel: (path: string, version: ServedVersion) => Promise<LoadedModel>;
  readonly buildState: (snapshot: ServingSnapshot, previous: ServingState | undefined) => ServingState;
  /** Tries a state beside the one that is served; undefined: there was nothing to try. */
  readonly rehearse: (current: ServingState, next: ServingState, signal: AbortSignal) => Promise<Rehearsal | undefined>;
  /** Called after each swap, when what it replaced is closed, and after each failure. */
  readonly onChange: () => void;
  readonly report: (event: 'served' | 'failed' | 'unreachable' | 'reachable', details: Record<string, unknown>) => void;
}

const LONG_POLL_SECONDS = 25;
const FIRST_RETRY_MS = 100;
const MAXIMUM_RETRY_MS = 2_000;
/** A snapshot that cannot be loaded is tried again this often; a newer one is taken at once. */
const FAILED_SNAPSHOT_RETRY_SECONDS = 10;

/**
 * Follows control's snapshots. A new one is loaded and warmed beside the one that is served, and tried on what clients
 * sent lately; then one pointer is flipped, the old requests finish, and only then models that nobody needs are closed. Whatever goes wrong,
 * the gateway keeps serving what it has.
 */
export function followSnapshots(options: FollowerOptions): SnapshotFollower {
  const { control, cache, models, metrics, loadModel, buildState, rehearse, onChange, report } = options;
  const stopping = new AbortController();
  let current: ServingState | undefined;
  let currentSnapshot: ServingSnapshot | undefined;
  let rehearsal: Rehearsal | undefined;
  let error: string | null = null;
  let isControlReachable = false;
  let announceServed = () => {};
  const firstServed = new Promise<void>((resolve) => {
    announceServed = resolve;
  });
  /** The swap before, still finishing: swaps follow each other, one drain at a time. */
  let draining: Promise<void> = Promise.resolve();

  const serve = async (snapshot: ServingSnapshot, isFromCache: boolean): Promise<void> => {
    const startedAt = performance.now();
    await models.load(snapshot, async (version) => {
      const { sha256, sizeBytes } = version.artifact;
      const path = await cache.ensureArtifact(sha256, sizeBytes, (target) =>
        control.downloadArtifact(sha256, target, stopping.signal),
      );
      return loadModel(path, version);
    });
    // Anything that can fail is done before anything is given up.
    const next = buildState(snapshot, current);
    const warmedMs = performance.now() - startedAt;
    const tried = current === undefined ? undefined : await rehearse(current, next, stopping.signal);
    rehearsal = tried ?? rehearsal;
    const refusal = tried === undefined ? undefined : refusalOf(tried);
    if (refusal !== undefined) throw new Error(refusal);
    if (!isFromCache) await cache.writeSnapshot(snapshot);
    const flipAt = performance.now();
    const previous = current;
    current = next;
    currentSnapshot = snapshot;
    const flipMs = performance.now() - flipAt;
    error = null;
    metrics.counters.snapshotSwaps += 1;
    announceServed();
    report('served', {
      snapshot: snapshot.hash,
      version: snapshot.version,
      isFromCache,
      warmedMs: Math.round(warmedMs),
      flipMs,
      ...(tried === undefined ? {} : { rehearsal: tried.endpoints }),
    });
    onChange();
    draining = draining.then(() => letGo(previous, snapshot)).catch(() => {});
  };

  const letGo = async (previous: ServingState | undefined, snapshot: ServingSnapshot): Promise<void> => {
    await previous?.lease.whenIdle();
    await dropUnneeded(snapshot);
    if (current?.hash !== snapshot.hash) return;
    onChange();
    const digests = Object.values(snapshot.models).flatMap((model) =>
      Object.values(model.versions).map((version) => version.artifact.sha256),
    );
    await cache.removeUnused(new Set(digests), Date.now()).catch(() => {});
  };

  const dropUnneeded = async (snapshot: ServingSnapshot): Promise<void> => {
    // A newer snapshot may have taken over meanwhile; then its own turn decides what is closed.
    if (current?.hash === snapshot.hash) await models.retain(snapshot);
  };

  const fail = (failure: unknown, snapshot: ServingSnapshot): void => {
    error = failure instanceof Error ? failure.message : String(failure);
    metrics.counters.snapshotFailures += 1;
    // Of snapshots that are never served only the newest keeps its models: it is tried again.
    const served = currentSnapshot;
    if (served !== undefined) draining = draining.then(() => dropUnneeded(served)).catch(() => {});
    report('failed', { snapshot: snapshot.hash, version: snapshot.version, reason: error });
    onChange();
  };

  const pause = (milliseconds: number): Promise<void> =>
    sleep(milliseconds, undefined, { signal: stopping.signal }).catch(() => {});

  const noteControl = (isReachable: boolean, reason?: unknown): void => {
    if (isReachable === isControlReachable && reason === undefined) return;
    if (isReachable !== isControlReachable) {
      const details = reason instanceof Error ? { reason: reason.message } : {};
      report(isReachable ? 'reachable' : 'unreachable', details);
    }
    isControlReachable = isReachable;
  };

  const follow = async (): Promise<void> => {
    let retryMs = FIRST_RETRY_MS;
    let failedHash: string | undefined;
    while (!stopping.signal.aborted) {
      let snapshot: ServingSnapshot | null;
      try {
        const have = failedHash ?? current?.hash;
        const wait = failedHash === undefined ? LONG_POLL_SECONDS : FAILED_SNAPSHOT_RETRY_SECONDS;
        snapshot = await control.getSnapshot(have, have === undefined ? 0 : wait, stopping.signal);
        noteControl(true);
        retryMs = FIRST_RETRY_MS;
      } catch (failure) {
        if (stopping.signal.aborted) return;
        noteControl(false, failure);
        await pause(retryMs);
        retryMs = Math.min(retryMs * 2, MAXIMUM_RETRY_MS);
        continue;
      }
      // After waiting for something newer than what failed, what failed is tried again.
      if (snapshot === null) {
        failedHash = undefined;
        continue;
      }
      try {
        await serve(snapshot, false);
        failedHash = undefined;
      } catch (failure) {
        if (stopping.signal.aborted) return;
        fail(failure, snapshot);
        failedHash = snapshot.hash;
        await pause(FIRST_RETRY_MS);
      }
    }
  };

  const start = async (): Promise<void> => {
    const cached = await cache.readSnapshot();
    if (cached !== undefined) {
      await serve(cached, true).catch((failure) => fail(failure, cached));
    }
    await follow();
  };
  const running = start();

  return {
    current: () => current,
    error: () => error,
    rehearsal: () => rehearsal,
    isControlReachable: () => isControlReachable,
    firstServed,
    async stop() {
      stopping.abort();
      await running.catch(() => {});
    },
  };
}
