import {
  binaryContributions,
  binaryMetrics,
  calibrationCurve,
  fitLabelDelay,
  inverseLabelWeights,
  labelShareAt,
  segmentTable,
} from '../src/index.ts';
import { calibratedRows } from './interval-coverage.ts';
import { seededRandom } from './random.ts';
import { covers, meanRow, type SimulationRow, shareRow } from './row.ts';

/** Label delays, segment search and the noise floor of the calibration error. */
export function delaysAndSegments(runs: number): SimulationRow[] {
  return [...delays(Math.ceil(runs / 5)), ...segments(Math.ceil(runs / 5)), ...noiseFloor(Math.ceil(runs / 5))];
}

function delays(runs: number): SimulationRow[] {
  const random = seededRandom(301);
  // 80 % of labels ever come, after an exponential delay of mean 10; predictions over 50, judged at 50. The model gets
  // worse with time: 90 % right at first, 60 % at the end, and it is the young rows that lack labels.
  const draw = (count: number) => {
    const predictedAtMs = Float64Array.from({ length: count }, () => 50 * random.uniform());
    const labelledAtMs = Float64Array.from(predictedAtMs, (made) => {
      const at = random.bernoulli(0.8) ? made + 10 * random.exponential() : Number.NaN;
      return at <= 50 ? at : Number.NaN;
    });
    const right = predictedAtMs.map((made) => random.bernoulli(0.9 - 0.3 * (made / 50)));
    return { times: { predictedAtMs, labelledAtMs, nowMs: 50 }, right };
  };
  const accuracy = (isWeighted: boolean) => () => {
    const { times, right } = draw(2000);
    const fitted = fitLabelDelay(times);
    if (!fitted.ok) throw new Error(fitted.needed);
    const weighted = inverseLabelWeights(fitted.curve, times);
    if (!weighted.ok) throw new Error(weighted.needed);
    const labels = Array.from(times.labelledAtMs, (at, row) => (Number.isNaN(at) ? null : (right[row] as number)));
    const summary = binaryMetrics(
      labels,
      right.map(() => 1),
      isWeighted ? { weights: weighted.weights } : {},
    );
    return summary.ok ? summary.accuracy : summary;
  };
  const value = (isWeighted: boolean) => () => {
    const estimate = accuracy(isWeighted)();
    return estimate.ok ? estimate.value - 0.75 : Number.NaN;
  };
  const setting = 'model decays from 90 % to 60 %, young rows lack labels, 2,000 rows';
  return [
    shareRow('label share at age 10 (Greenwood)', '300 rows, 20 % never labelled', runs, () => {
      const fitted = fitLabelDelay(draw(300).times);
      const share = fitted.ok ? labelShareAt(fitted.curve, 10) : fitted;
      return share.ok ? covers(share, 0.8 * (1 - Math.exp(-1))) : null;
    }),
    meanRow('accuracy weighted by label age: bias', setting, runs, value(true), [-0.005, 0.005]),
    meanRow(
      'accuracy of the labels so far: bias',
      setting,
      runs,
      value(false),
      [0.02, 0.2],
      'must fail: young rows, where the model is worse, are missing',
    ),
    shareRow(
      'accuracy weighted by label age: coverage',
      setting,
      runs,
      () => {
        const estimate = accuracy(true)();
        return estimate.ok ? covers(estimate, 0.75) : null;
      },
      [0.92, 0.98],
    ),
  ];
}

function segments(runs: number): SimulationRow[] {
  const random = seededRandom(302);
  // 40 segments; in the second setting 4 of them are worse by 15 points.
  const table = (gap: number) => {
    const rows = 6000;
    const segment = Array.from({ length: rows }, () => random.below(40));
    const right = segment.map((one) => random.bernoulli(one < 4 ? 0.85 - gap : 0.85));
    const contributions = binaryContributions(
      right,
      right.map(() => 1),
      'accuracy',
    );
    if (!contributions.ok) throw new Error(contributions.needed);
    const answer = segmentTable({ region: segment }, contributions);
    if (!answer.ok) throw new Error(answer.needed);
    return answer.rows.filter(({ comparison }) => comparison.ok && comparison.adjustedPValue < 0.05);
  };
  let [worse, called, missed, planted] = [0, 0, 0, 0];
  const falseShares = Array.from({ length: runs }, () => {
    const found = table(0.15);
    const wrong = found.filter(({ segment }) => Number(segment) >= 4).length;
    worse += found.length - wrong;
    called += found.length;
    planted += 4;
    missed = planted - worse;
    return found.length === 0 ? 0 : wrong / found.length;
  });
  let at = 0;
  return [
    shareRow(
      'segments: any false alarm',
      '40 equal segments, 6,000 rows, 5 %',
      runs,
      () => table(0).length > 0,
      [0, 0.065],
    ),
    meanRow(
      'segments: false share of those called',
      '4 of 40 are 15 points worse',
      runs,
      () => falseShares[at++] as number,
      [0, 0.06],
    ),
    {
      what: 'segments: planted ones found',
      setting: '4 of 40 are 15 points worse',
      measured: 1 - missed / planted,
      monteCarloError: Math.sqrt(0.2 / Math.max(called, 1)),
      target: [0.8, 1],
      runs,
    },
  ];
}

function noiseFloor(runs: number): SimulationRow[] {
  const random = seededRandom(303);
  return [200, 2000].map((count) =>
    meanRow(
      'ECE of a perfect model over its noise floor',
      `calibrated, ${count} rows, 10 bins`,
      runs,
      () => {
        const { labels, scores } = calibratedRows(random, count);
        const curve = calibrationCurve(labels, scores);
        if (!curve.ok) throw new Error(curve.needed);
        return curve.expectedCalibrationError / curve.noiseFloor;
      },
      [0.95, 1.05],
    ),
  );
}
