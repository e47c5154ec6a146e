import type { BanditState, BestNode, BestState, RoutingState } from '@switchyard/contracts';
import { BEST_DEFAULTS } from '@switchyard/routing';
import type { LearningNode } from './learning-nodes.ts';

/** Below this, numbers differ by the order in which they were added. */
const SAME = 1e-9;
const LARGE = 0.01;
/** Small changes wait until so many have come together: each publication costs every gateway a swap. */
const SMALL_CHANGE_MS = 300_000;

/**
 * Whether gateways should be given what a node knows now. At once when it may change a decision visibly: a number by
 * more than 1 %, or a candidate that can be compared now and could not before. Anything smaller after five minutes.
 * What `best` compared is published again, changed or not, before it counts as stale.
 */
export function isWorthPublishing(
  node: LearningNode['node'],
  before: RoutingState | undefined,
  now: RoutingState,
): boolean {
  if (before === undefined || before.kind !== now.kind) return !isEmpty(now);
  const ageMs = now.computedAtMs - before.computedAtMs;
  if (now.kind === 'best' && node.kind === 'best') {
    const change = changeOfBest(node, before as BestState, now);
    const staleAfterMs = (node.staleAfterMinutes ?? BEST_DEFAULTS.staleAfterMinutes) * 60_000;
    return change > LARGE || (change > SAME && ageMs >= SMALL_CHANGE_MS) || ageMs >= staleAfterMs / 4;
  }
  if (now.kind !== 'bandit') return true;
  const change = changeOfBandit(before as BanditState, now);
  return change.visible > LARGE || (Math.max(change.visible, change.hidden) > SAME && ageMs >= SMALL_CHANGE_MS);
}

function isEmpty(state: RoutingState): boolean {
  return state.kind === 'best'
    ? Object.keys(state.segments).length === 0
    : Object.values(state.arms).every(({ count }) => count === 0);
}

function changeOfBest(node: BestNode, before: BestState, now: BestState): number {
  const minimumLabels = node.minimumLabels ?? BEST_DEFAULTS.minimumLabels;
  return largestOver(before.segments, now.segments, (left, right) =>
    largestOver(left, right, (known, next) =>
      known.labels >= minimumLabels === next.labels >= minimumLabels
        ? Math.max(relativeChange(known.labels, next.labels), relativeChange(known.value, next.value))
        : 1,
    ),
  );
}

/** Sums of a linear model may be near zero, where a share says little: they count as small changes. */
function changeOfBandit(before: BanditState, now: BanditState): { visible: number; hidden: number } {
  const visible = largestOver(before.arms, now.arms, (left, right) =>
    Math.max(relativeChange(left.count, right.count), relativeChange(left.sum, right.sum)),
  );
  const hidden = largestOver(before.arms, now.arms, (left, right) =>
    Math.max(
      relativeChange(left.sumOfSquares, right.sumOfSquares),
      changeOfList(left.linear?.gram, right.linear?.gram),
      changeOfList(left.linear?.moment, right.linear?.moment),
    ),
  );
  return { visible, hidden };
}

function largestOver<T>(
  before: Readonly<Record<string, T>>,
  now: Readonly<Record<string, T>>,
  changeOf: (before: T, now: T) => number,
): number {
  let largest = 0;
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const isKnown = Object.hasOwn(before, name) && Object.hasOwn(now, name);
    largest = Math.max(largest, isKnown ? changeOf(before[name] as T, now[name] as T) : 1);
  }
  return largest;
}

function changeOfList(before: readonly number[] = [], now: readonly number[] = []): number {
  if (before.length !== now.length) return 1;
  return before.reduce((largest, value, index) => Math.max(largest, relativeChange(value, now[index] as number)), 0);
}

function relativeChange(before: number, now: number): number {
  const size = Math.max(Math.abs(before), Math.abs(now));
  return size === 0 ? 0 : Math.abs(now - before) / size;
}
