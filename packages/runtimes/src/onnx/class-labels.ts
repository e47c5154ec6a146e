import type { ClassLabel } from '@switchyard/contracts';
import type { ByteSource } from './file-bytes.ts';
import { type OnnxNode, type OnnxOutline, type OnnxTensor, readConstant } from './model-outline.ts';

// Operators that hand their first input on with the same meaning.
const PASS_THROUGH = new Set(['Identity', 'Cast', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'ZipMap']);
const MAXIMUM_HOPS = 32;

/** The node that really makes a value: casts and reshapes are looked through. */
export function findMaker(outline: OnnxOutline, output: string): OnnxNode | undefined {
  let node = outline.nodes.find((candidate) => candidate.outputs.includes(output));
  for (let hop = 0; hop < MAXIMUM_HOPS; hop += 1) {
    if (node === undefined || !PASS_THROUGH.has(node.operator)) return node;
    const input = node.inputs[0];
    node = outline.nodes.find((candidate) => input !== undefined && candidate.outputs.includes(input));
  }
  return node;
}

/**
 * The class labels as the file has them, in the order of the probabilities: from ZipMap or a classifier operator,
 * else from the constant out of which the label output picks (the way skl2onnx writes most other classifiers).
 */
export function findClassLabels(
  outline: OnnxOutline,
  source: ByteSource,
  labelOutput: string | undefined,
): readonly ClassLabel[] | undefined {
  const wanted = new Set(outline.outputs.map((output) => output.name));
  const zipMap = outline.nodes.find(
    (node) => node.operator === 'ZipMap' && node.outputs.some((output) => wanted.has(output)),
  );
  if (zipMap !== undefined) return labelAttributes(zipMap);
  if (labelOutput === undefined) return labelsOfClassifiers(outline);
  const maker = findMaker(outline, labelOutput);
  if (maker === undefined) return undefined;
  return labelAttributes(maker) ?? encodedLabels(maker) ?? pickedConstants(outline, source, maker);
}

/** Without a label output: what the classifiers of the graph say, when they agree. */
function labelsOfClassifiers(outline: OnnxOutline): readonly ClassLabel[] | undefined {
  const found = outline.nodes.map(labelAttributes).filter((labels) => labels !== undefined);
  const first = found[0];
  return found.every((labels) => String(labels) === String(first)) ? first : undefined;
}

function labelAttributes(node: OnnxNode): readonly ClassLabel[] | undefined {
  return (
    node.texts.get('classlabels_strings') ??
    node.integers.get('classlabels_int64s') ??
    node.integers.get('classlabels_ints')
  );
}

/** LabelEncoder from 0..C-1 to the labels. */
function encodedLabels(node: OnnxNode): readonly ClassLabel[] | undefined {
  if (node.operator !== 'LabelEncoder') return undefined;
  const keys = node.integers.get('keys_int64s');
  const values = node.texts.get('values_strings') ?? node.integers.get('values_int64s');
  if (keys === undefined || values === undefined || keys.length !== values.length) return undefined;
  const labels: ClassLabel[] = [];
  for (const [index, key] of keys.entries()) labels[key] = values[index] as ClassLabel;
  return Object.keys(labels).length === keys.length && labels.length === keys.length ? labels : undefined;
}

function pickedConstants(outline: OnnxOutline, source: ByteSource, node: OnnxNode): readonly ClassLabel[] | undefined {
  if (node.operator !== 'ArrayFeatureExtractor' && node.operator !== 'Gather') return undefined;
  const constant = findConstant(outline, node.inputs[0] ?? '');
  return constant === undefined ? undefined : readConstant(source, constant);
}

function findConstant(outline: OnnxOutline, value: string): OnnxTensor | undefined {
  let name = value;
  for (let hop = 0; hop < MAXIMUM_HOPS; hop += 1) {
    const constant = outline.constants.get(name);
    if (constant !== undefined) return constant;
    const node = outline.nodes.find((candidate) => candidate.outputs.includes(name));
    if (node === undefined || node.operator === 'Constant') return node?.tensor;
    if (!PASS_THROUGH.has(node.operator)) return undefined;
    name = node.inputs[0] ?? '';
  }
  return undefined;
}
