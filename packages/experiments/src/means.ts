import { checkEffectOptions, compareArms, type Effect, type EffectOptions } from './effect.ts';
import type { Result } from './result.ts';
import { checkMeanSummary, type MeanSummary } from './summaries.ts';

/**
 * Is the treatment's mean different, judged once at the planned end? Welch's t-test (unequal variances) on the absolute
 * scale, and its delta-method version on the relative scale.
 *
 * Formula: Δ = m_b − m_a, SE² = v_a/n_a + v_b/n_b, Welch–Satterthwaite degrees of freedom; relative Δ/|m_a| with
 * variance v_b/(n_b m_a²) + v_a m_b²/(n_a m_a⁴).
 * Assumes independent units and means close to normal (heavy tails need more rows or a winsorised outcome), and one look
 * at the planned end: for repeated looks use `sequencePoint`.
 * Domain: at least two units an arm, finite summaries. Fails when both arms are constant, and on the relative scale when
 * the control mean is 0.
 * Source: Welch, Biometrika 34 (1947); delta method as in Deng, Knoblich and Lu, KDD 2018.
 */
export function compareMeans(
  control: MeanSummary,
  treatment: MeanSummary,
  options: EffectOptions = {},
): Result<Effect> {
  const problem =
    checkMeanSummary('control', control) ?? checkMeanSummary('treatment', treatment) ?? checkEffectOptions(options);
  return problem ?? compareArms(control, treatment, options);
}
