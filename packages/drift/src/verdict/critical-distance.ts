import { chiSquareUpperQuantile, kolmogorovLimitUpperQuantile } from '@switchyard/special-functions';
import { type Answer, isPositive, isProbability, isWhole, refuse } from '../refusal.ts';

export type DistanceName =
  | 'population-stability-index'
  | 'jensen-shannon'
  | 'hellinger'
  | 'kullback-leibler'
  | 'kolmogorov-smirnov';

/**
 * The size-aware critical value of a distance: without drift it is exceeded in a share `falseAlarmRate` of windows of
 * this size. Replaces fixed thresholds such as "PSI > 0.1", which alarm on nearly every small window and on no large
 * one.
 *
 * For distances of the chi-square family over K cells, distance ≈ factor · X² · (1/m + 1/n) with X² chi-square with
 * K - 1 degrees of freedom; factor 1 for the population stability index, ½ for Kullback–Leibler, 1/8 under the root for
 * Hellinger and (natural logarithm, divided by ln 2 for base 2) Jensen–Shannon. Needs about five expected rows per cell
 * on both sides for the stability index, twenty for Hellinger and Jensen–Shannon. `expected` is the mean of the
 * distance without drift (for the two square roots: of its square, under the root). For Kolmogorov–Smirnov the limit
 * law's quantile over √N + 0.12 + 0.11/√N, N = mn/(m+n), at most 1; no `expected`.
 * Assumes independent rows and the same cells on both sides. Refuses a rate outside (0, 1), another base, fewer than 2
 * rows a side or 2 cells, and a distance it does not know. Sizes may be fractions: effective ones. Source: the second-order expansion of these distances around equal shares;
 * Stephens (1970) for Kolmogorov–Smirnov.
 */
export function criticalDistance(
  distance: DistanceName,
  sizes: {
    /** Cells compared; not used by Kolmogorov–Smirnov. */
    readonly cells: number;
    readonly referenceSize: number;
    readonly currentSize: number;
  },
  options: { readonly falseAlarmRate?: number; readonly base?: 2 | 'e' } = {},
): Answer<{ critical: number; expected: number | null }> {
  const { cells, referenceSize, currentSize } = sizes ?? {};
  const falseAlarmRate = options.falseAlarmRate ?? 0.01;
  if (!isProbability(falseAlarmRate)) {
    return refuse('invalid-option', 'a false-alarm rate between 0 and 1', String(falseAlarmRate));
  }
  const base = options.base ?? 2;
  if (base !== 2 && base !== 'e') return refuse('invalid-option', "a base of 2 or 'e'", String(base));
  if (!(isPositive(referenceSize) && isPositive(currentSize) && referenceSize >= 2 && currentSize >= 2)) {
    return refuse('too-few-values', 'at least 2 rows on both sides', `${referenceSize} and ${currentSize}`);
  }
  const inverseSizes = 1 / referenceSize + 1 / currentSize;
  if (distance === 'kolmogorov-smirnov') {
    const root = Math.sqrt(1 / inverseSizes);
    const critical = kolmogorovLimitUpperQuantile(falseAlarmRate) / (root + 0.12 + 0.11 / root);
    return { ok: true, critical: Math.min(1, critical), expected: null };
  }
  if (!isWhole(cells, 2)) return refuse('too-few-values', 'at least 2 cells', String(cells));
  const toDistance = Object.hasOwn(CHI_SQUARE_FAMILY, distance) ? CHI_SQUARE_FAMILY[distance] : undefined;
  if (!toDistance) return refuse('invalid-option', 'a known distance', String(distance));
  return {
    ok: true,
    critical: toDistance(chiSquareUpperQuantile(falseAlarmRate, cells - 1) * inverseSizes, base),
    expected: toDistance((cells - 1) * inverseSizes, base),
  };
}

const CHI_SQUARE_FAMILY: Readonly<Record<string, (scaled: number, base: 2 | 'e') => number>> = {
  'population-stability-index': (scaled) => scaled,
  'kullback-leibler': (scaled) => scaled / 2,
  hellinger: (scaled) => Math.sqrt(scaled / 8),
  'jensen-shannon': (scaled, base) => Math.sqrt(scaled / 8 / (base === 2 ? Math.LN2 : 1)),
};
