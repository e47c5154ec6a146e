import { type Failure, failure, type Result } from '../result.ts';
import { type EnsembleLoss, findLossProblem, lossesOfMembers, meanLoss } from './losses.ts';
import { type CompleteLog, type MemberLog, type RowCounts, readLog } from './rows.ts';

export interface GreedyOptions {
  readonly loss: EnsembleLoss;
  /** Members added, one member as often as it helps; 25 unless given. */
  readonly rounds?: number;
  readonly cost?: MemberCosts;
}

export interface MemberCosts {
  /** What asking each member costs, in any unit: money, milliseconds. */
  readonly values: ArrayLike<number>;
  /** Members in use together: `sum` of money or of calls one after the other, `max` of latencies side by side. */
  readonly together: 'sum' | 'max';
  /** No ensemble that costs more. */
  readonly budget?: number;
  /** Loss that one unit of cost is worth: loss + price·cost is minimised. 0 unless given. */
  readonly price?: number;
}

export interface GreedySelection {
  /** How often each member was chosen, over the number of choices. Sums to 1. */
  readonly weights: readonly number[];
  /** Members in the order in which they were added, all rounds; `size` of them are kept. */
  readonly order: readonly number[];
  /** Loss (plus price·cost) after each round. */
  readonly trajectory: readonly number[];
  readonly size: number;
  /** Loss of what is kept, without cost; `memberLosses` of each member alone. */
  readonly loss: number;
  readonly memberLosses: readonly number[];
  /** Cost of what is kept; undefined without costs. */
  readonly cost: number | undefined;
  readonly rows: RowCounts;
}

const TIE = 1e-12;

/**
 * Ensemble selection: start with nothing, add again and again the member that lowers the loss of the mean most (a
 * member may come in many times, that is its weight), and keep the prefix with the lowest loss. After s choices the
 * next is argmin over m of loss((Σ chosen + p_m) / (s + 1)) + price·cost(chosen, m). Never worse on these rows than the
 * best single member that the budget allows. Works for any loss, gives few members, hard to over-fit.
 *
 * Equal candidates (relative 1e-12): one already in use, then the lower log loss, then the first. The shortest of
 * equally good prefixes is kept.
 * Assumes independent rows that no member was trained on. Fails like `learnWeights`, when no member fits the budget, on
 * costs, budget or price that are negative or not finite, on costs that are not one per member, and on `rounds` that
 * are no whole number of at least 1.
 * Source: Caruana et al., ICML 2004; ties and prefix as in AutoGluon.
 */
export function selectGreedily(log: MemberLog, options: GreedyOptions): Result<GreedySelection> {
  const { loss, rounds = 25, cost } = options;
  const problem =
    findLossProblem(log.task, loss) ?? (cost && findCostProblem(cost, log.members.length)) ?? findRoundsProblem(rounds);
  if (problem) return problem;
  const read = readLog(log);
  if (!read.ok) return read;
  const alone = lossesOfMembers(read, loss);
  if (!alone.ok) return alone;
  const state: Selection = { log: read, loss, cost, sum: new Float64Array(read.count * read.width), order: [] };
  const trajectory: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const chosen = chooseNext(state);
    if (chosen === undefined) break;
    state.order.push(chosen.member);
    const answers = read.members[chosen.member] as Float64Array;
    for (let at = 0; at < answers.length; at += 1) {
      state.sum[at] = (state.sum[at] as number) + (answers[at] as number);
    }
    trajectory.push(chosen.value);
  }
  if (trajectory.length === 0)
    return failure('not-reachable', `a budget that allows at least one member; the cheapest costs ${cheapest(cost)}`);
  const size = shortestBest(trajectory);
  const kept = state.order.slice(0, size);
  const weights = new Array<number>(read.members.length).fill(0);
  for (const member of kept) weights[member] = (weights[member] as number) + 1 / size;
  const spent = cost && costOf(cost, kept);
  return {
    ok: true,
    weights,
    order: state.order,
    trajectory,
    size,
    loss: (trajectory[size - 1] as number) - (cost?.price ?? 0) * (spent ?? 0),
    memberLosses: alone.losses,
    cost: spent,
    rows: read.rows,
  };
}

interface Selection {
  readonly log: CompleteLog;
  readonly loss: EnsembleLoss;
  readonly cost: MemberCosts | undefined;
  readonly sum: Float64Array;
  readonly order: number[];
}

function chooseNext(state: Selection): { member: number; value: number } | undefined {
  const { log, loss, cost, order } = state;
  const values = log.members.map((_, member) => {
    const spent = cost === undefined ? 0 : costOf(cost, [...order, member]);
    if (spent > (cost?.budget ?? Number.POSITIVE_INFINITY)) return Number.POSITIVE_INFINITY;
    return lossWith(state, member, loss) + (cost?.price ?? 0) * spent;
  });
  const lowest = Math.min(...values);
  if (lowest === Number.POSITIVE_INFINITY) return undefined;
  let tied = [...values.keys()].filter((member) => (values[member] as number) <= lowest + TIE * Math.abs(lowest));
  const used = tied.filter((member) => order.includes(member));
  if (used.length > 0) tied = used;
  if (tied.length > 1 && log.task.kind === 'classification' && loss !== 'log_loss') {
    const secondary = tied.map((member) => lossWith(state, member, 'log_loss'));
    const least = Math.min(...secondary);
    tied = tied.filter((_, at) => (secondary[at] as number) <= least + TIE * Math.abs(least));
  }
  const member = tied[0] as number;
  return { member, value: values[member] as number };
}

function lossWith({ log, sum, order }: Selection, member: number, loss: EnsembleLoss): number {
  const answers = log.members[member] as Float64Array;
  const together = new Float64Array(sum.length);
  for (let at = 0; at < sum.length; at += 1) together[at] = (sum[at] as number) + (answers[at] as number);
  return meanLoss(loss, together, log.outcomes, log.width, order.length + 1);
}

function shortestBest(trajectory: readonly number[]): number {
  const lowest = Math.min(...trajectory);
  return trajectory.findIndex((value) => value <= lowest + TIE * Math.abs(lowest)) + 1;
}

function costOf({ values, together }: MemberCosts, members: readonly number[]): number {
  const each = [...new Set(members)].map((member) => values[member] as number);
  return together === 'max' ? Math.max(...each) : each.reduce((total, one) => total + one, 0);
}

function cheapest(cost: MemberCosts | undefined): number {
  return Math.min(...Array.from(cost?.values ?? []));
}

function findCostProblem(cost: MemberCosts, count: number): Failure | undefined {
  const { values, together, budget, price } = cost;
  if (values.length !== count)
    return failure('length-mismatch', `a cost for each of ${count} members; there are ${values.length}`);
  if (!Array.from(values).every((value) => value >= 0 && Number.isFinite(value)))
    return failure('invalid-argument', 'costs that are finite and at least 0');
  if (together !== 'sum' && together !== 'max') return failure('invalid-argument', 'cost.together must be sum or max');
  if (budget !== undefined && !(budget >= 0)) return failure('invalid-argument', 'cost.budget must be at least 0');
  return price === undefined || (price >= 0 && Number.isFinite(price))
    ? undefined
    : failure('invalid-argument', 'cost.price must be finite and at least 0');
}

function findRoundsProblem(rounds: number): Failure | undefined {
  return Number.isSafeInteger(rounds) && rounds >= 1
    ? undefined
    : failure('invalid-argument', 'rounds must be a whole number of at least 1');
}
