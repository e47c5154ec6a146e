import { type Answer, refuse } from '../refusal.ts';
import { checkNumericRows, type Rows } from '../rows.ts';
import { explainRows, type LeafShares, type TreeExplanation } from './explain-rows.ts';
import { gaussLegendre, type Quadrature } from './gauss-legendre.ts';
import { hasSlot, type LeafPath, leafPaths } from './leaf-paths.ts';
import { checkEnsemble, type TreeEnsemble } from './tree-ensemble.ts';

/**
 * Path-dependent Tree SHAP: exact Shapley values of the game in which an unknown feature follows both branches of a
 * split, weighted by the covers of the two children (`countNodeCovers`, or a framework's own in this node order:
 * depth first, true branch first). It needs no background at explanation time and takes the features that precede a
 * split as known, so dependence between features shows; it is not the same as `interventionalTreeShap`.
 *
 * For a leaf of value v whose path holds features with zᵢ = product of cover shares and oᵢ = 1 where the row agrees,
 * φᵢ = v (oᵢ − zᵢ) ∫₀¹ Π_{j≠i} (t oⱼ + (1 − t) zⱼ) dt, the Shapley value of a product game. The integrand is a
 * polynomial, so ⌈d/2⌉ Gauss–Legendre points are exact; all terms are positive and nothing cancels, however deep the
 * tree (unlike the usual extend–unwind recursion). Time: leaves × depth²/2 per row, less where rows share patterns.
 *
 * Values are exact in double precision for trees as the file gives them; leaf weights in float32 files differ from a
 * framework's float64 ones by 6e-8 relative. Fails on rows of another width, infinite or negative covers, children
 * that cover more than their parent (beyond rounding), and no row under a root.
 * Source: Lundberg et al., Nature Machine Intelligence 2 (2020), for the game; Owen (1972) for the integral.
 */
export function pathDependentTreeShap(
  ensemble: TreeEnsemble,
  rows: Rows<number>,
  covers: ArrayLike<number>,
): Answer<TreeExplanation> {
  const problem =
    checkEnsemble(ensemble) ??
    checkNumericRows(rows, 'rows', 1, ensemble.featureCount) ??
    checkCovers(ensemble, covers);
  if (problem) return problem;
  const paths = leafPaths(ensemble);
  const proportions = paths.map((path) => coverShares(ensemble, path, covers));
  const quadratures: Quadrature[] = [];
  const baseValues = ensemble.baseScores.slice();
  for (const [position, path] of paths.entries()) {
    const weight = proportions[position]!.reduce((product, share) => product * share, 1);
    for (let target = 0; target < baseValues.length; target += 1) {
      baseValues[target] = baseValues[target]! + weight * ensemble.leafValues[path.leaf * baseValues.length + target]!;
    }
  }
  const shares: LeafShares = (position, path, pattern, into) => {
    const points = Math.ceil(path.features.length / 2);
    quadratures[points] ??= gaussLegendre(points);
    productGame(proportions[position]!, pattern, quadratures[points]!, into);
  };
  return explainRows(ensemble, rows, { kind: 'path-dependent', paths, baseValues, shares });
}

/** Shapley values of the product over slots of (1 or 0 when known, its share when not). */
function productGame(shares: Float64Array, pattern: Int32Array, quadrature: Quadrature, into: Float64Array): void {
  const count = shares.length;
  for (let slot = 0; slot < count; slot += 1) {
    // Neither known nor unknown does this feature lead here: the leaf is out of reach of every coalition.
    if (shares[slot] === 0 && !hasSlot(pattern, slot)) return;
  }
  for (let point = 0; point < quadrature.points.length; point += 1) {
    const t = quadrature.points[point]!;
    let product = quadrature.weights[point]!;
    for (let slot = 0; slot < count; slot += 1) {
      product *= (hasSlot(pattern, slot) ? t : 0) + (1 - t) * shares[slot]!;
    }
    for (let slot = 0; slot < count; slot += 1) {
      const known = hasSlot(pattern, slot);
      const factor = (known ? t : 0) + (1 - t) * shares[slot]!;
      into[slot] = into[slot]! + ((known ? 1 : 0) - shares[slot]!) * (product / factor);
    }
  }
}

/** Per slot, the product of cover shares of the splits on its feature along the path. */
function coverShares(ensemble: TreeEnsemble, path: LeafPath, covers: ArrayLike<number>): Float64Array {
  const shares = new Float64Array(path.features.length).fill(1);
  for (const [step, node] of path.nodes.entries()) {
    const child = path.wanted[step] === 1 ? ensemble.whenTrue[node]! : ensemble.whenFalse[node]!;
    const cover = covers[node]!;
    const share = cover > 0 ? covers[child]! / cover : 0.5;
    const slot = path.slots[step]!;
    shares[slot] = shares[slot]! * share;
  }
  return shares;
}

function checkCovers(ensemble: TreeEnsemble, covers: ArrayLike<number>) {
  const count = ensemble.feature.length;
  if (covers?.length !== count) {
    return refuse('mismatched-shape', `a cover for each of ${count} nodes`, `${covers?.length ?? 'none'}`);
  }
  for (let node = 0; node < count; node += 1) {
    const cover = covers[node]!;
    if (!(Number.isFinite(cover) && cover >= 0)) {
      return refuse('not-finite', `a finite cover of at least 0 at node ${node}`, `${cover}`);
    }
    if (ensemble.feature[node]! < 0) continue;
    const children = covers[ensemble.whenTrue[node]!]! + covers[ensemble.whenFalse[node]!]!;
    // Frameworks store covers in float32 (sums of Hessians), so parents and children agree to about 1e-5 only.
    if (Math.abs(children - cover) > 1e-3 * Math.max(1, cover)) {
      return refuse('invalid-input', 'children that cover what their parent covers', `${children} of ${cover}`);
    }
  }
  for (const root of ensemble.roots) {
    if (covers[root] === 0) return refuse('empty', 'at least one row under every root', 'none');
  }
  return undefined;
}
