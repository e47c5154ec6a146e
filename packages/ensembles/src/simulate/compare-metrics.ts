import { compareAucs, type Estimate, meanEstimate, rocAuc } from '@switchyard/metrics';
import { rowLoss } from '../learn/losses.ts';
import type { CompleteLog } from '../learn/rows.ts';
import { failure, type Result } from '../result.ts';
import type { Answers } from './configuration.ts';

export type SimulatedMetric = 'log_loss' | 'brier' | 'accuracy' | 'auc' | 'squared_error' | 'absolute_error';

export interface MetricComparison {
  readonly metric: SimulatedMetric;
  readonly higherIsBetter: boolean;
  /** On the rows used. */
  readonly current: number;
  readonly candidate: number;
  /** candidate − current, with its paired interval; a reason where the rows cannot tell (answers that never differ). */
  readonly difference: Result<Estimate>;
  /** Whether the whole interval is on one side; `unclear` without an interval. */
  readonly verdict: 'better' | 'worse' | 'unclear';
}

const MINIMUM_DISCORDANT = 10;

export function compareMetrics(
  log: CompleteLog,
  before: Answers,
  after: Answers,
  confidence: number,
): MetricComparison[] {
  const perRow = (
    metric: SimulatedMetric,
    higherIsBetter: boolean,
    scoreOf: (answers: Answers, row: number) => number,
  ) => {
    const first = Float64Array.from({ length: log.count }, (_, row) => scoreOf(before, row));
    const second = Float64Array.from({ length: log.count }, (_, row) => scoreOf(after, row));
    const differences = second.map((value, row) => value - (first[row] as number));
    const difference =
      metric === 'accuracy' ? accuracyDifference(differences, confidence) : meanDifference(differences, confidence);
    return compared(metric, higherIsBetter, mean(first), mean(second), difference);
  };
  const loss = (name: 'log_loss' | 'brier' | 'squared_error') => (answers: Answers, row: number) =>
    rowLoss(name, answers.answers, log.outcomes, log.width, row);
  if (log.task.kind === 'regression') {
    return [
      perRow('squared_error', false, loss('squared_error')),
      perRow('absolute_error', false, ({ answers }, row) =>
        Math.abs((answers[row] as number) - (log.outcomes[row] as number)),
      ),
    ];
  }
  return [
    perRow('log_loss', false, loss('log_loss')),
    perRow('brier', false, loss('brier')),
    perRow('accuracy', true, ({ labels }, row) => (labels[row] === log.outcomes[row] ? 1 : 0)),
    ...(log.width === 2 ? compareAuc(log, before, after, confidence) : []),
  ];
}

function compareAuc(log: CompleteLog, before: Answers, after: Answers, confidence: number): MetricComparison[] {
  const second = ({ answers }: Answers) =>
    Float64Array.from({ length: log.count }, (_, row) => answers[2 * row + 1] as number);
  const [first, last] = [second(before), second(after)];
  const [areaBefore, areaAfter] = [rocAuc(log.outcomes, first), rocAuc(log.outcomes, last)];
  // Without both classes, or with equal scores throughout, there is no AUC to speak of.
  if (!areaBefore.ok || !areaAfter.ok) return [];
  const comparison = compareAucs(log.outcomes, first, last, { confidence });
  const difference: Result<Estimate> = comparison.ok ? { ok: true, ...comparison.difference } : comparison;
  return [compared('auc', true, areaBefore.value, areaAfter.value, difference)];
}

function compared(
  metric: SimulatedMetric,
  higherIsBetter: boolean,
  current: number,
  candidate: number,
  difference: Result<Estimate>,
): MetricComparison {
  const sign = difference.ok ? (difference.lower > 0 ? 1 : difference.upper < 0 ? -1 : 0) : 0;
  const verdict = sign === 0 ? 'unclear' : sign > 0 === higherIsBetter ? 'better' : 'worse';
  return { metric, higherIsBetter, current, candidate, difference, verdict };
}

function meanDifference(differences: Float64Array, confidence: number): Result<Estimate> {
  return differences.every((value) => value === 0)
    ? failure('constant', 'rows that the two configurations answer differently; there is none')
    : meanEstimate(differences, { confidence });
}

function accuracyDifference(differences: Float64Array, confidence: number): Result<Estimate> {
  const discordant = differences.filter((value) => value !== 0).length;
  return discordant < MINIMUM_DISCORDANT
    ? failure(
        discordant === 0 ? 'constant' : 'too-few-rows',
        `at least ${MINIMUM_DISCORDANT} rows that one gets right and the other wrong; there are ${discordant}`,
      )
    : meanEstimate(differences, { confidence });
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
