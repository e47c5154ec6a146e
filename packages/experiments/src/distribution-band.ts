import { checkAllFinite, checkCount, checkOpenUnit, checkPositive, firstFailure } from './internal/check.ts';
import { findRoot, minimise } from './internal/numeric.ts';
import { countAtMost, sortedCopy } from './internal/order-statistics.ts';
import { type Failure, failure, type Result } from './result.ts';

export interface BandSettings {
  /** Default 0.05. */
  readonly alpha?: number;
  /** Values per arm from which the band holds; nothing is claimed earlier. Default 100. */
  readonly minimumCount?: number;
}

// Trade-off constant of the bound; 0.85 is the published choice (close to the smallest that works, √½).
const SLOPE = 0.85;

/**
 * How far can an empirical distribution function be from the true one, at any value and at any time?
 *
 * Formula: A√((ln(1 + ln(t/t_min)) + C)/t), A = 0.85, C solved so that the error probability
 * min_η 4e^{−γ²C}(1 + 1/((γ²−1)ln η)), γ² = (2/η)(A − √(2(η−1)/C))², is alpha.
 * Assumes independent values of one distribution. Domain: whole count, alpha in (0, 1). Fails as `too-few-rows` below
 * `minimumCount` (`empty` at 0).
 * Source: Howard and Ramdas, Bernoulli 28 (2022), theorem 2; equal to confseq `empirical_process_lil_bound`.
 */
export function distributionRadius(count: number, settings: BandSettings = {}): Result<{ readonly radius: number }> {
  const problem = checkSettings(count, settings);
  if (problem) return problem;
  const { alpha = 0.05, minimumCount = 100 } = settings;
  return { ok: true, radius: bandRadius(count, minimumCount, bandConstant(alpha)) };
}

export interface DistributionComparison {
  /** Largest distance between the two empirical distribution functions (Kolmogorov distance). */
  readonly distance: number;
  /** Confidence sequence for the true distance. */
  readonly lower: number;
  readonly upper: number;
  /** Somewhere the treatment's values are proved larger (slower), or smaller (faster). Both can hold. */
  readonly isTreatmentLargerSomewhere: boolean;
  readonly isTreatmentSmallerSomewhere: boolean;
  readonly alpha: number;
}

/**
 * Do two whole distributions (of latency, of play delay) differ anywhere, if one may look at any time? Catches changes
 * of shape that no single quantile or mean shows.
 *
 * Formula: bands of radius r_k from {@link distributionRadius} at α/2 for each arm; the true distance lies within
 * D ± (r_1 + r_2), and where F_control − F_treatment > r_1 + r_2 the treatment is larger.
 * Assumptions, domain and failures as there, for both arms; values must be finite.
 * Source: as there, with a union bound over the arms.
 */
export function compareDistributionsAnytime(
  control: readonly number[],
  treatment: readonly number[],
  settings: BandSettings = {},
): Result<DistributionComparison> {
  const { alpha = 0.05, minimumCount = 100 } = settings;
  const problem =
    checkAllFinite('control', control) ??
    checkAllFinite('treatment', treatment) ??
    checkSettings(control.length, settings) ??
    checkSettings(treatment.length, settings);
  if (problem) return problem;
  const constant = bandConstant(alpha / 2);
  const reach =
    bandRadius(control.length, minimumCount, constant) + bandRadius(treatment.length, minimumCount, constant);
  const a = sortedCopy(control);
  const b = sortedCopy(treatment);
  let above = 0;
  let below = 0;
  for (const values of [a, b]) {
    for (const x of values) {
      const gap = countAtMost(a, x) / a.length - countAtMost(b, x) / b.length;
      above = Math.max(above, gap);
      below = Math.max(below, -gap);
    }
  }
  const distance = Math.max(above, below);
  return {
    ok: true,
    distance,
    lower: Math.max(0, distance - reach),
    upper: Math.min(1, distance + reach),
    isTreatmentLargerSomewhere: above > reach,
    isTreatmentSmallerSomewhere: below > reach,
    alpha,
  };
}

function bandRadius(count: number, minimumCount: number, constant: number): number {
  return SLOPE * Math.sqrt((Math.log1p(Math.log(count / minimumCount)) + constant) / count);
}

function bandConstant(alpha: number): number {
  return findRoot((constant) => alpha - bestError(constant), 1, 1000, true);
}

/** Error probability of the best stitching ratio η for this C; infinite when none works. */
function bestError(constant: number): number {
  const etaLimit = findRoot(
    (eta) => Math.sqrt(eta / 2) + Math.sqrt((2 * (eta - 1)) / constant) - SLOPE,
    1,
    2 * SLOPE * SLOPE,
    true,
  );
  const error = (eta: number) => {
    const gammaSquared = (2 / eta) * (SLOPE - Math.sqrt((2 * (eta - 1)) / constant)) ** 2;
    if (gammaSquared <= 1) return Number.POSITIVE_INFINITY;
    return 4 * Math.exp(-gammaSquared * constant) * (1 + 1 / ((gammaSquared - 1) * Math.log(eta)));
  };
  return error(minimise(error, 1, etaLimit));
}

function checkSettings(count: number, settings: BandSettings): Failure | undefined {
  const { alpha = 0.05, minimumCount = 100 } = settings;
  return firstFailure(
    checkOpenUnit('alpha', alpha),
    checkPositive('minimumCount', minimumCount),
    alpha < 1e-300 ? failure('no-solution', 'a larger alpha') : undefined,
    checkCount('count', count, Math.max(1, Math.ceil(minimumCount))),
  );
}
