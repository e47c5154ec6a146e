import { type SeededRandom, seededRandom } from '../../metrics/simulations/random.ts';
import { covers, type SimulationRow, shareRow } from '../../metrics/simulations/row.ts';
import { type Configuration, type MemberLog, type SimulatedMetric, simulateEnsemble } from '../src/index.ts';
import { drawLog, drawValues } from './world.ts';

const MEMBERS = [
  { noise: 0.5, boldness: 1 },
  { noise: 0.8, boldness: 1.5 },
  { noise: 1.2, boldness: 0.7 },
];
const VALUES = [
  { noise: 0.5, bias: 0 },
  { noise: 0.8, bias: 0.2 },
  { noise: 1, bias: -0.1 },
];
const CURRENT: Configuration = { kind: 'member', member: 0 };
const MEAN: Configuration = { kind: 'combine', settings: { method: 'weighted_average' }, weights: [1, 1, 1] };
const VOTE: Configuration = { kind: 'combine', settings: { method: 'majority_vote' }, weights: [1, 1, 1] };
const TRUTH_ROWS = 400_000;

/** Do 95 % intervals of the paired differences hold the true difference, and do equal members look equal? */
export function replayIntervals(runs: number): SimulationRow[] {
  const random = seededRandom(20_260_611);
  const classes = (rows: number) => drawLog(random, rows, MEMBERS);
  const values = (rows: number) => drawValues(random, rows, VALUES);
  return [
    ...[200, 1000].flatMap((rows) => [
      ...coverage('mean of three', MEAN, classes, ['log_loss', 'brier', 'accuracy', 'auc'], rows, runs),
      ...coverage('vote of three', VOTE, classes, ['brier', 'accuracy'], rows, runs),
      ...coverage('mean of three numbers', MEAN, values, ['squared_error', 'absolute_error'], rows, runs),
    ]),
    ...equalMembers(random, runs),
  ];
}

function coverage(
  what: string,
  candidate: Configuration,
  draw: (rows: number) => MemberLog,
  metrics: readonly SimulatedMetric[],
  rows: number,
  runs: number,
): SimulationRow[] {
  const truths = differences(draw(TRUTH_ROWS), candidate);
  const drawn = Array.from({ length: runs }, () => differences(draw(rows), candidate));
  return metrics.map((metric) => {
    const truth = truths.get(metric);
    if (!truth?.ok) throw new Error(`no true difference of ${metric}`);
    let run = 0;
    return shareRow(`${what}, ${metric}`, `${rows} rows, true difference ${truth.value.toFixed(4)}`, runs, () => {
      const difference = drawn[run]?.get(metric);
      run += 1;
      return difference?.ok ? covers(difference, truth.value) : null;
    });
  });
}

/** Two members that are equally good: how often does one look better or worse? */
function equalMembers(random: SeededRandom, runs: number): SimulationRow[] {
  const equal = [
    { noise: 0.8, boldness: 1 },
    { noise: 0.8, boldness: 1 },
  ];
  const verdicts = Array.from({ length: runs }, () => {
    const answer = simulateEnsemble(drawLog(random, 500, equal), {
      current: CURRENT,
      candidate: { kind: 'member', member: 1 },
    });
    if (!answer.ok) throw new Error(answer.needed);
    return new Map(answer.metrics.map(({ metric, verdict }) => [metric, verdict]));
  });
  return (['log_loss', 'brier', 'accuracy', 'auc'] as const).map((metric) => {
    let run = 0;
    return shareRow(
      `false verdict, ${metric}`,
      'two equally good members, 500 rows',
      runs,
      () => {
        const verdict = verdicts[run]?.get(metric);
        run += 1;
        return verdict !== 'unclear';
      },
      [0, 0.06],
    );
  });
}

function differences(log: MemberLog, candidate: Configuration) {
  const answer = simulateEnsemble(log, { current: CURRENT, candidate });
  if (!answer.ok) throw new Error(answer.needed);
  return new Map(answer.metrics.map(({ metric, difference }) => [metric, difference]));
}
