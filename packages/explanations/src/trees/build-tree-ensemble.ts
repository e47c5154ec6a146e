import { type Answer, refuse } from '../refusal.ts';
import {
  flattenTrees,
  POST_TRANSFORMS,
  type PostTransform,
  type RawNode,
  SPLIT_MODES,
  type SplitMode,
  type TreeEnsemble,
} from './tree-ensemble.ts';

/** A tree written out: a split with two subtrees, or a leaf with one value per target. */
export type TreeDefinition =
  | {
      readonly feature: number;
      /** 'x<=t' unless given. */
      readonly mode?: Exclude<SplitMode, 'member'>;
      readonly threshold: number;
      /** NaN takes the true branch; otherwise it takes the branch that the comparison with NaN gives. */
      readonly missingIsTrue?: boolean;
      readonly whenTrue: TreeDefinition;
      readonly whenFalse: TreeDefinition;
    }
  | { readonly values: readonly number[] };

export interface BuildOptions {
  readonly featureCount: number;
  /** Names of the sums; "0", "1", … unless given. */
  readonly targets?: readonly string[];
  readonly baseScores?: readonly number[];
  readonly postTransform?: PostTransform;
  /** 'float64' unless given: inputs are compared as they are. */
  readonly inputPrecision?: 'float32' | 'float64';
}

/**
 * An ensemble from trees written out, for models that are not ONNX files. The score of a row is the base score plus
 * the sum of the leaf values it reaches. Assumes that the model adds its trees up; for a mean, divide the leaf values.
 * Fails without trees, on leaves of different length, values or base scores that are not finite, thresholds that are
 * NaN, features outside `featureCount`, unknown comparisons or post transforms, and more than 512 levels.
 * Source: definition; comparisons and post transforms are those of the ONNX operator TreeEnsemble (ai.onnx.ml 5).
 */
export function buildTreeEnsemble(
  trees: readonly TreeDefinition[],
  options: BuildOptions,
): Answer<{ readonly ensemble: TreeEnsemble }> {
  if (!Array.isArray(trees) || trees.length === 0) return refuse('no-trees', 'at least one tree', 'none');
  const targetCount = options?.targets?.length ?? options?.baseScores?.length ?? firstLeaf(trees[0]!)?.length ?? 0;
  const baseScores = options?.baseScores ?? new Array<number>(targetCount).fill(0);
  const postTransform = options?.postTransform ?? 'NONE';
  if (!Number.isSafeInteger(options?.featureCount) || options.featureCount < 1) {
    return refuse('invalid-option', 'the number of features of a row', String(options?.featureCount));
  }
  if (targetCount === 0 || baseScores.length !== targetCount || !baseScores.every(Number.isFinite)) {
    return refuse('mismatched-shape', 'a finite base score for every target', `${baseScores.length} of ${targetCount}`);
  }
  if (!POST_TRANSFORMS.includes(postTransform)) {
    return refuse('invalid-option', POST_TRANSFORMS.join(', '), String(postTransform));
  }
  const nodes: RawNode[] = [];
  let uneven = 0;
  const list = (tree: TreeDefinition): number => {
    const position = nodes.length;
    if ('values' in tree) {
      if (tree.values.length !== targetCount) uneven += 1;
      nodes.push(tree);
      return position;
    }
    // Holds the place until both children are listed.
    nodes.push({ values: [] });
    nodes[position] = {
      feature: tree.feature,
      mode: SPLIT_MODES.indexOf(tree.mode ?? 'x<=t'),
      threshold: tree.threshold,
      missingIsTrue: tree.missingIsTrue ?? false,
      whenTrue: list(tree.whenTrue),
      whenFalse: list(tree.whenFalse),
    };
    return position;
  };
  const roots = trees.map(list);
  if (uneven > 0) return refuse('mismatched-shape', `${targetCount} values in every leaf`, `${uneven} other leaves`);
  return flattenTrees(nodes, roots, {
    featureCount: options.featureCount,
    targets: options.targets ?? baseScores.map((_, target) => String(target)),
    binaryLabels: null,
    postTransform,
    baseScores,
    inputPrecision: options.inputPrecision ?? 'float64',
  });
}

function firstLeaf(tree: TreeDefinition): readonly number[] | undefined {
  let node = tree;
  while (node !== undefined && !('values' in node)) node = node.whenTrue;
  return node?.values;
}
