import {
  betaDensity,
  betaQuantile,
  normalCdf,
  normalDensity,
  normalUpperQuantile,
  regularizedBeta,
} from '@switchyard/special-functions';
import { checkFinite, checkOpenUnit, checkPositive, firstFailure } from './internal/check.ts';
import { integrate } from './internal/numeric.ts';
import { checkProportion, type ProportionSummary } from './proportions.ts';
import { type Failure, failure, type Result } from './result.ts';

/**
 * Numbers for display only. Stopping when the chance to win passes 95 % while looking repeatedly gives far more than 5 %
 * false winners (see `simulations/results.md`); decide with a confidence sequence or an e-process.
 */
export interface ChanceToWin {
  /** Posterior probability that the treatment is better than the control. */
  readonly chanceToWin: number;
  /** What is lost on average, on the outcome's scale, by choosing the treatment (or the control) if it is the worse. */
  readonly expectedLossTreatment: number;
  readonly expectedLossControl: number;
}

/**
 * How probable is it that the treatment's success rate is higher, and what would choosing wrongly cost?
 *
 * Formula: independent Beta(a + successes, b + failures) posteriors; P(B > A) = ∫ f_B F_A, expected loss of B
 * E[(A−B)⁺] = ∫ (1 − F_A) F_B, by Gauss–Legendre quadrature on the logit scale (all terms positive, so small losses keep
 * their digits). `isHigherBetter: false` swaps the roles.
 * Assumes independent trials. Domain: at least one trial an arm, prior parameters > 0 (default 1, 1: uniform); fails as
 * `empty` on an arm without trials and as `invalid-argument` otherwise outside it.
 * Source: conjugate updating; checked against `scipy.integrate.quad`.
 */
export function compareProportionsBayesian(
  control: ProportionSummary,
  treatment: ProportionSummary,
  options: {
    readonly prior?: { readonly successes: number; readonly failures: number };
    readonly isHigherBetter?: boolean;
  } = {},
): Result<ChanceToWin> {
  const { prior = { successes: 1, failures: 1 }, isHigherBetter = true } = options;
  const problem =
    checkProportion('control', control, 1) ??
    checkProportion('treatment', treatment, 1) ??
    checkPositive('prior.successes', prior.successes) ??
    checkPositive('prior.failures', prior.failures);
  if (problem) return problem;
  const a = posterior(control, prior);
  const b = posterior(treatment, prior);
  const higher = (x: Beta, y: Beta) => overlap(x, y, (low, high) => cdf(x, low, high) * cdf(flip(y), high, low));
  const lossTreatment = higher(b, a);
  const lossControl = higher(a, b);
  const chance = overlap(a, b, (low, high) => cdf(a, low, high) * betaDensity(low, b.a, b.b));
  return {
    ok: true,
    chanceToWin: Math.min(1, isHigherBetter ? chance : 1 - chance),
    expectedLossTreatment: isHigherBetter ? lossTreatment : lossControl,
    expectedLossControl: isHigherBetter ? lossControl : lossTreatment,
  };
}

/**
 * How probable is it that an effect with a normal standard error is positive, and what would choosing wrongly cost?
 *
 * Formula: posterior precision 1/SE² + 1/s₀², mean m weighted by precision; chance Φ(m/s); expected loss of the treatment
 * sφ(m/s) − mΦ(−m/s), of the control sφ(m/s) + mΦ(m/s); central credible interval. Without `prior` the prior is flat.
 * The prior is on the scale of the estimate: a prior on lifts needs a relative estimate.
 * Assumes an estimate that is normal around the effect with this standard error. Domain: finite estimate, prior
 * standard deviation > 0, alpha in (0, 1). Fails as `constant` on a zero standard error, as `not-finite` or
 * `invalid-argument`.
 * Source: conjugate normal updating; unit normal loss integral, Raiffa and Schlaifer, Applied Statistical Decision
 * Theory (1961).
 */
export function compareEffectBayesian(
  effect: { readonly estimate: number; readonly standardError: number },
  options: {
    readonly prior?: { readonly mean: number; readonly standardDeviation: number };
    readonly isHigherBetter?: boolean;
    readonly alpha?: number;
  } = {},
): Result<ChanceToWin & { readonly mean: number; readonly lower: number; readonly upper: number }> {
  const { prior, isHigherBetter = true, alpha = 0.05 } = options;
  const problem: Failure | undefined =
    firstFailure(
      checkFinite('estimate', effect.estimate),
      checkFinite('standardError', effect.standardError),
      effect.standardError > 0 ? undefined : failure('constant', 'a positive standard error: outcomes that vary'),
      checkOpenUnit('alpha', alpha),
    ) ??
    (prior
      ? firstFailure(
          checkFinite('prior.mean', prior.mean),
          checkPositive('prior.standardDeviation', prior.standardDeviation),
        )
      : undefined);
  if (problem) return problem;
  const dataPrecision = effect.standardError ** -2;
  const priorPrecision = prior ? prior.standardDeviation ** -2 : 0;
  const precision = dataPrecision + priorPrecision;
  const mean = prior ? (effect.estimate * dataPrecision + prior.mean * priorPrecision) / precision : effect.estimate;
  const spread = prior ? 1 / Math.sqrt(precision) : effect.standardError;
  const z = mean / spread;
  const shortfall = (x: number) => Math.max(0, spread * (normalDensity(x) - x * normalCdf(-x)));
  const half = normalUpperQuantile(alpha / 2) * spread;
  return {
    ok: true,
    chanceToWin: normalCdf(isHigherBetter ? z : -z),
    expectedLossTreatment: shortfall(isHigherBetter ? z : -z),
    expectedLossControl: shortfall(isHigherBetter ? -z : z),
    mean,
    lower: mean - half,
    upper: mean + half,
  };
}

interface Beta {
  readonly a: number;
  readonly b: number;
}

function posterior(arm: ProportionSummary, prior: { successes: number; failures: number }): Beta {
  return { a: prior.successes + arm.successes, b: prior.failures + arm.count - arm.successes };
}

function flip(beta: Beta): Beta {
  return { a: beta.b, b: beta.a };
}

/** P(X ≤ x), given x and 1 − x so that neither end loses digits. */
function cdf(beta: Beta, x: number, complement: number): number {
  return regularizedBeta(beta.a, beta.b, x, complement);
}

// Beyond these tails nothing is left that a double could show next to the rest.
const TAIL = 1e-22;

/** ∫ evaluate(x, 1 − x) dx over where the two posteriors live, on the logit scale, piecewise between their ends. */
function overlap(first: Beta, second: Beta, evaluate: (x: number, complement: number) => number): number {
  const ends = [first, second]
    .flatMap((beta) => [logit(betaQuantile(TAIL, beta.a, beta.b)), -logit(betaQuantile(TAIL, beta.b, beta.a))])
    .sort((x, y) => x - y);
  let total = 0;
  for (let index = 1; index < ends.length; index += 1) {
    const [low, high] = [ends[index - 1] as number, ends[index] as number];
    if (!(high > low)) continue;
    total += integrate(
      (u) => {
        const x = 1 / (1 + Math.exp(-u));
        const complement = 1 / (1 + Math.exp(u));
        return evaluate(x, complement) * x * complement;
      },
      low,
      high,
      24,
    );
  }
  return total;
}

function logit(p: number): number {
  return Math.log(p) - Math.log1p(-p);
}
