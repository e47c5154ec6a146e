import type { TreeEnsemble } from './tree-ensemble.ts';

/** The way from a root to one leaf: which splits must go which way, grouped by the features that they look at. */
export interface LeafPath {
  /** Row of the ensemble's `leafValues`. */
  readonly leaf: number;
  /** Distinct features on the way, by first appearance. A position in this list is a slot. */
  readonly features: Int32Array;
  /** Splits on the way, from the root. */
  readonly nodes: Int32Array;
  /** Per split: the branch to take, 1 = true. */
  readonly wanted: Uint8Array;
  /** Per split: the slot of its feature. */
  readonly slots: Int32Array;
}

/** The paths to all leaves, tree after tree. */
export function leafPaths(ensemble: TreeEnsemble): LeafPath[] {
  const paths: LeafPath[] = [];
  const nodes: number[] = [];
  const wanted: number[] = [];
  const walk = (node: number): void => {
    if (ensemble.feature[node]! < 0) {
      paths.push(makePath(ensemble, ensemble.leaf[node]!, nodes, wanted));
      return;
    }
    nodes.push(node);
    for (const branch of [1, 0]) {
      wanted.push(branch);
      walk(branch === 1 ? ensemble.whenTrue[node]! : ensemble.whenFalse[node]!);
      wanted.pop();
    }
    nodes.pop();
  };
  for (const root of ensemble.roots) walk(root);
  return paths;
}

function makePath(ensemble: TreeEnsemble, leaf: number, nodes: readonly number[], wanted: readonly number[]): LeafPath {
  const slotOf = new Map<number, number>();
  const slots = Int32Array.from(nodes, (node) => {
    const feature = ensemble.feature[node]!;
    const slot = slotOf.get(feature) ?? slotOf.size;
    slotOf.set(feature, slot);
    return slot;
  });
  return {
    leaf,
    features: Int32Array.from(slotOf.keys()),
    nodes: Int32Array.from(nodes),
    wanted: Uint8Array.from(wanted),
    slots,
  };
}

/** Number of 32-bit words that a pattern over the slots of a path takes. */
export function patternWords(path: LeafPath): number {
  return Math.max(1, Math.ceil(path.features.length / 32));
}

/**
 * Which features of a row agree with the path: bit s of the pattern is 1 when every split on the feature of slot s
 * sends the row the path's way. `decided` holds the branch of every node (see `decideSplits`).
 */
export function matchPattern(path: LeafPath, decided: Uint8Array, into: Int32Array): void {
  const count = path.features.length;
  for (let word = 0; word < into.length; word += 1) {
    const bits = Math.min(32, count - word * 32);
    into[word] = bits >= 32 ? -1 : (1 << Math.max(0, bits)) - 1;
  }
  const { nodes, wanted, slots } = path;
  for (let step = 0; step < nodes.length; step += 1) {
    if (decided[nodes[step]!] === wanted[step]) continue;
    const slot = slots[step]!;
    into[slot >>> 5] = into[slot >>> 5]! & ~(1 << (slot & 31));
  }
}

export function hasSlot(pattern: Int32Array, slot: number): boolean {
  return ((pattern[slot >>> 5]! >>> (slot & 31)) & 1) === 1;
}
