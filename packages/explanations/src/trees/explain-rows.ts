import { type Answer, refuse } from '../refusal.ts';
import type { Rows } from '../rows.ts';
import { decideSplits, scoreOf } from './decisions.ts';
import { type LeafPath, matchPattern, patternWords } from './leaf-paths.ts';
import type { TreeEnsemble } from './tree-ensemble.ts';

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

/**
 * What one leaf adds to the features of its path, as a share of the leaf's value, for a row whose features agree with
 * the path as `pattern` says. Writes one number per slot.
 */
export type LeafShares = (position: number, path: LeafPath, pattern: Int32Array, into: Float64Array) => void;

/** Patterns remembered at most; rows take few different ways past a leaf, so most are seen again and again. */
const REMEMBERED_PATTERNS = 500_000;

/** Sums the shares of all leaves for every row, and checks that they add up to the row's score. */
export function explainRows(
  ensemble: TreeEnsemble,
  rows: Rows<number>,
  explained: {
    readonly kind: TreeExplanation['kind'];
    readonly paths: readonly LeafPath[];
    readonly baseValues: Float64Array;
    readonly shares: LeafShares;
  },
): Answer<TreeExplanation> {
  const { paths, baseValues, shares } = explained;
  const targetCount = ensemble.targets.length;
  const decided = new Uint8Array(ensemble.feature.length);
  const patterns = paths.map((path) => new Int32Array(patternWords(path)));
  const remembered = paths.map(() => new Map<number, Float64Array>());
  let room = REMEMBERED_PATTERNS;
  const sharesOf = (position: number, path: LeafPath, pattern: Int32Array): Float64Array => {
    const key = pattern.length === 1 ? pattern[0]! : undefined;
    const known = key === undefined ? undefined : remembered[position]!.get(key);
    if (known !== undefined) return known;
    const computed = new Float64Array(path.features.length);
    shares(position, path, pattern, computed);
    if (key !== undefined && room > 0) {
      remembered[position]!.set(key, computed);
      room -= 1;
    }
    return computed;
  };
  let largestGap = 0;
  let largestScore = 0;
  const scores: Float64Array[] = [];
  const values = Array.from(rows, (row) => {
    decideSplits(ensemble, row, decided);
    const perTarget = makeTargets(targetCount, ensemble.featureCount);
    for (let position = 0; position < paths.length; position += 1) {
      const path = paths[position]!;
      const pattern = patterns[position]!;
      matchPattern(path, decided, pattern);
      const share = sharesOf(position, path, pattern);
      for (let target = 0; target < targetCount; target += 1) {
        const value = ensemble.leafValues[path.leaf * targetCount + target]!;
        if (value === 0) continue;
        const into = perTarget[target]!;
        for (let slot = 0; slot < share.length; slot += 1) {
          const feature = path.features[slot]!;
          into[feature] = into[feature]! + value * share[slot]!;
        }
      }
    }
    const score = scoreOf(ensemble, decided);
    scores.push(score);
    for (let target = 0; target < targetCount; target += 1) {
      const sum = perTarget[target]!.reduce((total, value) => total + value, baseValues[target]!);
      largestGap = Math.max(largestGap, Math.abs(sum - score[target]!));
      largestScore = Math.max(largestScore, Math.abs(score[target]!), Math.abs(baseValues[target]!));
    }
    return perTarget;
  });
  // Leaves may be much larger than the sums they cancel to; only a gap beyond that rounding means a broken promise.
  const largestLeaf = ensemble.leafValues.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const scale = Math.max(largestScore, largestLeaf * ensemble.roots.length);
  if (!(largestGap <= 1e-9 * scale)) {
    return refuse('not-additive', 'values that add up to the score within rounding', `a gap of ${largestGap}`);
  }
  return {
    ok: true,
    kind: explained.kind,
    space: ensemble.postTransform === 'NONE' ? 'model-output' : 'before-transform',
    targets: ensemble.targets,
    baseValues,
    values,
    scores,
    largestGap,
  };
}

function makeTargets(targetCount: number, featureCount: number): Float64Array[] {
  return Array.from({ length: targetCount }, () => new Float64Array(featureCount));
}
