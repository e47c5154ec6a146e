import {
  normalSurvival,
  normalUpperQuantile,
  studentTSurvival,
  studentTUpperQuantile,
} from '@switchyard/special-functions';
import { checkFinite, checkOneOf, checkOpenUnit, firstFailure } from './internal/check.ts';
import { type Failure, failure, type Result } from './result.ts';

export type Alternative = 'two-sided' | 'greater' | 'less';

/** `absolute`: treatment − control. `relative`: (treatment − control) / |control|, a lift; 0.1 means +10 %. */
export type EffectScale = 'absolute' | 'relative';

export const ALTERNATIVES: readonly Alternative[] = ['two-sided', 'greater', 'less'];
const SCALES: readonly EffectScale[] = ['absolute', 'relative'];

export interface EffectOptions {
  /** Share of intervals that may miss, and of false alarms. Default 0.05. */
  readonly alpha?: number;
  /** Default `absolute`. */
  readonly scale?: EffectScale;
  /** Which departure counts. `greater` means the treatment is larger. Default `two-sided`. */
  readonly alternative?: Alternative;
  /** The effect under the null hypothesis; a non-inferiority test of margin m has −m here. Default 0. */
  readonly nullEffect?: number;
}

export interface Effect {
  readonly estimate: number;
  readonly standardError: number;
  /** Ends of the confidence interval; the open end of a one-sided one is infinite. */
  readonly lower: number;
  readonly upper: number;
  readonly pValue: number;
  /** (estimate − nullEffect) / standardError. */
  readonly statistic: number;
  /** Welch–Satterthwaite degrees of freedom; infinite for a normal reference distribution. */
  readonly degreesOfFreedom: number;
  readonly alpha: number;
  readonly scale: EffectScale;
  readonly alternative: Alternative;
}

/** One arm as the tests see it: a mean with the variance of one unit. */
export interface ArmEstimate {
  readonly mean: number;
  readonly variance: number;
  readonly count: number;
}

export function checkEffectOptions(options: EffectOptions): Failure | undefined {
  return firstFailure(
    checkOpenUnit('alpha', options.alpha ?? 0.05),
    checkFinite('nullEffect', options.nullEffect ?? 0),
    checkOneOf('scale', options.scale ?? 'absolute', SCALES),
    checkOneOf('alternative', options.alternative ?? 'two-sided', ALTERNATIVES),
  );
}

/**
 * Interval and p-value of an estimate with a known standard error, from Student's t (normal when the degrees of freedom
 * are infinite). A zero standard error is a constant outcome and cannot be judged.
 */
export function testEstimate(
  estimate: number,
  standardError: number,
  degreesOfFreedom: number,
  options: EffectOptions,
): Result<Effect> {
  const { alpha = 0.05, scale = 'absolute', alternative = 'two-sided', nullEffect = 0 } = options;
  if (!Number.isFinite(estimate) || !Number.isFinite(standardError)) {
    return failure('not-finite', 'values whose means and variances are representable as finite numbers');
  }
  if (!(standardError > 0)) return failure('constant', 'outcomes that vary in at least one arm');
  const isNormal = !Number.isFinite(degreesOfFreedom);
  const survival = (t: number) => (isNormal ? normalSurvival(t) : studentTSurvival(t, degreesOfFreedom));
  const critical = (p: number) => (isNormal ? normalUpperQuantile(p) : studentTUpperQuantile(p, degreesOfFreedom));
  const statistic = (estimate - nullEffect) / standardError;
  const width = critical(alternative === 'two-sided' ? alpha / 2 : alpha) * standardError;
  const pValue =
    alternative === 'two-sided'
      ? Math.min(1, 2 * survival(Math.abs(statistic)))
      : survival(alternative === 'greater' ? statistic : -statistic);
  return {
    ok: true,
    estimate,
    standardError,
    lower: alternative === 'less' ? Number.NEGATIVE_INFINITY : estimate - width,
    upper: alternative === 'greater' ? Number.POSITIVE_INFINITY : estimate + width,
    pValue,
    statistic,
    degreesOfFreedom,
    alpha,
    scale,
    alternative,
  };
}

/** Welch–Satterthwaite degrees of freedom of the difference of two means. */
export function welchDegreesOfFreedom(control: ArmEstimate, treatment: ArmEstimate): number {
  const a = control.variance / control.count;
  const b = treatment.variance / treatment.count;
  // Dividing by the larger keeps the squares inside the range of doubles for tiny and huge outcomes.
  const largest = Math.max(a, b);
  if (!(largest > 0)) return Number.NaN;
  const shareA = a / largest;
  const shareB = b / largest;
  return (shareA + shareB) ** 2 / (shareA ** 2 / (control.count - 1) + shareB ** 2 / (treatment.count - 1));
}

/**
 * Difference of two independent arms on the absolute or the relative scale. Relative: (m_b − m_a)/|m_a| with the
 * delta-method variance v_b/(n_b m_a²) + v_a m_b²/(n_a m_a⁴). Degrees of freedom always from the absolute variances.
 */
export function compareArms(control: ArmEstimate, treatment: ArmEstimate, options: EffectOptions): Result<Effect> {
  const degreesOfFreedom = welchDegreesOfFreedom(control, treatment);
  const varianceControl = control.variance / control.count;
  const varianceTreatment = treatment.variance / treatment.count;
  const difference = treatment.mean - control.mean;
  if ((options.scale ?? 'absolute') === 'absolute') {
    return testEstimate(difference, Math.sqrt(varianceControl + varianceTreatment), degreesOfFreedom, options);
  }
  const baseline = Math.abs(control.mean);
  if (baseline === 0) return failure('zero-baseline', 'a control mean other than 0; use the absolute scale');
  const spread = Math.hypot(
    Math.sqrt(varianceTreatment) / baseline,
    (Math.sqrt(varianceControl) / baseline) * (treatment.mean / baseline),
  );
  return testEstimate(difference / baseline, spread, degreesOfFreedom, options);
}
