import {
  BATCH_MAXIMUM_ROWS,
  type BatchRecord,
  batchRecordSchema,
  type ClassLabel,
  type PackedValues,
  type TypedValues,
} from '@switchyard/contracts';
import type { LineWriter } from './line-writer.ts';
import { bytesOfValues, firstNotFinite, type Layout, layoutOf, unpackValues } from './packed-values.ts';
import {
  type AnswerColumns,
  type Column,
  type FeatureBlock,
  type RowGroup,
  rowDigits,
  sliceGroup,
  writeRowLines,
} from './row-lines.ts';
import { hasLinesFrom } from './segments.ts';

/**
 * Many rows in one line. The record of a row names every feature in full; for hundreds of rows a request, writing that
 * takes longer than a model does. A batch line says once what the rows share and keeps their numbers as the bytes they
 * came as. Whoever ships the log takes it apart, into the very lines that the rows would have had by themselves.
 */

/** Bytes of numbers in one line: little enough that one line is taken apart in a few milliseconds. */
const LINE_BYTES = 131_072;
const LARGEST_ITEM_BYTES = 8;
/**
 * From so many rows on, lines of batches are used. Taking a line apart has a price of its own, about 14 µs: of 8 rows with
 * 29 features it costs control 25 µs and spares the gateway 11, of fewer rows the more for the less, of 256 rows 445 for 385.
 */
const BATCH_MINIMUM_ROWS = 8;
/** Characters of an id before the digits that number a row. */
const ID_PREFIX = 32;
const START = '{"t":"b"';
const START_BYTES = Buffer.from(START);

export const isBatchLine = (line: Uint8Array): boolean =>
  line.length > START_BYTES.length && START_BYTES.every((byte, index) => line[index] === byte);

/** Whether some line of a segment is a batch. */
export const hasBatchLines = (path: string): Promise<boolean> => hasLinesFrom(path, START);

/** Whether a line can hold the rows of a group: all their features are numbers or booleans, and there are enough of them. */
export function canBatch(group: RowGroup): boolean {
  const { rows, features, answer } = group;
  if (rows < BATCH_MINIMUM_ROWS || rows > BATCH_MAXIMUM_ROWS || features.length === 0) return false;
  const columns = [...features, answer.value, answer.probabilities].filter((column) => column !== undefined);
  return columns.every(isPacked) && rowsOfLine(group) >= BATCH_MINIMUM_ROWS;
}

// 16-bit floats have no array of their own: what is kept of them is 32-bit.
const isPacked = ({ datatype }: Column): boolean => datatype !== 'FP16' && layoutOf(datatype) !== undefined;

function rowsOfLine({ features, answer }: RowGroup): number {
  const featureBytes = features.reduce(
    (sum, { names, datatype }) => sum + names.length * (layoutOf(datatype)?.itemBytes ?? 0),
    0,
  );
  const answerBytes = LARGEST_ITEM_BYTES * (2 + (answer.probabilities?.labels.length ?? 0));
  return Math.floor(LINE_BYTES / (featureBytes + answerBytes));
}

/** Writes the rows of a group in as few lines as can be. Returns how many it took. */
export function writeGroup(writer: LineWriter, group: RowGroup): number {
  if (canBatch(group)) return writeBatchLines(writer, group);
  writeRowLines(writer, group);
  return group.rows;
}

/** Writes the rows of a group that `canBatch` allows. Returns how many lines it took. */
export function writeBatchLines(writer: LineWriter, group: RowGroup): number {
  const step = rowsOfLine(group);
  let lines = 0;
  for (let from = 0; from < group.rows; from += step) {
    writeBatchLine(writer, sliceGroup(group, from, Math.min(group.rows, from + step)));
    lines += 1;
  }
  return lines;
}

function writeBatchLine(writer: LineWriter, group: RowGroup): void {
  const { idPrefix, rows, numbers, before, decision, buckets, outcome, after, features, answer } = group;
  const first = typeof numbers === 'number' ? numbers : (numbers[0] as number);
  writer.text(`${START},"id":"${idPrefix}${rowDigits(first)}","rows":${rows},${before}`);
  if (typeof numbers !== 'number') {
    writer.ascii('"numbers":{');
    writePacked(writer, { datatype: 'UINT16', data: numbers });
    writer.ascii('},');
  }
  writer.text(`"decision":${JSON.stringify(decision)},"buckets":[`);
  buckets.forEach(({ step, values }, index) => {
    writer.ascii(`${index === 0 ? '' : ','}{"step":${step},`);
    writePacked(writer, { datatype: 'UINT32', data: values });
    writer.ascii('}');
  });
  writer.text(`],${outcome},"features":[`);
  features.forEach((block, index) => {
    if (index > 0) writer.ascii(',');
    writer.bytes(namesMember(block.names));
    writePacked(writer, block);
    writer.ascii('}');
  });
  writer.ascii('],"answer":{');
  writeAnswer(writer, answer);
  writer.text(`},${after}}\n`);
}

const namesMembers = new WeakMap<readonly string[], Buffer>();

/** Kept by the list itself: whoever logs many batches hands over the same one. */
function namesMember(names: readonly string[]): Buffer {
  let member = namesMembers.get(names);
  if (member === undefined) {
    member = Buffer.from(`{"names":${JSON.stringify(names)},`);
    namesMembers.set(names, member);
  }
  return member;
}

function writeAnswer(writer: LineWriter, { label, value, probabilities }: AnswerColumns): void {
  let separator = '';
  const add = (start: string, column: Column): void => {
    writer.text(separator + start);
    writePacked(writer, column);
    writer.ascii('}');
    separator = ',';
  };
  if (label !== undefined) {
    const labels = 'labels' in label ? label.labels : isPacked(label) ? undefined : (label.data as readonly string[]);
    if (labels === undefined) add('"label":{', label as Column);
    else {
      const { known, codes } = numberLabels(labels);
      add(`"label":{"known":${JSON.stringify(known)},`, { datatype: 'UINT16', data: codes });
    }
  }
  if (value !== undefined) add('"value":{', value);
  if (probabilities !== undefined) {
    const { labels, positive } = probabilities;
    add(`"probabilities":{"labels":${JSON.stringify(labels)},"positive":${positive},`, probabilities);
  }
}

function writePacked(writer: LineWriter, { datatype, data }: Column): void {
  const bytes = bytesOfValues(layoutOf(datatype) as Layout, data);
  writer.ascii(`"datatype":"${datatype}","values":"`);
  writer.base64(bytes);
  writer.ascii('"');
}

/** There are at most 65,536 rows, so two bytes number their labels. */
function numberLabels(labels: readonly ClassLabel[]): { known: ClassLabel[]; codes: Uint16Array } {
  const positions = new Map<ClassLabel, number>();
  const codes = new Uint16Array(labels.length);
  for (let row = 0; row < labels.length; row += 1) {
    const label = labels[row] as ClassLabel;
    let position = positions.get(label);
    if (position === undefined) {
      position = positions.size;
      positions.set(label, position);
    }
    codes[row] = position;
  }
  return { known: [...positions.keys()], codes };
}

const BEFORE_FEATURES = [
  'at',
  'requestId',
  'endpoint',
  'revision',
  'snapshot',
  'gateway',
  'path',
  'model',
  'version',
  'unit',
  'segment',
  'context',
] as const;
const BEHIND_DECISION = ['propensity', 'status', 'error'] as const;
const BEHIND_ANSWER = ['members', 'totalMicros', 'queueMicros', 'modelMicros', 'batchRows', 'cached'] as const;

/**
 * Writes the lines that a batch line stands for, at most the last `count` of them.
 * Throws when the line is no such record or its columns are not as long as they should be; then nothing was written.
 */
export function expandBatchLine(writer: LineWriter, line: Uint8Array, count = Number.POSITIVE_INFINITY): void {
  const record: unknown = JSON.parse(Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8'));
  batchRecordSchema.parse(record);
  // As it was read, not as it was checked: names such as '__proto__' are to be kept.
  const group = readGroup(record as BatchRecord);
  writeRowLines(writer, group, Math.max(0, group.rows - count));
}

function readGroup(record: BatchRecord): RowGroup {
  const { id, rows, numbers } = record;
  const membersOf = (names: readonly (keyof BatchRecord)[]): string =>
    names.map((name) => `"${name}":${JSON.stringify(record[name])}`).join(',');
  const first = Number.parseInt(id.slice(ID_PREFIX), 16);
  if (numbers === undefined && first + rows > BATCH_MAXIMUM_ROWS) {
    throw new RangeError(`${rows} rows cannot be numbered from ${first} on`);
  }
  return {
    idPrefix: id.slice(0, ID_PREFIX),
    rows,
    numbers: numbers === undefined ? first : unpackAs(Uint16Array, numbers, rows),
    before: `${membersOf(BEFORE_FEATURES)},`,
    decision: record.decision,
    buckets: record.buckets.map((bucket) => {
      if (bucket.step >= record.decision.length) throw new RangeError(`the decision has no step ${bucket.step}`);
      return { step: bucket.step, values: unpackAs(Uint32Array, bucket, rows) };
    }),
    outcome: membersOf(BEHIND_DECISION),
    after: membersOf(BEHIND_ANSWER),
    features: record.features.map((block): FeatureBlock => {
      const { names, datatype } = block;
      return { names, datatype, data: unpackFinite(block, rows * names.length) };
    }),
    answer: readAnswer(record),
  };
}

function readAnswer({ rows, answer: { label, value, probabilities } }: BatchRecord): AnswerColumns {
  return {
    label:
      label !== undefined && 'known' in label
        ? { labels: labelsOf(label.known, unpackAs(Uint16Array, label, rows)) }
        : label && { datatype: label.datatype, data: unpackFinite(label, rows) },
    value: value && { datatype: value.datatype, data: unpackFinite(value, rows) },
    probabilities: probabilities && {
      labels: probabilities.labels,
      positive: probabilities.positive,
      datatype: probabilities.datatype,
      data: unpackFinite(probabilities, rows * probabilities.labels.length),
    },
  };
}

function labelsOf(known: readonly ClassLabel[], codes: Uint16Array): ClassLabel[] {
  return Array.from(codes, (code) => {
    if (code >= known.length) throw new RangeError(`there is no label ${code}`);
    return known[code] as ClassLabel;
  });
}

function unpackAs<V>(Values: new (length: number) => V, packed: PackedValues, rows: number): V {
  const values = unpackValues(packed, rows);
  if (!(values instanceof Values)) throw new RangeError(`${packed.datatype} is not the datatype of this column`);
  return values;
}

/** What is not a number was never written, and would be read as a missing value. */
function unpackFinite(packed: PackedValues, count: number): TypedValues {
  const values = unpackValues(packed, count);
  if (values instanceof Float32Array || values instanceof Float64Array) {
    const wrong = firstNotFinite(values);
    if (wrong >= 0) throw new RangeError(`value ${wrong} of a column is not a number`);
  }
  return values;
}
