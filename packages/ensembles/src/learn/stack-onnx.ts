import { ProtobufWriter } from '../internal/protobuf-writer.ts';
import { type Failure, failure, type Result } from '../result.ts';
import { findStackProblem, type StackModel } from './stack-model.ts';

/** A class label as endpoints answer it. */
export type StackLabel = string | number | boolean;

export interface StackArtifact {
  /** An ONNX file. */
  readonly bytes: Uint8Array;
  /** The names of its features, in order; also in the file. */
  readonly features: readonly string[];
  readonly task: 'binary' | 'multiclass' | 'regression';
  /** In the order of the probabilities. Not in the file when they are neither texts nor whole numbers. */
  readonly labels: readonly StackLabel[] | undefined;
}

export interface StackOnnxOptions {
  /** In the order of the members; become the names of the features (`name`, or `name:label` of more than two classes). */
  readonly memberNames: readonly string[];
  /** One per class, in the order of the probabilities; 0, 1, … unless given. */
  readonly labels?: readonly StackLabel[];
}

const DOUBLE = 11;
const INT64 = 7;
const STRING = 8;
const OPSET = 13;
const IR_VERSION = 8;

/**
 * A meta-model as an ONNX file, so that any ONNX runtime serves it like every other model: one input of doubles
 * `answers` [rows, columns] in the order of `stackingFeatures`; outputs `label` and `probabilities` [rows, classes], or
 * `value` [rows, 1]. MatMul and Add, then Sigmoid or Softmax for classes: doubles, so that it answers what `applyStack`
 * answers up to rounding. Assumes a runtime that has these operators in doubles. Opset 13, IR version 8.
 * Fails on a model that does not fit together or is not finite, and on names or labels that are missing or given twice.
 * Source: onnx.proto3 and the operator reference of ONNX.
 */
export function writeStackOnnx(model: StackModel, options: StackOnnxOptions): Result<StackArtifact> {
  const { task } = model;
  const labels =
    task.kind === 'classification'
      ? (options.labels ?? Array.from({ length: task.classes }, (_, label) => label))
      : undefined;
  const problem = findStackProblem(model) ?? findNumberProblem(model) ?? findNameProblem(model, options, labels);
  if (problem) return problem;
  const features =
    labels === undefined || labels.length === 2
      ? options.memberNames
      : options.memberNames.flatMap((name) => labels.map((label) => `${name}:${label}`));
  const file = new ProtobufWriter()
    .integer(1, IR_VERSION)
    .text(2, 'switchyard')
    .message(7, (graph) => writeGraph(graph, model, labels))
    .message(8, (opset) => opset.text(1, '').integer(2, OPSET))
    .message(14, (pair) => pair.text(1, 'feature_names').text(2, JSON.stringify(features)));
  return {
    ok: true,
    bytes: file.finish(),
    features,
    task: labels === undefined ? 'regression' : labels.length === 2 ? 'binary' : 'multiclass',
    labels,
  };
}

function writeGraph(graph: ProtobufWriter, model: StackModel, labels: readonly StackLabel[] | undefined): void {
  const columns = model.fill.length;
  const outputs = model.weights.length;
  const isBinary = labels?.length === 2;
  writeNode(graph, 'MatMul', ['answers', 'weights'], 'weighted');
  writeNode(graph, 'Add', ['weighted', 'intercepts'], labels === undefined ? 'value' : 'scores');
  if (labels !== undefined) {
    if (isBinary) {
      writeNode(graph, 'Sigmoid', ['scores'], 'second');
      writeNode(graph, 'Sub', ['one', 'second'], 'first');
      writeNode(graph, 'Concat', ['first', 'second'], 'probabilities', { axis: 1 });
    } else writeNode(graph, 'Softmax', ['scores'], 'probabilities', { axis: 1 });
    writeNode(graph, 'ArgMax', ['probabilities'], 'winner', { axis: 1, keepdims: 0 });
    writeNode(graph, 'Gather', ['labels', 'winner'], 'label', { axis: 0 });
  }
  graph.text(2, 'stack');
  // Columns come first in ONNX: the transpose of `weights`.
  const byColumn = Float64Array.from(
    { length: columns * outputs },
    (_, at) => model.weights[at % outputs]?.[Math.floor(at / outputs)] as number,
  );
  writeDoubles(graph, 'weights', [columns, outputs], byColumn);
  writeDoubles(graph, 'intercepts', [outputs], Float64Array.from(model.intercepts));
  if (isBinary) writeDoubles(graph, 'one', [1], Float64Array.of(1));
  if (labels !== undefined) writeLabels(graph, labels);
  writeValue(graph, 11, 'answers', DOUBLE, columns);
  if (labels === undefined) {
    writeValue(graph, 12, 'value', DOUBLE, 1);
    return;
  }
  writeValue(graph, 12, 'label', labels.every(isText) ? STRING : INT64);
  writeValue(graph, 12, 'probabilities', DOUBLE, labels.length);
}

function writeNode(
  graph: ProtobufWriter,
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number>> = {},
): void {
  const INTEGER_ATTRIBUTE = 2;
  graph.message(1, (node) => {
    for (const input of inputs) node.text(1, input);
    node.text(2, output).text(3, output).text(4, operator);
    for (const [name, value] of Object.entries(attributes)) {
      node.message(5, (attribute) => attribute.text(1, name).integer(3, value).integer(20, INTEGER_ATTRIBUTE));
    }
  });
}

function writeDoubles(graph: ProtobufWriter, name: string, dims: readonly number[], values: Float64Array): void {
  const raw = new DataView(new ArrayBuffer(8 * values.length));
  for (const [at, value] of values.entries()) raw.setFloat64(8 * at, value, true);
  graph.message(5, (tensor) => {
    for (const size of dims) tensor.integer(1, size);
    tensor.integer(2, DOUBLE).text(8, name).bytes(9, new Uint8Array(raw.buffer));
  });
}

function writeLabels(graph: ProtobufWriter, labels: readonly StackLabel[]): void {
  graph.message(5, (tensor) => {
    tensor.integer(1, labels.length);
    if (labels.every(isText)) {
      tensor.integer(2, STRING);
      for (const label of labels) tensor.text(6, label as string);
      tensor.text(8, 'labels');
      return;
    }
    const numbers = labels.every(Number.isSafeInteger) ? labels : labels.keys().toArray();
    const raw = new DataView(new ArrayBuffer(8 * labels.length));
    for (const [at, label] of numbers.entries()) raw.setBigInt64(8 * at, BigInt(label), true);
    tensor.integer(2, INT64).text(8, 'labels').bytes(9, new Uint8Array(raw.buffer));
  });
}

/** Rows are open; `width` undefined is one number a row without a dimension of its own. */
function writeValue(graph: ProtobufWriter, field: number, name: string, elementType: number, width?: number): void {
  graph.message(field, (value) =>
    value.text(1, name).message(2, (type) =>
      type.message(1, (tensor) =>
        tensor.integer(1, elementType).message(2, (shape) => {
          shape.message(1, (dimension) => dimension.text(2, 'rows'));
          if (width !== undefined) shape.message(1, (dimension) => dimension.integer(1, width));
        }),
      ),
    ),
  );
}

const isText = (label: StackLabel): boolean => typeof label === 'string';

function findNumberProblem({ weights, intercepts }: StackModel): Failure | undefined {
  return [intercepts, ...weights].every((numbers) => numbers.every(Number.isFinite))
    ? undefined
    : failure('not-finite', 'finite weights and intercepts');
}

function findNameProblem(
  { members, task }: StackModel,
  { memberNames }: StackOnnxOptions,
  labels: readonly StackLabel[] | undefined,
): Failure | undefined {
  if (memberNames.length !== members || new Set(memberNames).size !== members || memberNames.includes(''))
    return failure('invalid-argument', `a name for each of ${members} members, each another`);
  if (task.kind === 'regression') return undefined;
  return labels?.length === task.classes && new Set(labels.map(String)).size === task.classes
    ? undefined
    : failure('invalid-label', `a label for each of ${task.classes} classes, each another`);
}
