import {
  compareDistributionsAnytime,
  compareHistogramQuantilesAnytime,
  compareMeans,
  comparePairedOutcomes,
  compareQuantilesAnytime,
  createModelXProcess,
  createTwoProportionProcess,
  sequencePoint,
  summariseValues,
  tuneMixture,
} from '../src/index.ts';
import {
  ALPHA,
  ANYTIME_METHODS,
  type BinaryMethod,
  type BinaryRequest,
  FIXED_HORIZON,
  UNSAFE_METHODS,
} from './methods.ts';
import { type SeededRandom, seededRandom } from './random.ts';
import { answer, type SimulationRow, shareRow } from './row.ts';

/** What any valid method may reject at most: alpha and two Monte Carlo errors of 10,000 runs. */
export const VALID: SimulationRow['target'] = [0, 0.0544];
/** What looking with a fixed-horizon test costs: at least this much. */
const HARMFUL: SimulationRow['target'] = [0.25, 1];
const RARE = 'at 1 % hardly any look has the events for a claim either way';
const BATCH = 50;

/** Requests in batches, each arm at its rate, half to each arm; a look after every batch. */
export function runBinary(
  methods: readonly BinaryMethod[],
  rates: readonly [number, number],
  total: number,
  random: SeededRandom,
): boolean[] {
  const rejected = methods.map(() => false);
  const control = { successes: 0, count: 0 };
  const treatment = { successes: 0, count: 0 };
  for (let seen = 0; seen < total; seen += BATCH) {
    const batch: BinaryRequest[] = [];
    for (let k = 0; k < BATCH; k += 1) {
      const isTreatment = random.uniform() < 0.5;
      const outcome = random.uniform() < rates[isTreatment ? 1 : 0] ? 1 : 0;
      const arm = isTreatment ? treatment : control;
      arm.count += 1;
      arm.successes += outcome;
      batch.push({ isTreatment, share: 0.5, outcome });
    }
    const look = { control, treatment, batch };
    methods.forEach((method, index) => {
      if (!rejected[index]) rejected[index] = method(look);
    });
  }
  return rejected;
}

/** 0/1 outcomes with the same rate in both arms: how often does each method ever claim a difference? */
export function simulatePeeking(runs: number, total = 3000): SimulationRow[] {
  const rows: SimulationRow[] = [];
  [0.01, 0.1, 0.5].forEach((rate, k) => {
    const random = seededRandom(1000 + k);
    const setting = `rate ${rate}, ${total} requests, ${total / BATCH} looks`;
    rows.push(...binaryRows(runs, [rate, rate], total, setting, random));
  });
  return rows;
}

function binaryRows(
  runs: number,
  rates: readonly [number, number],
  total: number,
  setting: string,
  random: SeededRandom,
): SimulationRow[] {
  const names = [...Object.keys(ANYTIME_METHODS), ...Object.keys(UNSAFE_METHODS)];
  const hits = names.map(() => 0);
  for (let run = 0; run < runs; run += 1) {
    const fresh = { ...ANYTIME_METHODS, ...UNSAFE_METHODS };
    const methods = names.map((name) => fresh[name]!(total));
    runBinary(methods, rates, total, random).forEach((isRejected, index) => {
      if (isRejected) hits[index]! += 1;
    });
  }
  return names.map((name, index) => {
    if (name in ANYTIME_METHODS) return shareRow(name, setting, hits[index]!, runs, VALID);
    if (name !== FIXED_HORIZON) return shareRow(name, setting, hits[index]!, runs, null);
    return shareRow(name, setting, hits[index]!, runs, HARMFUL, rates[0] < 0.05 ? RARE : undefined);
  });
}

/** A real difference: how often is it found? */
export function simulatePower(runs: number): SimulationRow[] {
  const total = 6000;
  const random = seededRandom(2000);
  const required: SimulationRow['target'] = [0.75, 1];
  const targets: Record<string, SimulationRow['target']> = {
    'asymptotic sequence, difference': required,
    'asymptotic sequence, relative lift': required,
    'asymptotic sequence, one-sided': required,
    'AIPW sequence': required,
    'Model-X e-process': required,
  };
  const rows = binaryRows(runs, [0.1, 0.13], total, '10 % against 13 %, 6,000 requests, 120 looks', random);
  const anytime = rows
    .filter(({ what }) => what in ANYTIME_METHODS)
    .map((row) => ({ ...row, target: targets[row.what] ?? null }));
  return [...anytime, fixedHorizon(runs, total)];
}

function fixedHorizon(runs: number, total: number): SimulationRow {
  const random = seededRandom(2001);
  let hits = 0;
  for (let run = 0; run < runs; run += 1) {
    const treatment = random.binomial(total, 0.5);
    const counts = [total - treatment, treatment];
    const [a, b] = counts.map((count, arm) => ({ count, successes: random.binomial(count, arm === 0 ? 0.1 : 0.13) }));
    const method = UNSAFE_METHODS[FIXED_HORIZON]!(total);
    if (method({ control: a!, treatment: b!, batch: [] })) hits += 1;
  }
  return shareRow(
    'fixed-horizon test, one look at the end',
    '10 % against 13 %, 6,000 requests',
    hits,
    runs,
    [0.93, 0.97],
  );
}

const EDGES = 160;
/** Log-spaced bins of 5 %, as a latency histogram has them. */
const binOf = (value: number) =>
  Math.min(EDGES - 1, Math.max(0, Math.floor(Math.log(value) / Math.log(1.05)) + EDGES / 2));

/** Log-normal latencies, the same in both arms: claims of a difference by the methods for latency. */
export function simulateLatencyPeeking(runs: number): SimulationRow[] {
  const total = 2000;
  const looks = 10;
  const names = [
    'quantile comparison, median',
    'quantile comparison, p95',
    'quantile comparison from histograms, p95',
    'quantile comparison from histograms, p99',
    'distribution band',
    'asymptotic sequence of the mean of logarithms',
    'Model-X e-process, log-normal',
  ];
  const hits = names.map(() => 0);
  const random = seededRandom(3000);
  const { mixtureVariance } = answer(tuneMixture({ horizonCount: total }));
  const horizonCount = total / 2;
  for (let run = 0; run < runs; run += 1) {
    const rejected = names.map(() => false);
    const values: [number[], number[]] = [[], []];
    const bins = [new Array<number>(EDGES).fill(0), new Array<number>(EDGES).fill(0)] as const;
    const { process } = answer(createModelXProcess({ outcome: 'log-normal' }));
    for (let look = 0; look < looks; look += 1) {
      for (let k = 0; k < total / looks; k += 1) {
        const arm = random.uniform() < 0.5 ? 0 : 1;
        const latency = Math.exp(0.8 * random.normal());
        values[arm].push(latency);
        bins[arm][binOf(latency)]! += 1;
        process.add({
          controlPropensity: 0.5,
          treatmentPropensity: 0.5,
          arm: arm === 0 ? 'control' : 'treatment',
          outcome: latency,
        });
      }
      const [control, treatment] = values;
      const histograms = { control: bins[0], treatment: bins[1] };
      const checks = [
        () => answer(compareQuantilesAnytime(control, treatment, { quantile: 0.5, horizonCount })).pValue <= ALPHA,
        () => answer(compareQuantilesAnytime(control, treatment, { quantile: 0.95, horizonCount })).pValue <= ALPHA,
        () => answer(compareHistogramQuantilesAnytime(histograms, { quantile: 0.95, horizonCount })).pValue <= ALPHA,
        () => answer(compareHistogramQuantilesAnytime(histograms, { quantile: 0.99, horizonCount })).pValue <= ALPHA,
        () => {
          const band = compareDistributionsAnytime(control, treatment);
          return band.ok && band.lower > 0;
        },
        () => {
          const [a, b] = values.map((arm) => answer(summariseValues(arm.map(Math.log))));
          const point = sequencePoint(answer(compareMeans(a!, b!)), control.length + treatment.length, {
            mixtureVariance,
          });
          return point.ok && (point.lower > 0 || point.upper < 0);
        },
        () => answer(process.read()).isDifferent,
      ];
      checks.forEach((check, index) => {
        if (!rejected[index]) rejected[index] = check();
      });
    }
    rejected.forEach((isRejected, index) => {
      if (isRejected) hits[index]! += 1;
    });
  }
  const setting = `log-normal latency, ${total} requests, ${looks} looks`;
  return names.map((name, index) => shareRow(name, setting, hits[index]!, runs, VALID));
}

/** Champion and challenger equally good, judged on the requests where they differ, and base rates that drift. */
export function simulateOtherExactMethods(runs: number): SimulationRow[] {
  const random = seededRandom(3500);
  let paired = 0;
  let drifting = 0;
  for (let run = 0; run < runs; run += 1) {
    let [wins, losses] = [0, 0];
    let isRejected = false;
    for (let disagreement = 0; disagreement < 500; disagreement += 1) {
      if (random.uniform() < 0.5) wins += 1;
      else losses += 1;
      const counts = { pairs: 10 * (wins + losses), onlyChallengerRight: wins, onlyChampionRight: losses };
      if (!isRejected) isRejected = answer(comparePairedOutcomes(counts)).logEValue >= -Math.log(ALPHA);
    }
    if (isRejected) paired += 1;
    const { process } = answer(createTwoProportionProcess());
    let isDifferent = false;
    for (let block = 0; block < 60; block += 1) {
      const rate = 0.1 + 0.08 * Math.sin(block / 9);
      const arm = () => ({ count: 25, successes: random.binomial(25, rate) });
      process.add({ control: arm(), treatment: arm() });
      if (answer(process.read()).isDifferent) isDifferent = true;
    }
    if (isDifferent) drifting += 1;
  }
  return [
    shareRow('paired outcomes, e-value', '500 disagreements, a look after each', paired, runs, VALID),
    shareRow('two-proportion e-process', 'rate drifting from 2 % to 18 %, 60 looks', drifting, runs, VALID),
  ];
}
