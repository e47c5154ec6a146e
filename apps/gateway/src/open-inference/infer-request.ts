import {
  inferRequestSchema,
  parseOrThrow,
  type Signature,
  SwitchyardError,
  type TensorDatatype,
  tensorDatatypeSchema,
} from '@switchyard/contracts';
import { type Context, checkSize, isUnit, type Segment } from '../predict/prediction-request.ts';

/** A tensor as it was sent, flat. */
export interface ReceivedTensor {
  readonly name: string;
  readonly datatype: TensorDatatype;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
}

export interface ReceivedInfer {
  readonly id: string | undefined;
  readonly inputs: readonly ReceivedTensor[];
  /** Names of the outputs that are wanted; undefined: all. */
  readonly outputs: readonly string[] | undefined;
  /** From `parameters`: `unit`, `segment.…` and `context.…`; other parameters are left alone. */
  readonly unit: string;
  readonly segment: Segment;
  readonly context: Context;
}

type Parameters = Readonly<Record<string, string | number | boolean>>;

/** More of any of these is not a request but an attack on whoever would describe what is wrong with it. */
const LIMITS = { inputs: 20_000, outputs: 1_000, parameters: 200, dimensions: 16 } as const;

const DATATYPES = new Set<string>(tensorDatatypeSchema.options);

const refuse = (detail: string): never => {
  throw new SwitchyardError('invalid_request', detail);
};

/** Checks the body of an `infer` call and flattens its tensors. Throws invalid_request. */
export function readInferRequest(body: unknown): ReceivedInfer {
  checkExtent(body);
  const { id, parameters = {}, outputs } = parseOrThrow(inferRequestSchema, withoutData(body), 'the body');
  const inputs = (body as { inputs: Record<string, unknown>[] }).inputs.map(readTensor);
  const names = new Set(inputs.map(({ name }) => name));
  if (names.size !== inputs.length) refuse('an input is given twice');
  const unit = parameters.unit ?? '';
  if (!isUnit(unit)) return refuse('parameters.unit is a text of at most 512 characters');
  const segment = parametersBelow(parameters, 'segment.');
  for (const [name, value] of Object.entries(segment)) {
    if (typeof value !== 'string') refuse(`parameters.segment.${name} is a text`);
  }
  const context = parametersBelow(parameters, 'context.');
  checkSize('segment', segment);
  checkSize('context', context);
  return { id, inputs, outputs: outputs?.map(({ name }) => name), unit, segment: segment as Segment, context };
}

function checkExtent(body: unknown): void {
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

function readTensor(tensor: Record<string, unknown>): ReceivedTensor {
  const name = tensor.name as string;
  const shape = tensor.shape as number[];
  const datatype = tensor.datatype as string;
  if (!DATATYPES.has(datatype)) refuse(`input '${name}': datatype ${datatype} is not supported`);
  const parameters = tensor.parameters as Record<string, unknown> | undefined;
  if (parameters?.binary_data_size !== undefined)
    refuse(`input '${name}': binary tensors are not supported, send data as JSON`);
  if (!Array.isArray(tensor.data)) refuse(`input '${name}': data is missing`);
  const data = flatten(tensor.data as unknown[], shape.length, name);
  const count = shape.reduce((product, size) => product * size, 1);
  if (data.length !== count) refuse(`input '${name}': shape [${shape}] needs ${count} values, data has ${data.length}`);
  return { name, datatype: datatype as TensorDatatype, shape, data };
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

/** Scalars under `prefix.` as a record of their own. */
function parametersBelow(parameters: Parameters, prefix: string): Parameters {
  const found: Record<string, string | number | boolean> = Object.create(null);
  for (const [name, value] of Object.entries(parameters)) {
    if (name.startsWith(prefix)) found[name.slice(prefix.length)] = value;
  }
  return found;
}
