import type { SequencePoint } from './asymptotic-sequence.ts';
import { checkCount, checkOpenUnit, checkPositive, firstFailure } from './internal/check.ts';
import { findRoot } from './internal/numeric.ts';
import { type Failure, failure, type Result } from './result.ts';
import { dirichletLogE } from './sample-ratio-process.ts';

export interface EventCountEvidence {
  /** ln E against "events fall on the arms in proportion to their traffic". */
  readonly logEValue: number;
  readonly pValue: number;
  /** Events of the treatment, relative to what its traffic share predicts: 1 means no difference. */
  readonly rateRatio: number;
  readonly isDifferent: boolean;
}

/**
 * Do errors (or any rare events) fall on the canary more than its share of traffic explains, if one looks after every
 * event? The safety check of a rollout.
 *
 * Formula: given that an event happens, its arm is a draw with the traffic shares when rates are equal, whatever the
 * common trend; so the e-value of `sampleRatioEvidence` with θ₀ = traffic share, on cumulative event counts.
 * Assumes the traffic share was constant over the counted stretch and events are rare: towards 50 % event rate the test is
 * very conservative, so count the rarer of success and failure. Domain: whole counts, traffic of both arms above 0.
 * Fails with `empty` before the first event.
 * Source: Lindon and Malek, NeurIPS 2022, Poisson application.
 */
export function compareEventCounts(
  events: { readonly control: number; readonly treatment: number },
  treatmentTrafficShare: number,
  options: { readonly alpha?: number; readonly concentration?: number } = {},
): Result<EventCountEvidence> {
  const { alpha = 0.05, concentration = 10 } = options;
  const problem: Failure | undefined = firstFailure(
    checkCount('events.control', events.control, 0),
    checkCount('events.treatment', events.treatment, 0),
    checkOpenUnit('treatmentTrafficShare', treatmentTrafficShare),
    checkOpenUnit('alpha', alpha),
    checkPositive('concentration', concentration),
  );
  if (problem) return problem;
  const total = events.control + events.treatment;
  if (total === 0) return failure('empty', 'at least one event');
  const shares = [1 - treatmentTrafficShare, treatmentTrafficShare];
  const logEValue = dirichletLogE(shares, [events.control, events.treatment], concentration);
  // Rate ratio treatment : control; infinite when only the treatment has events.
  const rateRatio = events.treatment / treatmentTrafficShare / (events.control / (1 - treatmentTrafficShare));
  return {
    ok: true,
    logEValue,
    pValue: Math.min(1, Math.exp(-logEValue)),
    rateRatio,
    isDifferent: logEValue >= -Math.log(alpha),
  };
}

/**
 * By how much does the rate of errors (or any rare events) of the canary differ from the control's, if one looks after
 * every event? The rate ratio minus 1: 0.5 means half as many again. A point for drawing and for the guardrail of
 * `decideExperiment`; it excludes 0 exactly when {@link compareEventCounts} says `isDifferent`.
 *
 * Formula: all shares θ of the events whose e-value against θ is below 1/α, turned into rate ratios
 * (θ/(1−θ))·(1−s)/s, s the traffic share. Assumptions, domain and failures as {@link compareEventCounts}. The estimate and
 * the upper end are infinite while the control has no event. `count` counts events, not requests.
 * Source: as there; the interval inverts that test.
 */
export function eventCountPoint(
  events: { readonly control: number; readonly treatment: number },
  treatmentTrafficShare: number,
  options: { readonly alpha?: number; readonly concentration?: number } = {},
): Result<SequencePoint> {
  const evidence = compareEventCounts(events, treatmentTrafficShare, options);
  if (!evidence.ok) return evidence;
  const { alpha = 0.05, concentration = 10 } = options;
  const { control, treatment } = events;
  const centre = treatment / (control + treatment);
  const excess = (share: number) =>
    dirichletLogE([1 - share, share], [control, treatment], concentration) + Math.log(alpha);
  const lower = treatment === 0 ? 0 : findRoot(excess, 0, centre, false);
  const upper = control === 0 ? 1 : findRoot(excess, centre, 1, true);
  const toRatio = (share: number) => (share / (1 - share)) * ((1 - treatmentTrafficShare) / treatmentTrafficShare);
  return {
    ok: true,
    count: control + treatment,
    estimate: evidence.rateRatio - 1,
    lower: toRatio(lower) - 1,
    upper: toRatio(upper) - 1,
    pValue: evidence.pValue,
    alpha,
  };
}
