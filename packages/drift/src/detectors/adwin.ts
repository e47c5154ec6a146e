import { type Answer, isProbability, isWhole, refuse } from '../refusal.ts';
import { type DriftDetector, detected, refuseValue } from './detector.ts';

export interface AdwinOptions {
  /** Confidence parameter; smaller is more careful. Default 0.002. */
  readonly delta?: number;
  /** Look for a cut every so many values. Default 32. */
  readonly clock?: number;
  /** Buckets of one size before two are merged. Default 5. */
  readonly maximumBuckets?: number;
  /** Shortest sub-window compared. Default 5. */
  readonly minimumWindowLength?: number;
  /** Values before the first check. Default 10. */
  readonly gracePeriod?: number;
}

export interface Adwin extends DriftDetector {
  /** Values in the window now. */
  readonly width: () => number;
  /** Mean of the window, or null when it is empty. */
  readonly mean: () => number | null;
}

interface BucketRow {
  readonly totals: number[];
  readonly variances: number[];
}

/**
 * ADWIN: has the mean of a stream changed, and which of its values are still current? Keeps a window of recent values,
 * compressed into buckets of doubling size, and drops its oldest part whenever some split into old and new shows means
 * that differ by more than the bound ε = √(2 μ σ² ln(2 ln W/δ)) + ⅔ μ ln(2 ln W/δ), μ = 1/(n₀ - l + 1) +
 * 1/(n₁ - l + 1).
 * Memory O(log W). Starts afresh after each detection. Defaults and indices as River's. Source: Bifet and Gavaldà
 * (2007).
 * Assumes independent values in [0, 1], or scaled to a range of about 1: the last term of ε is in units of the range.
 * Refuses settings out of range; `update` refuses a value that is not finite and stays as it was.
 */
export function createAdwin(options: AdwinOptions = {}): Answer<{ detector: Adwin }> {
  const { delta = 0.002, clock = 32, maximumBuckets = 5, minimumWindowLength = 5, gracePeriod = 10 } = options;
  const areWhole = [clock, maximumBuckets, minimumWindowLength].every((one) => isWhole(one, 1));
  if (!(isProbability(delta) && areWhole && isWhole(gracePeriod, 0))) {
    return refuse('invalid-option', 'delta in (0, 1) and positive whole settings', JSON.stringify(options));
  }
  let rows: BucketRow[] = [];
  let width = 0;
  let total = 0;
  let variance = 0;
  let ticks = 0;
  let resetsNext = false;

  const reset = (): void => {
    rows = [{ totals: [], variances: [] }];
    width = 0;
    total = 0;
    variance = 0;
    ticks = 0;
    resetsNext = false;
  };
  reset();

  const insert = (value: number): void => {
    rows[0]!.totals.push(value);
    rows[0]!.variances.push(0);
    width += 1;
    if (width > 1) variance += ((width - 1) * (value - total / (width - 1)) ** 2) / width;
    total += value;
    for (let level = 0; level < rows.length; level += 1) {
      const row = rows[level]!;
      if (row.totals.length <= maximumBuckets) break;
      if (level + 1 === rows.length) rows.push({ totals: [], variances: [] });
      const size = 2 ** level;
      const [first, second] = row.totals as [number, number];
      const between = (size * size * (first / size - second / size) ** 2) / (2 * size);
      rows[level + 1]!.totals.push(first + second);
      rows[level + 1]!.variances.push(row.variances[0]! + row.variances[1]! + between);
      row.totals.splice(0, 2);
      row.variances.splice(0, 2);
    }
  };

  const dropOldest = (): void => {
    const row = rows[rows.length - 1]!;
    const size = 2 ** (rows.length - 1);
    const dropped = row.totals.shift()!;
    const droppedVariance = row.variances.shift()!;
    width -= size;
    total -= dropped;
    const gap = dropped / size - total / width;
    variance -= droppedVariance + (size * width * gap * gap) / (size + width);
    if (row.totals.length === 0) rows.pop();
  };

  const isCut = (oldSize: number, newSize: number, gap: number): boolean => {
    const logarithm = Math.log((2 * Math.log(width)) / delta);
    const inverse = 1 / (oldSize - minimumWindowLength + 1) + 1 / (newSize - minimumWindowLength + 1);
    const bound = Math.sqrt(2 * inverse * (variance / width) * logarithm) + (2 / 3) * logarithm * inverse;
    return Math.abs(gap) > bound;
  };

  /** Whether some split, oldest bucket first, shows a change. Every border between buckets is tried. */
  const findsCut = (): boolean => {
    let oldSize = 0;
    let newSize = width;
    let oldTotal = 0;
    let newTotal = total;
    for (let level = rows.length - 1; level >= 0; level -= 1) {
      const { totals } = rows[level]!;
      const size = 2 ** level;
      // The newest value never stands alone.
      const borders = level === 0 ? totals.length - 1 : totals.length;
      for (let k = 0; k < borders; k += 1) {
        oldSize += size;
        newSize -= size;
        oldTotal += totals[k]!;
        newTotal -= totals[k]!;
        if (
          newSize >= minimumWindowLength &&
          oldSize >= minimumWindowLength &&
          isCut(oldSize, newSize, oldTotal / oldSize - newTotal / newSize)
        ) {
          return true;
        }
      }
    }
    return false;
  };

  return {
    ok: true,
    detector: {
      width: () => width,
      mean: () => (width > 0 ? total / width : null),
      update(value) {
        const refusal = refuseValue(value);
        if (refusal) return refusal;
        if (resetsNext) reset();
        insert(value);
        ticks += 1;
        let drift = false;
        if (ticks % clock === 0 && width > gracePeriod) {
          while (width > 0 && findsCut()) {
            drift = true;
            dropOldest();
          }
        }
        resetsNext = drift;
        return detected(drift);
      },
    },
  };
}
