import { normalUpperQuantile } from '@switchyard/special-functions';
import { checkEffectOptions, compareArms, type Effect, type EffectOptions, testEstimate } from './effect.ts';
import { checkCount, checkOpenUnit, firstFailure } from './internal/check.ts';
import { type Failure, failure, type Result } from './result.ts';
import type { MeanSummary } from './summaries.ts';

/** Successes among trials of one arm, both whole numbers. */
export interface ProportionSummary {
  readonly successes: number;
  readonly count: number;
}

export function checkProportion(name: string, arm: ProportionSummary, minimum = 2): Failure | undefined {
  return firstFailure(
    checkCount(`${name}.count`, arm.count, minimum),
    checkCount(`${name}.successes`, arm.successes, 0),
    arm.successes > arm.count ? failure('invalid-argument', `${name}.successes must not exceed its count`) : undefined,
  );
}

/**
 * Is the treatment's success rate different, judged once at the planned end?
 *
 * Formula: variance p(1−p) per unit without Bessel's correction, SE² = p_a q_a/n_a + p_b q_b/n_b, Student t with
 * Welch–Satterthwaite degrees of freedom; relative scale by the delta method.
 * Assumes independent units (one row per unit: several requests of a user need `compareRatios`) and, roughly, five
 * successes and five failures an arm. Domain: at least two trials an arm. Fails when every outcome is the same in both
 * arms, and on the relative scale when the control has no success.
 * Source: unpooled Wald interval as experiment platforms use it; for small counts see {@link newcombeInterval}.
 */
export function compareProportions(
  control: ProportionSummary,
  treatment: ProportionSummary,
  options: EffectOptions = {},
): Result<Effect> {
  const problem =
    checkProportion('control', control) ?? checkProportion('treatment', treatment) ?? checkEffectOptions(options);
  if (problem) return problem;
  const result = compareArms(asArm(control), asArm(treatment), options);
  return !result.ok && result.reason === 'constant' ? oneClass() : result;
}

/**
 * Do two success rates differ, by the textbook z-test of equal proportions, judged once at the planned end?
 *
 * Formula: z = (p_b − p_a)/SE with the pooled SE = √(p̄(1−p̄)(1/n_a + 1/n_b)). Its interval is for display next to the
 * p-value: it uses the same pooled standard error. Only the absolute scale and a null effect of 0 exist.
 * Assumes independent units and, roughly, five successes and five failures an arm. Domain: at least one trial an arm,
 * whole counts. Fails as `empty` without trials and as `one-class` when every outcome is the same in both arms.
 * Source: any textbook; equals statsmodels `proportions_ztest`.
 */
export function comparePooledProportions(
  control: ProportionSummary,
  treatment: ProportionSummary,
  options: Pick<EffectOptions, 'alpha' | 'alternative'> = {},
): Result<Effect> {
  const problem =
    checkProportion('control', control, 1) ?? checkProportion('treatment', treatment, 1) ?? checkEffectOptions(options);
  if (problem) return problem;
  const pooled = (control.successes + treatment.successes) / (control.count + treatment.count);
  if (pooled === 0 || pooled === 1) return oneClass();
  const standardError = Math.sqrt(pooled * (1 - pooled) * (1 / control.count + 1 / treatment.count));
  const estimate = treatment.successes / treatment.count - control.successes / control.count;
  return testEstimate(estimate, standardError, Number.POSITIVE_INFINITY, options);
}

/**
 * Between what does the difference of two proportions lie, honest for small counts and rates near 0 or 1 too?
 *
 * Formula: Newcombe's hybrid of two Wilson score intervals (l, u) around p: lower end p_b − p_a − √((p_b − l_b)² +
 * (u_a − p_a)²), upper end likewise with u_b and l_a.
 * Assumes independent units, judged once at the planned end. Domain: at least one trial an arm, whole counts; fails as
 * `empty` without trials, as `invalid-argument` otherwise outside it.
 * Source: Newcombe, Statistics in Medicine 17 (1998), method 10; statsmodels `confint_proportions_2indep('newcomb')`.
 */
export function newcombeInterval(
  control: ProportionSummary,
  treatment: ProportionSummary,
  options: { readonly alpha?: number } = {},
): Result<{ readonly estimate: number; readonly lower: number; readonly upper: number; readonly alpha: number }> {
  const { alpha = 0.05 } = options;
  const problem =
    checkProportion('control', control, 1) ??
    checkProportion('treatment', treatment, 1) ??
    checkOpenUnit('alpha', alpha);
  if (problem) return problem;
  const z = normalUpperQuantile(alpha / 2);
  const [a, b] = [wilson(control, z), wilson(treatment, z)];
  const estimate = b.rate - a.rate;
  return {
    ok: true,
    estimate,
    lower: estimate - Math.hypot(b.rate - b.lower, a.upper - a.rate),
    upper: estimate + Math.hypot(b.upper - b.rate, a.rate - a.lower),
    alpha,
  };
}

function wilson(arm: ProportionSummary, z: number) {
  const rate = arm.successes / arm.count;
  const centre = (arm.successes + (z * z) / 2) / (arm.count + z * z);
  const half =
    (z * Math.sqrt((rate * (1 - rate)) / arm.count + (z * z) / (4 * arm.count ** 2))) / (1 + (z * z) / arm.count);
  return { rate, lower: centre - half, upper: centre + half };
}

/**
 * What is the summary of a mean, when the outcomes are successes and failures? For `relativeSequencePoint`.
 *
 * Formula: mean p, variance p(1−p) without Bessel's correction. Assumes one outcome of 0 or 1 a unit.
 * Domain: at least two trials, whole counts; fails as `empty`, `too-few-rows` or `invalid-argument` outside it.
 * Source: variance of a Bernoulli outcome.
 */
export function summariseProportion(arm: ProportionSummary): Result<MeanSummary> {
  return checkProportion('arm', arm) ?? { ok: true, ...asArm(arm) };
}

function asArm(arm: ProportionSummary) {
  const mean = arm.successes / arm.count;
  return { mean, variance: mean * (1 - mean), count: arm.count };
}

function oneClass(): Failure {
  return failure('one-class', 'at least one success and one failure among the outcomes');
}
