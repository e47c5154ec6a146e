import { readFileSync } from 'node:fs';
import {
  averagePrecision,
  binaryMetrics,
  type EstimatedBinaryMetric,
  estimatePerformance,
  estimateRegressionPerformance,
  fitConfidenceBasedEstimator,
  fitDirectLossEstimator,
  regressionMetrics,
  rocAuc,
} from '../src/index.ts';
import { type SeededRandom, seededRandom } from './random.ts';
import { knownMiss, meanRow, type SimulationRow, shareRow } from './row.ts';
import { onShiftedSets } from './shifted-sets.ts';

const CHUNK = 500;
const REFERENCE = 3000;
const METRICS = ['rocAuc', 'averagePrecision', 'accuracy', 'f1', 'precision', 'recall'] as const;
const IN_BAND = [0.95, 1] as const;

interface Rows {
  readonly labels: ArrayLike<number>;
  readonly scores: Float64Array;
}

/** Is the realised figure inside the band of its estimate, ± 3 sampling errors, when the traffic moves? */
export function estimationError(runs: number): SimulationRow[] {
  return [
    ...simulated(seededRandom(202), runs),
    ...onRealScores(seededRandom(203), runs),
    ...onShiftedSets(),
    ...directLoss(seededRandom(204), runs),
  ];
}

/** The model says p³/(p³ + (1−p)³) where p is true: over-confident, so that CBPE has to calibrate. */
function draw(random: SeededRandom, count: number, moved: boolean): Rows {
  const truth = Float64Array.from({ length: count }, () => {
    const p = moved ? 1 - random.uniform() ** 0.8 * random.uniform() ** 0.3 : random.uniform() ** 1.5;
    return Math.min(Math.max(p, 0.02), 0.98);
  });
  return {
    labels: Uint8Array.from(truth, (p) => random.bernoulli(p)),
    scores: truth.map((p) => p ** 3 / (p ** 3 + (1 - p) ** 3)),
  };
}

function realizedOf(rows: Rows): Record<EstimatedBinaryMetric, number> {
  const summary = binaryMetrics(rows.labels, rows.scores);
  const [area, precision] = [rocAuc(rows.labels, rows.scores), averagePrecision(rows.labels, rows.scores)];
  const of = (estimate: { ok: boolean; value?: number }) => (estimate.ok ? (estimate.value as number) : Number.NaN);
  if (!summary.ok) throw new Error(summary.needed);
  return {
    rocAuc: of(area),
    averagePrecision: of(precision),
    accuracy: of(summary.accuracy),
    f1: of(summary.f1),
    precision: of(summary.precision),
    recall: of(summary.recall),
    specificity: of(summary.specificity),
    valuePerRow: Number.NaN,
  };
}

function fit(random: SeededRandom, reference: Rows, calibrate: 'auto' | 'never' = 'auto') {
  const fitted = fitConfidenceBasedEstimator(reference.labels, reference.scores, { random: random.uniform, calibrate });
  if (!fitted.ok) throw new Error(fitted.needed);
  return fitted.estimator;
}

type Judgement = Partial<Record<EstimatedBinaryMetric, Judged>>;

interface Judged {
  readonly inside: boolean;
  readonly error: number;
}

function judge(estimator: ReturnType<typeof fit>, chunk: Rows): Judgement {
  const estimated = estimatePerformance(estimator, chunk.scores);
  if (!estimated.ok) throw new Error(estimated.needed);
  const realized = realizedOf(chunk);
  const judged: Judgement = {};
  for (const name of METRICS) {
    const estimate = estimated.metrics[name];
    const truth = realized[name];
    if (!estimate.ok || Number.isNaN(truth)) continue;
    judged[name] = {
      inside: truth >= estimate.lower && truth <= estimate.upper,
      error: Math.abs(estimate.value - truth),
    };
  }
  return judged;
}

/** Chunks that share a reference: fitting is what takes the time. */
const CHUNKS_PER_FIT = 5;

function simulated(random: SeededRandom, runs: number): SimulationRow[] {
  const [still, moved, raw, stale]: [Judgement[], Judgement[], Judgement[], number[]] = [[], [], [], []];
  for (let at = 0; at < runs / CHUNKS_PER_FIT; at += 1) {
    const reference = draw(random, REFERENCE, false);
    const estimator = fit(random, reference);
    const uncalibrated = fit(random, reference, 'never');
    const known = realizedOf(reference).accuracy;
    for (let chunk = 0; chunk < CHUNKS_PER_FIT; chunk += 1) {
      still.push(judge(estimator, draw(random, CHUNK, false)));
      const rows = draw(random, CHUNK, true);
      moved.push(judge(estimator, rows));
      raw.push(judge(uncalibrated, rows));
      stale.push(Math.abs(known - realizedOf(rows).accuracy));
    }
  }
  const sizes = `reference ${REFERENCE}, chunks of ${CHUNK}`;
  let at = 0;
  const next = () => stale[at++] as number;
  const guess = 'accuracy taken from the reference: mean distance to the realised one';
  const moving = `traffic moved to high scores, ${sizes}`;
  const note = 'must fail: it shows what calibration is for';
  return [
    ...METRICS.flatMap((name) => judgedRows(`CBPE ${name}`, `traffic as in the reference, ${sizes}`, still, name)),
    ...METRICS.flatMap((name) => judgedRows(`CBPE ${name}`, moving, moved, name)),
    meanRow(guess, moving, stale.length, next, [0.02, 1], 'what CBPE is to beat'),
    ...judgedRows('CBPE accuracy, scores not calibrated', moving, raw, 'accuracy', [0, 0.9], [0.02, 1], note),
  ];
}

function judgedRows(
  what: string,
  setting: string,
  chunks: readonly Judgement[],
  name: EstimatedBinaryMetric,
  band: readonly [number, number] = IN_BAND,
  error: readonly [number, number] = [0, 0.03],
  note?: string,
): SimulationRow[] {
  const known = chunks.flatMap((chunk) => (chunk[name] ? [chunk[name]] : []));
  let [a, b] = [0, 0];
  return [
    shareRow(
      `${what}: realised inside the band`,
      setting,
      known.length,
      () => (known[a++] as Judged).inside,
      band,
      note,
    ),
    meanRow(
      `${what}: mean distance of estimated to realised`,
      setting,
      known.length,
      () => (known[b++] as Judged).error,
      error,
      note,
    ),
  ];
}

/** Real labels and scores of the package's fixtures; chunks are drawn with odds that rise with the score. */
function onRealScores(random: SeededRandom, runs: number): SimulationRow[] {
  const fixture = JSON.parse(readFileSync(new URL('../test/fixtures/real-sets.json', import.meta.url), 'utf8'));
  const wanted = [
    'fraud, neural-network',
    'fraud, random-forest',
    'breast cancer, logistic regression',
    'online shoppers, PageValues',
  ];
  return fixture.binary
    .filter(({ name }: { name: string }) => wanted.includes(name))
    .flatMap(({ name, labels, scores }: { name: string; labels: string; scores: string }) => {
      const all = { labels: unpack(labels), scores: unpack(scores) };
      const chunks = Array.from({ length: Math.ceil(runs / 4 / CHUNKS_PER_FIT) }, () => {
        const { reference, later } = halves(random, all);
        const estimator = fit(random, reference);
        return Array.from({ length: CHUNKS_PER_FIT }, () => judge(estimator, tilted(random, later)));
      }).flat();
      return (['rocAuc', 'accuracy', 'f1'] as const).map((metric) => {
        const setting = `${name} (real labels), scores tilted upwards`;
        const [row] = judgedRows(`CBPE ${metric}`, setting, chunks, metric) as [SimulationRow, SimulationRow];
        const isSmall = metric === 'rocAuc' && name.startsWith('breast cancer');
        return isSmall
          ? knownMiss(row, 'a reference of 285 rows: the error of the calibrator is not part of the band')
          : row;
      });
    });
}

function unpack(base64: string): Float64Array {
  const bytes = Buffer.from(base64, 'base64');
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function halves(random: SeededRandom, { labels, scores }: Rows) {
  const inReference = Array.from(scores, () => random.bernoulli(0.5) === 1);
  const take = (wanted: boolean): Rows => {
    const rows = Array.from(scores.keys()).filter((row) => inReference[row] === wanted);
    return {
      labels: rows.map((row) => labels[row] as number),
      scores: Float64Array.from(rows, (row) => scores[row] as number),
    };
  };
  return { reference: take(true), later: take(false) };
}

/** 300 rows with odds 1 + 4·rank share of the score. */
function tilted(random: SeededRandom, { labels, scores }: Rows): Rows {
  // Tied scores share a rank: were it to follow the order of rows, time would leak into the tilt.
  const sorted = scores.toSorted();
  const rank = scores.map((score) => (sorted.indexOf(score) + sorted.lastIndexOf(score)) / 2 / sorted.length);
  const chosen = Array.from({ length: 300 }, () => {
    for (;;) {
      const row = random.below(scores.length);
      if (random.uniform() * 5 < 1 + 4 * (rank[row] as number)) return row;
    }
  });
  return {
    labels: chosen.map((row) => labels[row] as number),
    scores: Float64Array.from(chosen, (row) => scores[row] as number),
  };
}

function directLoss(random: SeededRandom, runs: number): SimulationRow[] {
  // Errors grow with the first feature; the traffic moves to where they are large.
  const draw = (count: number, moved: boolean) => {
    const first = Float64Array.from({ length: count }, () => (moved ? Math.sqrt(random.uniform()) : random.uniform()));
    const second = first.map(() => random.normal());
    const predictions = first.map((value, row) => 5 + 2 * value + (second[row] as number));
    return {
      features: [first, second],
      predictions,
      targets: predictions.map((value, row) => value + (0.3 + 2 * (first[row] as number)) * random.normal()),
    };
  };
  const chunks = Array.from({ length: Math.ceil(runs / 20) }, () => {
    const reference = draw(2000, false);
    const fitted = fitDirectLossEstimator(reference.features, reference.targets, reference.predictions, {
      boosting: { trees: 50 },
    });
    if (!fitted.ok) throw new Error(fitted.needed);
    return Array.from({ length: 5 }, () => {
      const chunk = draw(CHUNK, true);
      const estimated = estimateRegressionPerformance(fitted.estimator, chunk.features, chunk.predictions);
      const truth = regressionMetrics(chunk.targets, chunk.predictions);
      const error = estimated.ok ? estimated.metrics.meanAbsoluteError : undefined;
      if (!error?.ok || !truth.ok || !truth.meanAbsoluteError.ok) throw new Error('both have an answer');
      const value = truth.meanAbsoluteError.value;
      return { inside: value >= error.lower && value <= error.upper, error: Math.abs(error.value - value) / value };
    });
  }).flat();
  let [a, b] = [0, 0];
  const setting = `errors grow with a feature, traffic moved there, reference 2,000, chunks of ${CHUNK}`;
  return [
    shareRow(
      'DLE MAE: realised inside the band',
      setting,
      chunks.length,
      () => (chunks[a++] as Judged).inside,
      IN_BAND,
    ),
    meanRow('DLE MAE: mean relative error', setting, chunks.length, () => (chunks[b++] as Judged).error, [0, 0.08]),
  ];
}
