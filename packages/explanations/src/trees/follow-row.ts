import { takesTrueBranch } from './decisions.ts';
import type { Quadrature } from './gauss-legendre.ts';
import type { TreeEnsemble } from './tree-ensemble.ts';

/** Where one row's explanation is summed: per target, and per target and feature. */
export interface RowSums {
  readonly baseValues: Float64Array;
  readonly scores: Float64Array;
  readonly values: readonly Float64Array[];
}

/**
 * Path-dependent Shapley values of one row, in one walk over each tree. The integral of `pathDependentTreeShap` has the
 * same factor of a feature for all leaves below the split that fixed it, so a leaf only adds value × product to the sums
 * of the splits above it, and the factor is divided out once per split. Nothing is laid out beforehand, which is what
 * takes the time when rows come one by one; many rows share patterns and are faster leaf by leaf (`explainRows`).
 */
export function followRow(
  ensemble: TreeEnsemble,
  covers: ArrayLike<number>,
  { points, weights }: Quadrature,
  row: ArrayLike<number>,
  { baseValues, scores, values }: RowSums,
): void {
  const { feature, whenTrue, whenFalse, leaf, leafValues, maximumDepth } = ensemble;
  const targets = baseValues.length;
  const count = points.length;
  const size = count * targets;
  // Per level of the way: the edge that leaves it. `product` has one level more, for where the edge leads.
  const edgeFeature = new Int32Array(maximumDepth);
  const edgeShare = new Float64Array(maximumDepth);
  const edgeKnown = new Uint8Array(maximumDepth);
  const factor = new Float64Array(maximumDepth * count);
  const product = new Float64Array((maximumDepth + 1) * count);
  const below = new Float64Array(maximumDepth * size);
  /** The level whose edge says most of a feature: the deepest; −1 when no edge does. */
  const owner = new Int32Array(ensemble.featureCount).fill(-1);
  product.set(weights);

  const addLeaf = (node: number, depth: number, base: number, isPassed: boolean): void => {
    const at = leaf[node]! * targets;
    for (let target = 0; target < targets; target += 1) {
      const value = leafValues[at + target]!;
      if (value === 0) continue;
      baseValues[target] = baseValues[target]! + base * value;
      if (isPassed) scores[target] = scores[target]! + value;
      for (let level = 0; level < depth; level += 1) {
        if (owner[edgeFeature[level]!] !== level) continue;
        const from = level * size + target * count;
        for (let point = 0; point < count; point += 1) {
          below[from + point] = below[from + point]! + value * product[depth * count + point]!;
        }
      }
    }
  };

  const follow = (node: number, depth: number, base: number, isPassed: boolean): void => {
    const split = feature[node]!;
    if (split < 0) {
      addLeaf(node, depth, base, isPassed);
      return;
    }
    const cover = covers[node]!;
    const isTrue = takesTrueBranch(ensemble, node, row);
    takeEdge(whenTrue[node]!, isTrue, cover, split, depth, base, isPassed);
    takeEdge(whenFalse[node]!, !isTrue, cover, split, depth, base, isPassed);
  };

  const takeEdge = (
    child: number,
    isTaken: boolean,
    cover: number,
    split: number,
    depth: number,
    base: number,
    isPassed: boolean,
  ): void => {
    const outer = owner[split]!;
    const own = cover > 0 ? covers[child]! / cover : 0.5;
    const share = outer < 0 ? own : edgeShare[outer]! * own;
    const known = isTaken && (outer < 0 || edgeKnown[outer] === 1) ? 1 : 0;
    // Neither known nor unknown does this feature lead there: what lies below is out of reach of every coalition.
    if (known === 0 && share === 0) return;
    edgeFeature[depth] = split;
    edgeShare[depth] = share;
    edgeKnown[depth] = known;
    const start = depth * count;
    for (let point = 0; point < count; point += 1) {
      const t = points[point]!;
      const one = (1 - t) * share + t * known;
      factor[start + point] = one;
      const replaced = outer < 0 ? one : one / factor[outer * count + point]!;
      product[start + count + point] = product[start + point]! * replaced;
    }
    below.fill(0, depth * size, (depth + 1) * size);
    owner[split] = depth;
    follow(child, depth + 1, base * own, isPassed && isTaken);
    owner[split] = outer;
    for (let target = 0; target < targets; target += 1) {
      const from = depth * size + target * count;
      let sum = 0;
      for (let point = 0; point < count; point += 1) sum += below[from + point]! / factor[start + point]!;
      const into = values[target]!;
      into[split] = into[split]! + (known - share) * sum;
    }
  };

  for (const root of ensemble.roots) follow(root, 0, 1, true);
}
