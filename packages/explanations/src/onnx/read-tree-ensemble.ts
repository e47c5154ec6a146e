import { type Answer, refuse } from '../refusal.ts';
import { POST_TRANSFORMS, type RawNode } from '../trees/tree-ensemble.ts';
import type { GraphNode } from './read-graph.ts';
import {
  checkPrecision,
  checkTargetCount,
  integersOf,
  type ListedTrees,
  numbersOf,
  readAggregate,
} from './tree-attributes.ts';

const MEMBER = 6;
/** By number in the operator TreeEnsemble, whose order differs from the texts of the older operators. */
const TRANSFORMS = ['NONE', 'SOFTMAX', 'LOGISTIC', 'SOFTMAX_ZERO', 'PROBIT'] as const;
const AGGREGATES = ['AVERAGE', 'SUM', 'MIN', 'MAX'] as const;

/** TreeEnsemble (ai.onnx.ml 5): splits in one list, leaves in another; a leaf belongs to one target. */
export function readTreeEnsembleFive(node: GraphNode): Answer<ListedTrees> {
  const precision = checkPrecision(node, 'nodes_splits') ?? checkPrecision(node, 'leaf_weights');
  if (precision) return precision;
  const roots = integersOf(node, 'tree_roots');
  const targetCount = integersOf(node, 'n_targets')[0] ?? 1;
  const postTransform = TRANSFORMS[integersOf(node, 'post_transform')[0] ?? 0];
  const aggregate = readAggregate(
    AGGREGATES[integersOf(node, 'aggregate_function')[0] ?? 1] ?? 'unknown',
    roots.length,
  );
  if (!aggregate.ok) return aggregate;
  const tooMany = checkTargetCount(targetCount, integersOf(node, 'leaf_targetids').length);
  if (tooMany) return tooMany;
  if (postTransform === undefined) {
    return refuse('malformed-model', `a post transform of ${POST_TRANSFORMS.join(', ')}`, 'others');
  }
  const listed = readNodes(node, targetCount, aggregate.factor);
  if (!listed.ok) return listed;
  return {
    ok: true,
    nodes: listed.nodes,
    roots,
    targets: Array.from({ length: targetCount }, (_, target) => String(target)),
    binaryLabels: null,
    postTransform,
    baseScores: new Array<number>(targetCount).fill(0),
  };
}

function readNodes(node: GraphNode, targetCount: number, factor: number): Answer<{ readonly nodes: RawNode[] }> {
  const modes = numbersOf(node, 'nodes_modes');
  const features = integersOf(node, 'nodes_featureids');
  const splits = numbersOf(node, 'nodes_splits');
  const tracks = integersOf(node, 'nodes_missing_value_tracks_true');
  const weights = numbersOf(node, 'leaf_weights');
  const targets = integersOf(node, 'leaf_targetids');
  const branches = (['true', 'false'] as const).map((side) => ({
    isLeaf: integersOf(node, `nodes_${side}leafs`),
    child: integersOf(node, `nodes_${side}nodeids`),
  }));
  const lists = [features, splits, ...branches.flatMap(({ isLeaf, child }) => [isLeaf, child])];
  if (lists.some((list) => list.length !== modes.length) || targets.length !== weights.length) {
    return refuse('malformed-model', 'attributes with one entry per node or leaf', 'lists of different length');
  }
  const sets = readMemberSets(numbersOf(node, 'membership_values'));
  const nodes: RawNode[] = new Array(modes.length);
  let memberNodes = 0;
  for (const [index, mode] of modes.entries()) {
    const children: number[] = [];
    for (const { isLeaf, child } of branches) {
      const at = child[index]!;
      if (isLeaf[index] !== 1) {
        children.push(at);
        continue;
      }
      // A leaf may be named by several branches; each gets its own copy, so that the trees stay trees.
      const [weight, target] = [weights[at], targets[at]];
      if (weight === undefined || target === undefined || !(target >= 0 && target < targetCount)) {
        return refuse('malformed-model', 'leaves that exist, for known targets', `leaf ${at}`);
      }
      const values = new Float64Array(targetCount);
      values[target] = weight * factor;
      children.push(nodes.push({ values }) - 1);
    }
    const members = mode === MEMBER ? sets[memberNodes] : undefined;
    if (mode === MEMBER && members === undefined)
      return refuse('malformed-model', 'a set for every member split', 'none');
    memberNodes += mode === MEMBER ? 1 : 0;
    nodes[index] = {
      feature: features[index]!,
      mode,
      threshold: mode === MEMBER ? 0 : splits[index]!,
      members,
      missingIsTrue: tracks[index] === 1,
      whenTrue: children[0]!,
      whenFalse: children[1]!,
    };
  }
  return { ok: true, nodes };
}

/** Sets one after the other, with NaN between them. */
function readMemberSets(values: readonly number[]): ReadonlySet<number>[] {
  const sets: Set<number>[] = [];
  let current: Set<number> | undefined;
  for (const value of values) {
    if (Number.isNaN(value)) {
      current = undefined;
      continue;
    }
    if (current === undefined) {
      current = new Set();
      sets.push(current);
    }
    current.add(value);
  }
  return sets;
}
