import { minimiseQuadratic } from '../internal/active-set.ts';
import { dot, multiply } from '../internal/cholesky.ts';
import { failure, type Result } from '../result.ts';
import { type EnsembleLoss, findLossProblem, lossesOfMembers, meanLoss, SMALLEST_PROBABILITY } from './losses.ts';
import { type CompleteLog, type MemberLog, type RowCounts, readLog } from './rows.ts';

export interface LearnedWeights {
  /** One per member, at least 0, sum 1: for `weighted_average` and `soft_vote`. */
  readonly weights: readonly number[];
  /** Mean loss of the weighted mean on these rows; `memberLosses` of each member alone, `equalLoss` of the plain mean. */
  readonly loss: number;
  readonly memberLosses: readonly number[];
  readonly equalLoss: number;
  /** No weights reach a loss lower than `loss − gap`: a proven bound, by convexity. */
  readonly gap: number;
  readonly rows: RowCounts;
}

/**
 * The weights whose weighted mean has the lowest loss on the rows: min over w ≥ 0, Σw = 1 of mean loss(Σ w·answers).
 * All three losses are convex in w, so this is the lowest there is: never above the best member on these rows.
 *
 * Log loss: expectation–maximisation, w ← w·mean(p_m(y)/Σ w·p(y)), finished by Newton steps on the simplex. Brier and
 * squared error: the quadratic program over the members' residuals, exactly; not non-negative least squares scaled to
 * sum 1 (see `nonNegativeWeights`), which is another point.
 *
 * Assumes independent rows that no member was trained on; only then are the weights worth as much on others.
 * Fails on fewer than 10 complete rows, on answers that are no probabilities or not finite, on members or outcomes of
 * other lengths, on a loss that does not fit the task (`error` is not convex: see `selectGreedily`).
 * Source: Dempster, Laird and Rubin 1977 (mixture weights); Breiman, Stacked regressions, 1996.
 */
export function learnWeights(
  log: MemberLog,
  options: { readonly loss: Exclude<EnsembleLoss, 'error'> },
): Result<LearnedWeights> {
  const { loss } = options;
  const problem = findLossProblem(log.task, loss);
  if (problem) return problem;
  if ((loss as EnsembleLoss) === 'error')
    return failure('not-applicable', 'a loss that is convex in the weights: log_loss or brier');
  const read = readLog(log);
  if (!read.ok) return read;
  const alone = lossesOfMembers(read, loss);
  if (!alone.ok) return alone;
  const { weights, gap } = loss === 'log_loss' ? byLogLoss(read) : byResiduals(read);
  const lossOf = (mix: Float64Array) => meanLoss(loss, mixAnswers(read, mix), read.outcomes, read.width);
  const size = read.members.length;
  return {
    ok: true,
    weights: [...weights],
    loss: lossOf(weights),
    memberLosses: alone.losses,
    equalLoss: lossOf(new Float64Array(size).fill(1 / size)),
    gap,
    rows: read.rows,
  };
}

/**
 * Non-negative least squares of the truth on the members' answers, scaled to sum one: what the SuperLearner does.
 * w = argmin over w ≥ 0 of ‖truth − Σ w·answers‖², then w / Σw. Assumes what `learnWeights` does.
 * For people who come from there; `learnWeights` reaches a lower squared error. Two classes: on the probability of the
 * second; more: on all of them. `raw` are the weights before scaling.
 * Fails like `learnWeights`, and when every weight is 0.
 * Source: van der Laan, Polley and Hubbard 2007; Lawson and Hanson 1974 (equals `scipy.optimize.nnls`).
 */
export function nonNegativeWeights(
  log: MemberLog,
): Result<{ readonly weights: readonly number[]; readonly raw: readonly number[]; readonly rows: RowCounts }> {
  const read = readLog(log);
  if (!read.ok) return read;
  const size = read.members.length;
  const gram = new Float64Array(size * size);
  const target = new Float64Array(size);
  eachCell(read, (values, truth) => {
    for (let first = 0; first < size; first += 1) {
      target[first] = (target[first] as number) + (values[first] as number) * truth;
      for (let second = 0; second < size; second += 1) {
        gram[first * size + second] =
          (gram[first * size + second] as number) + (values[first] as number) * (values[second] as number);
      }
    }
  });
  const raw = minimiseQuadratic(gram, target, false);
  const sum = raw.reduce((total, weight) => total + weight, 0);
  if (!(sum > 0 && Number.isFinite(sum)))
    return failure('zero-weights', 'a member whose answers rise with the truth; every non-negative weight is 0');
  return { ok: true, weights: [...raw.map((weight) => weight / sum)], raw: [...raw], rows: read.rows };
}

interface Optimum {
  readonly weights: Float64Array;
  readonly gap: number;
}

function byResiduals(log: CompleteLog): Optimum {
  const size = log.members.length;
  const gram = new Float64Array(size * size);
  eachCell(log, (values, truth) => {
    for (let first = 0; first < size; first += 1) {
      const residual = ((values[first] as number) - truth) / log.count;
      for (let second = 0; second <= first; second += 1) {
        gram[first * size + second] =
          (gram[first * size + second] as number) + residual * ((values[second] as number) - truth);
      }
    }
  });
  for (let first = 0; first < size; first += 1) {
    for (let second = 0; second < first; second += 1)
      gram[second * size + first] = gram[first * size + second] as number;
  }
  const weights = minimiseQuadratic(gram, new Float64Array(size), true);
  const slope = multiply(gram, size, weights);
  return { weights, gap: Math.max(0, 2 * (dot(weights, slope) - Math.min(...slope))) };
}

/** Calls with one answer of every member and the truth, for each cell that the squared loss counts. */
function eachCell(log: CompleteLog, visit: (values: Float64Array, truth: number) => void): void {
  const { members, outcomes, width, task } = log;
  const values = new Float64Array(members.length);
  for (let row = 0; row < log.count; row += 1) {
    const outcome = outcomes[row] as number;
    for (let column = width === 2 ? 1 : 0; column < width; column += 1) {
      for (let member = 0; member < members.length; member += 1) {
        values[member] = members[member]?.[row * width + column] as number;
      }
      visit(values, task.kind === 'regression' ? outcome : column === outcome ? 1 : 0);
    }
  }
}

const WARM_UP = 30;
const NEWTON_STEPS = 100;
const LOSS_DECIDES = 20;
const TARGET_GAP = 1e-12;

function byLogLoss(log: CompleteLog): Optimum {
  const size = log.members.length;
  const own = log.members.map((answers) =>
    Float64Array.from(log.outcomes, (outcome, row) =>
      Math.max(answers[row * log.width + outcome] as number, SMALLEST_PROBABILITY),
    ),
  );
  let weights: Float64Array = new Float64Array(size).fill(1 / size);
  for (let step = 0; step < WARM_UP; step += 1) {
    const { slope } = curvature(own, weights, false);
    weights = weights.map((weight, member) => weight * -(slope[member] as number));
  }
  let best: Optimum | undefined;
  for (let step = 0; step <= NEWTON_STEPS; step += 1) {
    const { slope, hessian } = curvature(own, weights, true);
    const gap = Math.max(0, dot(weights, slope) - Math.min(...slope));
    // Near the optimum, where rounding hides which loss is lower, the gap decides.
    if (best !== undefined && gap >= best.gap && step > LOSS_DECIDES) break;
    if (best === undefined || gap < best.gap) best = { weights, gap };
    if (gap <= TARGET_GAP) break;
    const pull = multiply(hessian, size, weights).map((value, member) => value - (slope[member] as number));
    const next = lineSearch(own, weights, minimiseQuadratic(hessian, pull, true), slope);
    if (next === undefined) break;
    weights = next;
  }
  return best as Optimum;
}

/** Slope and second derivatives of the mean log loss. */
function curvature(
  own: readonly Float64Array[],
  weights: Float64Array,
  withHessian: boolean,
): { slope: Float64Array; hessian: Float64Array } {
  const size = own.length;
  const count = own[0]?.length ?? 0;
  const slope = new Float64Array(size);
  const hessian = new Float64Array(withHessian ? size * size : 0);
  const ratios = new Float64Array(size);
  for (let row = 0; row < count; row += 1) {
    let mixed = 0;
    for (let member = 0; member < size; member += 1)
      mixed += (weights[member] as number) * (own[member]?.[row] as number);
    for (let member = 0; member < size; member += 1) {
      const ratio = (own[member]?.[row] as number) / mixed;
      ratios[member] = ratio;
      slope[member] = (slope[member] as number) - ratio / count;
      if (!withHessian) continue;
      for (let other = 0; other <= member; other += 1) {
        const at = member * size + other;
        hessian[at] = (hessian[at] as number) + (ratio / count) * (ratios[other] as number);
      }
    }
  }
  if (withHessian) {
    for (let first = 0; first < size; first += 1) {
      for (let second = 0; second < first; second += 1)
        hessian[second * size + first] = hessian[first * size + second] as number;
    }
  }
  return { slope, hessian };
}

/** The first of the points on the way to `target`, halving, that is lower enough; undefined when rounding hides any. */
function lineSearch(
  own: readonly Float64Array[],
  weights: Float64Array,
  target: Float64Array,
  slope: Float64Array,
): Float64Array | undefined {
  const direction = target.map((value, member) => value - (weights[member] as number));
  // Steps keep Σw only up to rounding; measured from the common level of the slopes, that does not count.
  const level = dot(slope, weights);
  const descent = dot(
    direction,
    slope.map((value) => value - level),
  );
  if (!(descent < 0)) return undefined;
  const from = logLossOf(own, weights);
  for (let share = 1; share > 1e-6; share /= 2) {
    const moved = weights.map((weight, member) => Math.max(0, weight + share * (direction[member] as number)));
    const sum = moved.reduce((total, weight) => total + weight, 0);
    const next = moved.map((weight) => weight / sum);
    const value = logLossOf(own, next);
    const isLevel = share === 1 && Math.abs(value - from) <= 1e-13 * Math.abs(from);
    if (isLevel || value <= from + 1e-4 * share * descent) return next;
  }
  return undefined;
}

function logLossOf(own: readonly Float64Array[], weights: Float64Array): number {
  const count = own[0]?.length ?? 0;
  let sum = 0;
  for (let row = 0; row < count; row += 1) {
    let mixed = 0;
    for (let member = 0; member < own.length; member += 1)
      mixed += (weights[member] as number) * (own[member]?.[row] as number);
    sum -= Math.log(mixed);
  }
  return sum / count;
}

/** Σ w·answers, over the whole log. */
function mixAnswers(log: CompleteLog, weights: Float64Array): Float64Array {
  const mixed = new Float64Array(log.count * log.width);
  for (const [member, answers] of log.members.entries()) {
    const weight = weights[member] as number;
    if (weight === 0) continue;
    for (let at = 0; at < mixed.length; at += 1) mixed[at] = (mixed[at] as number) + weight * (answers[at] as number);
  }
  return mixed;
}
