import type { RoutingState } from '@switchyard/contracts';
import type { RoutingStateBasis } from '@switchyard/storage/metadata';
import type { LearningNode } from './learning-nodes.ts';

export interface StoredState {
  readonly basis: RoutingStateBasis;
  readonly state: RoutingState;
}

/**
 * What of a stored state still holds for a node as it is now: nothing when it measures something else,
 * and nothing of branches that others answer for now. What is left of a bandit's state has an epoch of its own.
 */
export function usableState(node: LearningNode, stored: StoredState | undefined): RoutingState | undefined {
  if (stored === undefined || stored.state.kind !== node.node.kind || stored.basis.node !== node.basis.node) {
    return undefined;
  }
  const { state, basis } = stored;
  const holds = new Set(
    Object.entries(node.basis.branches).flatMap(([name, digest]) => (basis.branches[name] === digest ? name : [])),
  );
  const kept = <T>(branches: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(branches).filter(([name]) => holds.has(name)));
  if (state.kind === 'best') {
    const segments = Object.entries(state.segments).map(([segment, values]) => [segment, kept(values)] as const);
    return { ...state, segments: Object.fromEntries(segments.filter(([, values]) => Object.keys(values).length > 0)) };
  }
  const arms = kept(state.arms);
  const isWhole = Object.keys(arms).length === Object.keys(state.arms).length;
  return isWhole ? state : { ...state, epoch: state.epoch + 1, arms };
}

/** The epoch of the next state of a node: above every one it was served with. */
export function nextEpoch(stored: StoredState | undefined, usable: RoutingState | undefined): number {
  if (stored?.state.kind !== 'bandit') return 1;
  return (usable?.kind === 'bandit' ? usable.epoch : stored.state.epoch) + 1;
}
