import { createSampleRatioProcess, sampleRatioEvidence, testSampleRatio } from '../src/index.ts';
import { type SeededRandom, seededRandom } from './random.ts';
import { answer, type SimulationRow, shareRow } from './row.ts';

const ALPHA = 0.001;
const UNITS = 30_000;
const BLOCK = 100;

/**
 * Split checked after every unit. Between the blocks the e-value is followed by its one-unit factor, which costs no
 * log-gamma; every block and every alert is confirmed with `sampleRatioEvidence` itself.
 */
function firstAlert(treatmentShare: number, random: SeededRandom): number {
  const counts = [0, 0];
  let eValue = 1;
  for (let unit = 1; unit <= UNITS; unit += 1) {
    const arm = random.uniform() < treatmentShare ? 1 : 0;
    eValue *= (50 + counts[arm]!) / (100 + unit - 1) / 0.5;
    counts[arm]! += 1;
    const isAlert = eValue >= 1 / ALPHA;
    if (isAlert || unit % 5000 === 0) {
      const { logEValue } = answer(sampleRatioEvidence({ shares: [0.5, 0.5], counts }, { alpha: ALPHA }));
      if (Math.abs(logEValue - Math.log(eValue)) > 1e-8) throw new Error('the one-unit factor went astray');
    }
    if (isAlert) return unit;
  }
  return Number.POSITIVE_INFINITY;
}

export function simulateSampleRatio(runs: number): SimulationRow[] {
  const rows: SimulationRow[] = [];
  const random = seededRandom(6000);
  let alerts = 0;
  for (let run = 0; run < runs; run += 1) if (firstAlert(0.5, random) <= UNITS) alerts += 1;
  rows.push(
    shareRow('split check, false alarm', '50/50, a check after each of 30,000 units', alerts, runs, [0, ALPHA]),
  );
  const times = Array.from({ length: runs / 5 }, () => firstAlert(0.52, random));
  for (const [units, target] of [
    [20_000, null],
    [30_000, [0.99, 1]],
  ] as const) {
    const found = times.filter((time) => time <= units).length;
    rows.push(shareRow('split check, detection', `52/48 by ${units} units`, found, times.length, target));
  }
  rows.push(...simulateRamps(runs), simulateChiSquarePeeking(runs / 5));
  return rows;
}

/** Shares that change (a ramp from 1 % to 50 %, three arms under a bandit), checked after every 100 units. */
function simulateRamps(runs: number): SimulationRow[] {
  const random = seededRandom(6100);
  const ramp = (block: number) => {
    const share = [0.01, 0.05, 0.1, 0.25, 0.5][Math.min(4, Math.floor(block / 40))]!;
    return [1 - share, share];
  };
  const bandit = (block: number) => {
    const raw = [1, 1 + 0.9 * Math.sin(block / 7), 1 + 0.9 * Math.cos(block / 11)];
    const total = raw[0]! + raw[1]! + raw[2]!;
    return raw.map((value) => value / total);
  };
  const run = (shares: (block: number) => number[], arms: number, lost: number) => {
    const { process } = answer(createSampleRatioProcess(arms, { alpha: ALPHA }));
    for (let block = 0; block < 200; block += 1) {
      const planned = shares(block);
      const counts = new Array<number>(arms).fill(0);
      for (let unit = 0; unit < BLOCK; unit += 1) {
        const arm = random.pick(planned);
        // A logging loss that hits only the last arm.
        if (arm < arms - 1 || random.uniform() >= lost) counts[arm]! += 1;
      }
      process.add({ shares: planned, counts });
      if (answer(process.read()).isMismatch) return true;
    }
    return false;
  };
  const count = (times: number, check: () => boolean) => Array.from({ length: times }, check).filter(Boolean).length;
  const few = runs / 10;
  return [
    shareRow(
      'split process, false alarm',
      'ramp 1 % to 50 %, 200 checks',
      count(runs, () => run(ramp, 2, 0)),
      runs,
      [0, ALPHA],
    ),
    shareRow(
      'split process, false alarm',
      'three arms, changing shares, 200 checks',
      count(runs, () => run(bandit, 3, 0)),
      runs,
      [0, ALPHA],
    ),
    shareRow(
      'split process, detection',
      'ramp, 10 % of the treatment lost, 20,000 units',
      count(few, () => run(ramp, 2, 0.1)),
      few,
      null,
    ),
    shareRow(
      'split process, detection',
      'three arms, 10 % of one lost, 20,000 units',
      count(few, () => run(bandit, 3, 0.1)),
      few,
      null,
    ),
  ];
}

function simulateChiSquarePeeking(runs: number): SimulationRow {
  const random = seededRandom(6200);
  let alerts = 0;
  for (let run = 0; run < runs; run += 1) {
    const counts = [0, 0];
    let isAlert = false;
    for (let units = 0; units < UNITS && !isAlert; units += BLOCK) {
      const treatment = random.binomial(BLOCK, 0.5);
      counts[0]! += BLOCK - treatment;
      counts[1]! += treatment;
      isAlert = answer(testSampleRatio([{ shares: [0.5, 0.5], counts }])).isMismatch;
    }
    if (isAlert) alerts += 1;
  }
  return shareRow('chi-square at every look (not valid)', '50/50, 300 looks at alpha 0.001', alerts, runs, null);
}
