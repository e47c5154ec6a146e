// Root finding shared by the quantile functions.

export interface LogProbabilityProblem {
  /** Wanted tail probability, in (0, 0.5]. */
  readonly target: number;
  readonly start: number;
  readonly lowest: number;
  readonly highest: number;
  /** Whether the probability rises with u. */
  readonly rising: boolean;
  readonly probability: (u: number) => number;
  /** Absolute derivative of the probability with respect to u. */
  readonly slope: (u: number) => number;
}

/**
 * Solves probability(u) = target by Newton's method on ln probability, kept inside a shrinking bracket
 * (bisection whenever Newton leaves it), so it always ends.
 */
export function solveLogProbability(problem: LogProbabilityProblem): number {
  let { lowest, highest } = problem;
  let u = Math.min(Math.max(problem.start, lowest), highest);
  let previousStep = Number.POSITIVE_INFINITY;
  for (let iteration = 0; iteration < 200; iteration += 1) {
    const value = problem.probability(u);
    const tooHigh = value > problem.target === problem.rising;
    if (value === problem.target) return u;
    if (tooHigh) highest = u;
    else lowest = u;
    const slope = problem.slope(u);
    const direction = problem.rising ? 1 : -1;
    let next = value > 0 && slope > 0 ? u - (direction * Math.log(value / problem.target) * value) / slope : Number.NaN;
    const step = Math.abs(next - u);
    if (step <= 1e-16 * Math.abs(u) || (step < 1e-12 && step >= previousStep)) return next;
    if (!(next > lowest && next < highest)) next = (lowest + highest) / 2;
    if (next === u || highest - lowest <= 1e-16 * Math.abs(u)) return u;
    previousStep = Math.abs(next - u);
    u = next;
  }
  return u;
}
