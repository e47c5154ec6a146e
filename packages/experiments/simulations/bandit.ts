import { normalCdf } from '@switchyard/special-functions';
import { ANYTIME_METHODS, type BinaryRequest, FIXED_HORIZON, UNSAFE_METHODS } from './methods.ts';
import { VALID } from './peeking.ts';
import { type SeededRandom, seededRandom } from './random.ts';
import { type SimulationRow, shareRow } from './row.ts';

const BATCH = 50;
/** Every propensity stays above this. */
const FLOOR = 0.05;

/** Probability that the treatment is the better arm, from normal approximations of two Beta(1+S, 1+F) posteriors. */
function thompsonShare(control: Arm, treatment: Arm): number {
  const [a, b] = [control, treatment].map(({ successes, count }) => {
    const mean = (1 + successes) / (2 + count);
    return { mean, variance: (mean * (1 - mean)) / (3 + count) };
  });
  const chance = normalCdf((b!.mean - a!.mean) / Math.sqrt(a!.variance + b!.variance));
  return FLOOR + (1 - 2 * FLOOR) * chance;
}

interface Arm {
  successes: number;
  count: number;
}

/** Thompson sampling over two arms while the base rate wanders between 4 % and 16 %. */
function runBandit(
  methods: readonly ((look: { control: Arm; treatment: Arm; batch: readonly BinaryRequest[] }) => boolean)[],
  lift: number,
  total: number,
  random: SeededRandom,
): boolean[] {
  const rejected = methods.map(() => false);
  const control = { successes: 0, count: 0 };
  const treatment = { successes: 0, count: 0 };
  const phase = 2 * Math.PI * random.uniform();
  for (let seen = 0; seen < total; seen += BATCH) {
    const share = thompsonShare(control, treatment);
    const batch: BinaryRequest[] = [];
    for (let k = 0; k < BATCH; k += 1) {
      const base = 0.1 + 0.06 * Math.sin(phase + (4 * Math.PI * (seen + k)) / 3000);
      const isTreatment = random.uniform() < share;
      const outcome = random.uniform() < base + (isTreatment ? lift : 0) ? 1 : 0;
      batch.push({ isTreatment, share, outcome });
    }
    // The bandit learns from the whole batch afterwards, so the propensities of a batch are fixed before it.
    for (const { isTreatment, outcome } of batch) {
      const arm = isTreatment ? treatment : control;
      arm.count += 1;
      arm.successes += outcome;
    }
    methods.forEach((method, index) => {
      if (!rejected[index]) rejected[index] = method({ control, treatment, batch });
    });
  }
  return rejected;
}

const METHODS = {
  'Model-X e-process': ANYTIME_METHODS['Model-X e-process']!,
  'AIPW sequence': ANYTIME_METHODS['AIPW sequence']!,
  'asymptotic sequence of pooled arms (not valid)': ANYTIME_METHODS['asymptotic sequence, difference']!,
  'fixed-horizon test at every look (not valid)': UNSAFE_METHODS[FIXED_HORIZON]!,
};

export function simulateBandit(runs: number): SimulationRow[] {
  const rows: SimulationRow[] = [];
  for (const total of [3000, 6000]) {
    const targets: SimulationRow['target'][] = [VALID, [0, 0.06], null, null];
    rows.push(...banditRows(runs, 0, total, targets, seededRandom(4000 + total)));
  }
  // Power has no target of its own; a tenth of the runs is enough to see it.
  rows.push(...banditRows(runs / 10, 0.05, 6000, [null, null], seededRandom(4500)));
  return rows;
}

function banditRows(
  runs: number,
  lift: number,
  total: number,
  targets: readonly SimulationRow['target'][],
  random: SeededRandom,
): SimulationRow[] {
  const methods = Object.entries(METHODS).slice(0, targets.length);
  const hits = methods.map(() => 0);
  for (let run = 0; run < runs; run += 1) {
    const rejected = runBandit(
      methods.map(([, create]) => create(total)),
      lift,
      total,
      random,
    );
    rejected.forEach((isRejected, index) => {
      if (isRejected) hits[index]! += 1;
    });
  }
  const effect = lift === 0 ? 'no difference' : `+${100 * lift} points`;
  const setting = `Thompson sampling, drifting base rate, ${effect}, ${total} requests`;
  return methods.map(([name], index) => shareRow(name, setting, hits[index]!, runs, targets[index] ?? null));
}
