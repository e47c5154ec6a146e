import { type Answer, refuse } from '../refusal.ts';
import { describe } from '../rows.ts';
import { flattenTrees, type TreeEnsemble } from '../trees/tree-ensemble.ts';
import { type GraphNode, readGraph } from './read-graph.ts';
import { readListedTrees } from './read-listed-trees.ts';
import { readTreeEnsembleFive } from './read-tree-ensemble.ts';
import { type OnnxColumn, operatorsAfter, traceColumns } from './trace-columns.ts';
import type { ListedTrees } from './tree-attributes.ts';
import { MalformedModel } from './wire-reader.ts';

export interface OnnxTrees {
  readonly ensemble: TreeEnsemble;
  /** Where each feature of the trees comes from; null when they see columns that the graph computes. */
  readonly columns: readonly OnnxColumn[] | null;
  /**
   * Operators after the trees. With nothing but `Cast`, `Identity` and `ZipMap` the trees' output is the model's;
   * others (a calibration, a sum of several ensembles) change it, and the explanation is of the trees alone.
   */
  readonly followedBy: readonly string[];
}

export interface ReadOnnxOptions {
  /** Which tree operator, by its position among them; needed when a graph has several. */
  readonly position?: number;
  /** Accept trees behind a scaler or encoder: rows must then hold what the trees see, not the model's inputs. */
  readonly allowComputedInputs?: boolean;
}

const READERS: Readonly<Record<string, (node: GraphNode) => Answer<ListedTrees>>> = {
  TreeEnsembleClassifier: readListedTrees,
  TreeEnsembleRegressor: readListedTrees,
  TreeEnsemble: readTreeEnsembleFive,
};

/**
 * Which trees are in an ONNX file, and which inputs do they see? Reads TreeEnsembleClassifier and TreeEnsembleRegressor
 * (ai.onnx.ml 1 and 3), TreeEnsemble (ai.onnx.ml 5), with all branch modes, tracks of missing values, several targets,
 * base values, sums and averages. Refuses files that are not ONNX (`malformed-model`) or have no tree operator
 * (`no-trees`), several of them (`several-ensembles`: choose one by `position`), trees whose features the graph
 * computes (`computed-inputs`), and forms that have no Tree SHAP or that runtimes read differently
 * (`unsupported-model`). Assumes that columns which the graph computes are float32. Source: onnx.proto3 and the
 * operator reference of ONNX (ai.onnx.ml); what the trees answer equals ONNX Runtime within float32 rounding.
 */
export function readOnnxTrees(bytes: Uint8Array, options: ReadOnnxOptions = {}): Answer<OnnxTrees> {
  if (!(bytes instanceof Uint8Array)) return refuse('invalid-input', 'the bytes of an ONNX file', describe(bytes));
  try {
    return readTrees(bytes, options);
  } catch (error) {
    if (error instanceof MalformedModel) return refuse('malformed-model', 'a well-formed ONNX file', error.message);
    throw error;
  }
}

function readTrees(bytes: Uint8Array, options: ReadOnnxOptions): Answer<OnnxTrees> {
  const graph = readGraph(bytes);
  const candidates = graph.nodes.filter(({ domain, operator }) => domain === 'ai.onnx.ml' && operator in READERS);
  if (candidates.length === 0) {
    return refuse('no-trees', `a node of ${Object.keys(READERS).join(', ')}`, 'none in the graph');
  }
  if (candidates.length > 1 && options.position === undefined) {
    return refuse('several-ensembles', `the position of one of ${candidates.length} tree operators`, 'none');
  }
  const node = candidates[options.position ?? 0];
  if (node === undefined) {
    return refuse('invalid-option', `a position below ${candidates.length}`, describe(options.position));
  }
  const traced = traceColumns(graph, node.inputs[0] ?? '');
  const computed = 'computedBy' in traced;
  if (computed && !options.allowComputedInputs) {
    return refuse('computed-inputs', 'trees that see the inputs of the model', `columns made by ${traced.computedBy}`);
  }
  const listed = READERS[node.operator]!(node);
  if (!listed.ok) return listed;
  const columns = computed ? undefined : traced.columns;
  const flat = flattenTrees(listed.nodes, listed.roots, {
    featureCount: columns?.length,
    targets: listed.targets,
    binaryLabels: listed.binaryLabels,
    postTransform: listed.postTransform,
    baseScores: listed.baseScores,
    // What a graph computes is float32 wherever nobody asked for more.
    inputPrecision: computed ? 'float32' : traced.inputPrecision,
  });
  if (!flat.ok) return flat;
  return {
    ok: true,
    ensemble: flat.ensemble,
    columns: computed ? null : (columns ?? columnsOf(node.inputs[0] ?? '', flat.ensemble.featureCount)),
    followedBy: operatorsAfter(graph, node.outputs),
  };
}

/** An input of open width, taken to be as wide as the trees need. */
function columnsOf(input: string, width: number): OnnxColumn[] {
  return Array.from({ length: width }, (_, column) => ({ input, column }));
}
