import type { Answer } from '../refusal.ts';
import { checkNumericRows, type Rows } from '../rows.ts';
import { decideSplits, scoreOf } from './decisions.ts';
import { explainRows, type LeafShares, type TreeExplanation } from './explain-rows.ts';
import { hasSlot, type LeafPath, leafPaths, matchPattern, patternWords } from './leaf-paths.ts';
import { checkEnsemble, type TreeEnsemble } from './tree-ensemble.ts';

/**
 * Interventional Tree SHAP: exact Shapley values of the game in which unknown features are replaced by those of a
 * background row, averaged over the background. The same question as `exactShapley`, at the price of trees: it is true
 * to the model (a feature that no tree uses gets 0), and ignores dependence between features.
 *
 * A leaf counts for a coalition when every feature on its path that only the row agrees with is in, and every one that
 * only the background row agrees with is out. With a of the first and b of the second, each of the first gets
 * v (a−1)! b!/(a+b)!, each of the second −v a! (b−1)!/(a+b)!. Background rows that pass a leaf alike are counted once.
 * Time: leaves × distinct ways past a leaf, per row.
 *
 * Fails on rows or background of another width or without rows.
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
  const paths = leafPaths(ensemble);
  const { ways, baseValues } = passBackground(ensemble, paths, background);
  const shares: LeafShares = (position, path, pattern, into) => {
    for (const way of ways[position]!) addGame(path, pattern, way, background.length, into);
  };
  return explainRows(ensemble, rows, { kind: 'interventional', paths, baseValues, shares });
}

/** A way past a leaf and how many background rows take it. */
interface Way {
  readonly pattern: Int32Array;
  count: number;
}

function passBackground(ensemble: TreeEnsemble, paths: readonly LeafPath[], background: Rows<number>) {
  const decided = new Uint8Array(ensemble.feature.length);
  const found = paths.map(() => new Map<string | number, Way>());
  const baseValues = new Float64Array(ensemble.targets.length);
  const scratch = paths.map((path) => new Int32Array(patternWords(path)));
  for (let index = 0; index < background.length; index += 1) {
    decideSplits(ensemble, background[index]!, decided);
    const scores = scoreOf(ensemble, decided);
    for (let target = 0; target < scores.length; target += 1) {
      baseValues[target] = baseValues[target]! + scores[target]! / background.length;
    }
    for (const [position, path] of paths.entries()) {
      const pattern = scratch[position]!;
      matchPattern(path, decided, pattern);
      const key = pattern.length === 1 ? pattern[0]! : pattern.join();
      const way = found[position]!.get(key);
      if (way === undefined) found[position]!.set(key, { pattern: pattern.slice(), count: 1 });
      else way.count += 1;
    }
  }
  return { ways: found.map((byPattern) => [...byPattern.values()]), baseValues };
}

function addGame(path: LeafPath, row: Int32Array, way: Way, backgroundRows: number, into: Float64Array): void {
  const count = path.features.length;
  let onlyRow = 0;
  let onlyBackground = 0;
  for (let slot = 0; slot < count; slot += 1) {
    const inRow = hasSlot(row, slot);
    const inBackground = hasSlot(way.pattern, slot);
    if (!inRow && !inBackground) return;
    if (!inBackground) onlyRow += 1;
    else if (!inRow) onlyBackground += 1;
  }
  if (onlyRow + onlyBackground === 0) return;
  const share = way.count / backgroundRows;
  const orders = binomial(onlyRow + onlyBackground, onlyRow);
  const gain = share / (onlyRow * orders);
  const loss = share / (onlyBackground * orders);
  for (let slot = 0; slot < count; slot += 1) {
    const inRow = hasSlot(row, slot);
    if (inRow === hasSlot(way.pattern, slot)) continue;
    into[slot] = into[slot]! + (inRow ? gain : -loss);
  }
}

function binomial(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= Math.min(k, n - k); i += 1) result = (result * (n - i + 1)) / i;
  return Math.round(result) < 2 ** 53 ? Math.round(result) : result;
}
