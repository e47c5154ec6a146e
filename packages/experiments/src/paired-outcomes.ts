import { binomialCdf } from '@switchyard/special-functions';
import { bernoulliInterval, betaMixtureLogE, mixtureScale } from './bernoulli-sequence.ts';
import { checkCount, checkOpenUnit, checkPositive, firstFailure } from './internal/check.ts';
import { failure, type Result } from './result.ts';

export interface PairedComparison {
  /** Exact two-sided McNemar p-value, for one look. */
  readonly pValue: number;
  /** ln E for any number of looks, and its p-value. */
  readonly logEValue: number;
  readonly anytimePValue: number;
  /** Difference in accuracy, challenger − champion, over all pairs. */
  readonly estimate: number;
  /** Confidence sequence of the share of disagreements that the challenger wins. */
  readonly winShareLower: number;
  readonly winShareUpper: number;
}

/**
 * Does a challenger that ran in shadow on the same requests beat the champion? Only requests on which exactly one of them
 * is right carry information, so only those need labels.
 *
 * Formula: given a disagreement the challenger wins with probability ½ under the null; exact binomial
 * p = 2·P(X ≤ min(b, c)) capped at 1, and the exact anytime e-value of `bernoulliEvidence` at rate ½.
 * `pairs` is the number of all compared requests, agreements included. Fails as `empty` without a disagreement.
 * Assumes independent requests, each counted once. Domain: whole counts, no more disagreements than pairs; fails as
 * `invalid-argument` outside it.
 * Source: McNemar, Psychometrika 12 (1947); equal to statsmodels `mcnemar(exact=True)`.
 */
export function comparePairedOutcomes(
  counts: { readonly pairs: number; readonly onlyChallengerRight: number; readonly onlyChampionRight: number },
  options: { readonly alpha?: number; readonly horizonCount?: number } = {},
): Result<PairedComparison> {
  const { alpha = 0.05, horizonCount = 200 } = options;
  const { pairs, onlyChallengerRight: wins, onlyChampionRight: losses } = counts;
  const problem = firstFailure(
    checkCount('pairs', pairs, 1),
    checkCount('onlyChallengerRight', wins, 0),
    checkCount('onlyChampionRight', losses, 0),
    checkOpenUnit('alpha', alpha),
    checkPositive('horizonCount', horizonCount),
    wins + losses > pairs ? failure('invalid-argument', 'no more disagreements than pairs') : undefined,
  );
  if (problem) return problem;
  const disagreements = wins + losses;
  if (disagreements === 0) return failure('empty', 'at least one request on which exactly one of the two is right');
  const share = bernoulliInterval(wins, disagreements, { alpha, horizonCount });
  if (!share.ok) return share;
  const logEValue = betaMixtureLogE(wins, disagreements, 0.5, mixtureScale(0.5, horizonCount, alpha));
  return {
    ok: true,
    pValue: Math.min(1, 2 * binomialCdf(Math.min(wins, losses), disagreements, 0.5)),
    logEValue,
    anytimePValue: Math.min(1, Math.exp(-logEValue)),
    estimate: (wins - losses) / pairs,
    winShareLower: share.lower,
    winShareUpper: share.upper,
  };
}
