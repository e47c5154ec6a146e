import type { Random } from './random.ts';

/** A request before it is turned into bytes, so that its parts can be changed one by one. */
export interface HttpDraft {
  readonly kind: string;
  path: string;
  json: unknown;
  /** Bytes behind the JSON. */
  readonly parts: Buffer[];
  /** Whether the header of the binary extension is sent. */
  isBinary: boolean;
  /** Nothing but bytes, with a header of 0. */
  readonly isRaw: boolean;
}

const FEATURES = ['north', 'east', 'up'] as const;

/** Rows of three numbers. The first names the row, so that an answer for another row is noticed. */
function makeRows(random: Random): number[][] {
  const count = 1 + random.below(random.chance(0.05) ? 45 : 6);
  return Array.from({ length: count }, (_, row) => [
    Math.fround(row * 1_000 + random.below(1_000)),
    Math.fround(random.next() - 0.5),
    Math.fround((random.next() - 0.5) * 10 ** random.below(3)),
  ]);
}

const little: Record<string, (values: readonly number[]) => Buffer> = {
  FP32: (values) => bytesOf(Float32Array.from(values)),
  FP64: (values) => bytesOf(Float64Array.from(values)),
  INT32: (values) => bytesOf(Int32Array.from(values)),
  INT64: (values) => bytesOf(BigInt64Array.from(values, (value) => BigInt(Math.trunc(value)))),
};
const isWhole = (datatype: string): boolean => datatype.startsWith('INT');

export function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

export function textBytes(texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.map((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return Buffer.concat([length, bytes]);
    }),
  );
}

/** A request that is right. */
export function makeHttpDraft(random: Random): HttpDraft {
  return random.pick([predict, perFeature, ownTensor, ownTensor, everyType, raw])(random);
}

function predict(random: Random): HttpDraft {
  const rows = makeRows(random);
  const instances = rows.map((row) =>
    random.chance(0.3) ? row : Object.fromEntries(FEATURES.map((name, index) => [name, row[index]])),
  );
  const json: Record<string, unknown> = { instances };
  if (random.chance(0.3)) json.unit = `user-${random.below(9)}`;
  if (random.chance(0.2)) json.segment = { tier: 'gold' };
  return { kind: 'predict', path: '/v1/models/sums:predict', json, parts: [], isBinary: false, isRaw: false };
}

function parametersOf(random: Random): Record<string, unknown> | undefined {
  if (random.chance(0.5)) return undefined;
  const parameters: Record<string, unknown> = {};
  if (random.chance(0.5)) parameters.binary_data_output = random.chance(0.7);
  if (random.chance(0.3)) parameters.unit = 'user-1';
  if (random.chance(0.2)) parameters['segment.tier'] = 'gold';
  if (random.chance(0.2)) parameters.timeout = 5_000_000;
  return parameters;
}

interface Values {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
  readonly bytes: Buffer;
}

function infer(random: Random, kind: string, path: string, tensors: readonly Values[]): HttpDraft {
  const parts: Buffer[] = [];
  const inputs = tensors.map(({ name, datatype, shape, data, bytes }) => {
    if (random.chance(0.4)) return { name, datatype, shape, data };
    parts.push(bytes);
    return { name, datatype, shape, parameters: { binary_data_size: bytes.length } };
  });
  const parameters = parametersOf(random);
  const json: Record<string, unknown> = { inputs };
  if (parameters !== undefined) json.parameters = parameters;
  if (random.chance(0.3)) json.id = `id-${random.below(1_000)}`;
  return { kind, path, json, parts, isBinary: parts.length > 0 || random.chance(0.2), isRaw: false };
}

function perFeature(random: Random): HttpDraft {
  const rows = makeRows(random);
  const tensors = FEATURES.map((name, index) => {
    const datatype = random.pick(index === 0 ? ['FP32', 'FP64', 'INT32', 'INT64'] : ['FP32', 'FP64']);
    const data = rows.map((row) => (isWhole(datatype) ? Math.trunc(row[index] as number) : (row[index] as number)));
    const shape = random.chance(0.5) ? [rows.length] : [rows.length, 1];
    return { name, datatype, shape, data, bytes: (little[datatype] as (typeof little)[string])(data) };
  });
  return infer(random, 'features', '/v2/models/sums/infer', tensors);
}

function ownTensor(random: Random): HttpDraft {
  const rows = makeRows(random);
  const data = rows.flat();
  const isDirect = random.chance(0.6);
  const draft = infer(random, isDirect ? 'model' : 'tensor', `/v2/models/${isDirect ? 'sum' : 'sums'}/infer`, [
    { name: 'x', datatype: 'FP32', shape: [rows.length, 3], data, bytes: bytesOf(Float32Array.from(data)) },
  ]);
  if (isDirect && random.chance(0.3)) draft.path = '/v2/models/sum/versions/1/infer';
  return draft;
}

const TEXTS = ['', 'a', 'ä', '日本', 'x'.repeat(40), '"\\\n'];

/** One tensor of each kind, which come back as they were sent. */
export function makeTypes(random: Random): readonly Values[] {
  const count = 1 + random.below(4);
  const many = <Value>(length: number, make: (index: number) => Value): Value[] =>
    Array.from({ length }, (_, index) => make(index));
  const text = many(count * 2, (index) => `${index}${random.pick(TEXTS)}`);
  const long = many(count, (index) => index * 1_000 + random.below(1_000));
  const flag = many(count, () => random.chance(0.5));
  const double = many(count, (index) => index + random.next());
  return [
    { name: 'text_in', datatype: 'BYTES', shape: [count, 2], data: text, bytes: textBytes(text) },
    {
      name: 'long_in',
      datatype: 'INT64',
      shape: [count, 1],
      data: long,
      bytes: bytesOf(BigInt64Array.from(long, BigInt)),
    },
    { name: 'flag_in', datatype: 'BOOL', shape: [count], data: flag, bytes: bytesOf(Uint8Array.from(flag, Number)) },
    {
      name: 'double_in',
      datatype: 'FP64',
      shape: [count, 1],
      data: double,
      bytes: bytesOf(Float64Array.from(double)),
    },
  ];
}

function everyType(random: Random): HttpDraft {
  return infer(random, 'types', '/v2/models/types/infer', makeTypes(random));
}

function raw(random: Random): HttpDraft {
  const parts = [bytesOf(Float32Array.from(makeRows(random).flat()))];
  const path = `/v2/models/${random.pick(['sum', 'sums'])}/infer`;
  return { kind: 'raw', path, json: undefined, parts, isBinary: true, isRaw: true };
}

/** A ModelInfer message that is right, as the encoder takes it. */
export function makeMessage(random: Random): Record<string, unknown> {
  const isTypes = random.chance(0.4);
  const rows = makeRows(random);
  const data = rows.flat();
  const tensors: readonly Values[] = isTypes
    ? makeTypes(random)
    : [{ name: 'x', datatype: 'FP32', shape: [rows.length, 3], data, bytes: bytesOf(Float32Array.from(data)) }];
  const isRaw = random.chance(0.6);
  return {
    model_name: isTypes ? 'types' : random.pick(['sum', 'sums']),
    id: random.chance(0.3) ? 'id-1' : '',
    inputs: tensors.map(({ name, datatype, shape, data: values }) => ({
      name,
      datatype,
      shape,
      ...(isRaw ? {} : { contents: contentsOf(datatype, values) }),
    })),
    raw_input_contents: isRaw ? tensors.map(({ bytes }) => bytes) : [],
  };
}

function contentsOf(datatype: string, values: readonly unknown[]): Record<string, unknown> {
  if (datatype === 'BYTES') return { bytes_contents: values.map((text) => Buffer.from(text as string)) };
  const list = { INT64: 'int64_contents', BOOL: 'bool_contents', FP64: 'fp64_contents', FP32: 'fp32_contents' }[
    datatype
  ] as string;
  return { [list]: values };
}
