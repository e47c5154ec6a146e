import type { RoutingState } from '@switchyard/contracts';
import type { MetadataStore } from '@switchyard/storage/metadata';
import { loadPolicyRegistry } from '../endpoints/check-policy.ts';
import { loadRegistry, type RegistryEndpoint, type RegistryView, resolveLeaf } from '../registry/registry-view.ts';
import type { SnapshotPublisher } from '../snapshot/snapshot-publisher.ts';
import { computeState } from './compute-state.ts';
import { createJobLease } from './job-lease.ts';
import { findLearningNodes, type LearningNode } from './learning-nodes.ts';
import type { Analytics } from './outcome-rows.ts';
import { forgetOldStates, loadStates, saveState } from './state-store.ts';
import { createWindowSums, type WindowSums } from './sum-over-window.ts';
import { nextEpoch, usableState } from './usable-state.ts';
import { isWorthPublishing } from './worth-publishing.ts';

export interface LearningLoopOptions {
  readonly metadata: MetadataStore;
  readonly analytics: Analytics;
  readonly snapshots: Pick<SnapshotPublisher, 'change' | 'current'>;
  readonly intervalMs: number;
  /** Tells this process from others that share the metadata store. */
  readonly owner: string;
  readonly now: () => Date;
  /** Of the time that sums of one node may take; 0.1 unless given. */
  readonly maximumShare?: number;
  readonly log: { warn(fields: object, message: string): void; error(fields: object, message: string): void };
}

export interface LearningStatus {
  /** Whether this process is the one that learns. */
  readonly isOwner: boolean;
  /** Nodes whose state could not be worked out when it was tried last. */
  readonly failingNodes: number;
  /** States handed to gateways since this process started. */
  readonly published: number;
}

export interface LearningLoop {
  start(): void;
  /** One round now; for tests. Never rejects. */
  learnNow(): Promise<void>;
  /** Finishes the round under way and lets another process go on. */
  stop(): Promise<void>;
  status(): LearningStatus;
}

/** An owner that died is followed by another process after this many rounds without a sign of it. */
const LEASE_ROUNDS = 3;
const LEASE_MINIMUM_MS = 5_000;
/** A node whose sums take long is looked at less often, so that looking takes at most this share of the time. */
const MAXIMUM_SHARE = 0.1;
/** A query that failed may have waited long for nothing, which says little about the next one. */
const FAILED_PAUSE_MS = 30_000;
const HISTORY_DAYS = 30;
const FORGET_EVERY_MS = 3_600_000;

interface LearntState {
  readonly endpoint: string;
  readonly learning: LearningNode;
  readonly state: RoutingState;
}

/**
 * Works out, again and again, what the nodes that learn know, and publishes what is worth it with the next snapshot.
 * Every round starts from the outcomes as they are joined then, so late, corrected and repeated feedback needs no care
 * of its own, and nothing is lost when a round is. While the analytics store is away the last states stay.
 */
export function createLearningLoop(options: LearningLoopOptions): LearningLoop {
  const { metadata, analytics, snapshots, intervalMs, now, log } = options;
  const lease = createJobLease({
    job: 'routing-states',
    owner: options.owner,
    ttlMs: Math.max(LEASE_ROUNDS * intervalMs, LEASE_MINIMUM_MS),
  });
  /** What was summed for a node, and when it may be looked at again, on the clock of `performance.now()`. */
  const memories = new Map<string, { readonly known: WindowSums; pausedUntil: number }>();
  const failing = new Set<string>();
  let isOwner = false;
  let published = 0;
  let lastForgotten = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isStarted = false;
  let isStopping = false;
  let hasFailed = false;

  async function learn(endpoint: RegistryEndpoint, view: RegistryView, seen: Set<string>): Promise<LearntState[]> {
    const nodes = findLearningNodes(endpoint.live.policy, (leaf) => resolveLeaf(view, leaf));
    if (nodes.length === 0) return [];
    const registry = await loadPolicyRegistry(metadata.db, view, endpoint.live.policy);
    const stored = await loadStates(metadata.db, endpoint.name);
    const learnt: LearntState[] = [];
    for (const learning of nodes) {
      const key = `${endpoint.name}\n${learning.path}\n${endpoint.live.revision}`;
      seen.add(key);
      const startedAt = performance.now();
      if (isStopping) break;
      const memory = memories.get(key) ?? { known: createWindowSums(), pausedUntil: 0 };
      memories.set(key, memory);
      if (startedAt < memory.pausedUntil) continue;
      const before = usableState(learning, stored.get(learning.path));
      try {
        const state = await computeState(analytics, learning, {
          endpoint,
          view,
          registry,
          nowMs: now().getTime(),
          epoch: nextEpoch(stored.get(learning.path), before),
          known: memory.known,
        });
        if (isWorthPublishing(learning.node, before, state)) learnt.push({ endpoint: endpoint.name, learning, state });
        failing.delete(key);
      } catch (error) {
        if (!failing.has(key)) {
          log.warn(
            { endpoint: endpoint.name, node: learning.path, err: error },
            'what a node learns from cannot be read; it keeps what it knows, and it is tried again',
          );
        }
        failing.add(key);
      }
      const pauseMs = (performance.now() - startedAt) / (options.maximumShare ?? MAXIMUM_SHARE);
      memory.pausedUntil = performance.now() + (failing.has(key) ? Math.min(pauseMs, FAILED_PAUSE_MS) : pauseMs);
    }
    return learnt;
  }

  async function round(): Promise<void> {
    if (performance.now() - lastForgotten > FORGET_EVERY_MS) {
      await forgetOldStates(metadata.db, HISTORY_DAYS);
      lastForgotten = performance.now();
    }
    if (!isAnythingToLearn()) {
      // Where nothing learns, nothing is read or written every few seconds.
      if (isOwner) await lease.release(metadata.db);
      isOwner = false;
      memories.clear();
      failing.clear();
      return;
    }
    isOwner = await lease.acquire(metadata.db);
    if (!isOwner) return;
    const view = await loadRegistry(metadata.db);
    const learnt: LearntState[] = [];
    const seen = new Set<string>();
    for (const endpoint of view.endpoints.values()) {
      learnt.push(...(await learn(endpoint, view, seen)));
    }
    for (const key of [...memories.keys()]) {
      if (seen.has(key)) continue;
      memories.delete(key);
      failing.delete(key);
    }
    if (learnt.length > 0) {
      await snapshots.change(async (transaction) => {
        // Another process may have taken over while the store was slow; what it knows is newer.
        isOwner = await lease.acquire(transaction);
        if (!isOwner) return;
        for (const { endpoint, learning, state } of learnt) await saveState(transaction, endpoint, learning, state);
        published += learnt.length;
      });
    }
  }

  const isAnythingToLearn = (): boolean =>
    Object.values(snapshots.current().endpoints).some(
      ({ policy }) => findLearningNodes(policy, () => undefined).length > 0,
    );

  /** One round at a time; a caller that comes during one gets a round of its own after it. */
  async function pass(): Promise<void> {
    while (running !== undefined) await running;
    running = round().then(
      () => {
        hasFailed = false;
      },
      (error: unknown) => {
        if (!hasFailed) log.error({ err: error }, 'learning from feedback failed, it is tried again');
        hasFailed = true;
      },
    );
    await running;
    running = undefined;
  }

  function schedule(): void {
    timer = setTimeout(async () => {
      await pass();
      if (!isStopping) schedule();
    }, intervalMs);
  }

  return {
    start() {
      if (isStarted) return;
      isStarted = true;
      schedule();
    },
    learnNow: pass,
    async stop() {
      isStopping = true;
      clearTimeout(timer);
      await running;
      await lease.release(metadata.db).catch(() => {});
      isOwner = false;
    },
    status: () => ({ isOwner, failingNodes: failing.size, published }),
  };
}
