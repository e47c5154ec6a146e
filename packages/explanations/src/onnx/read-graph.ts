import { MalformedModel, WireReader } from './wire-reader.ts';

/** A constant tensor inside an attribute, read as numbers. */
export interface AttributeTensor {
  readonly elementType: number;
  readonly values: readonly number[];
}

export interface Attribute {
  readonly integers: readonly number[];
  readonly floats: readonly number[];
  readonly texts: readonly string[];
  readonly tensor: AttributeTensor | undefined;
}

export interface GraphNode {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  attribute(name: string): Attribute | undefined;
}

export interface GraphInput {
  readonly name: string;
  readonly elementType: number;
  /** −1 where the file leaves a size open; undefined when it says nothing. */
  readonly shape: readonly number[] | undefined;
}

export interface Graph {
  readonly inputs: readonly GraphInput[];
  readonly nodes: readonly GraphNode[];
}

export const FLOAT32 = 1;
export const FLOAT64 = 11;
const UINT8 = 2;
const INT32 = 6;
const INT64 = 7;

/**
 * The graph of an ONNX file: its inputs and nodes. Attributes are decoded when asked for, so the weights of other
 * nodes cost nothing. Field numbers are those of onnx.proto3. Throws MalformedModel.
 */
export function readGraph(bytes: Uint8Array): Graph {
  const reader = new WireReader(bytes);
  let graph: Graph | undefined;
  while (reader.next()) if (reader.field === 7) graph = readGraphMessage(reader.message());
  if (graph === undefined) throw new MalformedModel('there is no graph in it');
  return graph;
}

function readGraphMessage(reader: WireReader): Graph {
  const inputs: GraphInput[] = [];
  const nodes: GraphNode[] = [];
  const constants = new Set<string>();
  while (reader.next()) {
    if (reader.field === 1) nodes.push(readNode(reader.message()));
    else if (reader.field === 5) constants.add(readTensorName(reader.message()));
    else if (reader.field === 11) inputs.push(readInput(reader.message()));
  }
  return { inputs: inputs.filter((input) => !constants.has(input.name)), nodes };
}

function readNode(reader: WireReader): GraphNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Uint8Array>();
  let operator = '';
  let domain = '';
  while (reader.next()) {
    if (reader.field === 1) inputs.push(reader.text());
    else if (reader.field === 2) outputs.push(reader.text());
    else if (reader.field === 4) operator = reader.text();
    else if (reader.field === 7) domain = reader.text();
    else if (reader.field === 5) attributes.set(readAttributeName(reader.message()), reader.raw());
  }
  const attribute = (name: string) => {
    const bytes = attributes.get(name);
    return bytes === undefined ? undefined : readAttribute(new WireReader(bytes));
  };
  return { operator, domain: domain === 'ai.onnx' ? '' : domain, inputs, outputs, attribute };
}

function readAttributeName(reader: WireReader): string {
  while (reader.next()) if (reader.field === 1) return reader.text();
  return '';
}

function readAttribute(reader: WireReader): Attribute {
  const integers: number[] = [];
  const floats: number[] = [];
  const texts: string[] = [];
  let tensor: AttributeTensor | undefined;
  while (reader.next()) {
    if (reader.field === 3 || reader.field === 8) reader.integersInto(integers);
    else if (reader.field === 2 || reader.field === 7) reader.floatsInto(floats, 4);
    else if (reader.field === 4 || reader.field === 9) texts.push(reader.text());
    else if (reader.field === 5) tensor = readTensor(reader.message());
  }
  return { integers, floats, texts, tensor };
}

function readTensorName(reader: WireReader): string {
  let name = '';
  while (reader.next()) if (reader.field === 8) name = reader.text();
  return name;
}

/** Tensors of float32, float64, uint8, int32 and int64; others, and weights in another file, are refused. */
function readTensor(reader: WireReader): AttributeTensor {
  const dims: number[] = [];
  const typed: number[] = [];
  let elementType = 0;
  let raw: Uint8Array | undefined;
  while (reader.next()) {
    if (reader.field === 1) reader.integersInto(dims);
    else if (reader.field === 2) elementType = reader.integer();
    else if (reader.field === 4) reader.floatsInto(typed, 4);
    else if (reader.field === 10) reader.floatsInto(typed, 8);
    else if (reader.field === 5 || reader.field === 7) reader.integersInto(typed);
    else if (reader.field === 9) raw = reader.raw();
    else if (reader.field === 13) throw new MalformedModel('a tensor is kept in another file');
  }
  const values = raw === undefined ? typed : readRaw(raw, elementType);
  const count = dims.reduce((product, size) => product * size, 1);
  if (values.length !== count) throw new MalformedModel(`a tensor of ${count} holds ${values.length} numbers`);
  return { elementType, values };
}

function readRaw(raw: Uint8Array, elementType: number): number[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const read = (width: number, at: (offset: number) => number) =>
    Array.from({ length: Math.floor(raw.length / width) }, (_, index) => at(index * width));
  switch (elementType) {
    case FLOAT32:
      return read(4, (offset) => view.getFloat32(offset, true));
    case FLOAT64:
      return read(8, (offset) => view.getFloat64(offset, true));
    case UINT8:
      return read(1, (offset) => view.getUint8(offset));
    case INT32:
      return read(4, (offset) => view.getInt32(offset, true));
    case INT64:
      return read(8, (offset) => Number(view.getBigInt64(offset, true)));
    default:
      throw new MalformedModel(`a tensor has element type ${elementType}`);
  }
}

function readInput(reader: WireReader): GraphInput {
  let name = '';
  let elementType = 0;
  let shape: number[] | undefined;
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    if (reader.field !== 2) continue;
    const type = reader.message();
    while (type.next()) {
      if (type.field !== 1) continue;
      const tensor = type.message();
      while (tensor.next()) {
        if (tensor.field === 1) elementType = tensor.integer();
        else if (tensor.field === 2) shape = readShape(tensor.message());
      }
    }
  }
  return { name, elementType, shape };
}

function readShape(reader: WireReader): number[] {
  const shape: number[] = [];
  while (reader.next()) {
    if (reader.field !== 1) continue;
    let size = -1;
    const dimension = reader.message();
    while (dimension.next()) if (dimension.field === 1) size = dimension.integer();
    shape.push(size > 0 ? size : -1);
  }
  return shape;
}
