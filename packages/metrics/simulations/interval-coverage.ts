import { normalCdf } from '@switchyard/special-functions';
import {
  averagePrecision,
  binaryMetrics,
  bootstrapInterval,
  calibrationLine,
  compareAucs,
  confusionMetrics,
  LatencyHistogram,
  RankingTally,
  rateEstimate,
  regressionMetrics,
  rocAuc,
} from '../src/index.ts';
import { type SeededRandom, seededRandom } from './random.ts';
import { covers, knownMiss, type SimulationRow, shareRow } from './row.ts';

/** Do 95 % intervals hold the truth in 95 % of repeated samples? */
export function intervalCoverage(runs: number): SimulationRow[] {
  const random = seededRandom(101);
  return [
    ...rates(random, runs),
    ...confusion(random, runs),
    ...ranking(random, runs),
    ...losses(random, runs),
    ...bootstrap(random, Math.ceil(runs / 10)),
    ...queriesAndLatency(random, runs),
  ];
}

function rates(random: SeededRandom, runs: number): SimulationRow[] {
  const settings = [
    [0.5, 20],
    [0.1, 100],
    [0.01, 1000],
  ] as const;
  return settings.flatMap(([rate, count]) => {
    const draw = () => {
      let hits = 0;
      for (let row = 0; row < count; row += 1) hits += random.bernoulli(rate);
      return hits;
    };
    const run = (method: 'wilson' | 'clopper-pearson') => () => {
      const estimate = rateEstimate(draw(), count, { method });
      return estimate.ok && covers(estimate, rate);
    };
    const setting = `rate ${rate}, ${count} rows`;
    return [
      shareRow('Wilson', setting, runs, run('wilson')),
      shareRow('Clopper–Pearson', setting, runs, run('clopper-pearson'), [0.95, 1], 'never below by design'),
    ];
  });
}

function confusion(random: SeededRandom, runs: number): SimulationRow[] {
  const chances = [0.12, 0.05, 0.06, 0.77] as const;
  const cellsOf = ([truePositives, falsePositives, falseNegatives, trueNegatives]: readonly number[]) =>
    ({ truePositives, falsePositives, falseNegatives, trueNegatives }) as Parameters<typeof confusionMetrics>[0];
  const values = { truePositive: 20, falsePositive: -1, falseNegative: -25, trueNegative: 0 };
  const truth = confusionMetrics(cellsOf(chances.map((chance) => chance * 1e6)), { values });
  if (!truth.ok) throw new Error(truth.needed);
  const names = [
    'precision',
    'recall',
    'f1',
    'fBeta',
    'balancedAccuracy',
    'matthewsCorrelation',
    'cohensKappa',
    'valuePerRow',
  ] as const;
  return [100, 1000].flatMap((count) =>
    names.map((name) => {
      const exact = truth[name];
      const isHard = count === 100 && (name === 'balancedAccuracy' || name === 'fBeta');
      const row = shareRow(`${name} (${exact.ok ? exact.method : ''})`, `${count} rows, 18 % positive`, runs, () => {
        const cells = [0, 0, 0, 0];
        for (let row = 0; row < count; row += 1) {
          let draw = random.uniform();
          let cell = 0;
          while (cell < 3 && draw >= (chances[cell] as number)) {
            draw -= chances[cell] as number;
            cell += 1;
          }
          cells[cell] = (cells[cell] as number) + 1;
        }
        const metrics = confusionMetrics(cellsOf(cells), { values });
        const estimate = metrics.ok ? metrics[name] : metrics;
        return estimate.ok && exact.ok ? covers(estimate, exact.value) : null;
      });
      return isHard
        ? knownMiss(row, 'the delta method on about 18 positives; from a few hundred rows on it holds')
        : row;
    }),
  );
}

function binormal(random: SeededRandom, count: number, prevalence: number, shift: number, other = 0) {
  const labels = new Uint8Array(count);
  const scores = new Float64Array(count);
  const second = new Float64Array(count);
  for (let row = 0; row < count; row += 1) {
    labels[row] = random.bernoulli(prevalence);
    const shared = random.normal();
    const away = (labels[row] as number) * shift;
    scores[row] = away + Math.SQRT1_2 * (shared + random.normal());
    second[row] = away + (labels[row] as number) * other + Math.SQRT1_2 * (shared + random.normal());
  }
  return { labels, scores, second };
}

function ranking(random: SeededRandom, runs: number): SimulationRow[] {
  const rows: SimulationRow[] = [];
  for (const [area, count] of [
    [0.7, 100],
    [0.95, 100],
    [0.95, 1000],
    [0.99, 200],
  ] as const) {
    const shift = shiftFor(area);
    for (const scale of ['logit', 'plain'] as const) {
      const fewPositives = area >= 0.95 && count <= 200;
      const row = shareRow(`AUC (DeLong, ${scale})`, `AUC ${area}, ${count} rows, 20 % positive`, runs, () => {
        const { labels, scores } = binormal(random, count, 0.2, shift);
        const estimate = rocAuc(labels, scores, { scale });
        return estimate.ok ? covers(estimate, area) : null;
      });
      const why =
        scale === 'plain'
          ? 'too narrow near 1, which is why logit is the default'
          : 'the variance itself is poorly known from 20 to 40 positives';
      rows.push(fewPositives ? knownMiss(row, why) : row);
    }
  }
  const quarter = Math.ceil(runs / 4);
  rows.push(
    shareRow('paired DeLong, difference', 'AUC 0.80 and 0.85, 500 rows', quarter, () => {
      const shift = shiftFor(0.8);
      const { labels, scores, second } = binormal(random, 500, 0.2, shift, shiftFor(0.85) - shift);
      const compared = compareAucs(labels, scores, second);
      return compared.ok ? covers(compared.difference, 0.05) : null;
    }),
    shareRow(
      'paired DeLong, false alarms',
      'two equal models, 500 rows',
      runs,
      () => {
        const { labels, scores, second } = binormal(random, 500, 0.2, shiftFor(0.8));
        const compared = compareAucs(labels, scores, second);
        return compared.ok ? compared.pValue < 0.05 : null;
      },
      [0.03, 0.07],
    ),
  );
  const big = binormal(seededRandom(7), 400_000, 0.2, shiftFor(0.85));
  const truth = averagePrecision(big.labels, big.scores);
  if (!truth.ok) throw new Error(truth.needed);
  for (const count of [200, 1000]) {
    rows.push(
      shareRow(
        'average precision (logit)',
        `AUC 0.85, ${count} rows, 20 % positive`,
        quarter,
        () => {
          const { labels, scores } = binormal(random, count, 0.2, shiftFor(0.85));
          const estimate = averagePrecision(labels, scores);
          return estimate.ok ? covers(estimate, truth.value) : null;
        },
        [0.93, 1],
        'conservative: it takes all positives as one binomial',
      ),
    );
  }
  return rows;
}

/** Distance of two unit normals with this AUC, by bisection of Φ(d/√2). */
function shiftFor(area: number): number {
  let [low, high] = [0, 10];
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (normalCdf(middle * Math.SQRT1_2) < area) low = middle;
    else high = middle;
  }
  return low;
}

/** Calibrated scores, labels drawn from them. */
export function calibratedRows(random: SeededRandom, count: number, power = 1) {
  const scores = Float64Array.from({ length: count }, () => random.uniform() ** power);
  return { scores, labels: Uint8Array.from(scores, (score) => random.bernoulli(score)) };
}

function losses(random: SeededRandom, runs: number): SimulationRow[] {
  const summary = () => {
    const { labels, scores } = calibratedRows(random, 500);
    return binaryMetrics(labels, scores);
  };
  const regression = () => {
    const targets = Float64Array.from({ length: 200 }, () => 10 + random.normal());
    const predictions = targets.map((target) => target + random.normal());
    return regressionMetrics(targets, predictions);
  };
  return [
    // For scores uniform on [0, 1]: mean entropy ½, mean p(1 − p) 1/6.
    shareRow('log loss (mean)', 'calibrated, 500 rows', runs, () => {
      const metrics = summary();
      return metrics.ok && metrics.logLoss.ok ? covers(metrics.logLoss, 0.5) : null;
    }),
    shareRow('Brier score (mean)', 'calibrated, 500 rows', runs, () => {
      const metrics = summary();
      return metrics.ok && metrics.brierScore.ok ? covers(metrics.brierScore, 1 / 6) : null;
    }),
    shareRow('mean absolute error', 'normal errors, 200 rows', runs, () => {
      const metrics = regression();
      return metrics.ok && metrics.meanAbsoluteError.ok
        ? covers(metrics.meanAbsoluteError, Math.sqrt(2 / Math.PI))
        : null;
    }),
    shareRow('root mean squared error', 'normal errors, 200 rows', runs, () => {
      const metrics = regression();
      return metrics.ok && metrics.rootMeanSquaredError.ok ? covers(metrics.rootMeanSquaredError, 1) : null;
    }),
    shareRow('calibration slope (Wald)', 'calibrated, 500 rows', Math.ceil(runs / 10), () => {
      const { labels, scores } = calibratedRows(random, 500);
      const line = calibrationLine(labels, scores);
      return line.ok ? covers(line.slope, 1) : null;
    }),
  ];
}

function bootstrap(random: SeededRandom, runs: number): SimulationRow[] {
  const rows = (['bca', 'percentile', 'basic'] as const).map((method) =>
    shareRow(`bootstrap ${method} of a mean`, '50 exponential rows, 500 resamples', runs, () => {
      const values = Array.from({ length: 50 }, () => random.exponential());
      const mean = (rows: Uint32Array) => rows.reduce((total, row) => total + (values[row] as number), 0) / rows.length;
      const estimate = bootstrapInterval(50, mean, { random: random.uniform, method, replicates: 500 });
      return estimate.ok ? covers(estimate, 1) : null;
    }),
  );
  return rows.map((row) => knownMiss(row, 'resampling 50 skewed rows understates their tail'));
}

function queriesAndLatency(random: SeededRandom, runs: number): SimulationRow[] {
  const list = () => {
    const relevances = Array.from({ length: 10 }, () => random.bernoulli(0.4));
    return { relevances, scores: relevances.map((relevance) => relevance + 2 * random.normal()) };
  };
  const fill = (count: number) => {
    const tally = new RankingTally({ k: 5 });
    for (let query = 0; query < count; query += 1) {
      const { relevances, scores } = list();
      tally.add(relevances, scores);
    }
    return tally.summary();
  };
  const truth = fill(200_000);
  if (!truth.ok || !truth.normalizedGain.ok) throw new Error('200,000 queries have an answer');
  const exact = truth.normalizedGain.value;
  const latency = (share: number, count: number) => () => {
    const histogram = new LatencyHistogram(0.01);
    for (let row = 0; row < count; row += 1) histogram.add(10 * random.exponential());
    const quantile = histogram.quantile(share);
    return quantile.ok ? covers(quantile, -10 * Math.log(1 - share)) : null;
  };
  const small = Math.ceil(runs / 10);
  return [
    shareRow('NDCG@5 over queries', '200 queries of 10 items', small, () => {
      const summary = fill(200);
      return summary.ok && summary.normalizedGain.ok ? covers(summary.normalizedGain, exact) : null;
    }),
    shareRow(
      'latency p50',
      '1,000 exponential values, 1 % bins',
      small,
      latency(0.5, 1000),
      [0.94, 1],
      'wider by the bins',
    ),
    shareRow(
      'latency p99',
      '2,000 exponential values, 1 % bins',
      small,
      latency(0.99, 2000),
      [0.94, 1],
      'wider by the bins',
    ),
  ];
}
