import { normalCdf, normalUpperQuantile } from '@switchyard/special-functions';
import { asymptoticFactor, tuneMixture } from './asymptotic-sequence.ts';
import type { Alternative } from './effect.ts';
import {
  checkFinite,
  checkNonNegative,
  checkOneOf,
  checkOpenUnit,
  checkPositive,
  firstFailure,
} from './internal/check.ts';
import { type Failure, failure, type Result } from './result.ts';

export interface DesignOptions {
  /** Default 0.05. */
  readonly alpha?: number;
  /** Chance to detect the effect when it is real. Default 0.8. */
  readonly power?: number;
  /** Default `two-sided`. One-sided designs look for an effect of the sign given. */
  readonly alternative?: 'two-sided' | 'one-sided';
  /** Share of the compared traffic that the treatment gets. Default 0.5. */
  readonly treatmentShare?: number;
}

export interface OutcomeVariances {
  /** Variance of one unit's outcome in each arm; p(1−p) for a proportion. */
  readonly varianceControl: number;
  readonly varianceTreatment: number;
}

export interface SampleSize {
  /** Unrounded solution, for comparison with other tools; units of both arms together. */
  readonly exactTotal: number;
  readonly countControl: number;
  readonly countTreatment: number;
}

/**
 * How many units does a fixed-horizon test need to detect a difference of `effect` between two means?
 *
 * Formula: N = (z_{1−α/2} + z_{1−β})² (v_a/(1−s) + v_b/s)/δ², s the treatment's share; equal arms give the usual
 * (z_{1−α/2} + z_{1−β})²(v_a + v_b)/δ² per arm. The chance of a significant result of the wrong sign is neglected.
 * Assumes means close to normal, known variances and independent units.
 * Domain: finite effect other than 0, variances not negative, alpha, power and share in (0, 1). Fails as `constant` when
 * both variances are 0, as `invalid-argument` on an effect of 0 and on a power of at most alpha/2 (one-sided alpha), as
 * `no-solution` when no finite size is enough.
 * Source: any textbook; statsmodels `NormalIndPower`.
 */
export function requiredSampleSize(
  effect: number,
  variances: OutcomeVariances,
  options: DesignOptions = {},
): Result<SampleSize> {
  const problem = checkDesign(variances, options) ?? checkEffect(effect);
  if (problem) return problem;
  const { power = 0.8, treatmentShare = 0.5 } = options;
  const reach = criticalValue(options) + normalUpperQuantile(1 - power);
  if (!(reach > 0)) return failure('invalid-argument', 'a power above the significance level');
  return split((reach ** 2 * unitVariance(variances, treatmentShare)) / effect ** 2, treatmentShare);
}

/**
 * What is the chance to detect a difference of `effect` with so many units an arm at a fixed horizon?
 *
 * Formula: Φ(δ/SE − z) (+ Φ(−δ/SE − z) two-sided), SE² = v_a/n_a + v_b/n_b. An effect of 0 gives alpha.
 * Assumptions as {@link requiredSampleSize}. Domain: positive counts, finite effect; fails outside it and as `constant`
 * when both variances are 0. Source: statsmodels `NormalIndPower.power`.
 */
export function achievedPower(
  effect: number,
  variances: OutcomeVariances,
  counts: { readonly countControl: number; readonly countTreatment: number },
  options: Pick<DesignOptions, 'alpha' | 'alternative'> = {},
): Result<{ readonly power: number }> {
  const problem =
    checkDesign(variances, options) ??
    firstFailure(
      checkFinite('effect', effect),
      checkPositive('countControl', counts.countControl),
      checkPositive('countTreatment', counts.countTreatment),
    );
  if (problem) return problem;
  const standardError = Math.sqrt(
    variances.varianceControl / counts.countControl + variances.varianceTreatment / counts.countTreatment,
  );
  const shift = Math.abs(effect) / standardError;
  const critical = criticalValue(options);
  const far = options.alternative === 'one-sided' ? 0 : normalCdf(-shift - critical);
  return { ok: true, power: normalCdf(shift - critical) + far };
}

/**
 * Which difference can so many units an arm detect with the wanted power at a fixed horizon?
 *
 * Formula: (z_{1−α/2} + z_{1−β})·SE, SE² = v_a/n_a + v_b/n_b; one-sided z_{1−α}. Assumptions as
 * {@link requiredSampleSize}. Domain: positive counts, a power that more than chance reaches; fails outside it and as `constant` when both
 * variances are 0. Source: {@link requiredSampleSize} solved for the effect.
 */
export function minimumDetectableEffect(
  variances: OutcomeVariances,
  counts: { readonly countControl: number; readonly countTreatment: number },
  options: Omit<DesignOptions, 'treatmentShare'> = {},
): Result<{ readonly effect: number }> {
  const problem =
    checkDesign(variances, options) ??
    firstFailure(
      checkPositive('countControl', counts.countControl),
      checkPositive('countTreatment', counts.countTreatment),
    );
  if (problem) return problem;
  const standardError = Math.sqrt(
    variances.varianceControl / counts.countControl + variances.varianceTreatment / counts.countTreatment,
  );
  const reach = criticalValue(options) + normalUpperQuantile(1 - (options.power ?? 0.8));
  if (!(reach > 0)) return failure('invalid-argument', 'a power above the significance level');
  return { ok: true, effect: reach * standardError };
}

/**
 * How many units does an asymptotic confidence sequence need until it excludes 0 with the wanted power when the effect is
 * `effect`? The price of being allowed to look at any time. Tuned (N*) at the answer itself, the best case.
 *
 * Formula: smallest N with half-width(N) + z_{1−β}·SE(N) ≤ |δ|, half-width as in `sequencePoint`. This is the power at
 * exactly N; looking earlier only adds to it. Assumptions, domain and failures as {@link requiredSampleSize}.
 * Source: the boundary of `sequencePoint` (Waudby-Smith et al. 2024) in place of the normal critical value.
 */
export function requiredSequentialSampleSize(
  effect: number,
  variances: OutcomeVariances,
  options: DesignOptions = {},
): Result<SampleSize> {
  const problem = checkDesign(variances, options) ?? checkEffect(effect);
  if (problem) return problem;
  const { alpha = 0.05, power = 0.8, treatmentShare = 0.5 } = options;
  const alternative: Alternative = options.alternative === 'one-sided' ? 'greater' : 'two-sided';
  const total = unitVariance(variances, treatmentShare);
  // With N* = N the half-width is a constant times SE, whatever N: solve once at N = 1.
  const tuned = tuneMixture({ alpha, horizonCount: 1, alternative });
  if (!tuned.ok) return tuned;
  const reach = asymptoticFactor(1, tuned.mixtureVariance, alpha, alternative) + normalUpperQuantile(1 - power);
  if (!(reach > 0)) return failure('invalid-argument', 'a power above the significance level');
  return split((reach ** 2 * total) / effect ** 2, treatmentShare);
}

/**
 * How long does a sample of `totalCount` units take?
 *
 * Formula: days = units / (units a day × share of them in the experiment), rounded up to whole weeks by default because
 * weekdays differ. Assumes steady traffic of units that were not seen before.
 * Domain: positive count and traffic, share in (0, 1]; fails as `invalid-argument` outside it. Source: definition.
 */
export function experimentDuration(
  totalCount: number,
  traffic: { readonly unitsPerDay: number; readonly includedShare?: number; readonly wholeWeeks?: boolean },
): Result<{ readonly days: number; readonly exactDays: number }> {
  const { unitsPerDay, includedShare = 1, wholeWeeks = true } = traffic;
  const problem =
    firstFailure(checkPositive('totalCount', totalCount), checkPositive('unitsPerDay', unitsPerDay)) ??
    (includedShare > 0 && includedShare <= 1
      ? undefined
      : failure('invalid-argument', 'includedShare must lie in (0, 1]'));
  if (problem) return problem;
  const exactDays = totalCount / (unitsPerDay * includedShare);
  return { ok: true, exactDays, days: wholeWeeks ? 7 * Math.ceil(exactDays / 7) : Math.ceil(exactDays) };
}

function criticalValue(options: DesignOptions): number {
  const { alpha = 0.05 } = options;
  return normalUpperQuantile(options.alternative === 'one-sided' ? alpha : alpha / 2);
}

/** N·SE² for a total of N units at this split. */
function unitVariance(variances: OutcomeVariances, treatmentShare: number): number {
  return variances.varianceControl / (1 - treatmentShare) + variances.varianceTreatment / treatmentShare;
}

function split(exactTotal: number, treatmentShare: number): Result<SampleSize> {
  if (!Number.isFinite(exactTotal)) return failure('no-solution', 'a larger effect or smaller variances');
  return {
    ok: true,
    exactTotal,
    countControl: Math.ceil(exactTotal * (1 - treatmentShare)),
    countTreatment: Math.ceil(exactTotal * treatmentShare),
  };
}

function checkEffect(effect: number): Failure | undefined {
  if (!Number.isFinite(effect)) return failure('not-finite', 'effect must be a finite number');
  return effect === 0 ? failure('invalid-argument', 'an effect other than 0: no sample size detects 0') : undefined;
}

function checkDesign(variances: OutcomeVariances, options: DesignOptions): Failure | undefined {
  return firstFailure(
    checkNonNegative('varianceControl', variances.varianceControl),
    checkNonNegative('varianceTreatment', variances.varianceTreatment),
    variances.varianceControl + variances.varianceTreatment > 0
      ? undefined
      : failure('constant', 'outcomes that vary in at least one arm'),
    checkOpenUnit('alpha', options.alpha ?? 0.05),
    checkOpenUnit('power', options.power ?? 0.8),
    checkOpenUnit('treatmentShare', options.treatmentShare ?? 0.5),
    checkOneOf('alternative', options.alternative ?? 'two-sided', ['two-sided', 'one-sided']),
  );
}
