import type { ClassLabel, DecisionStep, TensorDatatype } from '@switchyard/contracts';
import type { LineWriter } from './line-writer.ts';
import type { ColumnData } from './packed-values.ts';

/** Values of one thing, row by row. */
export interface Column {
  readonly datatype: TensorDatatype;
  readonly data: ColumnData;
}

/** Features that lie beside each other: row by row, in each row one value a name. */
export interface FeatureBlock extends Column {
  readonly names: readonly string[];
}

/** What rows were answered, as columns; everything absent where they failed. All numbers are finite. */
export interface AnswerColumns {
  /** A tensor, or labels of any kind, one a row. */
  readonly label?: Column | { readonly labels: readonly ClassLabel[] } | undefined;
  readonly value?: Column | undefined;
  readonly probabilities?:
    | (Column & {
        /** One probability each a row. */
        readonly labels: readonly string[];
        /** Position of the label that the score is of; -1: there is no score. */
        readonly positive: number;
      })
    | undefined;
}

/** Rows of one request that share all but their ids, features, answers and buckets. */
export interface RowGroup {
  /** What their ids begin with: 32 characters, all but the four digits that number a row. */
  readonly idPrefix: string;
  readonly rows: number;
  /** The number of the first row, or of each. */
  readonly numbers: number | Uint16Array;
  /** Members of every record that stand before its features: JSON, each with a comma behind. */
  readonly before: string;
  readonly decision: readonly DecisionStep[];
  /** Buckets at steps of the decision, one a row. */
  readonly buckets: readonly { readonly step: number; readonly values: Uint32Array }[];
  /** Members between the decision and the answer (propensity, status, error): JSON, joined by commas. */
  readonly outcome: string;
  /** Members behind the answer, likewise. */
  readonly after: string;
  readonly features: readonly FeatureBlock[];
  readonly answer: AnswerColumns;
}

/** The same for the rows `from` up to `to` alone. */
export function sliceGroup(group: RowGroup, from: number, to: number): RowGroup {
  if (from === 0 && to === group.rows) return group;
  const { numbers, buckets, features, answer } = group;
  const { label, value, probabilities } = answer;
  const part = <C extends Column>(column: C, width: number): C => ({
    ...column,
    data: sliceData(column.data, from * width, to * width),
  });
  return {
    ...group,
    rows: to - from,
    numbers: typeof numbers === 'number' ? numbers + from : numbers.subarray(from, to),
    buckets: buckets.map(({ step, values }) => ({ step, values: values.subarray(from, to) })),
    features: features.map((block) => part(block, block.names.length)),
    answer: {
      label:
        label !== undefined && 'labels' in label ? { labels: label.labels.slice(from, to) } : label && part(label, 1),
      value: value && part(value, 1),
      probabilities: probabilities && part(probabilities, probabilities.labels.length),
    },
  };
}

function sliceData(data: ColumnData, from: number, to: number): ColumnData {
  if (Array.isArray(data)) return data.slice(from, to);
  return (data as Float32Array).subarray(from, to);
}

type WriteRow = (row: number) => void;
type WriteValue = (index: number) => void;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The four digits that number a row. */
export const rowDigits = (number: number): string => (HEX[number >> 8] as string) + (HEX[number & 255] as string);

const START = Buffer.from('{"t":"p","id":"');
const ID_END = Buffer.from('",');
/** Whole numbers up to here are written without going through a text. */
const LARGEST_PLAIN = 2_000_000_000n;
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const COMMA = Buffer.from(',');
const LABEL = Buffer.from('"label":');
const VALUE = Buffer.from('"value":');
const PROBABILITIES = Buffer.from('"probabilities":{');
const SCORE = Buffer.from('},"score":');
const END = Buffer.from('}');

/**
 * Writes rows as lines of the log, one a row. Written from the columns as they are: for hundreds of rows, an object
 * or a text for each would cost more than the model.
 * @param from first row, @param to the row behind the last
 */
export function writeRowLines(writer: LineWriter, group: RowGroup, from = 0, to = group.rows): void {
  const prefix = Buffer.from(group.idPrefix);
  const before = Buffer.from(`${group.before}"features":{`);
  const after = Buffer.from(`,${group.after}}\n`);
  const writeFeatures = featuresWriter(writer, group.features);
  const writeDecision = decisionWriter(writer, group);
  const writeAnswer = answerWriter(writer, group.answer);
  const { numbers } = group;
  for (let row = from; row < to; row += 1) {
    writer.bytes(START);
    writer.bytes(prefix);
    writer.ascii(rowDigits(typeof numbers === 'number' ? numbers + row : (numbers[row] as number)));
    writer.bytes(ID_END);
    writer.bytes(before);
    writeFeatures(row);
    writeDecision(row);
    writeAnswer(row);
    writer.bytes(after);
  }
}

/** `"name":value` of every feature. */
function featuresWriter(writer: LineWriter, blocks: readonly FeatureBlock[]): WriteRow {
  let isFirst = true;
  const parts = blocks.map(({ names, datatype, data }) => {
    const keys = names.map((name) => {
      const key = Buffer.from(`${isFirst ? '' : ','}${JSON.stringify(name)}:`);
      isFirst = false;
      return key;
    });
    const width = keys.length;
    if (data instanceof Float32Array) {
      // The usual case. Nothing is looked up a value, which is most of the time of a line.
      const keyBytes = keys.reduce((sum, key) => sum + key.length, 0);
      return (row: number) => writer.float32Members(keys, keyBytes, data, row * width);
    }
    const write = valueWriter(writer, { datatype, data });
    return (row: number) => {
      for (let index = 0; index < width; index += 1) {
        writer.bytes(keys[index] as Buffer);
        write(row * width + index);
      }
    };
  });
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return (row) => {
    for (const write of parts) write(row);
  };
}

/** From the end of the features to the beginning of the answer. */
function decisionWriter(writer: LineWriter, { decision, buckets, outcome }: RowGroup): WriteRow {
  const behind = `,${outcome},"answer":{`;
  if (buckets.length === 0) {
    const text = Buffer.from(`},"decision":${JSON.stringify(decision)}${behind}`);
    return () => writer.bytes(text);
  }
  const valuesOf = new Map(buckets.map(({ step, values }) => [step, values]));
  return (row) => {
    const steps = decision.map((step, index) => {
      const values = valuesOf.get(index);
      return values === undefined ? step : { ...step, bucket: values[row] as number };
    });
    writer.text(`},"decision":${JSON.stringify(steps)}${behind}`);
  };
}

function answerWriter(writer: LineWriter, { label, value, probabilities }: AnswerColumns): WriteRow {
  const parts: WriteRow[] = [];
  const add = (key: Buffer, write: WriteValue): void => {
    const isFirst = parts.length === 0;
    parts.push((row) => {
      if (!isFirst) writer.bytes(COMMA);
      writer.bytes(key);
      write(row);
    });
  };
  if (label !== undefined)
    add(LABEL, 'labels' in label ? labelWriter(writer, label.labels) : valueWriter(writer, label));
  if (value !== undefined) add(VALUE, valueWriter(writer, value));
  if (probabilities !== undefined) {
    const write = valueWriter(writer, probabilities);
    const { labels, positive } = probabilities;
    const width = labels.length;
    const keys = labels.map((name, index) => Buffer.from(`${index === 0 ? '' : ','}${JSON.stringify(name)}:`));
    add(PROBABILITIES, (row) => {
      const start = row * width;
      for (let index = 0; index < width; index += 1) {
        writer.bytes(keys[index] as Buffer);
        write(start + index);
      }
      if (positive < 0) {
        writer.bytes(END);
        return;
      }
      writer.bytes(SCORE);
      write(start + positive);
    });
  }
  return (row) => {
    for (const write of parts) write(row);
    writer.bytes(END);
  };
}

function labelWriter(writer: LineWriter, labels: readonly ClassLabel[]): WriteValue {
  const texts = new Map<ClassLabel, Buffer>();
  return (row) => {
    const label = labels[row] as ClassLabel;
    let text = texts.get(label);
    if (text === undefined) {
      text = Buffer.from(JSON.stringify(label));
      texts.set(label, text);
    }
    writer.bytes(text);
  };
}

/** Writes one value of a tensor as JSON, with every digit it has. */
function valueWriter(writer: LineWriter, { datatype, data }: Column): WriteValue {
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
