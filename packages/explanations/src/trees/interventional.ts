import type { Answer } from '../refusal.ts';
import { checkNumericRows, type Rows } from '../rows.ts';
import { roundRows } from './decisions.ts';
import { explainRows, isPassed, type TreeExplanation, type TreeGame } from './explain-rows.ts';
import { checkEnsemble, type TreeEnsemble } from './tree-ensemble.ts';
import { leadsAway, markPatterns, type TreePlan } from './tree-plan.ts';

/**
 * Interventional Tree SHAP: exact Shapley values of the game in which unknown features are replaced by those of a
 * background row, averaged over the background. The same question as `exactShapley`, at the price of trees: it is true
 * to the model (a feature that no tree uses gets 0), and ignores dependence between features.
 *
 * A leaf counts for a coalition when every feature on its path that only the row agrees with is in, and every one that
 * only the background row agrees with is out. With a of the first and b of the second, each of the first gets
 * v (a−1)! b!/(a+b)!, each of the second −v a! (b−1)!/(a+b)!.
 * Time: leaves × background rows per row, less where rows pass a leaf alike.
 *
 * Fails on rows or background of another width, without rows or with cells that are no numbers, and on values that do
 * not add up to the score within rounding.
 * Source: Lundberg et al., Nature Machine Intelligence 2 (2020), for the algorithm per background row.
 */
export function interventionalTreeShap(
  ensemble: TreeEnsemble,
  rows: Rows<number>,
  background: Rows<number>,
): Answer<TreeExplanation> {
  const problem =
    checkEnsemble(ensemble) ??
    checkNumericRows(rows, 'rows', 1, ensemble.featureCount) ??
    checkNumericRows(background, 'background', 1, ensemble.featureCount);
  if (problem) return problem;
  const others = roundRows(ensemble, background);
  return explainRows(ensemble, rows, 'interventional', (plan) => gameAgainst(ensemble, plan, others));
}

function gameAgainst(ensemble: TreeEnsemble, plan: TreePlan, others: readonly ArrayLike<number>[]): TreeGame {
  const { leaves, words, start, featureStart, mostSlots } = plan;
  const size = others.length * words;
  // Leaf by leaf, the pattern of every background row there.
  const theirs = new Int32Array(leaves.length * size);
  const baseShares = new Float64Array(leaves.length);
  const patterns = new Int32Array(plan.count * words);
  for (let other = 0; other < others.length; other += 1) {
    markPatterns(ensemble, plan, others[other]!, patterns);
    for (let leaf = 0; leaf < leaves.length; leaf += 1) {
      const at = (leaves[leaf]! - start) * words;
      for (let word = 0; word < words; word += 1) theirs[leaf * size + other * words + word] = patterns[at + word]!;
      if (isPassed(patterns, at, words)) baseShares[leaf] = baseShares[leaf]! + 1 / others.length;
    }
  }
  const weights = gameWeights(mostSlots, others.length);
  return {
    baseShares,
    addShares: (leaf, ours, at, into) => {
      const slots = featureStart[leaf + 1]! - featureStart[leaf]!;
      const onlyBackground = bitsAt(ours, at, words);
      let loss = 0;
      for (let from = leaf * size; from < (leaf + 1) * size; from += words) {
        // A feature that leads both rows away keeps every coalition from this leaf.
        if (overlap(ours, at, theirs, from, words)) continue;
        const onlyRow = bitsAt(theirs, from, words);
        if (onlyBackground > 0) loss += weights[onlyBackground * (mostSlots + 1) + onlyRow]!;
        if (onlyRow === 0) continue;
        const gain = weights[onlyRow * (mostSlots + 1) + onlyBackground]!;
        for (let slot = 0; slot < slots; slot += 1) {
          if (leadsAway(theirs, from, slot)) into[slot] = into[slot]! + gain;
        }
      }
      if (loss === 0) return;
      for (let slot = 0; slot < slots; slot += 1) {
        if (leadsAway(ours, at, slot)) into[slot] = into[slot]! - loss;
      }
    },
  };
}

/** (a − 1)! b! / (a + b)! = 1 / (a · C(a + b, a)), divided among the background rows, at a · (most + 1) + b. */
function gameWeights(most: number, backgroundRows: number): Float64Array {
  const weights = new Float64Array((most + 1) ** 2);
  for (let a = 1; a <= most; a += 1) {
    let orders = 1;
    for (let b = 0; a + b <= most; b += 1) {
      weights[a * (most + 1) + b] = 1 / (a * orders * backgroundRows);
      orders = (orders * (a + b + 1)) / (b + 1);
    }
  }
  return weights;
}

function overlap(left: Int32Array, leftAt: number, right: Int32Array, rightAt: number, words: number): boolean {
  for (let word = 0; word < words; word += 1) if ((left[leftAt + word]! & right[rightAt + word]!) !== 0) return true;
  return false;
}

function bitsAt(patterns: Int32Array, at: number, words: number): number {
  let count = 0;
  for (let word = 0; word < words; word += 1) {
    for (let rest = patterns[at + word]!; rest !== 0; rest &= rest - 1) count += 1;
  }
  return count;
}
