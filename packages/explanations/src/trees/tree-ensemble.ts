import { type Answer, type Refusal, refuse } from '../refusal.ts';

/** How a split compares the value x of its feature with its threshold t: the branch taken when the comparison holds. */
export type SplitMode = 'x<=t' | 'x<t' | 'x>=t' | 'x>t' | 'x=t' | 'x!=t' | 'member';

/** In the order of the ONNX operator TreeEnsemble, whose numbers these positions are. */
export const SPLIT_MODES: readonly SplitMode[] = ['x<=t', 'x<t', 'x>=t', 'x>t', 'x=t', 'x!=t', 'member'];

/** What the ONNX operator makes of the summed scores. Explanations add up to the scores before it. */
export type PostTransform = 'NONE' | 'LOGISTIC' | 'SOFTMAX' | 'SOFTMAX_ZERO' | 'PROBIT';

export const POST_TRANSFORMS: readonly PostTransform[] = ['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO', 'PROBIT'];

/**
 * Trees whose leaf values are summed, one sum per target, as flat arrays. A node comes before its children
 * (depth first), so a loop from the end sees children first. Made by `readOnnxTrees` or `buildTreeEnsemble`.
 */
export interface TreeEnsemble {
  readonly kind: 'tree-ensemble';
  /** Width of the rows it takes. */
  readonly featureCount: number;
  /** What the sums stand for: class labels, or target numbers. One sum only for a binary model: the positive class. */
  readonly targets: readonly string[];
  /** Both labels when one sum stands for two classes, the positive one last. */
  readonly binaryLabels: readonly [string, string] | null;
  readonly postTransform: PostTransform;
  /** Added to the sums, one per target. */
  readonly baseScores: Float64Array;
  /** Inputs are rounded to float32 before they are compared, as the operator's input type does. */
  readonly inputPrecision: 'float32' | 'float64';
  readonly maximumDepth: number;
  /** First node of each tree. */
  readonly roots: Int32Array;
  /** Feature that a node compares; −1 at a leaf. */
  readonly feature: Int32Array;
  /** Position in SPLIT_MODES. */
  readonly mode: Uint8Array;
  readonly threshold: Float64Array;
  /** The set of a 'member' split, by node. */
  readonly members: ReadonlyMap<number, ReadonlySet<number>>;
  /** 1 where NaN takes the true branch. */
  readonly missingIsTrue: Uint8Array;
  readonly whenTrue: Int32Array;
  readonly whenFalse: Int32Array;
  /** Row of a leaf in `leafValues`; −1 at a split. */
  readonly leaf: Int32Array;
  /** Leaves × targets. */
  readonly leafValues: Float64Array;
}

export interface RawSplit {
  readonly feature: number;
  readonly mode: number;
  readonly threshold: number;
  readonly members?: ReadonlySet<number> | undefined;
  readonly missingIsTrue: boolean;
  readonly whenTrue: number;
  readonly whenFalse: number;
}

/** One node as a model file lists it: children by position in the list. A leaf has a value per target. */
export type RawNode = RawSplit | { readonly values: ArrayLike<number> };

export interface EnsembleMeaning {
  readonly featureCount: number | undefined;
  readonly targets: readonly string[];
  readonly binaryLabels: readonly [string, string] | null;
  readonly postTransform: PostTransform;
  readonly baseScores: ArrayLike<number>;
  readonly inputPrecision: 'float32' | 'float64';
}

/** Deeper trees than any learner grows; a bound keeps recursion and memory small for files made to hurt. */
const MAXIMUM_DEPTH = 512;

/** Lays trees out depth first and checks that they are trees: children exist, and no node has two parents. */
export function flattenTrees(
  nodes: readonly RawNode[],
  roots: readonly number[],
  meaning: EnsembleMeaning,
): Answer<{ readonly ensemble: TreeEnsemble }> {
  if (roots.length === 0) return refuse('no-trees', 'at least one tree', 'none');
  const targetCount = meaning.targets.length;
  const count = nodes.length;
  const columns = {
    feature: new Int32Array(count).fill(-1),
    mode: new Uint8Array(count),
    threshold: new Float64Array(count),
    missingIsTrue: new Uint8Array(count),
    whenTrue: new Int32Array(count).fill(-1),
    whenFalse: new Int32Array(count).fill(-1),
    leaf: new Int32Array(count).fill(-1),
  };
  const members = new Map<number, ReadonlySet<number>>();
  const leafValues: number[] = [];
  const seen = new Uint8Array(count);
  let placed = 0;
  let widest = -1;
  let deepest = 0;
  let problem: Refusal | undefined;

  const place = (position: number, depth: number): number => {
    const node = nodes[position];
    if (node === undefined) problem ??= malformed('children that exist', `node ${position} of ${count}`);
    else if (seen[position] === 1) problem ??= malformed('nodes with one parent', `node ${position} has several`);
    else if (depth > MAXIMUM_DEPTH) problem ??= malformed(`trees of at most ${MAXIMUM_DEPTH} levels`, 'deeper ones');
    if (problem !== undefined || node === undefined) return -1;
    seen[position] = 1;
    const at = placed;
    placed += 1;
    deepest = Math.max(deepest, depth);
    if ('values' in node) {
      columns.leaf[at] = leafValues.length / targetCount;
      for (let target = 0; target < targetCount; target += 1) {
        const value = node.values[target];
        if (value === undefined || !Number.isFinite(value)) problem ??= malformed('finite leaf values', `${value}`);
        leafValues.push(value ?? 0);
      }
      return at;
    }
    if (!Number.isSafeInteger(node.feature) || node.feature < 0 || SPLIT_MODES[node.mode] === undefined) {
      problem ??= malformed('splits on a feature in a known way', `feature ${node.feature}, mode ${node.mode}`);
    }
    if (Number.isNaN(node.threshold)) problem ??= malformed('thresholds that are numbers', 'NaN');
    widest = Math.max(widest, node.feature);
    columns.feature[at] = node.feature;
    columns.mode[at] = node.mode;
    columns.threshold[at] = node.threshold;
    columns.missingIsTrue[at] = node.missingIsTrue ? 1 : 0;
    if (node.members !== undefined) members.set(at, node.members);
    columns.whenTrue[at] = place(node.whenTrue, depth + 1);
    columns.whenFalse[at] = place(node.whenFalse, depth + 1);
    return at;
  };

  const placedRoots = Int32Array.from(roots, (root) => place(root, 0));
  const featureCount = meaning.featureCount ?? widest + 1;
  if (widest >= featureCount) problem ??= malformed(`features below ${featureCount}`, `feature ${widest}`);
  if (featureCount < 1) problem ??= malformed('at least one feature', 'none');
  if (problem !== undefined) return problem;
  const trimmed = trim(columns, placed);
  return {
    ok: true,
    ensemble: {
      kind: 'tree-ensemble',
      featureCount,
      targets: meaning.targets,
      binaryLabels: meaning.binaryLabels,
      postTransform: meaning.postTransform,
      baseScores: Float64Array.from(meaning.baseScores),
      inputPrecision: meaning.inputPrecision,
      maximumDepth: deepest,
      roots: placedRoots,
      ...trimmed,
      members,
      leafValues: Float64Array.from(leafValues),
    },
  };
}

type Columns = Record<'feature' | 'whenTrue' | 'whenFalse' | 'leaf', Int32Array> & {
  readonly mode: Uint8Array;
  readonly threshold: Float64Array;
  readonly missingIsTrue: Uint8Array;
};

/** Nodes that no root leads to (files may list some) are left out. */
function trim(columns: Columns, placed: number): Columns {
  return {
    feature: columns.feature.slice(0, placed),
    mode: columns.mode.slice(0, placed),
    threshold: columns.threshold.slice(0, placed),
    missingIsTrue: columns.missingIsTrue.slice(0, placed),
    whenTrue: columns.whenTrue.slice(0, placed),
    whenFalse: columns.whenFalse.slice(0, placed),
    leaf: columns.leaf.slice(0, placed),
  };
}

function malformed(needed: string, have: string): Refusal {
  return refuse('malformed-model', needed, have);
}

export function checkEnsemble(ensemble: TreeEnsemble): Refusal | undefined {
  return ensemble?.kind === 'tree-ensemble'
    ? undefined
    : refuse('invalid-input', 'trees from readOnnxTrees or buildTreeEnsemble', String(ensemble));
}
