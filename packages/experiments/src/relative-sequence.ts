import {
  asymptoticFactor,
  type SequencePoint,
  type SequencePointSettings,
  sequencePoint,
} from './asymptotic-sequence.ts';
import { failure, type Result } from './result.ts';
import { checkMeanSummary, type MeanSummary } from './summaries.ts';

/**
 * By what share of the control's mean does the treatment differ, if one may look at any time? The lift
 * (m_b − m_a)/|m_a| of two positive (or two negative) means, 0.1 for +10 %.
 *
 * Formula (Fieller): all δ for which the sequence of m_b − m_a − δ|m_a| at that δ holds 0, with standard error
 * √(v_b/n_b + (1 ± δ)² v_a/n_a), + for a positive control. So 0 is excluded exactly when `sequencePoint` of the
 * absolute difference excludes it, with the same p-value. `sequencePoint` of a lift with its delta-method standard error is
 * narrower and wrong on few events, because the lift and its error rise together when the control is low by chance (see
 * `simulations/results.md`).
 * For a proportion p pass mean p and variance p(1−p): {@link summariseProportion}; for a ratio `summariseRatio`.
 * Assumptions, domain and failures as `sequencePoint`; fails as `zero-baseline` while a control mean of 0 is not excluded,
 * because then every lift is possible.
 * Source: Fieller, JRSS-B 16 (1954), with the boundary of `sequencePoint`.
 */
export function relativeSequencePoint(
  control: MeanSummary,
  treatment: MeanSummary,
  settings: SequencePointSettings,
): Result<SequencePoint> {
  const problem = checkMeanSummary('control', control) ?? checkMeanSummary('treatment', treatment);
  if (problem) return problem;
  const varianceControl = control.variance / control.count;
  const varianceTreatment = treatment.variance / treatment.count;
  const sign = control.mean < 0 ? -1 : 1;
  const difference = treatment.mean - control.mean;
  const absolute = sequencePoint(
    { estimate: difference, standardError: Math.sqrt(varianceControl + varianceTreatment) },
    control.count + treatment.count,
    settings,
  );
  if (!absolute.ok) return absolute;
  const { alpha = 0.05, alternative = 'two-sided', mixtureVariance } = settings;
  const factor = asymptoticFactor(absolute.count, mixtureVariance, alpha, alternative);
  // With r = m_b/m_a, ρ = 1 ± δ and variances in units of m_a²: (r − ρ)² ≤ k²(v_b + ρ² v_a), a quadratic in ρ.
  const ratio = treatment.mean / control.mean;
  const errorControl = (factor * Math.sqrt(varianceControl)) / Math.abs(control.mean);
  const errorTreatment = (factor * Math.sqrt(varianceTreatment)) / Math.abs(control.mean);
  const lead = 1 - errorControl * errorControl;
  if (!(lead > 0)) {
    return failure(
      'zero-baseline',
      'a control mean that its own interval tells from 0: more rows, or the absolute scale',
    );
  }
  const root = Math.sqrt(lead * errorTreatment ** 2 + (errorControl * ratio) ** 2);
  // The ends of ρ − 1, with 1 subtracted before the division so that small lifts keep their digits.
  const shift = ratio - 1 + errorControl * errorControl;
  const ends = [(shift - root) / lead, (shift + root) / lead].map((end) => sign * end).sort((a, b) => a - b);
  return {
    ok: true,
    count: absolute.count,
    estimate: difference / Math.abs(control.mean),
    lower: alternative === 'less' ? Number.NEGATIVE_INFINITY : (ends[0] as number),
    upper: alternative === 'greater' ? Number.POSITIVE_INFINITY : (ends[1] as number),
    pValue: absolute.pValue,
    alpha,
  };
}
