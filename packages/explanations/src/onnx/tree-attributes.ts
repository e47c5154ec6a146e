import { type Answer, type Refusal, refuse } from '../refusal.ts';
import { POST_TRANSFORMS, type PostTransform, type RawNode, SPLIT_MODES } from '../trees/tree-ensemble.ts';
import { FLOAT32, FLOAT64, type GraphNode } from './read-graph.ts';

/** Trees as an operator lists them, before they are laid out. */
export interface ListedTrees {
  readonly nodes: readonly RawNode[];
  readonly roots: readonly number[];
  readonly targets: readonly string[];
  readonly binaryLabels: readonly [string, string] | null;
  readonly postTransform: PostTransform;
  readonly baseScores: readonly number[];
}

export function integersOf(node: GraphNode, name: string): readonly number[] {
  return node.attribute(name)?.integers ?? [];
}

/** A list of numbers that may be an attribute of floats or, from operator version 3 on, a tensor. */
export function numbersOf(node: GraphNode, name: string): readonly number[] {
  const tensor = node.attribute(`${name}_as_tensor`)?.tensor ?? node.attribute(name)?.tensor;
  return tensor?.values ?? node.attribute(name)?.floats ?? [];
}

/** As `numbersOf`, float32 and float64 only. */
export function checkPrecision(node: GraphNode, name: string): Refusal | undefined {
  const tensor = node.attribute(`${name}_as_tensor`)?.tensor ?? node.attribute(name)?.tensor;
  if (tensor === undefined || tensor.elementType === FLOAT32 || tensor.elementType === FLOAT64) return undefined;
  return refuse('unsupported-model', `${name} as float32 or float64`, `element type ${tensor.elementType}`);
}

export function readPostTransform(node: GraphNode): Answer<{ readonly postTransform: PostTransform }> {
  const name = node.attribute('post_transform')?.texts[0] ?? 'NONE';
  const postTransform = POST_TRANSFORMS.find((known) => known === name);
  if (postTransform !== undefined) return { ok: true, postTransform };
  return refuse('malformed-model', `a post transform of ${POST_TRANSFORMS.join(', ')}`, name);
}

const LARGEST_TARGET_COUNT = 100_000;
const LARGEST_LEAF_TABLE = 2 ** 26;

/** A file of some kilobytes may name any number of targets; every leaf has a value for each. */
export function checkTargetCount(targetCount: number, nodeCount: number): Refusal | undefined {
  const fits = Number.isSafeInteger(targetCount) && targetCount >= 1 && targetCount <= LARGEST_TARGET_COUNT;
  if (fits && targetCount * nodeCount <= LARGEST_LEAF_TABLE) return undefined;
  return refuse(
    'unsupported-model',
    `1 to ${LARGEST_TARGET_COUNT} targets, in memory for every leaf`,
    `${targetCount}`,
  );
}

/**
 * Leaf weights as the sum that is explained. AVERAGE is the sum of weights divided by the number of trees; the
 * smallest or largest leaf of several trees is no sum and has no Tree SHAP.
 */
export function readAggregate(name: string, treeCount: number): Answer<{ readonly factor: number }> {
  if (name === 'SUM') return { ok: true, factor: 1 };
  if (name === 'AVERAGE') return { ok: true, factor: 1 / treeCount };
  return refuse('unsupported-model', 'trees that are summed or averaged; use a Shapley value for any model', name);
}

/** The mode numbers of splits written as texts; undefined for LEAF; a refusal for anything else. */
export function modeNumber(text: string): Answer<{ readonly mode: number | undefined }> {
  if (text === 'LEAF') return { ok: true, mode: undefined };
  const mode = BRANCHES.indexOf(text);
  if (mode >= 0) return { ok: true, mode };
  return refuse('malformed-model', `nodes_modes of LEAF, ${BRANCHES.join(', ')}`, text);
}

const BRANCHES: readonly string[] = SPLIT_MODES.slice(0, 6).map(
  (mode) =>
    ({
      'x<=t': 'BRANCH_LEQ',
      'x<t': 'BRANCH_LT',
      'x>=t': 'BRANCH_GTE',
      'x>t': 'BRANCH_GT',
      'x=t': 'BRANCH_EQ',
      'x!=t': 'BRANCH_NEQ',
      member: '',
    })[mode],
);
