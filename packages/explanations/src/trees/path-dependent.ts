import { type Answer, refuse } from '../refusal.ts';
import { checkNumericRows, type Rows } from '../rows.ts';
import { roundRows } from './decisions.ts';
import { addUp, explainRows, type TreeExplanation, type TreeGame } from './explain-rows.ts';
import { followRow } from './follow-row.ts';
import { gaussLegendre, type Quadrature } from './gauss-legendre.ts';
import { checkEnsemble, type TreeEnsemble } from './tree-ensemble.ts';
import { leadsAway, type TreePlan } from './tree-plan.ts';

/**
 * Path-dependent Tree SHAP: exact Shapley values of the game in which an unknown feature follows both branches of a
 * split, weighted by the covers of the two children (`countNodeCovers`, or a framework's own in this node order:
 * depth first, true branch first). It needs no background at explanation time and takes the features that precede a
 * split as known, so dependence between features shows; it is not the same as `interventionalTreeShap`.
 *
 * For a leaf of value v whose path holds features with zᵢ = product of cover shares and oᵢ = 1 where the row agrees,
 * φᵢ = v (oᵢ − zᵢ) ∫₀¹ Π_{j≠i} (t oⱼ + (1 − t) zⱼ) dt, the Shapley value of a product game. The integrand is a
 * polynomial, so ⌈d/2⌉ Gauss–Legendre points are exact; all terms are positive and nothing cancels, however deep the
 * tree (unlike the usual extend–unwind recursion). Time: leaves × depth²/2 per row, less where rows share patterns; a few
 * rows are followed through the trees one by one, which divides once per split instead of once per leaf and feature.
 *
 * Values are exact in double precision for trees as the file gives them; leaf weights in float32 files differ from a
 * framework's float64 ones by 6e-8 relative. Assumes that the covers come from rows like those to be explained. Fails
 * on rows of another width or without rows, a number of covers other than of nodes, infinite or negative covers,
 * children that do not cover what their parent does (beyond rounding), no row under a root, and values that do not add
 * up.
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
  if (rows.length <= FEW_ROWS) return explainFew(ensemble, rows, covers);
  const quadratures: Quadrature[] = [];
  return explainRows(ensemble, rows, 'path-dependent', (plan) => {
    const shares = coverShares(ensemble, plan, covers);
    const factors = new Float64Array(plan.mostSlots);
    const known = new Float64Array(plan.mostSlots);
    const baseShares = new Float64Array(plan.leaves.length).fill(1);
    for (let leaf = 0; leaf < baseShares.length; leaf += 1) {
      for (let at = plan.featureStart[leaf]!; at < plan.featureStart[leaf + 1]!; at += 1) {
        baseShares[leaf] = baseShares[leaf]! * shares[at]!;
      }
    }
    const addShares: TreeGame['addShares'] = (leaf, patterns, at, into) => {
      const from = plan.featureStart[leaf]!;
      const slots = plan.featureStart[leaf + 1]! - from;
      const points = Math.ceil(slots / 2);
      const quadrature = quadratures[points] ?? gaussLegendre(points);
      quadratures[points] = quadrature;
      for (let slot = 0; slot < slots; slot += 1) {
        known[slot] = leadsAway(patterns, at, slot) ? 0 : 1;
        // Neither known nor unknown does this feature lead here: the leaf is out of reach of every coalition.
        if (known[slot] === 0 && shares[from + slot] === 0) return;
      }
      for (let point = 0; point < points; point += 1) {
        const t = quadrature.points[point]!;
        let product = quadrature.weights[point]!;
        for (let slot = 0; slot < slots; slot += 1) {
          const factor = (1 - t) * shares[from + slot]! + t * known[slot]!;
          factors[slot] = factor;
          product *= factor;
        }
        for (let slot = 0; slot < slots; slot += 1) into[slot] = into[slot]! + product / factors[slot]!;
      }
      for (let slot = 0; slot < slots; slot += 1) into[slot] = into[slot]! * (known[slot]! - shares[from + slot]!);
    };
    return { baseShares, addShares };
  });
}

/** Up to this many rows, one by one is faster than laying all leaves out for them. */
const FEW_ROWS = 10;

function explainFew(ensemble: TreeEnsemble, rows: Rows<number>, covers: ArrayLike<number>): Answer<TreeExplanation> {
  const { featureCount, maximumDepth, targets } = ensemble;
  const quadrature = gaussLegendre(Math.ceil(Math.min(maximumDepth, featureCount) / 2));
  const explained = roundRows(ensemble, rows).map((row) => {
    const sums = {
      baseValues: ensemble.baseScores.slice(),
      scores: ensemble.baseScores.slice(),
      values: targets.map(() => new Float64Array(featureCount)),
    };
    followRow(ensemble, covers, quadrature, row, sums);
    return sums;
  });
  return addUp(ensemble, 'path-dependent', {
    baseValues: explained[0]!.baseValues,
    values: explained.map(({ values }) => values),
    scores: explained.map(({ scores }) => scores),
  });
}

/** Per leaf and slot, the product of cover shares of the splits on that slot's feature along the leaf's way. */
function coverShares(ensemble: TreeEnsemble, plan: TreePlan, covers: ArrayLike<number>): Float64Array {
  const shares = new Float64Array(plan.features.length);
  const current = new Float64Array(plan.mostSlots).fill(1);
  let leaf = 0;
  const walk = (node: number): void => {
    if (ensemble.feature[node]! < 0) {
      const from = plan.featureStart[leaf]!;
      for (let at = from; at < plan.featureStart[leaf + 1]!; at += 1) shares[at] = current[at - from]!;
      leaf += 1;
      return;
    }
    const slot = plan.slot[node - plan.start]!;
    const before = current[slot]!;
    for (const child of [ensemble.whenTrue[node]!, ensemble.whenFalse[node]!]) {
      const cover = covers[node]!;
      current[slot] = before * (cover > 0 ? covers[child]! / cover : 0.5);
      walk(child);
    }
    current[slot] = before;
  };
  walk(plan.start);
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
