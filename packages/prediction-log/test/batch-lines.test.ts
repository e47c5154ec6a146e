import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BatchRecord,
  type PredictionRecord,
  predictionRecordSchema,
  type TensorDatatype,
} from '@switchyard/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AnswerColumns,
  canBatch,
  expandBatchLine,
  firstNotFinite,
  isBatchLine,
  LineWriter,
  type RowGroup,
  readSegment,
  rowDigits,
  shortDecimal,
  splitLines,
  writeBatchLines,
  writeRowLines,
} from '../src/index.ts';

const PREFIX = '01936b2c-7f3a-7d2e-8a51-0c3f9b7a';
type FeatureColumn = BatchRecord['features'][number];
const writer = new LineWriter();

function take(): Buffer {
  const bytes = Buffer.from(writer.written());
  writer.clear();
  return bytes;
}

const shared = {
  at: 1_764_214_135_123,
  requestId: 'request/1',
  endpoint: 'fraud',
  revision: 3,
  snapshot: 'hash',
  gateway: 'gateway-0',
  path: 'a',
  model: 'forest',
  version: '2',
  unit: 'é "quoted"\n',
  segment: JSON.parse('{"tier":"gold","__proto__":"x"}') as Record<string, string>,
  context: { hour: 12.5, isNew: true },
};
const outcome = { propensity: 0.25, status: 'ok' as const, error: '' };
const after = {
  members: [],
  totalMicros: 812,
  queueMicros: 12,
  modelMicros: 404,
  batchRows: 256,
  cached: false,
};
const membersOf = (members: object): string => JSON.stringify(members).slice(1, -1);

function makeGroup(rows: number, parts: Partial<RowGroup> = {}): RowGroup {
  return {
    idPrefix: PREFIX,
    rows,
    numbers: 0,
    before: `${membersOf(shared)},`,
    decision: [],
    buckets: [],
    outcome: membersOf(outcome),
    after: membersOf(after),
    features: [{ names: ['x', 'y'], datatype: 'FP32', data: Float32Array.from({ length: rows * 2 }, (_, i) => i / 8) }],
    answer: { value: { datatype: 'FP64', data: Float64Array.from({ length: rows }, (_, row) => row / 3) } },
    ...parts,
  };
}

/** A value of a column as the record of one row has it. */
function plain(datatype: TensorDatatype, value: unknown): unknown {
  if (datatype === 'BOOL') return value === true || value === 1;
  if (datatype === 'FP32') return shortDecimal(value as number);
  return typeof value === 'bigint' ? Number(value) : value;
}

/** The records of a group, made one by one and without any of the code that writes them. */
function recordsOf({ rows, numbers, decision, buckets, features, answer }: RowGroup): PredictionRecord[] {
  return Array.from({ length: rows }, (_, row) => {
    const number = typeof numbers === 'number' ? numbers + row : (numbers[row] as number);
    const own: PredictionRecord['answer'] = {};
    const { label, value, probabilities } = answer;
    if (label !== undefined) {
      own.label = ('labels' in label ? label.labels[row] : plain(label.datatype, label.data[row])) as string;
    }
    if (value !== undefined) own.value = plain(value.datatype, value.data[row]) as number;
    if (probabilities !== undefined) {
      const { labels, positive, datatype, data } = probabilities;
      const of = (index: number) => plain(datatype, data[row * labels.length + index]) as number;
      own.probabilities = Object.fromEntries(labels.map((name, index) => [name, of(index)]));
      if (positive >= 0) own.score = of(positive);
    }
    return {
      t: 'p',
      id: PREFIX + number.toString(16).padStart(4, '0'),
      ...shared,
      features: Object.fromEntries(
        features.flatMap(({ names, datatype, data }) =>
          names.map((name, index) => [name, plain(datatype, data[row * names.length + index]) as number]),
        ),
      ),
      decision: decision.map((step, index) => {
        const own = buckets.find((bucket) => bucket.step === index);
        return own === undefined ? step : { ...step, bucket: own.values[row] as number };
      }),
      ...outcome,
      answer: own,
      ...after,
    };
  });
}

const withoutMinusZero = (value: number): number => (value === 0 ? 0 : value);
const float32 = fc.float({ noNaN: true, noDefaultInfinity: true }).map(withoutMinusZero);
const float64 = fc.double({ noNaN: true, noDefaultInfinity: true }).map(withoutMinusZero);
const list = <T>(value: fc.Arbitrary<T>, length: number) => fc.array(value, { minLength: length, maxLength: length });

function column(length: number): fc.Arbitrary<{ datatype: TensorDatatype; data: ArrayLike<number> | boolean[] }> {
  const whole = (datatype: TensorDatatype, from: number, to: number, make: (values: number[]) => unknown) =>
    list(fc.integer({ min: from, max: to }), length).map((values) => ({
      datatype,
      data: make(values) as ArrayLike<number>,
    }));
  return fc.oneof(
    list(float32, length).map((values) => ({ datatype: 'FP32' as const, data: Float32Array.from(values) })),
    list(float64, length).map((values) => ({ datatype: 'FP64' as const, data: Float64Array.from(values) })),
    list(fc.boolean(), length).map((data) => ({ datatype: 'BOOL' as const, data })),
    whole('BOOL', 0, 1, (values) => Uint8Array.from(values)),
    whole('INT8', -128, 127, (values) => Int8Array.from(values)),
    whole('UINT16', 0, 65_535, (values) => Uint16Array.from(values)),
    whole('INT32', -(2 ** 31), 2 ** 31 - 1, (values) => Int32Array.from(values)),
    whole('INT64', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, (values) =>
      BigInt64Array.from(values.map((value) => BigInt(value))),
    ),
  );
}

const name = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom('V1', 'naïve "x"', 'ligne\n'));

const groups = fc
  .record({ rows: fc.integer({ min: 8, max: 40 }), names: fc.uniqueArray(name, { minLength: 1, maxLength: 6 }) })
  .chain(({ rows, names }) => {
    const usable = names.filter((one) => one !== '__proto__');
    const first = usable.length === 0 ? ['x'] : usable.slice(0, Math.ceil(usable.length / 2));
    const rest = usable.slice(first.length);
    const known = fc.constantFrom<string | number | boolean>('fraud', 'a "b"', 1, '1', 0, true);
    const labels = ['no', 'yes', 'é'];
    return fc.record({
      rows: fc.constant(rows),
      numbers: fc.oneof(
        fc.integer({ min: 0, max: 65_536 - rows }),
        list(fc.integer({ min: 0, max: 65_535 }), rows).map((values) => Uint16Array.from(values)),
      ),
      features: fc.tuple(
        column(rows * first.length).map((one) => ({ names: first, ...one })),
        ...(rest.length === 0 ? [] : [column(rows * rest.length).map((one) => ({ names: rest, ...one }))]),
      ),
      buckets: fc.option(list(fc.nat({ max: 999_999 }), rows).map((values) => Uint32Array.from(values))),
      label: fc.option(
        fc.oneof(
          column(rows),
          list(known, rows).map((all) => ({ labels: all })),
          list(fc.constantFrom('x', 'y'), rows).map((data) => ({ datatype: 'BYTES' as const, data })),
        ),
      ),
      value: fc.option(column(rows).filter(({ datatype }) => datatype !== 'BOOL')),
      probabilities: fc.option(
        fc.tuple(list(float32, rows * 3), fc.integer({ min: -1, max: 2 })).map(([values, positive]) => ({
          labels,
          positive,
          datatype: 'FP32' as const,
          data: Float32Array.from(values),
        })),
      ),
    });
  })
  .map(({ rows, numbers, features, buckets, label, value, probabilities }) =>
    makeGroup(rows, {
      numbers,
      features: features as unknown as RowGroup['features'],
      ...(buckets === null
        ? {}
        : {
            decision: [
              { node: '', kind: 'rules', chosen: 'otherwise' },
              { node: 'otherwise', kind: 'split', chosen: 'a', probabilities: { a: 0.25, b: 0.75 } },
            ],
            buckets: [{ step: 1, values: buckets }],
          }),
      answer: {
        label: label ?? undefined,
        value: value ?? undefined,
        probabilities: probabilities ?? undefined,
      } as AnswerColumns,
    }),
  );

describe('lines of batches', () => {
  it('stand for the very lines that the rows would have had, and these for the rows', () => {
    fc.assert(
      fc.property(groups, (group) => {
        expect(canBatch(group)).toBe(true);
        writeRowLines(writer, group);
        const rows = take();
        expect(splitLines(rows).map((line) => JSON.parse(line.toString()))).toEqual(
          JSON.parse(JSON.stringify(recordsOf(group))),
        );
        expect(writeBatchLines(writer, group)).toBe(1);
        const [line, ...others] = splitLines(take());
        expect(others).toEqual([]);
        expect(isBatchLine(line as Buffer)).toBe(true);
        expandBatchLine(writer, line as Buffer);
        expect(take().toString()).toBe(rows.toString());
        for (const text of splitLines(rows)) predictionRecordSchema.parse(JSON.parse(text.toString()));
      }),
      { numRuns: 300, seed: 21 },
    );
  });

  it('are as many as keep each short, however many and wide the rows are', () => {
    const names = Array.from({ length: 500 }, (_, index) => `f${index}`);
    const rows = 300;
    const data = Float32Array.from({ length: rows * names.length }, (_, index) => index / 16);
    const group = makeGroup(rows, { features: [{ names, datatype: 'FP32', data }] });
    const lines = writeBatchLines(writer, group);
    const written = splitLines(take());
    expect(written).toHaveLength(lines);
    expect(lines).toBeGreaterThan(4);
    for (const line of written) expect(line.length).toBeLessThan(200_000);
    writeRowLines(writer, group);
    const expected = take().toString();
    for (const line of written) expandBatchLine(writer, line);
    expect(take().toString()).toBe(expected);
  });

  it('give the last rows alone where only these are asked for', () => {
    const group = makeGroup(50);
    writeBatchLines(writer, group);
    const line = take();
    expandBatchLine(writer, line.subarray(0, -1), 3);
    const numbers = splitLines(take()).map((text) => JSON.parse(text.toString()).id.slice(-4));
    expect(numbers).toEqual([47, 48, 49].map(rowDigits));
  });

  it('are not for few rows, texts, or rows so wide that few fit', () => {
    expect(canBatch(makeGroup(2))).toBe(false);
    expect(canBatch(makeGroup(70_000))).toBe(false);
    const texts = { names: ['t'], datatype: 'BYTES' as const, data: new Array<string>(20).fill('x') };
    expect(canBatch(makeGroup(20, { features: [texts] }))).toBe(false);
    const names = Array.from({ length: 20_000 }, (_, index) => `f${index}`);
    const wide = { names, datatype: 'FP64' as const, data: new Float64Array(20 * names.length) };
    expect(canBatch(makeGroup(20, { features: [wide] }))).toBe(false);
  });
});

it('what is no number is found wherever it is', () => {
  const special = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
  const any = fc.oneof({ weight: 9, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) }, special);
  fc.assert(
    fc.property(fc.array(any, { maxLength: 12 }), fc.nat({ max: 3 }), (numbers, from) => {
      for (const values of [Float32Array.from(numbers), Float64Array.from(numbers)]) {
        const part = values.subarray(from);
        expect(firstNotFinite(part)).toBe(part.findIndex((value) => !Number.isFinite(value)));
      }
    }),
    { numRuns: 1_000, seed: 22 },
  );
});

describe('a line of a batch that was damaged', () => {
  const line = (() => {
    writeBatchLines(
      writer,
      makeGroup(20, {
        numbers: Uint16Array.from({ length: 20 }, (_, row) => row * 3),
        decision: [{ node: '', kind: 'split', chosen: 'a', probabilities: { a: 0.25, b: 0.75 } }],
        buckets: [{ step: 0, values: new Uint32Array(20) }],
        answer: {
          label: { labels: Array.from({ length: 20 }, (_, row) => (row % 2 === 0 ? 'a' : 'b')) },
          probabilities: { labels: ['a', 'b'], positive: 1, datatype: 'FP32', data: new Float32Array(40) },
        },
      }),
    );
    return take().toString().trimEnd();
  })();

  const change = (
    edit: (record: BatchRecord & { features: [FeatureColumn, ...FeatureColumn[]] }) => unknown,
  ): Buffer => {
    const record = JSON.parse(line);
    edit(record);
    return Buffer.from(JSON.stringify(record));
  };
  const nan = Buffer.from(new Float32Array(40).fill(Number.NaN).buffer).toString('base64');

  it.each<[string, Buffer]>([
    ['is cut off', Buffer.from(line.slice(0, -40))],
    ['has another number of rows', change((record) => Object.assign(record, { rows: 21 }))],
    ['has a name more', change(({ features }) => features[0].names.push('z'))],
    ['has a character that is not base64', Buffer.from(line.replace(/"values":"AAAA/, '"values":"A!AA'))],
    ['has fewer bytes', change(({ features }) => Object.assign(features[0], { values: features[0].values.slice(4) }))],
    ['has values that are no numbers', change(({ features }) => Object.assign(features[0], { values: nan }))],
    ['has codes beyond its labels', change(({ answer }) => Object.assign(answer.label as object, { known: ['a'] }))],
    ['numbers labels otherwise', change(({ answer }) => Object.assign(answer.label as object, { datatype: 'INT16' }))],
    ['has buckets of no step', change(({ buckets }) => Object.assign(buckets[0] as object, { step: 1 }))],
    [
      'counts beyond the digits of an id',
      change((record) => Object.assign(record, { numbers: undefined, id: `${PREFIX}fff0` })),
    ],
    ['lacks a member', change((record) => Object.assign(record, { members: undefined }))],
    ['has a datatype that there is not', change(({ features }) => Object.assign(features[0], { datatype: 'FP128' }))],
  ])('that %s is none, and nothing is written of it', (_what, damaged) => {
    expect(() => expandBatchLine(writer, damaged)).toThrow();
    expect(take()).toHaveLength(0);
  });

  it('is no record, and the lines beside it are read', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'batch-lines-'));
    try {
      const path = join(directory, 'segment');
      writeRowLines(writer, makeGroup(1, { idPrefix: PREFIX.slice(0, -4) + randomBytes(2).toString('hex') }));
      const row = take();
      const damaged = change((record) => Object.assign(record, { rows: 19 }));
      writeFileSync(path, Buffer.concat([row, Buffer.from(`${line}\n`), damaged, Buffer.from('\n'), row]));
      const oks: boolean[] = [];
      for await (const read of readSegment(path)) {
        oks.push(read.ok);
        if (!read.ok) expect(read.line).toBe(damaged.toString());
      }
      expect(oks).toEqual([...new Array(21).fill(true), false, true]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
