import { takesTrueBranch } from './decisions.ts';
import type { TreeEnsemble } from './tree-ensemble.ts';

/**
 * One tree prepared for explanation. The distinct features on the way to a node are numbered by first appearance; such
 * a number is a *slot*. A *pattern* has one bit per slot: 1 where the row's value of that feature leads away from the
 * way somewhere, so that 0 in all of it means the row passes the node.
 */
export interface TreePlan {
  /** First node, and how many follow it (children come after parents). */
  readonly start: number;
  readonly count: number;
  /** 32-bit words of a pattern. */
  readonly words: number;
  /** Per node of the tree: the slot of the feature it splits on. */
  readonly slot: Int32Array;
  /** Nodes that are leaves. */
  readonly leaves: Int32Array;
  /** Per leaf: where its features start in `features`; one more entry than leaves. */
  readonly featureStart: Int32Array;
  /** The features of each leaf's way, by slot. */
  readonly features: Int32Array;
  readonly mostSlots: number;
}

export function planTree(ensemble: TreeEnsemble, tree: number): TreePlan {
  const start = ensemble.roots[tree]!;
  const count = (ensemble.roots[tree + 1] ?? ensemble.feature.length) - start;
  const slot = new Int32Array(count);
  const leaves: number[] = [];
  const featureStart: number[] = [0];
  const features: number[] = [];
  const slotOf = new Int32Array(ensemble.featureCount).fill(-1);
  const way: number[] = [];
  let mostSlots = 0;
  const walk = (node: number): void => {
    const feature = ensemble.feature[node]!;
    if (feature < 0) {
      leaves.push(node);
      for (const one of way) features.push(one);
      featureStart.push(features.length);
      mostSlots = Math.max(mostSlots, way.length);
      return;
    }
    const isNew = slotOf[feature]! < 0;
    if (isNew) {
      slotOf[feature] = way.length;
      way.push(feature);
    }
    slot[node - start] = slotOf[feature]!;
    walk(ensemble.whenTrue[node]!);
    walk(ensemble.whenFalse[node]!);
    if (isNew) {
      slotOf[feature] = -1;
      way.pop();
    }
  };
  walk(start);
  return {
    start,
    count,
    words: Math.max(1, Math.ceil(mostSlots / 32)),
    slot,
    leaves: new Int32Array(leaves),
    featureStart: new Int32Array(featureStart),
    features: new Int32Array(features),
    mostSlots,
  };
}

/** Writes the pattern of a rounded row at every node of the tree, `words` numbers each. */
export function markPatterns(ensemble: TreeEnsemble, plan: TreePlan, row: ArrayLike<number>, into: Int32Array): void {
  const { start, count, words, slot } = plan;
  const { feature, whenTrue, whenFalse } = ensemble;
  for (let word = 0; word < words; word += 1) into[word] = 0;
  for (let at = 0; at < count; at += 1) {
    const node = start + at;
    if (feature[node]! < 0) continue;
    const isTrue = takesTrueBranch(ensemble, node, row);
    const yes = (whenTrue[node]! - start) * words;
    const no = (whenFalse[node]! - start) * words;
    for (let word = 0; word < words; word += 1) {
      const pattern = into[at * words + word]!;
      into[yes + word] = pattern;
      into[no + word] = pattern;
    }
    const away = (isTrue ? no : yes) + (slot[at]! >>> 5);
    into[away] = into[away]! | (1 << (slot[at]! & 31));
  }
}

/** Is the bit of a slot set in the pattern that starts at `at`? */
export function leadsAway(patterns: Int32Array, at: number, slot: number): boolean {
  return ((patterns[at + (slot >>> 5)]! >>> (slot & 31)) & 1) === 1;
}
