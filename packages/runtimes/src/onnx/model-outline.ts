import type { ByteSource } from './file-bytes.ts';
import { MalformedMessage, WireReader } from './wire-reader.ts';

/** What an ONNX value can be, as far as serving cares. `shape` is undefined when the file does not say. */
export type OnnxType =
  | { readonly kind: 'tensor'; readonly elementType: number; readonly shape: readonly number[] | undefined }
  | { readonly kind: 'sequence' | 'map' | 'other' };

export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
}

export interface OnnxNode {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Only the attributes that discovery reads. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly integers: ReadonlyMap<string, readonly number[]>;
  /** The tensor of a Constant node. */
  readonly tensor: OnnxTensor | undefined;
}

/** A constant: where it is in the file, not what is in it. */
export interface OnnxTensor {
  readonly name: string;
  readonly elementType: number;
  readonly dims: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** An ONNX file without its weights. */
export interface OnnxOutline {
  readonly opsets: ReadonlyMap<string, number>;
  readonly metadata: ReadonlyMap<string, string>;
  /** What a caller has to give: inputs with a built-in default are left out. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  /** Some weights are in other files, which an upload of one file does not bring along. */
  readonly usesExternalData: boolean;
}

const TEXT_ATTRIBUTES = new Set([
  'classlabels_strings',
  'post_transform',
  'keys_strings',
  'values_strings',
  'cats_strings',
]);
const INTEGER_ATTRIBUTES = new Set([
  'classlabels_ints',
  'classlabels_int64s',
  'keys_int64s',
  'values_int64s',
  'cats_int64s',
]);
const MAXIMUM_DEPTH = 16;

interface Progress {
  usesExternalData: boolean;
}

/**
 * Reads the outline of an ONNX file. Field numbers are those of onnx.proto3.
 * Throws MalformedMessage when the bytes are not an ONNX model.
 */
export function readOutline(source: ByteSource): OnnxOutline {
  const opsets = new Map<string, number>();
  const metadata = new Map<string, string>();
  const progress: Progress = { usesExternalData: false };
  let graph: GraphOutline | undefined;
  const reader = new WireReader(source);
  while (reader.next()) {
    if (reader.field === 7) graph = readGraph(reader.message(), progress, 0);
    else if (reader.field === 8) {
      const opset = readOpset(reader.message());
      opsets.set(opset.domain, opset.version);
    } else if (reader.field === 14) {
      const [key, value] = readPair(reader.message());
      metadata.set(key, value);
    }
  }
  if (graph === undefined) throw new MalformedMessage('there is no graph in it');
  const { inputs, outputs, nodes, constants } = graph;
  return {
    opsets,
    metadata,
    inputs: inputs.filter((input) => !constants.has(input.name)),
    outputs,
    nodes,
    constants,
    usesExternalData: progress.usesExternalData,
  };
}

interface GraphOutline {
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  nodes: OnnxNode[];
  constants: Map<string, OnnxTensor>;
}

function readGraph(reader: WireReader, progress: Progress, depth: number): GraphOutline {
  if (depth > MAXIMUM_DEPTH) throw new MalformedMessage('graphs are nested too deeply');
  const graph: GraphOutline = { inputs: [], outputs: [], nodes: [], constants: new Map() };
  while (reader.next()) {
    if (reader.field === 1) graph.nodes.push(readNode(reader.message(), progress, depth));
    else if (reader.field === 5) {
      const tensor = readTensor(reader, progress);
      graph.constants.set(tensor.name, tensor);
    } else if (reader.field === 11) graph.inputs.push(readValue(reader.message()));
    else if (reader.field === 12) graph.outputs.push(readValue(reader.message()));
  }
  return graph;
}

function readNode(reader: WireReader, progress: Progress, depth: number): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const texts = new Map<string, string[]>();
  const integers = new Map<string, number[]>();
  let operator = '';
  let domain = '';
  let tensor: OnnxTensor | undefined;
  while (reader.next()) {
    if (reader.field === 1) inputs.push(reader.text());
    else if (reader.field === 2) outputs.push(reader.text());
    else if (reader.field === 4) operator = reader.text();
    else if (reader.field === 7) domain = reader.text();
    else if (reader.field === 5) {
      tensor = readAttribute(reader, { texts, integers, progress, depth }) ?? tensor;
    }
  }
  return { operator, domain, inputs, outputs, texts, integers, tensor };
}

interface AttributeTarget {
  texts: Map<string, string[]>;
  integers: Map<string, number[]>;
  progress: Progress;
  depth: number;
}

function readAttribute(node: WireReader, target: AttributeTarget): OnnxTensor | undefined {
  let name = '';
  let tensor: OnnxTensor | undefined;
  const texts: string[] = [];
  const numbers: number[] = [];
  // The name comes first as every writer orders it; the values of a large attribute are only read when wanted.
  const reader = node.message();
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if ((reader.field === 4 || reader.field === 9) && TEXT_ATTRIBUTES.has(name)) texts.push(reader.text());
    else if ((reader.field === 3 || reader.field === 8) && INTEGER_ATTRIBUTES.has(name)) reader.integersInto(numbers);
    else if (reader.field === 5 || reader.field === 10) tensor = readTensor(reader, target.progress);
    else if (reader.field === 6 || reader.field === 11) readGraph(reader.message(), target.progress, target.depth + 1);
  }
  if (texts.length > 0) target.texts.set(name, texts);
  if (numbers.length > 0) target.integers.set(name, numbers);
  return tensor;
}

function readTensor(field: WireReader, progress: Progress): OnnxTensor {
  const dims: number[] = [];
  let name = '';
  let elementType = 0;
  const reader = field.message();
  const end = field.fieldEnd;
  let start = end;
  while (reader.next()) {
    start = Math.min(start, reader.fieldStart);
    if (reader.field === 1) reader.integersInto(dims);
    else if (reader.field === 2) elementType = reader.integer();
    else if (reader.field === 8) name = reader.text();
    else if (reader.field === 13) progress.usesExternalData = true;
    else if (reader.field === 14 && reader.integer() === 1) progress.usesExternalData = true;
  }
  return { name, elementType, dims, start, end };
}

function readValue(reader: WireReader): OnnxValue {
  let name = '';
  let type: OnnxType = { kind: 'other' };
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) type = readType(reader.message());
  }
  return { name, type };
}

function readType(reader: WireReader): OnnxType {
  let type: OnnxType = { kind: 'other' };
  while (reader.next()) {
    if (reader.field === 1) type = readTensorType(reader.message());
    else if (reader.field === 4) type = { kind: 'sequence' };
    else if (reader.field === 5) type = { kind: 'map' };
  }
  return type;
}

function readTensorType(reader: WireReader): OnnxType {
  let elementType = 0;
  let shape: number[] | undefined;
  while (reader.next()) {
    if (reader.field === 1) elementType = reader.integer();
    else if (reader.field === 2) shape = readShape(reader.message());
  }
  return { kind: 'tensor', elementType, shape };
}

function readShape(reader: WireReader): number[] {
  const shape: number[] = [];
  while (reader.next()) {
    if (reader.field !== 1) continue;
    let size = -1;
    const dimension = reader.message();
    while (dimension.next()) if (dimension.field === 1) size = dimension.integer();
    // Some exporters write 0 for a dimension that they do not know.
    shape.push(size > 0 ? size : -1);
  }
  return shape;
}

function readOpset(reader: WireReader): { domain: string; version: number } {
  let domain = '';
  let version = 0;
  while (reader.next()) {
    if (reader.field === 1) domain = reader.text();
    else if (reader.field === 2) version = reader.integer();
  }
  return { domain: domain === 'ai.onnx' ? '' : domain, version };
}

function readPair(reader: WireReader): [string, string] {
  let key = '';
  let value = '';
  while (reader.next()) {
    if (reader.field === 1) key = reader.text();
    else if (reader.field === 2) value = reader.text();
  }
  return [key, value];
}

/** The values of a small constant of text or whole numbers; undefined for anything else. */
export function readConstant(source: ByteSource, tensor: OnnxTensor): (string | number)[] | undefined {
  const count = tensor.dims.reduce((product, size) => product * size, 1);
  if (count > 100_000 || tensor.end - tensor.start > 10_000_000) return undefined;
  const numbers: number[] = [];
  const texts: string[] = [];
  const reader = new WireReader(source, tensor.start, tensor.end);
  while (reader.next()) {
    if (reader.field === 6) texts.push(reader.text());
    else if (reader.field === 5 || reader.field === 7) reader.integersInto(numbers);
    else if (reader.field === 9) {
      const bytes = reader.raw();
      if (tensor.elementType === 7) {
        for (let at = 0; at + 8 <= bytes.length; at += 8) numbers.push(Number(bytes.readBigInt64LE(at)));
      } else if (tensor.elementType === 6) {
        for (let at = 0; at + 4 <= bytes.length; at += 4) numbers.push(bytes.readInt32LE(at));
      } else return undefined;
    }
  }
  const values = tensor.elementType === 8 ? texts : numbers;
  return values.length === count ? values : undefined;
}
