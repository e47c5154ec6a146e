// From the prediction log to the analytics store, on chDB: rows a second while there is a backlog,
// and how long a line takes to be queryable while lines come in steadily.
// node bench/analytics/shipping.ts [rows of backlog] [rows a second]
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PredictionRecord } from '@switchyard/contracts';
import { LineWriter, openPredictionLog, type PredictionLogWriter, writeGroup } from '@switchyard/prediction-log';
import { openChdbAnalytics } from '@switchyard/storage/analytics';
import { makeFeedback, makeId, makePrediction, seededRandom } from '@switchyard/storage/analytics/testing';
import { createShipper } from '../../apps/control/src/shipping/shipper.ts';

const backlogRows = Number(process.argv[2] ?? 500_000);
const rowsPerSecond = Number(process.argv[3] ?? 5_000);
const STEADY_SECONDS = 20;
const BATCH_ROWS = 256;

const directory = mkdtempSync(join(tmpdir(), 'bench-shipping-'));
const analytics = await openChdbAnalytics({ directory: join(directory, 'analytics') });
const log = { warn: () => {}, error: (fields: object) => console.error(fields) };
const openLog = (writer: string): PredictionLogWriter =>
  openPredictionLog({
    directory: join(directory, 'prediction-log'),
    writer,
    fsync: 'every-second',
    segmentMaximumBytes: 16_777_216,
    segmentMaximumAgeMs: 1_000,
    maximumUnshippedBytes: 100_000_000_000,
  });
const random = seededRandom(1);

const NAMES = ['Time', 'Amount', ...Array.from({ length: 28 }, (_, index) => `V${index + 1}`)];

const makeValues = (counter: number): number[] => [
  counter,
  Math.round(random() * 1e5) / 100,
  ...Array.from({ length: 28 }, () => Math.round((random() * 4 - 2) * 1e6) / 1e6),
];

/** A card transaction with 30 features, about 1.3 kB as a line. */
function makeLine(counter: number, at: number): string {
  const values = makeValues(counter);
  const features = Object.fromEntries(NAMES.map((name, index) => [name, values[index] as number]));
  const model = ['forest', 'network'][counter % 2] as string;
  const record: PredictionRecord = makePrediction(counter, at, {
    features,
    model,
    path: `middle/${model}`,
    answer: {
      label: counter % 500 === 0 ? 'fraud' : 'legit',
      score: random(),
      probabilities: { legit: 0.9, fraud: 0.1 },
    },
    totalMicros: 100 + Math.floor(random() * 1_000),
  });
  return JSON.stringify(record);
}

function writeRows(writer: PredictionLogWriter, start: number): number {
  let bytes = 0;
  for (let counter = 0; counter < backlogRows; counter += 1_000) {
    const lines = Array.from({ length: 1_000 }, (_, index) =>
      makeLine(counter + index, start + Math.floor((counter + index) / 5)),
    );
    bytes += lines.reduce((sum, line) => sum + line.length + 1, 0);
    writer.write(lines);
  }
  return bytes;
}

/** The same rows as a client sends them that asks about 256 at once. */
function writeBatches(writer: PredictionLogWriter, start: number): number {
  const lines = new LineWriter();
  let bytes = 0;
  for (let counter = 0; counter < backlogRows; counter += BATCH_ROWS) {
    const { t: _t, id: _id, features: _features, answer: _answer, decision, ...rest } = makePrediction(counter, start);
    const { propensity, status, error, members, totalMicros, queueMicros, modelMicros, batchRows, cached, ...before } =
      rest;
    const membersOf = (of: object) => JSON.stringify(of).slice(1, -1);
    const rows = Math.min(BATCH_ROWS, backlogRows - counter);
    writeGroup(lines, {
      // The counter is in the last digits of such an id, and a batch numbers its rows there.
      idPrefix: makeId(start, counter * 256).slice(0, 32),
      rows,
      numbers: 0,
      before: `${membersOf(before)},`,
      decision,
      buckets: [],
      outcome: membersOf({ propensity, status, error }),
      after: membersOf({ members, totalMicros, queueMicros, modelMicros, batchRows, cached }),
      features: [
        {
          names: NAMES,
          datatype: 'FP32',
          data: Float32Array.from(Array.from({ length: rows }, (_, row) => makeValues(counter + row)).flat()),
        },
      ],
      answer: {
        label: { labels: Array.from({ length: rows }, () => (random() < 0.002 ? 'fraud' : 'legit')) },
        probabilities: {
          labels: ['legit', 'fraud'],
          positive: 1,
          datatype: 'FP32',
          data: Float32Array.from({ length: rows * 2 }, () => random()),
        },
      },
    });
    bytes += lines.written().length;
    writer.write([{ bytes: lines.written(), lines: 1 }]);
    lines.clear();
  }
  return bytes;
}

async function measureBacklog(
  what: string,
  write: (writer: PredictionLogWriter, start: number) => number,
): Promise<void> {
  await analytics.command('TRUNCATE TABLE predictions');
  const writer = openLog('backlog');
  const bytes = write(writer, Date.now() - 3_600_000);
  await writer.close();
  const shipper = createShipper({ directory: join(directory, 'prediction-log'), analytics, log });
  let longestBlockMs = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    longestBlockMs = Math.max(longestBlockMs, performance.now() - last - 10);
    last = performance.now();
  }, 10);
  const started = performance.now();
  await shipper.shipNow();
  const seconds = (performance.now() - started) / 1_000;
  clearInterval(watch);
  const [stored] = await analytics.query<{ rows: number }>('SELECT toFloat64(uniqExact(id)) AS rows FROM predictions');
  if (stored?.rows !== backlogRows) throw new Error(`${stored?.rows} rows arrived`);
  console.log(
    `backlog of ${what}: ${backlogRows} rows of ${Math.round(bytes / backlogRows)} bytes in ${seconds.toFixed(1)} s = ${Math.round(backlogRows / seconds)} rows/s; event loop blocked for at most ${longestBlockMs.toFixed(0)} ms; memory ${Math.round(process.memoryUsage.rss() / 1e6)} MB`,
  );
}

/** Half of the predictions get feedback a second later. */
async function measureDelay(): Promise<void> {
  await analytics.command('TRUNCATE TABLE predictions');
  const writer = openLog('steady');
  const shipper = createShipper({ directory: join(directory, 'prediction-log'), analytics, log });
  shipper.start();
  const writtenAt: number[] = [];
  const delays: number[] = [];
  let visible = 0;
  let isWriting = true;
  const writing = (async () => {
    const started = performance.now();
    const recent: string[] = [];
    while (performance.now() - started < STEADY_SECONDS * 1_000) {
      const due = Math.floor(((performance.now() - started) / 1_000) * rowsPerSecond);
      const now = Date.now();
      const lines: string[] = [];
      for (let counter = writtenAt.length; counter < due; counter += 1) {
        const line = makeLine(10_000_000 + counter, now);
        lines.push(line);
        recent.push((JSON.parse(line) as PredictionRecord).id);
        writtenAt.push(performance.now());
      }
      const feedback = recent
        .splice(0, Math.max(0, recent.length - rowsPerSecond))
        .filter((_, index) => index % 2 === 0);
      writer.write([
        ...lines,
        ...feedback.map((id, index) => JSON.stringify(makeFeedback(id, index, now, { label: 'legit' }))),
      ]);
      await sleep(10);
    }
    isWriting = false;
  })();
  while (isWriting || visible < writtenAt.length) {
    await sleep(25);
    const [row] = await analytics.query<{ count: number }>('SELECT toFloat64(count()) AS count FROM predictions');
    const now = performance.now();
    for (; visible < (row?.count ?? 0); visible += 1) {
      delays.push(now - (writtenAt[visible] ?? now));
    }
  }
  await writing;
  await shipper.stop();
  await writer.close();
  delays.sort((left, right) => left - right);
  const at = (quantile: number) => Math.round(delays[Math.ceil(quantile * delays.length) - 1] ?? 0);
  console.log(
    `steady: ${rowsPerSecond} rows/s and half as much feedback for ${STEADY_SECONDS} s: from written to queryable p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)} ms; memory ${Math.round(process.memoryUsage.rss() / 1e6)} MB`,
  );
}

console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}`);
await measureBacklog('rows', writeRows);
await measureBacklog(`batches of ${BATCH_ROWS}`, writeBatches);
await measureDelay();
await analytics.close();
rmSync(directory, { recursive: true });
