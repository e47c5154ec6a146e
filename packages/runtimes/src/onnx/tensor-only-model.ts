import type { FileBytes } from './file-bytes.ts';
import type { OnnxOutline } from './model-outline.ts';
import { bytesField, bytesFieldHeader, integerField, WireReader } from './wire-reader.ts';

const MAXIMUM_MODEL_BYTES = 2_147_483_647;
const FLOAT = 1;

/** Whether some output is a sequence or map, which onnxruntime-node can neither fetch nor skip. */
export function hasMapOutputs(outline: OnnxOutline): boolean {
  return outline.outputs.some((output) => output.type.kind !== 'tensor');
}

/**
 * Names of the outputs that become tensors when ZipMap is taken out, by the value that goes into it.
 * Undefined when some other operator makes the sequence or map.
 */
export function findZippedOutputs(outline: OnnxOutline): ReadonlySet<string> | undefined {
  const makers = new Map(outline.nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const zipped = new Set<string>();
  for (const output of outline.outputs) {
    if (output.type.kind === 'tensor') continue;
    let maker = makers.get(output.name);
    while (maker?.operator === 'Identity') maker = makers.get(maker.inputs[0] ?? '');
    if (maker?.operator !== 'ZipMap') return undefined;
    zipped.add(output.name);
  }
  return zipped;
}

/**
 * The same model with each ZipMap replaced by Identity, so that its output keeps its name and becomes
 * the tensor of probabilities. Everything else is copied byte for byte, weights included, once.
 */
export function makeTensorOnlyModel(file: FileBytes, zippedOutputs: ReadonlySet<string>): Uint8Array {
  const before: Piece[] = [];
  const after: Piece[] = [];
  let graph: Piece[] | undefined;
  let hasDefaultOpset = false;
  const reader = new WireReader(file);
  while (reader.next()) {
    if (reader.field === 7) {
      graph = rewriteGraph(reader.message(), zippedOutputs);
      continue;
    }
    if (reader.field === 8 && isDefaultOpset(reader.message())) hasDefaultOpset = true;
    append(graph === undefined ? before : after, { start: reader.fieldStart, end: reader.fieldEnd });
  }
  if (!hasDefaultOpset) after.push(bytesField(8, integerField(2, 13)));
  const content = graph ?? [];
  return assemble(file, [...before, bytesFieldHeader(7, lengthOf(content)), ...content, ...after]);
}

/** Bytes to write: new ones, or a range of the file. */
type Piece = Buffer | { start: number; end: number };

function rewriteGraph(reader: WireReader, zippedOutputs: ReadonlySet<string>): Piece[] {
  const pieces: Piece[] = [];
  while (reader.next()) {
    const range = { start: reader.fieldStart, end: reader.fieldEnd };
    if (reader.field === 1) {
      const node = readZipMap(reader.message());
      if (node === undefined) append(pieces, range);
      else {
        pieces.push(
          bytesField(
            1,
            Buffer.concat([bytesField(1, node.input), bytesField(2, node.output), bytesField(4, 'Identity')]),
          ),
        );
      }
    } else if (reader.field === 12 && zippedOutputs.has(nameOf(reader.message()))) {
      pieces.push(bytesField(12, tensorOutput(nameOf(reader.message()))));
    } else if (reader.field !== 13) {
      // Field 13 only repeats the types of values between the nodes, which the runtime infers itself.
      append(pieces, range);
    }
  }
  return pieces;
}

function readZipMap(reader: WireReader): { input: string; output: string } | undefined {
  let input = '';
  let output = '';
  let operator = '';
  while (reader.next()) {
    if (reader.field === 1) input = reader.text();
    else if (reader.field === 2) output = reader.text();
    else if (reader.field === 4) operator = reader.text();
  }
  return operator === 'ZipMap' ? { input, output } : undefined;
}

function nameOf(reader: WireReader): string {
  while (reader.next()) if (reader.field === 1) return reader.text();
  return '';
}

/** A ValueInfo that says "a float tensor" and leaves the shape open. */
function tensorOutput(name: string): Buffer {
  return Buffer.concat([bytesField(1, name), bytesField(2, bytesField(1, integerField(1, FLOAT)))]);
}

function isDefaultOpset(reader: WireReader): boolean {
  let domain = '';
  while (reader.next()) if (reader.field === 1) domain = reader.text();
  return domain === '' || domain === 'ai.onnx';
}

function append(pieces: Piece[], range: { start: number; end: number }): void {
  const last = pieces.at(-1);
  if (last !== undefined && !Buffer.isBuffer(last) && last.end === range.start) last.end = range.end;
  else pieces.push({ ...range });
}

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + (Buffer.isBuffer(piece) ? piece.length : piece.end - piece.start), 0);
}

function assemble(file: FileBytes, pieces: readonly Piece[]): Uint8Array {
  const total = lengthOf(pieces);
  if (total > MAXIMUM_MODEL_BYTES) throw new RangeError('the model is larger than 2 GB');
  const model = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    if (Buffer.isBuffer(piece)) {
      model.set(piece, at);
      at += piece.length;
    } else {
      file.readInto(model.subarray(at, at + piece.end - piece.start), piece.start);
      at += piece.end - piece.start;
    }
  }
  return model;
}
