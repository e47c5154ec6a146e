// Gradient-boosted regression trees on squared error, grown leaf by leaf over binned columns (Ke et al. 2017,
// "LightGBM"): the learner that direct loss estimation needs. Deterministic: no rows or columns are sampled.

export interface BoostingSettings {
  readonly trees: number;
  readonly leaves: number;
  readonly learningRate: number;
  readonly minimumLeafRows: number;
}

export const DEFAULT_BOOSTING: BoostingSettings = { trees: 100, leaves: 31, learningRate: 0.1, minimumLeafRows: 20 };

/** A value at most `split`, or missing, goes left; a leaf has column −1 and adds `value`. */
export interface TreeNode {
  readonly column: number;
  readonly split: number;
  readonly left: number;
  readonly right: number;
  readonly value: number;
}

/** Plain data: the first node of each tree is its root. */
export interface BoostedTrees {
  readonly base: number;
  readonly trees: readonly (readonly TreeNode[])[];
}

const MAXIMUM_BINS = 255;

export function fitBoostedTrees(
  columns: readonly ArrayLike<number>[],
  targets: Float64Array,
  settings: BoostingSettings,
): BoostedTrees {
  const binned = columns.map(binColumn);
  const base = targets.reduce((total, target) => total + target, 0) / targets.length;
  const predictions = new Float64Array(targets.length).fill(base);
  const trees: TreeNode[][] = [];
  for (let index = 0; index < settings.trees; index += 1) {
    const residuals = targets.map((target, row) => target - (predictions[row] as number));
    const tree = growTree(binned, residuals, settings, predictions);
    if (tree.length <= 1) break;
    trees.push(tree);
  }
  return { base, trees };
}

export function predictBoostedTrees(model: BoostedTrees, columns: readonly ArrayLike<number>[], row: number): number {
  let total = model.base;
  for (const tree of model.trees) {
    let node = tree[0] as TreeNode;
    while (node.column >= 0) {
      const value = columns[node.column]?.[row] as number;
      node = tree[value > node.split ? node.right : node.left] as TreeNode;
    }
    total += node.value;
  }
  return total;
}

interface BinnedColumn {
  readonly bins: Uint8Array;
  /** Upper end of each bin but the last; bin 0 holds missing values too. */
  readonly ends: Float64Array;
}

function binColumn(column: ArrayLike<number>): BinnedColumn {
  const sorted = Float64Array.from(column)
    .filter((value) => !Number.isNaN(value))
    .sort();
  const distinct = sorted.filter((value, at) => at === 0 || value !== sorted[at - 1]);
  const size = Math.min(distinct.length, MAXIMUM_BINS);
  const middle = (at: number) => (distinct[at - 1] as number) / 2 + (distinct[at] as number) / 2;
  const ends: number[] = [];
  for (let bin = 1; bin < size; bin += 1) {
    const value = sorted[Math.floor((bin * sorted.length) / size)] as number;
    const end = distinct.length <= MAXIMUM_BINS ? middle(bin) : value;
    if (ends.length === 0 || end > (ends.at(-1) as number)) ends.push(end);
  }
  const edges = Float64Array.from(ends);
  const bins = Uint8Array.from({ length: column.length }, (_, row) => binOf(edges, column[row] as number));
  return { bins, ends: edges };
}

/** Number of ends below the value; 0 for a missing one. */
function binOf(ends: Float64Array, value: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value > (ends[middle] as number)) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Leaf {
  readonly node: number;
  readonly rows: Uint32Array;
  readonly sum: number;
  readonly split: { readonly column: number; readonly bin: number; readonly gain: number } | undefined;
}

function growTree(
  columns: readonly BinnedColumn[],
  residuals: Float64Array,
  settings: BoostingSettings,
  predictions: Float64Array,
): TreeNode[] {
  const nodes: { column: number; split: number; left: number; right: number; value: number }[] = [];
  const openLeaf = (rows: Uint32Array): Leaf => {
    const sum = rows.reduce((total, row) => total + (residuals[row] as number), 0);
    nodes.push({ column: -1, split: 0, left: -1, right: -1, value: 0 });
    const split = bestSplit(columns, residuals, rows, sum, settings.minimumLeafRows);
    return { node: nodes.length - 1, rows, sum, split };
  };
  const leaves = [openLeaf(Uint32Array.from(residuals, (_, row) => row))];
  while (leaves.length < settings.leaves) {
    let best = -1;
    for (const [at, leaf] of leaves.entries()) {
      if (leaf.split && leaf.split.gain > (leaves[best]?.split?.gain ?? 0)) best = at;
    }
    const leaf = leaves[best];
    if (!leaf?.split) break;
    const { column, bin } = leaf.split;
    const { bins, ends } = columns[column] as BinnedColumn;
    const left = openLeaf(leaf.rows.filter((row) => (bins[row] as number) <= bin));
    const right = openLeaf(leaf.rows.filter((row) => (bins[row] as number) > bin));
    nodes[leaf.node] = { column, split: ends[bin] as number, left: left.node, right: right.node, value: 0 };
    leaves.splice(best, 1, left, right);
  }
  for (const leaf of leaves) {
    const value = (settings.learningRate * leaf.sum) / leaf.rows.length;
    (nodes[leaf.node] as { value: number }).value = value;
    for (const row of leaf.rows) predictions[row] = (predictions[row] as number) + value;
  }
  return nodes;
}

/** The cut with the largest fall in squared error: left²/n + right²/n − all²/n. */
function bestSplit(
  columns: readonly BinnedColumn[],
  residuals: Float64Array,
  rows: Uint32Array,
  sum: number,
  minimumLeafRows: number,
) {
  if (rows.length < 2 * minimumLeafRows) return undefined;
  let best: { column: number; bin: number; gain: number } | undefined;
  const sums = new Float64Array(MAXIMUM_BINS + 1);
  const counts = new Uint32Array(MAXIMUM_BINS + 1);
  for (const [column, { bins, ends }] of columns.entries()) {
    sums.fill(0);
    counts.fill(0);
    for (const row of rows) {
      const bin = bins[row] as number;
      sums[bin] = (sums[bin] as number) + (residuals[row] as number);
      counts[bin] = (counts[bin] as number) + 1;
    }
    let [leftSum, leftCount] = [0, 0];
    for (let bin = 0; bin < ends.length; bin += 1) {
      leftSum += sums[bin] as number;
      leftCount += counts[bin] as number;
      const rightCount = rows.length - leftCount;
      if (leftCount < minimumLeafRows) continue;
      if (rightCount < minimumLeafRows) break;
      const rightSum = sum - leftSum;
      const gain = leftSum ** 2 / leftCount + rightSum ** 2 / rightCount - sum ** 2 / rows.length;
      if (gain > (best?.gain ?? 1e-12 * sum * sum)) best = { column, bin, gain };
    }
  }
  return best;
}
