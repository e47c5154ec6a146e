/** A stretch of time, from ≤ t < to, and where to read it: `raw` rows, or one-minute or one-hour roll-ups. */
export interface TimeRange {
  readonly source: 'raw' | 'minute' | 'hour';
  readonly fromMs: number;
  readonly toMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Below this the raw rows are few enough, and they are exact everywhere. */
const RAW_MAXIMUM_MS = 2 * HOUR_MS;
const MINUTE_MAXIMUM_MS = 72 * HOUR_MS;
/** No row is older or newer: the store keeps the times of clocks that are wrong within these. */
const OLDEST_MS = 0;
const NEWEST_MS = 9_000_000_000_000;
/** Roll-ups name their minutes and hours in seconds of 32 bits, which end in 2106. */
const ROLL_UPS_END_MS = Math.floor((2 ** 32 * 1_000) / HOUR_MS) * HOUR_MS;

/**
 * How to read a period exactly: roll-ups cover the whole minutes (or hours) inside it,
 * raw rows the rest at both ends, so that nothing outside the period is counted and nothing inside it is left out.
 * `stepMs` is the width of the buckets asked for: a roll-up may not reach over the border of one.
 */
export function splitTimeRange(askedFromMs: number, askedToMs: number, stepMs = Number.POSITIVE_INFINITY): TimeRange[] {
  const fromMs = Math.max(askedFromMs, OLDEST_MS);
  const toMs = Math.min(askedToMs, NEWEST_MS);
  const length = toMs - fromMs;
  const allows = (grainMs: number) => stepMs === Number.POSITIVE_INFINITY || stepMs % grainMs === 0;
  const source =
    length > MINUTE_MAXIMUM_MS && allows(HOUR_MS)
      ? 'hour'
      : length > RAW_MAXIMUM_MS && allows(MINUTE_MS)
        ? 'minute'
        : 'raw';
  if (source === 'raw') {
    return length > 0 ? [{ source, fromMs, toMs }] : [];
  }
  const grainMs = source === 'hour' ? HOUR_MS : MINUTE_MS;
  const first = Math.ceil(fromMs / grainMs) * grainMs;
  const last = Math.max(first, Math.min(Math.floor(toMs / grainMs) * grainMs, ROLL_UPS_END_MS));
  const ranges: TimeRange[] = [
    { source: 'raw', fromMs, toMs: first },
    { source, fromMs: first, toMs: last },
    { source: 'raw', fromMs: last, toMs },
  ];
  return ranges.filter((range) => range.fromMs < range.toMs);
}

const STEPS_SECONDS = [
  1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_200, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
];
const DAY_SECONDS = 86_400;

/**
 * The shortest round step with which the period has at most `points` steps; steps begin at multiples of the step since
 * 1970. Of long periods no step is shorter than an hour, so that they are read from the roll-up by hour.
 */
export function chooseStepSeconds(fromMs: number, toMs: number, points: number): number {
  const fits = (step: number) => {
    const stepMs = step * 1_000;
    if (toMs - fromMs > MINUTE_MAXIMUM_MS && stepMs < HOUR_MS) {
      return false;
    }
    return Math.ceil(toMs / stepMs) - Math.floor(fromMs / stepMs) <= points;
  };
  const round = STEPS_SECONDS.find(fits);
  if (round !== undefined) {
    return round;
  }
  let days = 2;
  // A period may straddle one border more than it is long, so a single point is not always possible.
  while (!fits(days * DAY_SECONDS) && days * DAY_SECONDS * 1_000 < 2 * (toMs - fromMs)) {
    days += 1;
  }
  return days * DAY_SECONDS;
}
