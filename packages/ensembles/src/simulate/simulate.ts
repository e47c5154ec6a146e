import { type MemberLog, type RowCounts, readLog } from '../learn/rows.ts';
import { type Failure, failure, type Result } from '../result.ts';
import { compareMetrics, type MetricComparison } from './compare-metrics.ts';
import { compareSpend, type SpendComparison } from './compare-spend.ts';
import { type Answers, answerRows, type Configuration, neededMembers } from './configuration.ts';

export interface Simulation {
  readonly metrics: readonly MetricComparison[];
  /** Share of rows in which a tie rule left the answer open; these count as wrong in the accuracy. */
  readonly abstained: { readonly current: number; readonly candidate: number };
  /** Sum of the members asked. Undefined without costs. */
  readonly cost: SpendComparison | undefined;
  /** The slowest of the members asked, row by row. Undefined without latencies. */
  readonly latency: SpendComparison | undefined;
  readonly rows: RowCounts;
}

export interface SimulationOptions {
  readonly current: Configuration;
  readonly candidate: Configuration;
  /** 0.95 unless given. Of several candidates that the best is picked from, 1 − (1 − confidence)/candidates. */
  readonly confidence?: number;
  /** Of the rows with an outcome, those in which all needed members answered must be at least this share; 0.9. */
  readonly minimumCoverage?: number;
  /** Cost of asking each member once. */
  readonly costs?: ArrayLike<number>;
  /** For each member its latency in each row of the log. */
  readonly latencies?: readonly ArrayLike<number>[];
}

const MINIMUM_ROWS = 30;

/**
 * What would have been answered, had another configuration been in place, and how much better that is than what the
 * current one answers to the same rows. Members are compared on what they really answered in the log; nothing is
 * modelled. Metrics: log loss, Brier score, accuracy, and of two classes the AUC; for regression mean squared and
 * absolute error.
 *
 * Intervals are of the paired differences, which is far narrower than two separate intervals: mean ± z·s/√n of the
 * differences row by row; for the AUC DeLong's. Assumes independent rows, and that those left out for want of an answer
 * are like the rest. A candidate that was fitted on these very rows looks too good: fit on earlier ones (`takeRows`).
 *
 * Fails when some needed member was not logged in more than 1 − `minimumCoverage` of the rows (the rest may be another
 * kind of rows), on fewer than 30 usable rows, on a configuration that does not fit the log, on settings, costs or
 * latencies out of range, and on answers or outcomes that `learnWeights` refuses. The interval of the accuracy needs 10
 * rows that one configuration gets right and the other wrong; a metric without an interval says why.
 * Source: the paired mean with the central limit theorem; DeLong, DeLong and Clarke-Pearson 1988.
 */
export function simulateEnsemble(log: MemberLog, options: SimulationOptions): Result<Simulation> {
  const { current, candidate, confidence = 0.95, minimumCoverage = 0.9 } = options;
  const optionProblem = findOptionProblem(log, options, confidence, minimumCoverage);
  if (optionProblem) return optionProblem;
  const [now, then] = [current, candidate].map((one) => neededMembers(one, log, log.members.length)) as [
    ReturnType<typeof neededMembers>,
    ReturnType<typeof neededMembers>,
  ];
  if (!now.ok) return { ...now, needed: `current: ${now.needed}` };
  if (!then.ok) return { ...then, needed: `candidate: ${then.needed}` };
  const read = readLog(log, [...now.needed, ...then.needed], 1);
  if (!read.ok) return read;
  const coverage = read.rows.used / (read.rows.used + read.rows.incomplete);
  if (coverage < minimumCoverage)
    return refuseCoverage(log, [...now.needed, ...then.needed], coverage, minimumCoverage);
  if (read.count < MINIMUM_ROWS)
    return failure(
      'too-few-rows',
      `at least ${MINIMUM_ROWS} rows with an outcome and every needed answer; there are ${read.count}`,
    );
  const before = answerRows(current, read);
  if (!before.ok) return { ...before, needed: `current: ${before.needed}` };
  const after = answerRows(candidate, read);
  if (!after.ok) return { ...after, needed: `candidate: ${after.needed}` };
  const { costs, latencies } = options;
  const members = [now.needed, then.needed] as const;
  const total = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0);
  const cost = costs && compareSpend(read.places, members, (member) => costs[member] as number, total);
  if (cost && !cost.ok) return cost;
  const slowest = (values: readonly number[]) => Math.max(...values);
  const latency =
    latencies && compareSpend(read.places, members, (member, row) => latencies[member]?.[row] as number, slowest);
  if (latency && !latency.ok) return latency;
  return {
    ok: true,
    metrics: compareMetrics(read, before, after, confidence),
    abstained: { current: abstentions(before), candidate: abstentions(after) },
    cost: cost?.spend,
    latency: latency?.spend,
    rows: read.rows,
  };
}

function refuseCoverage(log: MemberLog, needed: readonly number[], coverage: number, minimum: number): Failure {
  const width = log.task.kind === 'classification' ? log.task.classes : 1;
  const rows = log.outcomes.length;
  const gaps = [...new Set(needed)].map((member) => {
    let missing = 0;
    for (let row = 0; row < rows; row += 1) if (Number.isNaN(log.members[member]?.[row * width])) missing += 1;
    return { member, missing };
  });
  const worst = gaps.reduce((most, one) => (one.missing > most.missing ? one : most));
  const percent = (share: number) => `${Math.round(share * 1000) / 10} %`;
  return failure(
    'missing-member',
    `answers of every needed member in ${percent(minimum)} of the rows; there are in ${percent(coverage)}: member ${worst.member} is missing in ${worst.missing} of ${rows}`,
  );
}

function findOptionProblem(
  log: MemberLog,
  { costs, latencies }: SimulationOptions,
  confidence: number,
  coverage: number,
): Failure | undefined {
  if (!(confidence > 0 && confidence < 1))
    return failure('invalid-argument', 'confidence must lie strictly between 0 and 1');
  if (!(coverage > 0 && coverage <= 1))
    return failure('invalid-argument', 'minimumCoverage must be above 0 and at most 1');
  const count = log.members.length;
  if (costs && !(costs.length === count && Array.from(costs).every((cost) => cost >= 0 && Number.isFinite(cost))))
    return failure('invalid-argument', `a finite cost of at least 0 for each of ${count} members`);
  return latencies && !(latencies.length === count && latencies.every((one) => one.length === log.outcomes.length))
    ? failure('length-mismatch', `for each of ${count} members its latency in each of ${log.outcomes.length} rows`)
    : undefined;
}

function abstentions({ labels }: Answers): number {
  return labels.length === 0 ? 0 : labels.filter((label) => label === -1).length / labels.length;
}
