import type { Rows } from '../rows.ts';
import type { TreeEnsemble } from './tree-ensemble.ts';

/** Rows as the splits compare them: rounded to float32 where the operator's input is float32. */
export function roundRows(ensemble: TreeEnsemble, rows: Rows<number>): readonly ArrayLike<number>[] {
  const rounded = ensemble.inputPrecision === 'float32';
  return Array.from(rows, (row) => (rounded ? new Float32Array(row) : row));
}

const MEMBER = 6;

/** Does a rounded row take the true branch at a split? */
export function takesTrueBranch(ensemble: TreeEnsemble, node: number, row: ArrayLike<number>): boolean {
  const value = row[ensemble.feature[node]!]!;
  const mode = ensemble.mode[node]!;
  const holds =
    mode === MEMBER ? ensemble.members.get(node)?.has(value) === true : compare(mode, value, ensemble.threshold[node]!);
  // NaN fails every comparison but "not equal"; the track can only turn a failed one.
  return holds || (ensemble.missingIsTrue[node] === 1 && Number.isNaN(value));
}

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
    default:
      return value !== threshold;
  }
}

/** The leaf (as a row of `leafValues`) that a rounded row reaches from a root. */
export function leafFrom(ensemble: TreeEnsemble, root: number, row: ArrayLike<number>): number {
  let node = root;
  while (ensemble.feature[node]! >= 0) {
    node = (takesTrueBranch(ensemble, node, row) ? ensemble.whenTrue[node] : ensemble.whenFalse[node])!;
  }
  return ensemble.leaf[node]!;
}

/** Base scores plus the leaves that a rounded row reaches, one sum per target. */
export function scoreOf(ensemble: TreeEnsemble, row: ArrayLike<number>): Float64Array {
  const scores = ensemble.baseScores.slice();
  for (const root of ensemble.roots) {
    const start = leafFrom(ensemble, root, row) * scores.length;
    for (let target = 0; target < scores.length; target += 1) {
      scores[target] = scores[target]! + ensemble.leafValues[start + target]!;
    }
  }
  return scores;
}
