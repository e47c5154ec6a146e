import { type Answer, isPositive, isWhole, type RandomSource, type Refusal, refuse } from '../refusal.ts';
import { checkSample } from '../tests/comparison.ts';
import { type DetectorUpdate, refuseValue } from './detector.ts';

export interface RunLengthDetectorOptions {
  /** Mean number of values until a false alarm when nothing changes. At least 50. */
  readonly expectedRunTime: number;
  readonly random: RandomSource;
  /** Simulated streams used to find the threshold; the run time is good to about 1/√simulations. Default 2,000. */
  readonly simulations?: number;
  /**
   * A threshold found earlier for the same reference size, run time and allowance: skips the simulation, for
   * instance after a restart of the process. Then `random` is not used.
   */
  readonly threshold?: number;
  /** Change, in standard deviations of the scores, that is half tolerated. Default 0.25: tuned to shifts of about 0.5. */
  readonly allowance?: number;
}

export interface RunLengthDetector {
  /** `driftDetected` is true once, on the value that crosses; afterwards the detector waits for `restart`. */
  update(value: number): (DetectorUpdate & { readonly statistic: number }) | Refusal;
  /** Forgets everything seen and looks again, against the same reference: call it once the alarm has been dealt with. */
  restart(): void;
  readonly threshold: number;
}

/**
 * A detector of change against a fixed reference whose false alarms come, on average, once every
 * `expectedRunTime` values: the rate is set, not hoped for.
 *
 * Each value becomes its midrank u within the reference, which is uniform when nothing has changed, whatever the
 * feature's distribution. Four cumulative sums watch the scores √12 (u - ½) (level up, down) and
 * √180 ((u - ½)² - 1/12) (spread up, down), each losing `allowance` per value; the alarm is their maximum crossing
 * the threshold. The threshold is found by simulating streams with references of the same size, so the finite
 * reference is part of the calibration. Assumes independent values of a continuous feature; ties make it slightly
 * more careful. O(log reference) per value. One alarm per change: it stays silent until `restart`.
 * Source: Page (1954) for the sums; Cobb and Van Looveren (2022) for setting run times by simulation.
 * Refuses a reference of fewer than 50 values, constant or not finite, and settings out of range; `update`
 * refuses what is not finite.
 */
export function createRunLengthDetector(
  reference: ArrayLike<number>,
  options: RunLengthDetectorOptions,
): Answer<{ detector: RunLengthDetector }> {
  const problem = checkSample(reference, 'reference', 50);
  if (problem) return problem;
  const { expectedRunTime, random, simulations = 2_000, allowance = 0.25 } = options ?? {};
  if (typeof random !== 'function') return refuse('invalid-option', 'a random source', 'none');
  if (
    !(
      expectedRunTime >= 50 &&
      isPositive(expectedRunTime) &&
      isWhole(simulations, 100) &&
      isPositive(allowance) &&
      allowance < 2
    )
  ) {
    return refuse(
      'invalid-option',
      'a finite expectedRunTime ≥ 50, whole simulations ≥ 100 and an allowance in (0, 2)',
      `${expectedRunTime}, ${simulations}, ${allowance}`,
    );
  }
  const sorted = Float64Array.from(reference).sort();
  if (sorted[0] === sorted[sorted.length - 1]) return refuse('constant', 'a reference that varies', 'a constant one');
  if (options.threshold !== undefined && !isPositive(options.threshold)) {
    return refuse('invalid-option', 'a threshold above 0', String(options.threshold));
  }
  const threshold = options.threshold ?? findThreshold(sorted.length, expectedRunTime, simulations, allowance, random);
  let sums = createSums(allowance);
  let isAlarmed = false;
  return {
    ok: true,
    detector: {
      threshold,
      update(value) {
        const refusal = refuseValue(value);
        if (refusal) return refusal;
        const statistic = sums(midrank(sorted, value));
        const crosses = statistic > threshold && !isAlarmed;
        if (crosses) isAlarmed = true;
        return { ok: true, driftDetected: crosses, warningDetected: isAlarmed && !crosses, statistic };
      },
      restart() {
        sums = createSums(allowance);
        isAlarmed = false;
      },
    },
  };
}

/** Four one-sided cumulative sums; returns the largest after each score. */
function createSums(allowance: number): (rank: number) => number {
  let up = 0;
  let down = 0;
  let wider = 0;
  let narrower = 0;
  return (rank) => {
    const centred = rank - 0.5;
    const level = Math.sqrt(12) * centred;
    const spread = Math.sqrt(180) * (centred * centred - 1 / 12);
    up = Math.max(0, up + level - allowance);
    down = Math.max(0, down - level - allowance);
    wider = Math.max(0, wider + spread - allowance);
    narrower = Math.max(0, narrower - spread - allowance);
    return Math.max(up, down, wider, narrower);
  };
}

/** (values below + half the equal ones + ½) / (size + 1). */
function midrank(sorted: Float64Array, value: number): number {
  const below = countBelow(sorted, value, false);
  const notAbove = countBelow(sorted, value, true);
  return ((below + notAbove) / 2 + 0.5) / (sorted.length + 1);
}

function countBelow(sorted: Float64Array, value: number, inclusive: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value || (inclusive && sorted[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The threshold whose mean run length over simulated streams is the wanted one. Each stream gets its own simulated
 * reference; because the sums do not depend on the threshold, one pass that keeps the record highs of a stream
 * answers for every threshold. Streams are followed to 12 times the wanted length; what is censored there is
 * counted as one more mean length, the memoryless expectation.
 */
function findThreshold(
  referenceSize: number,
  expectedRunTime: number,
  simulations: number,
  allowance: number,
  random: RandomSource,
): number {
  const horizon = Math.ceil(12 * expectedRunTime);
  const streams: { heights: number[]; times: number[] }[] = [];
  // Beyond this many reference values the simulated reference is indistinguishable from the uniform law.
  const exact = referenceSize <= 100 * expectedRunTime;
  const reference = new Float64Array(exact ? Math.min(referenceSize, 20_000) : 0);
  for (let run = 0; run < simulations; run += 1) {
    if (exact) {
      for (let i = 0; i < reference.length; i += 1) reference[i] = random();
      reference.sort();
    }
    const sums = createSums(allowance);
    const heights: number[] = [];
    const times: number[] = [];
    let highest = 0;
    for (let time = 1; time <= horizon; time += 1) {
      const value = random();
      // Simulated values have no ties, so one search is enough.
      const statistic = sums(exact ? (countBelow(reference, value, false) + 0.5) / (reference.length + 1) : value);
      if (statistic > highest) {
        highest = statistic;
        heights.push(statistic);
        times.push(time);
      }
    }
    streams.push({ heights, times });
  }
  const meanRunLength = (threshold: number): number => {
    let sum = 0;
    for (const { heights, times } of streams) {
      const at = heights.findIndex((height) => height > threshold);
      sum += at >= 0 ? times[at]! : horizon + expectedRunTime;
    }
    return sum / streams.length;
  };
  let low = 0;
  let high = 10_000;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (meanRunLength(middle) < expectedRunTime) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
