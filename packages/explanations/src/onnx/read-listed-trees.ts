import { type Answer, type Refusal, refuse } from '../refusal.ts';
import type { RawNode } from '../trees/tree-ensemble.ts';
import type { GraphNode } from './read-graph.ts';
import {
  checkPrecision,
  checkTargetCount,
  integersOf,
  type ListedTrees,
  modeNumber,
  numbersOf,
  readAggregate,
  readPostTransform,
} from './tree-attributes.ts';

/** TreeEnsembleClassifier and TreeEnsembleRegressor: splits and leaves in one list, weights in a second. */
export function readListedTrees(node: GraphNode): Answer<ListedTrees> {
  const classifier = node.operator === 'TreeEnsembleClassifier';
  const prefix = classifier ? 'class' : 'target';
  const postTransform = readPostTransform(node);
  const precision = checkPrecision(node, 'nodes_values') ?? checkPrecision(node, `${prefix}_weights`);
  if (precision) return precision;
  if (!postTransform.ok) return postTransform;
  const structure = readStructure(node);
  if (!structure.ok) return structure;
  const aggregate = readAggregate(node.attribute('aggregate_function')?.texts[0] ?? 'SUM', structure.roots.length);
  if (!aggregate.ok) return aggregate;
  const weights = numbersOf(node, `${prefix}_weights`);
  const ids = integersOf(node, `${prefix}_ids`);
  const baseValues = numbersOf(node, 'base_values');
  const meaning = classifier
    ? readClasses(node, new Set(ids), baseValues, postTransform.postTransform)
    : readTargets(node, baseValues);
  if (!meaning.ok) return meaning;
  const tooMany = checkTargetCount(meaning.targets.length, structure.nodes.length);
  if (tooMany) return tooMany;
  const problem = addWeights(structure, {
    trees: integersOf(node, `${prefix}_treeids`),
    nodes: integersOf(node, `${prefix}_nodeids`),
    ids: meaning.binaryLabels === null ? ids : ids.map(() => 0),
    weights,
    factor: aggregate.factor,
    targetCount: meaning.targets.length,
  });
  if (problem) return problem;
  return {
    ok: true,
    nodes: structure.nodes,
    roots: structure.roots,
    targets: meaning.targets,
    binaryLabels: meaning.binaryLabels,
    postTransform: postTransform.postTransform,
    baseScores: baseValues.length === 0 ? new Array<number>(meaning.targets.length).fill(0) : baseValues,
  };
}

interface Structure {
  readonly nodes: RawNode[];
  readonly roots: number[];
  /** Position of a node by tree and node number. */
  readonly positions: ReadonlyMap<string, number>;
}

function readStructure(node: GraphNode): Answer<Structure> {
  const trees = integersOf(node, 'nodes_treeids');
  const ids = integersOf(node, 'nodes_nodeids');
  const features = integersOf(node, 'nodes_featureids');
  const thresholds = numbersOf(node, 'nodes_values');
  const whenTrue = integersOf(node, 'nodes_truenodeids');
  const whenFalse = integersOf(node, 'nodes_falsenodeids');
  const tracks = integersOf(node, 'nodes_missing_value_tracks_true');
  const modes = node.attribute('nodes_modes')?.texts ?? [];
  const lists = { ids, features, thresholds, whenTrue, whenFalse, modes };
  for (const [name, list] of Object.entries(lists)) {
    if (list.length !== trees.length) {
      return refuse('malformed-model', `${trees.length} entries of ${name}, one per node`, `${list.length}`);
    }
  }
  const positions = new Map(trees.map((tree, index) => [`${tree}/${ids[index]}`, index]));
  if (positions.size !== trees.length) return refuse('malformed-model', 'node numbers used once per tree', 'repeats');
  const isChild = new Uint8Array(trees.length);
  const nodes: RawNode[] = [];
  for (const [index, text] of modes.entries()) {
    const read = modeNumber(text);
    if (!read.ok) return read;
    if (read.mode === undefined) {
      nodes.push({ values: [] });
      continue;
    }
    const [yes, no] = [whenTrue, whenFalse].map((children) => positions.get(`${trees[index]}/${children[index]}`));
    if (yes === undefined || no === undefined) {
      return refuse('malformed-model', 'children that exist in the tree of their parent', `node ${ids[index]}`);
    }
    isChild[yes] = 1;
    isChild[no] = 1;
    nodes.push({
      feature: features[index]!,
      mode: read.mode,
      threshold: thresholds[index]!,
      missingIsTrue: tracks[index] === 1,
      whenTrue: yes,
      whenFalse: no,
    });
  }
  const roots = nodes.flatMap((_, index) => (isChild[index] === 1 ? [] : [index]));
  if (new Set(trees).size !== roots.length)
    return refuse('malformed-model', 'one root in every tree', 'another number');
  return { ok: true, nodes, roots, positions };
}

interface Weights {
  readonly trees: readonly number[];
  readonly nodes: readonly number[];
  readonly ids: readonly number[];
  readonly weights: readonly number[];
  readonly factor: number;
  readonly targetCount: number;
}

/** Puts the weights into their leaves; several weights of one leaf and target add up. */
function addWeights(structure: Structure, given: Weights): Refusal | undefined {
  const { trees, nodes, ids, weights } = given;
  if (trees.length !== weights.length || nodes.length !== weights.length || ids.length !== weights.length) {
    return refuse('malformed-model', 'a tree, a node and a target for every weight', 'lists of different length');
  }
  const values = structure.nodes.map((node) => ('values' in node ? new Float64Array(given.targetCount) : undefined));
  for (const [index, weight] of weights.entries()) {
    const leaf = values[structure.positions.get(`${trees[index]}/${nodes[index]}`) ?? -1];
    const target = ids[index]!;
    if (leaf === undefined || !(target >= 0 && target < given.targetCount)) {
      return refuse('malformed-model', 'weights of leaves, for known targets', `weight ${index}`);
    }
    leaf[target] = leaf[target]! + weight * given.factor;
  }
  for (const [index, leaf] of values.entries()) if (leaf !== undefined) structure.nodes[index] = { values: leaf };
  return undefined;
}

type Meaning = Answer<Pick<ListedTrees, 'targets' | 'binaryLabels'>>;

function readTargets(node: GraphNode, baseValues: readonly number[]): Meaning {
  const count = integersOf(node, 'n_targets')[0] ?? 1;
  const tooMany = checkTargetCount(count, integersOf(node, 'nodes_treeids').length);
  if (tooMany) return tooMany;
  if (baseValues.length > 0 && baseValues.length !== count) {
    return refuse('malformed-model', `a base value for each of ${count} targets, or none`, `${baseValues.length}`);
  }
  return { ok: true, targets: Array.from({ length: count }, (_, target) => String(target)), binaryLabels: null };
}

/**
 * Two classes and weights for class 0 only: one sum, the score of the second class (XGBoost, scikit-learn exports).
 * Base values of other two-class models are added to one class, to both or to none, depending on the runtime; such a
 * model is refused rather than explained in a space that its runtime does not use.
 */
function readClasses(
  node: GraphNode,
  classIds: ReadonlySet<number>,
  baseValues: readonly number[],
  postTransform: string,
): Meaning {
  const texts = node.attribute('classlabels_strings')?.texts ?? [];
  const numbers = [...integersOf(node, 'classlabels_int64s'), ...integersOf(node, 'classlabels_ints')];
  const labels = texts.length > 0 ? texts : numbers.map(String);
  const [first, second] = labels;
  if (first === undefined) return refuse('malformed-model', 'class labels', 'none');
  if (labels.length === 2 && second !== undefined && classIds.size === 1 && classIds.has(0)) {
    if (baseValues.length > 1 || postTransform === 'PROBIT') {
      return refuse('unsupported-model', 'one base value and no PROBIT for a binary model of one sum', 'another form');
    }
    return { ok: true, targets: [second], binaryLabels: [first, second] };
  }
  if (labels.length === 2 && baseValues.length > 0) {
    return refuse('unsupported-model', 'no base values when two classes have weights', `${baseValues.length}`);
  }
  if (baseValues.length > 0 && baseValues.length !== labels.length) {
    return refuse('malformed-model', `${labels.length} base values, one per class`, `${baseValues.length}`);
  }
  return { ok: true, targets: labels, binaryLabels: null };
}
