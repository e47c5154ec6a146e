import {
  inferRequestSchema,
  parseOrThrow,
  type Signature,
  SwitchyardError,
  type TensorDatatype,
  type TensorSpec,
  tensorDatatypeSchema,
} from '@switchyard/contracts';
import { parseJson } from '../http/request-body.ts';
import { decodeTensor, elementCount, itemBytesOf } from './binary-tensors.ts';
import type { ReceivedInfer, ReceivedTensor } from './infer-call.ts';
import { type Parameters, readFlag, readRequestParameters, refuseUnsupported } from './infer-parameters.ts';

/** More of any of these is not a request but an attack on whoever would describe what is wrong with it. */
const LIMITS = { inputs: 20_000, outputs: 1_000, parameters: 200, dimensions: 16 } as const;

const DATATYPES = new Set<string>(tensorDatatypeSchema.options);
const NO_BYTES = new Uint8Array(0);

const refuse = (detail: string): never => {
  throw new SwitchyardError('invalid_request', detail);
};

/**
 * Reads the body of an `infer` call: JSON, JSON followed by the bytes of tensors, or nothing but bytes.
 *
 * @param headerLength the header Inference-Header-Content-Length: how much of the body is JSON; undefined: all
 * @param rawInput the one input of the target, for a body without JSON; undefined when it has more
 * Throws malformed_json or invalid_request.
 */
export function readInferBody(
  body: Buffer,
  headerLength: string | undefined,
  rawInput: TensorSpec | undefined,
): ReceivedInfer {
  if (headerLength === undefined) return readInferRequest(parseJson(body), NO_BYTES);
  const length = /^[0-9]{1,12}$/.test(headerLength) ? Number(headerLength) : Number.POSITIVE_INFINITY;
  if (length > body.length) {
    refuse('inference-header-content-length is the number of bytes of JSON that the body begins with');
  }
  if (length === 0) return readRawBody(body, rawInput);
  return addTensors(readRepeatedHeader(body.subarray(0, length)), body.subarray(length));
}

/**
 * Checks the JSON of an `infer` call and takes its tensors out of it and of the bytes that follow it.
 * Throws invalid_request.
 */
export function readInferRequest(body: unknown, bytes: Uint8Array = NO_BYTES): ReceivedInfer {
  return addTensors(readHeader(body), bytes);
}

/** All that the JSON of a call says, checked, and where its values are to be found. */
interface InferHeader extends Omit<ReceivedInfer, 'inputs'> {
  readonly inputs: readonly {
    readonly name: string;
    readonly datatype: TensorDatatype;
    readonly shape: readonly number[];
    /** How many of the bytes behind the JSON are its own; undefined: its values are in the JSON. */
    readonly byteLength: number | undefined;
    readonly data: unknown;
  }[];
}

/** Callers that send tensors as bytes send the same JSON before them again and again; reading it takes 5 to 20 µs. */
const repeatedHeaders = new Map<string, InferHeader>();
const REPEATED_HEADERS = 64;
const REPEATED_HEADER_BYTES = 4_096;

function readRepeatedHeader(json: Buffer): InferHeader {
  if (json.length > REPEATED_HEADER_BYTES) return readHeader(parseJson(json));
  // Byte by byte: what is no valid UTF-8 must not look like something else.
  const key = json.toString('latin1');
  const known = repeatedHeaders.get(key);
  if (known !== undefined) return known;
  const header = readHeader(parseJson(json));
  // One with an id of its own does not come twice.
  if (header.id === undefined && header.inputs.every(({ byteLength }) => byteLength !== undefined)) {
    const [oldest] = repeatedHeaders.keys();
    if (oldest !== undefined && repeatedHeaders.size >= REPEATED_HEADERS) repeatedHeaders.delete(oldest);
    repeatedHeaders.set(key, header);
  }
  return header;
}

function addTensors(header: InferHeader, bytes: Uint8Array): ReceivedInfer {
  const { id, outputs, isBinaryOutput, unit, segment, context, timeoutMs } = header;
  let at = 0;
  const inputs = header.inputs.map(({ name, datatype, shape, byteLength, data }): ReceivedTensor => {
    if (byteLength === undefined) return { name, datatype, shape, data: valuesOf(name, shape, data) };
    const left = bytes.byteLength - at;
    if (byteLength > left) {
      refuse(`input '${name}': binary_data_size ${byteLength}, but ${left} bytes are left behind the JSON`);
    }
    const from = at;
    at += byteLength;
    return decodeTensor(name, datatype, shape, bytes.subarray(from, at));
  });
  if (at !== bytes.byteLength) refuse(`${bytes.byteLength - at} bytes follow the JSON that belong to no input`);
  return { id, inputs, outputs, isBinaryOutput, unit, segment, context, timeoutMs };
}

function readHeader(body: unknown): InferHeader {
  checkExtent(body);
  const { id, parameters = {}, outputs } = parseOrThrow(inferRequestSchema, withoutData(body), 'the body');
  const inputs = (body as { inputs: Record<string, unknown>[] }).inputs.map((input) => {
    const name = input.name as string;
    const datatype = readDatatype(name, input.datatype as string);
    const own = input.parameters as Parameters | undefined;
    refuseUnsupported(name, own);
    return { name, datatype, shape: input.shape as number[], byteLength: readByteLength(input, own), data: input.data };
  });
  checkNames(inputs);
  return {
    id,
    inputs,
    outputs:
      outputs === undefined || outputs.length === 0
        ? undefined
        : outputs.map(({ name, parameters: own }) => {
            refuseUnsupported(name, own);
            return { name, isBinary: readFlag(own, 'binary_data') };
          }),
    ...readRequestParameters(parameters),
  };
}

export function checkNames(inputs: readonly { readonly name: string }[]): void {
  if (new Set(inputs.map(({ name }) => name)).size !== inputs.length) refuse('an input is given twice');
}

/** The body is the only input; at most one of its dimensions is open and found by counting. */
function readRawBody(body: Buffer, spec: TensorSpec | undefined): ReceivedInfer {
  if (spec === undefined) {
    return refuse('a body without JSON needs a model with one input, or an endpoint whose models take the same one');
  }
  const { name, datatype } = spec;
  const nothing = { id: undefined, outputs: undefined, ...readRequestParameters({}), isBinaryOutput: true };
  if (datatype === 'BYTES') {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(body.length);
    const shape = spec.shape.map(() => 1);
    return { ...nothing, inputs: [decodeTensor(name, datatype, shape, Buffer.concat([length, body]))] };
  }
  const open = spec.shape.filter((size) => size < 0).length;
  if (open > 1) refuse(`input '${name}' has the shape [${spec.shape}], of which a body without JSON says too little`);
  const known = elementCount(spec.shape.filter((size) => size >= 0)) * (itemBytesOf(datatype) as number);
  if (known === 0 || body.length % known !== 0) {
    refuse(`${body.length} bytes are no whole number of rows of ${datatype} [${spec.shape}]`);
  }
  const shape = spec.shape.map((size) => (size < 0 ? body.length / known : size));
  return { ...nothing, inputs: [decodeTensor(name, datatype, shape, body)] };
}

export function checkExtent(body: unknown): void {
  const { inputs, outputs, parameters } = Object(body) as Record<string, unknown>;
  const lengthOf = (value: unknown): number =>
    Array.isArray(value) ? value.length : Object.keys(Object(value)).length;
  if (lengthOf(inputs) > LIMITS.inputs) refuse('there are too many inputs');
  if (lengthOf(outputs) > LIMITS.outputs) refuse('there are too many outputs');
  const tensors = [inputs, outputs].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []));
  for (const tensor of [{ parameters }, ...tensors]) {
    const { shape, parameters: own } = Object(tensor) as Record<string, unknown>;
    if (Array.isArray(shape) && shape.length > LIMITS.dimensions) refuse('a shape has too many dimensions');
    if (lengthOf(own) > LIMITS.parameters) refuse('there are too many parameters');
  }
}

/** The schema looks at everything but the data, which may be millions of values. */
function withoutData(body: unknown): unknown {
  const { id, parameters, inputs, outputs } = Object(body) as Record<string, unknown>;
  const lean = Array.isArray(inputs)
    ? inputs.map((input: unknown) =>
        typeof input === 'object' && input !== null ? { ...input, data: undefined } : input,
      )
    : inputs;
  return typeof body === 'object' && body !== null ? { id, parameters, outputs, inputs: lean } : body;
}

function readByteLength({ name, data }: Record<string, unknown>, parameters: Parameters | undefined) {
  const size = parameters?.binary_data_size;
  if (size === undefined) return undefined;
  if (data !== undefined) refuse(`input '${name}' has data and binary_data_size`);
  if (!Number.isSafeInteger(size) || (size as number) < 0) {
    refuse(`input '${name}': binary_data_size ${size} is not a number of bytes`);
  }
  return size as number;
}

function valuesOf(name: string, shape: readonly number[], data: unknown): readonly unknown[] {
  if (!Array.isArray(data)) return refuse(`input '${name}': data is missing`);
  const values = flatten(data, shape.length, name);
  const count = elementCount(shape);
  if (values.length !== count) {
    refuse(`input '${name}': shape [${shape}] needs ${count} values, data has ${values.length}`);
  }
  return values;
}

export function readDatatype(name: string, datatype: string): TensorDatatype {
  if (!DATATYPES.has(datatype)) refuse(`input '${name}': datatype ${datatype.slice(0, 20)} is not supported`);
  return datatype as TensorDatatype;
}

/** Data may be flat or nested as deep as the shape says. */
function flatten(data: unknown[], depth: number, name: string): readonly unknown[] {
  let flat = data;
  for (let level = 1; level < depth && flat.length > 0 && Array.isArray(flat[0]); level += 1) flat = flat.flat(1);
  if (flat.some(Array.isArray)) refuse(`input '${name}': data is nested deeper than its shape`);
  return flat;
}

/** The first dimension of every input is the batch, and they agree about it. */
export function batchSizeOf(inputs: readonly ReceivedTensor[]): number {
  const first = inputs[0] as ReceivedTensor;
  const rows = first.shape[0] ?? refuse(`input '${first.name}' has no batch dimension`);
  for (const { name, shape } of inputs) {
    if (shape[0] !== rows) refuse(`input '${name}' has ${shape[0] ?? 'no'} rows, input '${first.name}' has ${rows}`);
  }
  if (rows === 0) refuse('there are no rows');
  return rows;
}

export interface Column {
  readonly tensor: string;
  /** Position within a row of the tensor. */
  readonly offset: number;
  /** Values of one row of the tensor. */
  readonly width: number;
}

/** Where the value of each feature is in the artifact's own tensors: features are dealt to the inputs in order. */
export function columnsOfSignature(signature: Signature): readonly Column[] {
  const columns: Column[] = [];
  for (const input of signature.inputs) {
    const declared = input.shape.slice(1).reduce((product, size) => product * size, 1);
    // One tensor of open width takes all features.
    const width = signature.inputs.length === 1 ? signature.features.length : Math.max(1, declared);
    for (let offset = 0; offset < width; offset += 1) columns.push({ tensor: input.name, offset, width });
  }
  return columns;
}
