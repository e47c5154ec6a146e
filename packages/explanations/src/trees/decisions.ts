import type { TreeEnsemble } from './tree-ensemble.ts';

/**
 * For one row, the branch every split would send it to: 1 = true, 0 = false (leaves stay 0). All nodes are decided,
 * not only those the row passes: explanations also ask where a row would have gone.
 */
export function decideSplits(ensemble: TreeEnsemble, row: ArrayLike<number>, into: Uint8Array): void {
  const { feature, mode, threshold, missingIsTrue } = ensemble;
  const rounded = ensemble.inputPrecision === 'float32' ? Float32Array.from(row) : row;
  for (let node = 0; node < feature.length; node += 1) {
    const column = feature[node] as number;
    if (column < 0) continue;
    const value = rounded[column] as number;
    const holds =
      compare(mode[node] as number, value, threshold[node] as number) ||
      (mode[node] === MEMBER && ensemble.members.get(node)?.has(value) === true) ||
      // NaN fails every comparison but "not equal"; the track can only turn a failed one.
      (missingIsTrue[node] === 1 && Number.isNaN(value));
    into[node] = holds ? 1 : 0;
  }
}

const MEMBER = 6;

function compare(mode: number, value: number, threshold: number): boolean {
  switch (mode) {
    case 0:
      return value <= threshold;
    case 1:
      return value < threshold;
    case 2:
      return value >= threshold;
    case 3:
      return value > threshold;
    case 4:
      return value === threshold;
    case 5:
      return value !== threshold;
    default:
      return false;
  }
}

/** The leaf (as a row of `leafValues`) that decided splits lead to from a root. */
export function leafFrom(ensemble: TreeEnsemble, root: number, decided: Uint8Array): number {
  let node = root;
  while ((ensemble.feature[node] as number) >= 0) {
    node = (decided[node] === 1 ? ensemble.whenTrue[node] : ensemble.whenFalse[node]) as number;
  }
  return ensemble.leaf[node] as number;
}

/** Base scores plus the leaves that decided splits lead to, one sum per target. */
export function scoreOf(ensemble: TreeEnsemble, decided: Uint8Array): Float64Array {
  const scores = ensemble.baseScores.slice();
  for (const root of ensemble.roots) {
    const start = leafFrom(ensemble, root, decided) * scores.length;
    for (let target = 0; target < scores.length; target += 1) {
      scores[target] = scores[target]! + ensemble.leafValues[start + target]!;
    }
  }
  return scores;
}
