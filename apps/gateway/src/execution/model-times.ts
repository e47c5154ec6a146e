/** Stretches of time in which some model ran for a request: [start, end] in milliseconds. */
export type ModelTimes = [start: number, end: number][];

/** How long at least one model ran: models that ran at the same time count once. */
export function coveredMicros(times: ModelTimes): number {
  if (times.length === 1) {
    const [start, end] = times[0] as [number, number];
    return (end - start) * 1_000;
  }
  let covered = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const [start, end] of times.sort((left, right) => left[0] - right[0])) {
    if (end <= until) continue;
    covered += end - Math.max(start, until);
    until = end;
  }
  return covered * 1_000;
}
