/** Upper bounds in microseconds, chosen so that the budgets of the platform fall between two of them. */
export const DURATION_BOUNDS_MICROS: readonly number[] = [
  10, 25, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_500, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000,
  500_000, 1_000_000, 2_500_000, 10_000_000,
];
export const ROWS_BOUNDS: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 4_096, 16_384];

/** A histogram that is cheap to observe: one typed array, no labels to look up. */
export class Histogram {
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length);
  }

  observe(value: number): void {
    this.sum += value;
    this.count += 1;
    const { bounds } = this;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((bounds[middle] as number) < value) low = middle + 1;
      else high = middle;
    }
    if (low < bounds.length) this.counts[low] = (this.counts[low] as number) + 1;
  }
}
