import { type ClassLabel, type Signature, SwitchyardError } from '@switchyard/contracts';
import type { LineWriter } from '@switchyard/prediction-log';
import type { InferResult, Tensor } from '@switchyard/runtimes';
import type { Arrival } from '../predict/prediction-runner.ts';
import type { VersionPlan } from '../snapshot/serving-state.ts';
import type { ReceivedInfer, ReceivedTensor } from './infer-call.ts';
import { columnsOfSignature } from './infer-request.ts';

export interface DirectOutcome {
  readonly ids: readonly string[];
  readonly result: InferResult | undefined;
  /** Undefined when the model answered. */
  readonly failure: unknown;
}

type WriteRow = (row: number) => void;
type WriteValue = (index: number) => void;

const START = Buffer.from('{"t":"p","id":"');
/** Whole numbers up to here are written without going through a text. */
const LARGEST_PLAIN = 2_000_000_000n;
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

/**
 * Writes the lines of the prediction log for rows that a model answered with its own tensors, one a row, features
 * included. Written from the tensors as they are: for hundreds of rows a request, an object or a text for each would
 * cost more than the model. A test parses them with the schema of the contract.
 */
export function writeDirectRecords(
  writer: LineWriter,
  arrival: Arrival,
  plan: VersionPlan,
  infer: ReceivedInfer,
  { ids, result, failure }: DirectOutcome,
): void {
  const { signature } = plan.served;
  const { requestId, atMs, startedAtMs } = arrival;
  const before = Buffer.from(
    `","at":${atMs},"requestId":${JSON.stringify(requestId)},${plan.recordJson}"unit":${JSON.stringify(infer.unit)},` +
      `"segment":${JSON.stringify(infer.segment)},"context":${JSON.stringify(infer.context)},"features":{`,
  );
  const error = failure === undefined ? '' : SwitchyardError.is(failure) ? failure.code : 'internal_error';
  const status = error === '' ? '"ok","error":""' : `"error","error":"${error}"`;
  const between = Buffer.from(`},"decision":[],"propensity":1,"status":${status},"answer":{`);
  const totalMicros = Math.round((performance.now() - startedAtMs) * 1_000);
  const after = Buffer.from(
    `},"members":[],"totalMicros":${totalMicros},"queueMicros":${Math.round(result?.queueMicros ?? 0)},` +
      `"modelMicros":${Math.round(result?.modelMicros ?? 0)},"batchRows":${result?.batchRows ?? 0},"cached":false}\n`,
  );
  const writeFeatures = featuresWriter(writer, signature, infer.inputs);
  const writeAnswer =
    error === '' && result !== undefined ? answerWriter(writer, signature, result.outputs, ids.length) : writeNothing;
  for (let row = 0; row < ids.length; row += 1) {
    writer.bytes(START);
    writer.ascii(ids[row] as string);
    writer.bytes(before);
    writeFeatures(row);
    writer.bytes(between);
    writeAnswer(row);
    writer.bytes(after);
  }
}

const writeNothing = (): void => {};

/** `"name":value` of every feature, from where its value is in the tensors. */
function featuresWriter(writer: LineWriter, signature: Signature, inputs: readonly ReceivedTensor[]): WriteRow {
  const columns = columnsOfSignature(signature);
  const byName = new Map(inputs.map((input) => [input.name, input]));
  const writers = new Map(inputs.map((input) => [input.name, valueWriter(writer, input)]));
  const features = signature.features.flatMap(({ name }, index) => {
    const column = columns[index];
    const write = column === undefined ? undefined : writers.get(column.tensor);
    if (column === undefined || write === undefined) return [];
    const { offset, width } = column;
    return { key: Buffer.from(`${index === 0 ? '' : ','}${JSON.stringify(name)}:`), write, offset, width };
  });
  const [first] = features;
  const input = inputs[0];
  if (byName.size === 1 && first !== undefined && input?.data instanceof Float32Array) {
    // The usual case: one tensor of floats. Nothing is looked up a value, which is most of the time of a line.
    const values = input.data;
    const keys = features.map(({ key }) => key);
    const keyBytes = keys.reduce((sum, key) => sum + key.length, 0);
    return (row) => writer.float32Members(keys, keyBytes, values, row * first.width);
  }
  return (row) => {
    for (const { key, write, offset, width } of features) {
      writer.bytes(key);
      write(row * width + offset);
    }
  };
}

/**
 * What the outputs say by the roles of the signature; nothing where it gives none, where an output has another
 * shape than its role needs, or where a row's numbers are not finite.
 */
function answerWriter(writer: LineWriter, signature: Signature, outputs: readonly Tensor[], rows: number): WriteRow {
  const find = (name: string | undefined) =>
    name === undefined ? undefined : outputs.find((one) => one.name === name);
  const parts: ((row: number, separate: () => void) => void)[] = [];
  const label = find(signature.roles.label);
  if (label?.data.length === rows) {
    const write = valueWriter(writer, label);
    const isKnown = isFiniteAt(label);
    parts.push((row, separate) => {
      if (!isKnown(row)) return;
      separate();
      writer.bytes(LABEL);
      write(row);
    });
  }
  const value = find(signature.roles.value);
  if (value?.data.length === rows) {
    const write = valueWriter(writer, value);
    const isKnown = isFiniteAt(value);
    parts.push((row, separate) => {
      if (!isKnown(row)) return;
      separate();
      writer.bytes(VALUE);
      write(row);
    });
  }
  const probabilities = find(signature.roles.probabilities);
  const labels = signature.labels ?? [];
  if (probabilities !== undefined && labels.length > 0 && probabilities.data.length === rows * labels.length) {
    parts.push(probabilitiesWriter(writer, probabilities, labels, signature.positiveLabel));
  }
  return (row) => {
    let isFirst = true;
    const separate = (): void => {
      if (!isFirst) writer.bytes(COMMA);
      isFirst = false;
    };
    for (const write of parts) write(row, separate);
  };
}

const COMMA = Buffer.from(',');
const LABEL = Buffer.from('"label":');
const VALUE = Buffer.from('"value":');
const PROBABILITIES = Buffer.from('"probabilities":{');
const SCORE = Buffer.from('},"score":');
const END = Buffer.from('}');

function probabilitiesWriter(
  writer: LineWriter,
  tensor: Tensor,
  labels: readonly ClassLabel[],
  positiveLabel: ClassLabel | undefined,
): (row: number, separate: () => void) => void {
  const write = valueWriter(writer, tensor);
  const isKnown = isFiniteAt(tensor);
  const width = labels.length;
  const positive = positiveLabel === undefined ? width - 1 : labels.indexOf(positiveLabel);
  const keys = labels.map((label, index) => Buffer.from(`${index === 0 ? '' : ','}${JSON.stringify(String(label))}:`));
  return (row, separate) => {
    const from = row * width;
    for (let index = 0; index < width; index += 1) if (!isKnown(from + index)) return;
    separate();
    writer.bytes(PROBABILITIES);
    for (let index = 0; index < width; index += 1) {
      writer.bytes(keys[index] as Buffer);
      write(from + index);
    }
    if (positive < 0) {
      writer.bytes(END);
      return;
    }
    writer.bytes(SCORE);
    write(from + positive);
  };
}

function isFiniteAt({ datatype, data }: Tensor): (index: number) => boolean {
  if (datatype !== 'FP32' && datatype !== 'FP64') return () => true;
  return (index) => Number.isFinite(data[index]);
}

/** Writes one value of a tensor as JSON, with every digit it has. */
function valueWriter(
  writer: LineWriter,
  { datatype, data }: Pick<ReceivedTensor, 'datatype'> & { data: ArrayLike<unknown> },
): WriteValue {
  if (data instanceof Float32Array) return (index) => writer.float32(data[index] as number);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    return (index) => {
      const value = data[index] as bigint;
      if (value >= -LARGEST_PLAIN && value <= LARGEST_PLAIN) writer.number(Number(value));
      else writer.ascii(String(value));
    };
  }
  if (datatype === 'BOOL') {
    return (index) => {
      const value = data[index];
      writer.bytes(value === true || value === 1 ? TRUE : FALSE);
    };
  }
  return (index) => {
    const value = data[index];
    if (typeof value === 'number') writer.number(value);
    else if (typeof value === 'bigint') writer.ascii(String(value));
    else writer.text(JSON.stringify(value ?? null));
  };
}
