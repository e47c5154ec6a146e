import type { Answer } from '../refusal.ts';
import { checkNumericRows, type Rows } from '../rows.ts';
import { roundRows, takesTrueBranch } from './decisions.ts';
import { checkEnsemble, type TreeEnsemble } from './tree-ensemble.ts';

export interface NodeCovers {
  /** Rows that pass each node, in the ensemble's node order. */
  readonly covers: Float64Array;
  /** Nodes that no row passes. Below them, rows are taken to split evenly. */
  readonly unreachedNodes: number;
  readonly rowCount: number;
}

/**
 * How many rows pass each node? A count: the weights that path-dependent Tree SHAP needs and ONNX files do not carry
 * (exporters write `nodes_hitrates` of 1). Assumes rows like those the trees were trained on; the training rows
 * themselves reproduce what frameworks store, up to bootstrap samples and row weights, which a forest's own covers
 * include. Fails on rows of another width and without rows.
 * Source: definition; the covers of Lundberg et al., Nature Machine Intelligence 2 (2020).
 */
export function countNodeCovers(ensemble: TreeEnsemble, rows: Rows<number>): Answer<NodeCovers> {
  const problem = checkEnsemble(ensemble) ?? checkNumericRows(rows, 'rows', 1, ensemble.featureCount);
  if (problem) return problem;
  const { feature, whenTrue, whenFalse } = ensemble;
  const covers = new Float64Array(feature.length);
  for (const row of roundRows(ensemble, rows)) {
    for (const root of ensemble.roots) {
      let node = root;
      covers[node] = covers[node]! + 1;
      while (feature[node]! >= 0) {
        node = (takesTrueBranch(ensemble, node, row) ? whenTrue[node] : whenFalse[node])!;
        covers[node] = covers[node]! + 1;
      }
    }
  }
  const unreachedNodes = covers.reduce((count, cover) => count + (cover === 0 ? 1 : 0), 0);
  return { ok: true, covers, unreachedNodes, rowCount: rows.length };
}
