/**
 * A second reading of requests and answers, written apart from the gateway's and as plainly as possible: what each
 * row of a request that was accepted says, and what each row of the answer must therefore be.
 */
export interface Call {
  readonly path: string;
  readonly body: Buffer;
  /** The header of the binary extension. */
  readonly headerLength: string | undefined;
}

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: readonly unknown[];
}

const FEATURES = ['north', 'east', 'up'];

/** Why an answer with status 200 is wrong; undefined when it is right. */
export function findWrongAnswer(call: Call, answer: Call): string | undefined {
  if (call.path.startsWith('/v1/')) return checkPredict(call, answer);
  const sent = readTensors(call, 'inputs');
  const got = readTensors(answer, 'outputs');
  return checkTensors(call.path.includes('/types/'), sent, got);
}

export function checkTensors(isTypes: boolean, sent: readonly Tensor[], got: readonly Tensor[]): string | undefined {
  if (isTypes) return checkTypes(sent, got);
  return checkSums(rowsOfInputs(sent), got.find(({ name }) => name === 'value' || name === 'total')?.values);
}

/** Whether a model may have failed: the sum of some row is beyond the largest number. */
export function mayFail(call: Call): boolean {
  return call.path.startsWith('/v1/') ? isTooLarge(rowsOfPredict(call)) : mayFailFor(readTensors(call, 'inputs'));
}

export const mayFailFor = (sent: readonly Tensor[]): boolean => isTooLarge(rowsOfInputs(sent));

const isTooLarge = (rows: readonly (readonly number[])[]): boolean =>
  rows.some((row) => !Number.isFinite(row.reduce((total, value) => Math.fround(total + value), 0)));

function rowsOfPredict(call: Call): number[][] {
  const { instances } = JSON.parse(call.body.toString()) as { instances: (number[] | Record<string, number>)[] };
  return instances.map((row) => (Array.isArray(row) ? row : FEATURES.map((name) => row[name] as number)));
}

function checkPredict(call: Call, answer: Call): string | undefined {
  const rows = rowsOfPredict(call);
  const { predictions, ids } = JSON.parse(answer.body.toString()) as {
    predictions: { value: number }[];
    ids: string[];
  };
  if (ids.length !== rows.length) return `${ids.length} ids for ${rows.length} rows`;
  return checkSums(
    rows,
    predictions.map(({ value }) => value),
  );
}

function checkSums(rows: readonly (readonly number[])[], sums: readonly unknown[] | undefined): string | undefined {
  if (sums === undefined) return undefined;
  if (sums.length !== rows.length) return `${sums.length} answers for ${rows.length} rows`;
  for (const [index, row] of rows.entries()) {
    const values = row.map((value) => Math.fround(value));
    const sum = values.reduce((total, value) => Math.fround(total + value), 0);
    const tolerance = values.reduce((total, value) => total + Math.abs(value), 0) * 1e-6;
    const difference = Math.abs((sums[index] as number) - sum);
    if (!(difference <= tolerance)) return `row ${index} sums to ${sum}, the answer is ${sums[index]}`;
  }
  return undefined;
}

function rowsOfInputs(tensors: readonly Tensor[]): number[][] {
  const own = tensors.find(({ name }) => name === 'x');
  const count = tensors[0]?.shape[0] ?? 0;
  return Array.from({ length: count }, (_, row) =>
    FEATURES.map((name, index) => {
      if (own !== undefined) return own.values[row * 3 + index] as number;
      return Number(tensors.find((tensor) => tensor.name === name)?.values[row]);
    }),
  );
}

function checkTypes(sent: readonly Tensor[], got: readonly Tensor[]): string | undefined {
  for (const { name, values } of got) {
    const from = sent.find((tensor) => tensor.name === name.replace('_out', '_in'));
    if (from?.values.length !== values.length) return `${name} has ${values.length} values`;
    const wrong = values.findIndex((value, index) => !isSame(value, from.values[index]));
    if (wrong >= 0) return `${name}: value ${wrong} is ${values[wrong]}, ${from.values[wrong]} was sent`;
  }
  return undefined;
}

function isSame(got: unknown, sent: unknown): boolean {
  if (typeof got === 'boolean') return got === Boolean(sent);
  // All digits are in the answer, but reading JSON here rounds what is beyond 2^53.
  if (typeof got === 'number') return got === Number(sent);
  return String(got) === String(sent);
}

const ITEM_BYTES: Readonly<Record<string, number>> = { BOOL: 1, INT32: 4, INT64: 8, FP16: 2, FP32: 4, FP64: 8 };

function readTensors({ body, headerLength }: Call, member: 'inputs' | 'outputs'): Tensor[] {
  if (headerLength === '0') {
    return [{ name: 'x', shape: [body.length / 12], values: decode('FP32', body, body.length / 4) }];
  }
  const length = headerLength === undefined ? body.length : Number(headerLength);
  const json = JSON.parse(body.subarray(0, length).toString()) as Record<string, unknown[]>;
  let at = length;
  return (json[member] ?? []).map((entry) => {
    const { name, datatype, shape, data, parameters } = entry as {
      name: string;
      datatype: string;
      shape: number[];
      data?: unknown[];
      parameters?: { binary_data_size?: number };
    };
    const size = parameters?.binary_data_size;
    if (size === undefined) return { name, shape, values: (data ?? []).flat(16) };
    const values = decode(
      datatype,
      body.subarray(at, at + size),
      shape.reduce((product, one) => product * one, 1),
    );
    at += size;
    return { name, shape, values };
  });
}

/** Elements of a tensor, one by one. */
export function decode(datatype: string, bytes: Uint8Array, count: number): unknown[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values: unknown[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    if (datatype === 'BYTES') {
      const length = view.getUint32(at, true);
      values.push(Buffer.from(bytes.subarray(at + 4, at + 4 + length)).toString());
      at += 4 + length;
      continue;
    }
    if (datatype === 'BOOL') values.push(view.getUint8(at) === 1);
    else if (datatype === 'INT32') values.push(view.getInt32(at, true));
    else if (datatype === 'INT64') values.push(view.getBigInt64(at, true));
    else if (datatype === 'FP16') values.push(half(view.getUint16(at, true)));
    else if (datatype === 'FP32') values.push(view.getFloat32(at, true));
    else if (datatype === 'FP64') values.push(view.getFloat64(at, true));
    else if (datatype === 'INT8') values.push(view.getInt8(at));
    else if (datatype === 'UINT8') values.push(view.getUint8(at));
    else if (datatype === 'INT16') values.push(view.getInt16(at, true));
    else if (datatype === 'UINT16') values.push(view.getUint16(at, true));
    else if (datatype === 'UINT32') values.push(view.getUint32(at, true));
    else if (datatype === 'UINT64') values.push(view.getBigUint64(at, true));
    else throw new Error(`there is no ${datatype}`);
    at += ITEM_BYTES[datatype] ?? Number(/\d+$/.exec(datatype)?.[0]) / 8;
  }
  return values;
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits & 0x7c00) >> 10;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * 2 ** -14 * (fraction / 1024) : sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
}
