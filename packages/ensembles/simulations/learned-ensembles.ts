import { type SeededRandom, seededRandom } from '../../metrics/simulations/random.ts';
import { knownMiss, meanRow, type SimulationRow, shareRow } from '../../metrics/simulations/row.ts';
import {
  type Configuration,
  fitCalibrator,
  fitLogisticStack,
  learnWeights,
  type MemberLog,
  selectGreedily,
  simulateEnsemble,
} from '../src/index.ts';
import { drawLog } from './world.ts';

const UNEQUAL = [
  { noise: 0.5, boldness: 1.4 },
  { noise: 0.7, boldness: 1 },
  { noise: 0.9, boldness: 0.6 },
  { noise: 2, boldness: 1 },
];
const EQUAL = Array.from({ length: 6 }, () => ({ noise: 0.8, boldness: 1 }));
const FRESH_ROWS = 4_000;

/** What learning from few rows is worth on rows to come, and what a replay on the rows learned from would claim. */
export function learnedEnsembles(runs: number): SimulationRow[] {
  const random = seededRandom(20_260_612);
  return [
    ...[100, 1000].flatMap((rows) => gains(random, rows, runs)),
    ...optimism(random, 10 * runs),
    temperature(random, runs),
  ];
}

type Learn = (log: MemberLog) => Configuration;

const mean = (weights: readonly number[]): Configuration => ({
  kind: 'combine',
  settings: { method: 'weighted_average' },
  weights,
});
const LEARNERS: readonly (readonly [what: string, learn: Learn])[] = [
  ['equal weights', (log) => mean(log.members.map(() => 1))],
  ['weights by log loss', (log) => mean(must(learnWeights(log, { loss: 'log_loss' })).weights)],
  ['weights by Brier', (log) => mean(must(learnWeights(log, { loss: 'brier' })).weights)],
  ['greedy by log loss', (log) => mean(must(selectGreedily(log, { loss: 'log_loss' })).weights)],
  ['logistic stack', (log) => ({ kind: 'stacking', model: must(fitLogisticStack(log)).model })],
];

/** Log loss on fresh rows, minus that of the member that looked best on the rows learned from. Below 0 is a gain. */
function gains(random: SeededRandom, rows: number, runs: number): SimulationRow[] {
  const results = Array.from({ length: runs }, () => {
    const log = drawLog(random, rows, UNEQUAL);
    const fresh = drawLog(random, FRESH_ROWS, UNEQUAL);
    const { memberLosses } = must(learnWeights(log, { loss: 'log_loss' }));
    const current: Configuration = { kind: 'member', member: memberLosses.indexOf(Math.min(...memberLosses)) };
    return LEARNERS.map(([, learn]) => logLossDifference(fresh, current, learn(log)));
  });
  return LEARNERS.map(([what], at) => {
    let run = 0;
    return meanRow(
      what,
      `log loss on fresh rows minus that of the best member, ${rows} rows learned from`,
      runs,
      () => {
        const result = results[run]?.[at] as number;
        run += 1;
        return result;
      },
      [-1, 0],
    );
  });
}

/** Six equally good members: no weights are better than equal ones. How often does a replay say that learned ones are? */
function optimism(random: SeededRandom, runs: number): SimulationRow[] {
  const says = (rowsOf: (learnedFrom: MemberLog) => MemberLog) => () => {
    const log = drawLog(random, 300, EQUAL);
    const candidate = mean(must(learnWeights(log, { loss: 'log_loss' })).weights);
    const answer = must(simulateEnsemble(rowsOf(log), { current: mean(EQUAL.map(() => 1)), candidate }));
    return answer.metrics[0]?.verdict === 'better';
  };
  const target = [0, 0.03] as const;
  const fresh = shareRow(
    '“better” of what is not',
    'replayed on fresh rows',
    runs,
    says(() => drawLog(random, 300, EQUAL)),
    target,
  );
  const same = shareRow(
    '“better” of what is not',
    'replayed on the rows learned from',
    runs,
    says((log) => log),
    target,
  );
  return [fresh, knownMiss(same, 'learned on the rows that judge it: fit on earlier rows')];
}

/** A member twice as bold as it should be, calibrated on 300 rows: log loss on fresh rows after minus before. */
function temperature(random: SeededRandom, runs: number): SimulationRow {
  const bold = [{ noise: 0.7, boldness: 2 }];
  return meanRow(
    'temperature',
    'log loss on fresh rows after minus before, a member twice too bold, 300 rows',
    runs,
    () => {
      const log = drawLog(random, 300, bold);
      const { calibrator } = must(fitCalibrator(log, 0, { method: 'temperature' }));
      const current: Configuration = { kind: 'member', member: 0 };
      return logLossDifference(drawLog(random, FRESH_ROWS, bold), current, { ...current, calibrators: [calibrator] });
    },
    [-1, 0],
  );
}

function logLossDifference(log: MemberLog, current: Configuration, candidate: Configuration): number {
  const [logLoss] = must(simulateEnsemble(log, { current, candidate })).metrics;
  return (logLoss?.candidate as number) - (logLoss?.current as number);
}

function must<T>(result: ({ readonly ok: true } & T) | { readonly ok: false; readonly needed: string }): T {
  if (!result.ok) throw new Error(result.needed);
  return result;
}
