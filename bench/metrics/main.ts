// How fast are the metrics? From the repository: node bench/metrics/main.ts [rows]. Prints a table; results.md keeps one.

import {
  AucTally,
  averagePrecision,
  BinaryTally,
  binaryMetrics,
  calibrationCurve,
  LatencyHistogram,
  RegressionTally,
  rocAuc,
} from '@switchyard/metrics';
import { seededRandom } from '../../packages/metrics/simulations/random.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const random = seededRandom(9);
const scores = Float64Array.from({ length: rows }, () => random.uniform());
const labels = Uint8Array.from(scores, (score) => random.bernoulli(score));

function measure(what: string, count: number, run: () => unknown): void {
  const start = process.hrtime.bigint();
  const answer = run() as { ok?: boolean } | undefined;
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;
  if (answer?.ok === false) throw new Error(`${what}: ${JSON.stringify(answer)}`);
  const perSecond = Math.round(count / (milliseconds / 1000)).toLocaleString('en');
  console.log(`| ${what} | ${count.toLocaleString('en')} | ${milliseconds.toFixed(0)} | ${perSecond} |`);
}

console.log('| what | rows | ms | rows/s |\n|---|---|---|---|');
measure('binaryMetrics', rows, () => binaryMetrics(labels, scores));
measure('rocAuc with DeLong interval', rows, () => rocAuc(labels, scores));
measure('averagePrecision', rows, () => averagePrecision(labels, scores));
measure('calibrationCurve', rows, () => calibrationCurve(labels, scores));
const binary = new BinaryTally();
measure('BinaryTally.add', rows, () => {
  for (let row = 0; row < rows; row += 1) binary.add(labels[row], scores[row] as number);
  return binary.summary();
});
const regression = new RegressionTally();
measure('RegressionTally.add', rows, () => {
  for (let row = 0; row < rows; row += 1) regression.add(labels[row], scores[row] as number);
  return regression.summary();
});
const latency = new LatencyHistogram();
measure('LatencyHistogram.add', rows, () => {
  for (let row = 0; row < rows; row += 1) latency.add((scores[row] as number) * 100);
  return latency.quantile(0.99);
});
// The cost of one late label must not grow with the rows before it: the last tenth against the first.
const area = new AucTally();
const tenth = Math.floor(rows / 10);
for (const [name, from, to] of [
  ['AucTally.learn, first tenth', 0, tenth],
  ['AucTally.learn, in between', tenth, rows - tenth],
  ['AucTally.learn, last tenth', rows - tenth, rows],
] as const) {
  measure(name, to - from, () => {
    for (let row = from; row < to; row += 1) area.learn(labels[row], scores[row] as number);
    return area.value();
  });
}
