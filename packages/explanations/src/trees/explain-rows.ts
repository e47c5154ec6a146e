import { type Answer, refuse } from '../refusal.ts';
import type { Rows } from '../rows.ts';
import { roundRows } from './decisions.ts';
import type { TreeEnsemble } from './tree-ensemble.ts';
import { markPatterns, planTree, type TreePlan } from './tree-plan.ts';

export interface TreeExplanation {
  /** Which question the values answer; the two kinds differ a lot, so show it beside them. */
  readonly kind: 'path-dependent' | 'interventional';
  /**
   * 'model-output': values add up to what the operator writes. 'before-transform': they add up to the score that
   * LOGISTIC, SOFTMAX, … is then applied to (log-odds for LOGISTIC).
   */
  readonly space: 'model-output' | 'before-transform';
  readonly targets: readonly string[];
  /** What is answered when no feature is known, per target. */
  readonly baseValues: Float64Array;
  /** Row → target → one Shapley value per feature. */
  readonly values: readonly (readonly Float64Array[])[];
  /** Row → one score per target = base value + sum of the row's values. */
  readonly scores: readonly Float64Array[];
  /** Largest |base value + Σ values − score| over all rows and targets: rounding. */
  readonly largestGap: number;
}

/** A tree's part of the answer. */
export interface TreeGame {
  /** How much of each leaf's value (by position among the plan's leaves) is in the base value. */
  readonly baseShares: Float64Array;
  /**
   * What a leaf adds to the features of its way, as a share of its value, for a row whose pattern at the leaf starts at
   * `patterns[at]`. Puts one number per slot into `into`, which holds zeros.
   */
  addShares(leaf: number, patterns: Int32Array, at: number, into: Float64Array): void;
}

/** Leaves whose ways hold at most this many features remember their shares by pattern: rows repeat each other there. */
const REMEMBERED_SLOTS = 10;

/** Sums the shares of all leaves, tree after tree, for every row; checks that they add up to the row's score. */
export function explainRows(
  ensemble: TreeEnsemble,
  rows: Rows<number>,
  kind: TreeExplanation['kind'],
  gameOf: (plan: TreePlan) => TreeGame,
): Answer<TreeExplanation> {
  const targetCount = ensemble.targets.length;
  const rounded = roundRows(ensemble, rows);
  const baseValues = ensemble.baseScores.slice();
  const scores = rounded.map(() => ensemble.baseScores.slice());
  const values = rounded.map(() => Array.from({ length: targetCount }, () => new Float64Array(ensemble.featureCount)));
  for (let tree = 0; tree < ensemble.roots.length; tree += 1) {
    const plan = planTree(ensemble, tree);
    const game = gameOf(plan);
    for (let leaf = 0; leaf < plan.leaves.length; leaf += 1) {
      addLeaf(ensemble, plan.leaves[leaf]!, game.baseShares[leaf]!, baseValues);
    }
    explainTree(ensemble, plan, game, rounded, values, scores);
  }
  return addUp(ensemble, kind, { baseValues, values, scores });
}

/** The explanation, if base values and values add up to the scores. */
export function addUp(
  ensemble: TreeEnsemble,
  kind: TreeExplanation['kind'],
  { baseValues, values, scores }: Pick<TreeExplanation, 'baseValues' | 'values' | 'scores'>,
): Answer<TreeExplanation> {
  let largestGap = 0;
  let largestScore = 0;
  for (const [row, perTarget] of values.entries()) {
    for (const [target, features] of perTarget.entries()) {
      const sum = features.reduce((total, value) => total + value, baseValues[target]!);
      largestGap = Math.max(largestGap, Math.abs(sum - scores[row]![target]!));
      largestScore = Math.max(largestScore, Math.abs(scores[row]![target]!), Math.abs(baseValues[target]!));
    }
  }
  // Leaves may be much larger than the sums they cancel to; only a gap beyond that rounding means a broken promise.
  let largestLeaf = 0;
  for (const value of ensemble.leafValues) largestLeaf = Math.max(largestLeaf, Math.abs(value));
  const scale = Math.max(largestScore, largestLeaf * ensemble.roots.length);
  if (!(largestGap <= 1e-9 * scale)) {
    return refuse('not-additive', 'values that add up to the score within rounding', `a gap of ${largestGap}`);
  }
  return {
    ok: true,
    kind,
    space: ensemble.postTransform === 'NONE' ? 'model-output' : 'before-transform',
    targets: ensemble.targets,
    baseValues,
    values,
    scores,
    largestGap,
  };
}

function explainTree(
  ensemble: TreeEnsemble,
  plan: TreePlan,
  game: TreeGame,
  rows: readonly ArrayLike<number>[],
  values: readonly (readonly Float64Array[])[],
  scores: readonly Float64Array[],
): void {
  const { leaves, featureStart, features, words, start } = plan;
  const targetCount = ensemble.targets.length;
  const patterns = new Int32Array(plan.count * words);
  // One row repeats nothing.
  const remembered: (Float64Array | undefined)[][] | undefined =
    rows.length > 1 ? Array.from({ length: leaves.length }, () => []) : undefined;
  const scratch = new Float64Array(plan.mostSlots);
  for (let row = 0; row < rows.length; row += 1) {
    markPatterns(ensemble, plan, rows[row]!, patterns);
    for (let leaf = 0; leaf < leaves.length; leaf += 1) {
      const node = leaves[leaf]!;
      const at = (node - start) * words;
      const from = featureStart[leaf]!;
      const slots = featureStart[leaf + 1]! - from;
      const pattern = patterns[at]!;
      const known = slots <= REMEMBERED_SLOTS ? remembered?.[leaf] : undefined;
      let shares = known?.[pattern];
      if (shares === undefined) {
        shares = known === undefined ? scratch.fill(0) : new Float64Array(slots);
        game.addShares(leaf, patterns, at, shares);
        if (known !== undefined) known[pattern] = shares;
      }
      const leafValue = ensemble.leaf[node]! * targetCount;
      for (let target = 0; target < targetCount; target += 1) {
        const value = ensemble.leafValues[leafValue + target]!;
        if (value === 0) continue;
        const into = values[row]![target]!;
        for (let slot = 0; slot < slots; slot += 1) {
          const feature = features[from + slot]!;
          into[feature] = into[feature]! + value * shares[slot]!;
        }
      }
      if (isPassed(patterns, at, words)) addLeaf(ensemble, node, 1, scores[row]!);
    }
  }
}

export function isPassed(patterns: Int32Array, at: number, words: number): boolean {
  for (let word = 0; word < words; word += 1) if (patterns[at + word] !== 0) return false;
  return true;
}

function addLeaf(ensemble: TreeEnsemble, node: number, share: number, into: Float64Array): void {
  const from = ensemble.leaf[node]! * into.length;
  for (let target = 0; target < into.length; target += 1) {
    into[target] = into[target]! + share * ensemble.leafValues[from + target]!;
  }
}
