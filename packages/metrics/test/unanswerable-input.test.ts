import { describe, expect, test } from 'vitest';
import * as metrics from '../src/index.ts';

// Walks over every exported function and class: input that cannot be answered gives a reason and what would be needed,
// never a number. An export without a row here fails.

const { AucTally, BinaryTally, CalibrationTally, LatencyHistogram, MulticlassTally, RankingTally, RegressionTally } =
  metrics;

const random = () => 0.5;
const unknown = 'x' as never;
const NAN = Number.NaN;
const many = (value: number, count = 60) => Array.from({ length: count }, () => value);
const mixed = Array.from({ length: 60 }, (_, row) => row % 2);
const ramp = Array.from({ length: 60 }, (_, row) => row / 60);
const value = { truePositive: 1, falsePositive: -1, falseNegative: -1, trueNegative: 0 };
const classes = ['a', 'b'];
const fairly = [
  [0.5, 0.5],
  [0.6, 0.4],
];

type Labels = (number | null)[];
/** [what is wrong, labels, scores]: no function of labels and scores may answer the first group. */
const NEVER: [string, Labels, number[]][] = [
  ['empty', [], []],
  ['one row', [1], [0.7]],
  ['all labels missing', [null, NAN, null], [0.1, 0.2, 0.3]],
  ['NaN scores', [0, 1, 0, 1], [NAN, NAN, NAN, NAN]],
  ['a NaN score', [0, 1, 0, 1], [0.2, NAN, 0.3, 0.9]],
  ['infinite scores', [0, 1, 0], [0.2, Number.POSITIVE_INFINITY, 0.1]],
  ['labels of neither class', [0, 2, 1], [0.2, 0.3, 0.4]],
  ['different lengths', [0, 1, 1], [0.2, 0.3]],
];
const ONE_CLASS: [string, Labels, number[]][] = [
  ['positives only', many(1), ramp],
  ['negatives only', many(0), ramp],
];
const CONSTANT: [string, Labels, number[]][] = [['equal scores', mixed, many(0.5)]];
const BEYOND: [string, Labels, number[]][] = [['scores outside [0, 1]', [0, 1, 1, 0], [-1, 2, 0.5, 0.5]]];
const RANKS = [...NEVER, ...ONE_CLASS, ...CONSTANT];

const calls = (rows: [string, Labels, number[]][], call: (labels: Labels, scores: number[]) => unknown) =>
  rows.map(([what, labels, scores]) => [what, () => call(labels, scores)] as [string, () => unknown]);

const TARGETS: [string, (number | null)[], number[]][] = [
  ['empty', [], []],
  ['one row', [1], [2]],
  ['all targets missing', [null, NAN], [1, 2]],
  ['NaN predictions', [1, 2, 3], [NAN, NAN, NAN]],
  ['infinite target', [1, Number.POSITIVE_INFINITY], [1, 2]],
  ['different lengths', [1, 2, 3], [1, 2]],
];

const classCalls = (call: (labels: (string | null)[], predicted: string[], probabilities: number[][]) => unknown) =>
  [
    ['empty', () => call([], [], [])],
    ['one row', () => call(['a'], ['a'], [[0.6, 0.4]])],
    ['all labels missing', () => call([null, null], ['a', 'b'], fairly)],
    ['an unknown class', () => call(['a', 'z'], ['a', 'z'], fairly)],
    [
      'NaN probabilities',
      () =>
        call(
          ['a', 'b'],
          ['a', 'b'],
          [
            [NAN, NAN],
            [0.4, 0.6],
          ],
        ),
    ],
    [
      'not probabilities',
      () =>
        call(
          ['a', 'b'],
          ['a', 'b'],
          [
            [3, 4],
            [0.4, 0.6],
          ],
        ),
    ],
    ['different lengths', () => call(['a', 'b', 'a'], ['a', 'b'], fairly)],
  ] as [string, () => unknown][];

const estimator = (() => {
  const fitted = metrics.fitConfidenceBasedEstimator(mixed, ramp, { random });
  if (!fitted.ok) throw new Error(fitted.needed);
  return fitted.estimator;
})();
const losses = (() => {
  const fitted = metrics.fitDirectLossEstimator([ramp], ramp, mixed);
  if (!fitted.ok) throw new Error(fitted.needed);
  return fitted.estimator;
})();
const multiclassEstimator = (() => {
  const labels = mixed.map((one) => classes[one] as string);
  const fitted = metrics.fitMulticlassEstimator(
    labels,
    labels,
    ramp.map((p) => [1 - p, p]),
    classes,
    { random },
  );
  if (!fitted.ok) throw new Error(fitted.needed);
  return fitted.estimator;
})();
const times = { predictedAtMs: [0, 10, 20], labelledAtMs: [5, 30, null], nowMs: 50 };
const curve = (() => {
  const fitted = metrics.fitLabelDelay(times);
  if (!fitted.ok) throw new Error(fitted.needed);
  return fitted.curve;
})();
const noTimes: [string, metrics.LabelTimes][] = [
  ['empty', { predictedAtMs: [], labelledAtMs: [], nowMs: 5 }],
  ['one row', { predictedAtMs: [1], labelledAtMs: [2], nowMs: 5 }],
  ['NaN times', { predictedAtMs: [NAN, NAN], labelledAtMs: [2, 3], nowMs: 5 }],
  ['from the future', { predictedAtMs: [1, 9], labelledAtMs: [2, null], nowMs: 5 }],
  ['different lengths', { predictedAtMs: [1, 2], labelledAtMs: [2], nowMs: 5 }],
  ['no now', { predictedAtMs: [1, 2], labelledAtMs: [2, 3], nowMs: NAN }],
];
const noLabel = { predictedAtMs: [1, 2], labelledAtMs: [null, null], nowMs: 5 };
const contributions = (() => {
  const made = metrics.binaryContributions(mixed, ramp, 'accuracy');
  if (!made.ok) throw new Error(made.needed);
  return made;
})();
const filled = <T>(tally: T, add: (tally: T) => void): T => {
  add(tally);
  return tally;
};

const UNANSWERABLE: Record<string, [string, () => unknown][]> = {
  binaryMetrics: [
    ...calls(NEVER, (labels, scores) => metrics.binaryMetrics(labels, scores)),
    ['no confidence', () => metrics.binaryMetrics(mixed, ramp, { confidence: 1 })],
    ['NaN threshold', () => metrics.binaryMetrics(mixed, ramp, { threshold: NAN })],
    ['negative weights', () => metrics.binaryMetrics([0, 1], [0.1, 0.2], { weights: [-1, 1] })],
    ['zero weights', () => metrics.binaryMetrics([0, 1], [0.1, 0.2], { weights: [0, 0] })],
  ],
  confusionMetrics: [
    [
      'empty',
      () => metrics.confusionMetrics({ truePositives: 0, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 }),
    ],
    [
      'one row',
      () => metrics.confusionMetrics({ truePositives: 1, falsePositives: 0, falseNegatives: 0, trueNegatives: 0 }),
    ],
    [
      'NaN',
      () => metrics.confusionMetrics({ truePositives: NAN, falsePositives: 1, falseNegatives: 1, trueNegatives: 1 }),
    ],
    [
      'negative',
      () => metrics.confusionMetrics({ truePositives: -1, falsePositives: 9, falseNegatives: 1, trueNegatives: 1 }),
    ],
  ],
  rocAuc: [
    ...calls(RANKS, (labels, scores) => metrics.rocAuc(labels, scores)),
    ['one positive', () => metrics.rocAuc([1, 0, 0], [0.1, 0.2, 0.3])],
    ['an unknown scale', () => metrics.rocAuc(mixed, ramp, { scale: unknown })],
  ],
  compareAucs: [
    ...calls(RANKS, (labels, scores) => metrics.compareAucs(labels, scores, ramp.slice(0, scores.length))),
    ...calls(RANKS, (labels, scores) =>
      metrics.compareAucs(
        labels,
        labels.map((_, row) => row),
        scores,
      ),
    ),
    ['the same model twice', () => metrics.compareAucs(mixed, ramp, ramp)],
  ],
  rocCurve: calls(RANKS, (labels, scores) => metrics.rocCurve(labels, scores)),
  precisionRecallCurve: calls(RANKS, (labels, scores) => metrics.precisionRecallCurve(labels, scores)),
  averagePrecision: calls(RANKS, (labels, scores) => metrics.averagePrecision(labels, scores)),
  operatingPoints: [
    ...calls(RANKS, (labels, scores) => metrics.operatingPoints(labels, scores, [0.5])),
    ['no threshold', () => metrics.operatingPoints(mixed, ramp, [])],
    ['NaN threshold', () => metrics.operatingPoints(mixed, ramp, [NAN])],
  ],
  recallAtFalsePositiveRate: [
    ...calls(RANKS, (labels, scores) => metrics.recallAtFalsePositiveRate(labels, scores, 0.1)),
    ['not reachable', () => metrics.recallAtFalsePositiveRate([1, 0, 1], [0.1, 0.9, 0.2], 0)],
    ['NaN limit', () => metrics.recallAtFalsePositiveRate(mixed, ramp, NAN)],
  ],
  falsePositiveRateAtRecall: [
    ...calls(RANKS, (labels, scores) => metrics.falsePositiveRateAtRecall(labels, scores, 0.9)),
    ['NaN limit', () => metrics.falsePositiveRateAtRecall(mixed, ramp, NAN)],
  ],
  costOptimalThreshold: [
    ...calls(RANKS, (labels, scores) => metrics.costOptimalThreshold(labels, scores, value)),
    ['NaN value', () => metrics.costOptimalThreshold(mixed, ramp, { ...value, falseNegative: NAN })],
  ],
  liftAtTop: [
    ...calls(RANKS, (labels, scores) => metrics.liftAtTop(labels, scores, 0.1)),
    ['everything is no top', () => metrics.liftAtTop(mixed, ramp, 1)],
  ],
  calibrationCurve: [
    ...calls([...NEVER, ...BEYOND], (labels, scores) => metrics.calibrationCurve(labels, scores)),
    ['no bin', () => metrics.calibrationCurve(mixed, ramp, { binCount: 0 })],
    ['unknown bins', () => metrics.calibrationCurve(mixed, ramp, { bins: unknown })],
  ],
  calibrationLine: [
    ...calls([...RANKS, ...BEYOND], (labels, scores) => metrics.calibrationLine(labels, scores)),
    ['separated classes', () => metrics.calibrationLine([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])],
  ],
  multiclassMetrics: [
    ...classCalls((labels, predicted, probabilities) =>
      metrics.multiclassMetrics(labels, predicted, classes, { probabilities }),
    ),
    ['one class', () => metrics.multiclassMetrics(['a', 'a'], ['a', 'a'], ['a'])],
    ['top beyond the classes', () => metrics.multiclassMetrics(['a', 'b'], ['a', 'b'], classes, { top: 3 })],
  ],
  multiclassAuc: [
    ...classCalls((labels, _, probabilities) => metrics.multiclassAuc(labels, probabilities, classes)),
    ['an absent class', () => metrics.multiclassAuc(['a', 'a'], fairly, classes)],
    [
      'equal probabilities',
      () =>
        metrics.multiclassAuc(
          ['a', 'b'],
          [
            [0.5, 0.5],
            [0.5, 0.5],
          ],
          classes,
        ),
    ],
  ],
  regressionMetrics: [
    ...TARGETS.map(
      ([what, targets, predictions]) =>
        [what, () => metrics.regressionMetrics(targets, predictions)] as [string, () => unknown],
    ),
    ['no quantile', () => metrics.regressionMetrics([1, 2], [1, 2], { quantile: 0 })],
  ],
  intervalCoverage: [
    ...TARGETS.map(
      ([what, targets, lower]) =>
        [what, () => metrics.intervalCoverage(targets, lower, lower)] as [string, () => unknown],
    ),
    ['crossed ends', () => metrics.intervalCoverage([1, 2], [3, 3], [0, 0])],
    ['NaN upper end', () => metrics.intervalCoverage([1, 2], [0, 0], [NAN, NAN])],
  ],
  rankingMetrics: [
    ['empty', () => metrics.rankingMetrics([], [])],
    ['one item', () => metrics.rankingMetrics([1], [0.4])],
    ['nothing relevant', () => metrics.rankingMetrics([0, 0], [0.4, 0.2])],
    ['all alike', () => metrics.rankingMetrics([2, 2], [0.4, 0.2])],
    ['NaN score', () => metrics.rankingMetrics([1, 0], [NAN, 0.2])],
    ['negative relevance', () => metrics.rankingMetrics([1, -1], [0.1, 0.2])],
    ['no place', () => metrics.rankingMetrics([1, 0], [0.1, 0.2], { k: 0 })],
    ['an unknown gain', () => metrics.rankingMetrics([1, 0], [0.1, 0.2], { gain: unknown })],
    ['different lengths', () => metrics.rankingMetrics([1, 0], [0.1])],
  ],
  catalogueCoverage: [
    ['nothing recommended', () => metrics.catalogueCoverage([[]], ['a', 'b'])],
    ['no catalogue', () => metrics.catalogueCoverage([['a']], [])],
    ['one item', () => metrics.catalogueCoverage([['a']], ['a'])],
    ['an unknown item', () => metrics.catalogueCoverage([['z']], ['a', 'b'])],
  ],
  rateEstimate: [
    ['empty', () => metrics.rateEstimate(0, 0)],
    ['one row', () => metrics.rateEstimate(1, 1)],
    ['more hits than rows', () => metrics.rateEstimate(3, 2)],
    ['NaN', () => metrics.rateEstimate(NAN, 10)],
  ],
  meanEstimate: [
    ['empty', () => metrics.meanEstimate([])],
    ['one row', () => metrics.meanEstimate([3])],
    ['constant', () => metrics.meanEstimate([3, 3, 3])],
    ['NaN', () => metrics.meanEstimate([1, NAN])],
    ['beyond doubles', () => metrics.meanEstimate([1e200, -1e200])],
  ],
  bootstrapInterval: [
    ['empty', () => metrics.bootstrapInterval(0, () => 1, { random })],
    ['one row', () => metrics.bootstrapInterval(1, () => 1, { random })],
    ['a constant figure', () => metrics.bootstrapInterval(10, () => 1, { random })],
    ['a figure without an answer', () => metrics.bootstrapInterval(10, () => null, { random })],
    [
      'an unknown method',
      () => metrics.bootstrapInterval(10, (rows) => rows[0] ?? null, { random: Math.random, method: unknown }),
    ],
    ['too few resamples', () => metrics.bootstrapInterval(10, (rows) => rows[0] ?? null, { random, replicates: 3 })],
  ],
  completeRows: [
    ['no column', () => metrics.completeRows([])],
    ['empty', () => metrics.completeRows([[]])],
    [
      'all missing',
      () =>
        metrics.completeRows([
          [null, 1],
          [2, NAN],
        ]),
    ],
    ['different lengths', () => metrics.completeRows([[1, 2], [1]])],
  ],
  fitIsotonic: [
    ['empty', () => metrics.fitIsotonic([], [])],
    ['one row', () => metrics.fitIsotonic([1], [1])],
    ['constant', () => metrics.fitIsotonic([1, 1], [0, 1])],
    ['NaN', () => metrics.fitIsotonic([1, NAN], [0, 1])],
    ['different lengths', () => metrics.fitIsotonic([1, 2], [0])],
    ['negative weight', () => metrics.fitIsotonic([1, 2], [0, 1], [1, -1])],
  ],
  applyIsotonic: [
    ['empty', () => metrics.applyIsotonic({ x: [0, 1], y: [0, 1] }, [])],
    ['NaN', () => metrics.applyIsotonic({ x: [0, 1], y: [0, 1] }, [NAN])],
    ['an empty fit', () => metrics.applyIsotonic({ x: [], y: [] }, [1])],
    ['a NaN corner', () => metrics.applyIsotonic({ x: [0, NAN, 1], y: [0, 0.5, 1] }, [0.1])],
    ['a NaN height', () => metrics.applyIsotonic({ x: [0, 0.5, 1], y: [0, 0.5, NAN] }, [0.1])],
    ['corners that fall', () => metrics.applyIsotonic({ x: [1, 0], y: [0, 1] }, [0.1])],
  ],
  fitConfidenceBasedEstimator: [
    ...calls(RANKS, (labels, scores) => metrics.fitConfidenceBasedEstimator(labels, scores, { random })),
    ['few rows', () => metrics.fitConfidenceBasedEstimator([0, 1, 0], [0.1, 0.2, 0.3], { random })],
    [
      'NaN values',
      () => metrics.fitConfidenceBasedEstimator(mixed, ramp, { random, values: { ...value, truePositive: NAN } }),
    ],
    ['an unknown calibration', () => metrics.fitConfidenceBasedEstimator(mixed, ramp, { random, calibrate: unknown })],
    ['a NaN threshold', () => metrics.fitConfidenceBasedEstimator(mixed, ramp, { random, threshold: NAN })],
  ],
  estimatePerformance: [
    ['empty', () => metrics.estimatePerformance(estimator, [])],
    ['an unknown style', () => metrics.estimatePerformance(estimator, ramp, { style: unknown })],
    ['one row', () => metrics.estimatePerformance(estimator, [0.4])],
    ['NaN', () => metrics.estimatePerformance(estimator, [0.4, NAN])],
    ['not probabilities', () => metrics.estimatePerformance({ ...estimator, calibrator: null }, [0.4, 7])],
  ],
  scorePastEstimates: [
    ['empty', () => metrics.scorePastEstimates([], [])],
    ['one pair', () => metrics.scorePastEstimates([{ value: 1, lower: 0, upper: 2 }], [1])],
    [
      'NaN',
      () =>
        metrics.scorePastEstimates(
          [
            { value: 1, lower: 0, upper: 2 },
            { value: NAN, lower: 0, upper: 1 },
          ],
          [1, 1],
        ),
    ],
    ['different lengths', () => metrics.scorePastEstimates([{ value: 1, lower: 0, upper: 2 }], [1, 2])],
    [
      'NaN ends',
      () =>
        metrics.scorePastEstimates(
          many(1, 2).map((one) => ({ value: one, lower: NAN, upper: 2 })),
          [1, 2],
        ),
    ],
    [
      'crossed ends',
      () =>
        metrics.scorePastEstimates(
          many(1, 2).map((one) => ({ value: one, lower: 2, upper: 0 })),
          [1, 2],
        ),
    ],
  ],
  fitMulticlassEstimator: [
    ...classCalls((labels, predicted, probabilities) =>
      metrics.fitMulticlassEstimator(labels, predicted, probabilities, classes, { random }),
    ),
    [
      'an absent class',
      () =>
        metrics.fitMulticlassEstimator(
          many(0).map(() => 'a'),
          many(0).map(() => 'a'),
          ramp.map((p) => [p, 1 - p]),
          classes,
          { random },
        ),
    ],
    ...[0, -1, 0.5, NAN].map((chunkRows): [string, () => unknown] => [
      `chunks of ${chunkRows} rows`,
      () => {
        const labels = mixed.map((one) => classes[one] as string);
        const probabilities = ramp.map((p) => [1 - p, p]);
        return metrics.fitMulticlassEstimator(labels, labels, probabilities, classes, { random, chunkRows });
      },
    ]),
  ],
  estimateMulticlassPerformance: [
    ['empty', () => metrics.estimateMulticlassPerformance(multiclassEstimator, [], [])],
    [
      'an unknown style',
      () => metrics.estimateMulticlassPerformance(multiclassEstimator, ['a', 'b'], fairly, { style: unknown }),
    ],
    ['one row', () => metrics.estimateMulticlassPerformance(multiclassEstimator, ['a'], [[0.6, 0.4]])],
    [
      'NaN',
      () =>
        metrics.estimateMulticlassPerformance(
          multiclassEstimator,
          ['a', 'b'],
          [
            [NAN, 1],
            [0.4, 0.6],
          ],
        ),
    ],
    ['an unknown class', () => metrics.estimateMulticlassPerformance(multiclassEstimator, ['a', 'z'], fairly)],
  ],
  fitDirectLossEstimator: [
    ...TARGETS.map(
      ([what, targets, predictions]) =>
        [what, () => metrics.fitDirectLossEstimator([many(1, targets.length)], targets, predictions)] as [
          string,
          () => unknown,
        ],
    ),
    ['few rows', () => metrics.fitDirectLossEstimator([[1, 2]], [1, 2], [1, 2])],
    ['no feature', () => metrics.fitDirectLossEstimator([], ramp, mixed)],
    ['no tree', () => metrics.fitDirectLossEstimator([ramp], ramp, mixed, { boosting: { trees: 0 } })],
    ['no metric', () => metrics.fitDirectLossEstimator([ramp], ramp, mixed, { metrics: [] })],
    ['an unknown metric', () => metrics.fitDirectLossEstimator([ramp], ramp, mixed, { metrics: [unknown] })],
    ['chunks of 0 rows', () => metrics.fitDirectLossEstimator([ramp], ramp, mixed, { chunkRows: 0 })],
    ['logs of −2', () => metrics.fitDirectLossEstimator([ramp], ramp, many(-2), { metrics: ['meanSquaredLogError'] })],
  ],
  estimateRegressionPerformance: [
    ['empty', () => metrics.estimateRegressionPerformance(losses, [[]], [])],
    ['one row', () => metrics.estimateRegressionPerformance(losses, [[1]], [1])],
    ['NaN', () => metrics.estimateRegressionPerformance(losses, [[1, 2]], [1, NAN])],
    [
      'other features',
      () =>
        metrics.estimateRegressionPerformance(
          losses,
          [
            [1, 2],
            [1, 2],
          ],
          [1, 2],
        ),
    ],
  ],
  averagePredictedLoss: [
    ['empty', () => metrics.averagePredictedLoss('meanAbsoluteError', [])],
    ['one row', () => metrics.averagePredictedLoss('meanAbsoluteError', [1])],
    ['NaN', () => metrics.averagePredictedLoss('meanAbsoluteError', [1, NAN])],
  ],
  fitLabelDelay: [
    ...noTimes.map(([what, none]) => [what, () => metrics.fitLabelDelay(none)] as [string, () => unknown]),
    ['no label', () => metrics.fitLabelDelay(noLabel)],
  ],
  labelShareAt: [
    ['negative age', () => metrics.labelShareAt(curve, -1)],
    ['NaN age', () => metrics.labelShareAt(curve, NAN)],
    ['an empty curve', () => metrics.labelShareAt({ ...curve, delaysMs: [] }, 5)],
  ],
  cohortMaturity: [
    ...noTimes.map(
      ([what, none]) => [what, () => metrics.cohortMaturity(curve, none, { cohortMs: 10 })] as [string, () => unknown],
    ),
    ['no width', () => metrics.cohortMaturity(curve, times, { cohortMs: 0 })],
  ],
  inverseLabelWeights: [
    ...noTimes.map(([what, none]) => [what, () => metrics.inverseLabelWeights(curve, none)] as [string, () => unknown]),
    ['no label', () => metrics.inverseLabelWeights(curve, noLabel)],
  ],
  binaryContributions: [
    ['an unknown metric', () => metrics.binaryContributions(mixed, ramp, unknown)],
    ...calls(
      NEVER.filter(([what]) => what !== 'all labels missing'),
      (labels, scores) => metrics.binaryContributions(labels, scores, 'accuracy'),
    ),
    ...calls(BEYOND, (labels, scores) => metrics.binaryContributions(labels, scores, 'log-loss')),
  ],
  regressionContributions: [
    ['an unknown metric', () => metrics.regressionContributions(ramp, ramp, unknown)],
    ...TARGETS.filter(([what]) => what !== 'all targets missing').map(
      ([what, targets, predictions]) =>
        [what, () => metrics.regressionContributions(targets, predictions, 'bias')] as [string, () => unknown],
    ),
  ],
  segmentTable: [
    ['no dimension', () => metrics.segmentTable({}, contributions)],
    ['different lengths', () => metrics.segmentTable({ tier: ['a'] }, contributions)],
    [
      'empty',
      () =>
        metrics.segmentTable(
          { tier: [] },
          { numerators: new Float64Array(0), denominators: new Float64Array(0), isRate: true },
        ),
    ],
    [
      'one row',
      () =>
        metrics.segmentTable(
          { tier: ['a'] },
          { numerators: new Float64Array(1), denominators: new Float64Array(1), isRate: true },
        ),
    ],
    [
      'all missing',
      () =>
        metrics.segmentTable(
          { tier: ['a', 'b'] },
          { numerators: new Float64Array(2), denominators: new Float64Array(2).fill(NAN), isRate: true },
        ),
    ],
    [
      'NaN',
      () =>
        metrics.segmentTable(
          { tier: ['a', 'b'] },
          { numerators: Float64Array.of(NAN, 1), denominators: Float64Array.of(1, 1), isRate: true },
        ),
    ],
  ],
  BinaryTally: [
    ['empty', () => new BinaryTally().summary()],
    ['one row', () => filled(new BinaryTally(), (tally) => tally.add(1, 0.5)).summary()],
    [
      'NaN scores',
      () => filled(new BinaryTally(), (tally) => [1, 0, 1].map((label) => tally.add(label, NAN))).summary(),
    ],
    [
      'all labels missing',
      () => filled(new BinaryTally(), (tally) => [1, 2].map(() => tally.add(null, 0.4))).summary(),
    ],
    ['another threshold', () => new BinaryTally(0.5).merge(new BinaryTally(0.6))],
  ],
  AucTally: [
    ['empty', () => new AucTally().summary()],
    ['empty, the value alone', () => new AucTally().value()],
    ['one class', () => filled(new AucTally(), (tally) => ramp.map((score) => tally.add(1, score))).summary()],
    ['equal scores', () => filled(new AucTally(), (tally) => mixed.map((label) => tally.add(label, 0.5))).summary()],
    ['NaN scores', () => filled(new AucTally(), (tally) => mixed.map((label) => tally.add(label, NAN))).value()],
  ],
  CalibrationTally: [
    ['empty', () => new CalibrationTally().summary()],
    ['one row', () => filled(new CalibrationTally(), (tally) => tally.add(1, 0.4)).summary()],
    [
      'scores outside [0, 1]',
      () => filled(new CalibrationTally(), (tally) => mixed.map((label) => tally.add(label, 7))).summary(),
    ],
    ['other bins', () => new CalibrationTally(10).merge(new CalibrationTally(5))],
    ['no bin', () => new CalibrationTally(0).summary()],
  ],
  MulticlassTally: [
    ['empty', () => new MulticlassTally(classes).summary()],
    ['one row', () => filled(new MulticlassTally(classes), (tally) => tally.add('a', 'a')).summary()],
    [
      'unknown classes',
      () => filled(new MulticlassTally(classes), (tally) => [1, 2].map(() => tally.add('z', 'a'))).summary(),
    ],
    ['one class', () => new MulticlassTally(['a'], 1).summary()],
    ['other classes', () => new MulticlassTally(classes).merge(new MulticlassTally(['b', 'a']))],
  ],
  RegressionTally: [
    ['empty', () => new RegressionTally().summary()],
    ['one row', () => filled(new RegressionTally(), (tally) => tally.add(1, 2)).summary()],
    [
      'NaN predictions',
      () => filled(new RegressionTally(), (tally) => ramp.map((target) => tally.add(target, NAN))).summary(),
    ],
    ['another quantile', () => new RegressionTally(0.5).merge(new RegressionTally(0.9))],
  ],
  RankingTally: [
    ['empty', () => new RankingTally().summary()],
    ['one query', () => filled(new RankingTally(), (tally) => tally.add([1, 0], [0.2, 0.1])).summary()],
    [
      'nothing relevant',
      () => filled(new RankingTally(), (tally) => [1, 2].map(() => tally.add([0, 0], [0.2, 0.1]))).summary(),
    ],
    ['another k', () => new RankingTally({ k: 3 }).merge(new RankingTally({ k: 5 }))],
  ],
  LatencyHistogram: [
    ['empty', () => new LatencyHistogram().summary()],
    ['empty quantile', () => new LatencyHistogram().quantile(0.5)],
    ['empty share', () => new LatencyHistogram().shareWithin(5)],
    ['one value', () => filled(new LatencyHistogram(), (histogram) => histogram.add(3)).quantile(0.5)],
    [
      'too few for the tail',
      () => filled(new LatencyHistogram(), (histogram) => ramp.map((one) => histogram.add(one))).quantile(0.99),
    ],
    [
      'negative values',
      () => filled(new LatencyHistogram(), (histogram) => [-1, NAN].map((one) => histogram.add(one))).summary(),
    ],
    ['another error', () => new LatencyHistogram(0.01).merge(new LatencyHistogram(0.02))],
    [
      'no error',
      () => filled(new LatencyHistogram(0), (histogram) => ramp.map((one) => histogram.add(one))).quantile(0.5),
    ],
  ],
};

test('every exported function and class has its row', () => {
  expect(Object.keys(UNANSWERABLE).sort()).toEqual(Object.keys(metrics).sort());
});

describe.each(Object.entries(UNANSWERABLE))('%s', (_, cases) => {
  test.each(cases)('%s', (_, call) => {
    const answer = call() as Record<string, unknown>;
    expect(answer.ok).toBe(false);
    expect(typeof answer.reason).toBe('string');
    expect(String(answer.needed).length).toBeGreaterThan(8);
    expect(Object.keys(answer).sort()).toEqual(['needed', 'ok', 'reason']);
  });
});

test('inside an answer, each figure that has none carries its own reason', () => {
  const summary = metrics.binaryMetrics([0, 0, 0], [0.1, 0.2, 0.3]);
  if (!summary.ok) throw new Error(summary.needed);
  expect(summary.specificity.ok).toBe(true);
  expect(summary.precision).toMatchObject({ ok: false, reason: 'no-predicted-positives' });
  expect(summary.recall).toMatchObject({ ok: false, reason: 'no-actual-positives' });
  expect(summary.matthewsCorrelation).toMatchObject({ ok: false, reason: 'zero-denominator' });
  const constant = metrics.regressionMetrics([2, 2, 2], [1, 2, 3]);
  if (!constant.ok) throw new Error(constant.needed);
  expect(constant.rSquared).toMatchObject({ ok: false, reason: 'constant' });
  const tiny = metrics.regressionMetrics([1e-200, 2e-200], [2e-200, 4e-200]);
  if (!tiny.ok) throw new Error(tiny.needed);
  expect(tiny.meanSquaredError).toMatchObject({ ok: false, reason: 'out-of-range' });
});
