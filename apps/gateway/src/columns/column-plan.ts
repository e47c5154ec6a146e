import { shortDecimal } from '@switchyard/prediction-log';
import type { CompiledNode } from '@switchyard/routing';
import type { Tensor } from '@switchyard/runtimes';
import { columnsOfSignature } from '../open-inference/infer-request.ts';
import type { EndpointPlan, LeafPlan } from '../predict/endpoint-plan.ts';

/** Numbers of rows in the order of an endpoint's features, row by row. */
export interface Matrix {
  readonly datatype: 'FP32' | 'FP64';
  readonly rows: number;
  readonly data: Float32Array | Float64Array;
}

/** The artifact's own tensors of rows. */
export type TensorMaker = (matrix: Matrix) => Tensor[];

/** How an endpoint answers rows of numbers without an object for each. */
export interface ColumnPlan {
  /** Whether all rows of a request go the same way, when it gives a unit and when it does not. */
  readonly isShared: { readonly withUnit: boolean; readonly withoutUnit: boolean };
  readonly tensorMakers: ReadonlyMap<CompiledNode, TensorMaker>;
  /** Labels of the classes as text, the same for all models; empty without. */
  readonly labels: readonly string[];
}

const plans = new WeakMap<EndpointPlan, ColumnPlan | false>();

/**
 * Undefined where rows have to be looked at one by one: the policy combines answers, looks at features or keeps
 * answers; a feature is not a number; or a model cannot take columns.
 */
export function columnPlanOf(plan: EndpointPlan): ColumnPlan | undefined {
  let known = plans.get(plan);
  if (known === undefined) {
    known = planColumns(plan) ?? false;
    plans.set(plan, known);
  }
  return known === false ? undefined : known;
}

function planColumns(plan: EndpointPlan): ColumnPlan | undefined {
  const { policy, features, leaves } = plan;
  if (policy.combining.length > 0 || policy.conditionFeatures.length > 0) return undefined;
  if (!features.features.every(({ type }) => type === 'number' || type === 'integer')) return undefined;
  const labels = labelsOf([...leaves.values()]);
  if (labels === undefined) return undefined;
  const tensorMakers = new Map<CompiledNode, TensorMaker>();
  for (const [node, leaf] of leaves) {
    const makeTensors = planTensors(plan, leaf);
    if (makeTensors === undefined || leaf.cache !== undefined) return undefined;
    tensorMakers.set(node, makeTensors);
  }
  return {
    isShared: { withUnit: isSharedBelow(policy.root, true), withoutUnit: isSharedBelow(policy.root, false) },
    tensorMakers,
    labels,
  };
}

function labelsOf(leaves: readonly LeafPlan[]): readonly string[] | undefined {
  const lists = leaves.map(({ loaded }) => (loaded?.signature.labels ?? []).map(String));
  const [first = []] = lists;
  return lists.every((list) => JSON.stringify(list) === JSON.stringify(first)) ? first : undefined;
}

/** Without features, what differs between the rows of a request is their ids; a given unit takes their place in a split. */
function isSharedBelow(node: CompiledNode, hasUnit: boolean): boolean {
  switch (node.kind) {
    case 'model':
      return true;
    case 'split':
      return hasUnit && node.arms.every(({ child }) => isSharedBelow(child, hasUnit));
    case 'rules':
      return [...node.rules.map(({ child }) => child), node.otherwise].every((child) => isSharedBelow(child, hasUnit));
    default:
      return false;
  }
}

function planTensors({ features }: EndpointPlan, { loaded }: LeafPlan): TensorMaker | undefined {
  if (loaded?.predictColumns === undefined) return undefined;
  const { signature } = loaded;
  const width = features.features.length;
  const columns = columnsOfSignature(signature);
  if (columns.length !== signature.features.length) return undefined;
  const inputs = signature.inputs.map(({ name, datatype, shape }) => ({
    name,
    datatype,
    rowShape: shape.slice(1),
    positions: signature.features.flatMap(({ name: feature }, index) =>
      columns[index]?.tensor === name ? [features.indexByName.get(feature) as number] : [],
    ),
  }));
  if (!inputs.every(({ datatype }) => datatype === 'FP32' || datatype === 'FP64')) return undefined;
  return ({ datatype: given, rows, data }) =>
    inputs.map(({ name, datatype, rowShape, positions }): Tensor => {
      const shape = [rows, ...rowShape];
      const isWhole = positions.length === width && positions.every((position, index) => position === index);
      if (isWhole && datatype === given) return { name, datatype, shape, data };
      const values = new (datatype === 'FP32' ? Float32Array : Float64Array)(rows * positions.length);
      // A 64-bit model gets the number that the log and every other way of asking have: 0.1, not the 32-bit one beside it.
      const isWidened = datatype === 'FP64' && given === 'FP32';
      for (let row = 0, at = 0; row < rows; row += 1) {
        for (const position of positions) {
          const value = data[row * width + position] as number;
          values[at] = isWidened ? shortDecimal(value) : value;
          at += 1;
        }
      }
      return { name, datatype, shape, data: values };
    });
}

/** Some of the rows, in the order given. */
export function pickRows({ datatype, data, rows: count }: Matrix, rows: Uint16Array): Matrix {
  const width = data.length / count;
  const picked = new (datatype === 'FP32' ? Float32Array : Float64Array)(rows.length * width);
  for (let index = 0; index < rows.length; index += 1) {
    const from = (rows[index] as number) * width;
    picked.set(data.subarray(from, from + width), index * width);
  }
  return { datatype, rows: rows.length, data: picked };
}
