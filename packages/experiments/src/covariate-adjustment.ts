import { checkEffectOptions, type Effect, type EffectOptions, testEstimate, welchDegreesOfFreedom } from './effect.ts';
import { failure, type Result } from './result.ts';
import { checkPairSummary, type PairSummary } from './summaries.ts';

export interface AdjustedEffect extends Effect {
  /** The coefficient θ of the covariate. */
  readonly coefficient: number;
  /** Share of the unadjusted variance of the difference that the covariate removed, in [0, 1] up to rounding. */
  readonly varianceRemoved: number;
}

/**
 * Is the treatment's mean different, using a covariate fixed before assignment to shrink the interval (CUPED)? A
 * covariate may be the unit's past outcome, or the champion's shadow score on the same request.
 *
 * Formula: θ = Cov_pooled(Y,X)/Var_pooled(X) over both arms together; Y′ = Y − θ(X − X̄);
 * Var′ = V_Y + θ²V_X − 2θCov per arm; Welch on Y′. Relative lift divides by the unadjusted control mean m_a, with variance
 * Var′_b/(n_b m_a²) + [V_Ya (1+Δ)² − 2θ Cov_a (1+Δ) + θ²V_Xa]/(n_a m_a²), Δ the adjusted lift (for m_a > 0).
 * The first variable of a summary is the outcome Y, the second the covariate X.
 * Assumes the covariate could not be changed by the treatment: an affected covariate biases the estimate.
 * Fails when the covariate is constant (`no-variation-in-covariate`), and as `compareMeans` does; its other assumptions
 * and domain hold here.
 * Source: Deng, Xu, Kohavi and Walker, WSDM 2013.
 */
export function compareAdjustedMeans(
  control: PairSummary,
  treatment: PairSummary,
  options: EffectOptions = {},
): Result<AdjustedEffect> {
  const problem =
    checkPairSummary('control', control) ?? checkPairSummary('treatment', treatment) ?? checkEffectOptions(options);
  if (problem) return problem;
  const pooled = poolPairs(control, treatment);
  if (!(pooled.squaresSecond > 0)) {
    return failure('no-variation-in-covariate', 'a covariate that varies; without one use compareMeans');
  }
  const coefficient = pooled.products / pooled.squaresSecond;
  const arm = (summary: PairSummary) => ({
    mean: summary.meanFirst - coefficient * summary.meanSecond,
    variance: Math.max(
      0,
      summary.varianceFirst + coefficient ** 2 * summary.varianceSecond - 2 * coefficient * summary.covariance,
    ),
    count: summary.count,
  });
  const [a, b] = [arm(control), arm(treatment)];
  const difference = b.mean - a.mean;
  const variance = a.variance / a.count + b.variance / b.count;
  const unadjusted = control.varianceFirst / a.count + treatment.varianceFirst / b.count;
  const degreesOfFreedom = welchDegreesOfFreedom(a, b);
  const isRelative = options.scale === 'relative';
  const baseline = control.meanFirst;
  if (isRelative && baseline === 0)
    return failure('zero-baseline', 'a control mean other than 0; use the absolute scale');
  const lift = difference / baseline;
  const liftVariance =
    b.variance / (b.count * baseline ** 2) +
    (control.varianceFirst * (1 + lift) ** 2 -
      2 * coefficient * control.covariance * (1 + lift) +
      coefficient ** 2 * control.varianceSecond) /
      (a.count * baseline ** 2);
  const result = isRelative
    ? testEstimate(difference / Math.abs(baseline), Math.sqrt(Math.max(0, liftVariance)), degreesOfFreedom, options)
    : testEstimate(difference, Math.sqrt(variance), degreesOfFreedom, options);
  if (!result.ok) return result;
  return { ...result, coefficient, varianceRemoved: unadjusted > 0 ? 1 - variance / unadjusted : 0 };
}

/** Sums of squares and products of both arms together, around the joint means. */
function poolPairs(a: PairSummary, b: PairSummary) {
  const weight = (a.count * b.count) / (a.count + b.count);
  const stepFirst = b.meanFirst - a.meanFirst;
  const stepSecond = b.meanSecond - a.meanSecond;
  return {
    squaresSecond:
      a.varianceSecond * (a.count - 1) + b.varianceSecond * (b.count - 1) + weight * stepSecond * stepSecond,
    products: a.covariance * (a.count - 1) + b.covariance * (b.count - 1) + weight * stepFirst * stepSecond,
  };
}
