/** Latencies in buckets of 10 µs up to 100 ms, of 1 ms up to 10 s, and one for all above. */
export class LatencyHistogram {
  readonly #fine = new Float64Array(10_000);
  readonly #coarse = new Float64Array(9_901);
  #count = 0;
  #maximumMicros = 0;

  add(micros: number): void {
    this.#count += 1;
    if (micros > this.#maximumMicros) this.#maximumMicros = micros;
    if (micros < 100_000) this.#fine[Math.floor(micros / 10)]! += 1;
    else this.#coarse[Math.min(9_900, Math.floor((micros - 100_000) / 1_000))]! += 1;
  }

  /** Upper edge of the bucket that holds the quantile, in milliseconds; NaN without values. */
  quantileMs(quantile: number): number {
    if (this.#count === 0) return Number.NaN;
    let left = Math.ceil(this.#count * quantile);
    for (let index = 0; index < this.#fine.length; index += 1) {
      left -= this.#fine[index]!;
      if (left <= 0) return (index + 1) / 100;
    }
    for (let index = 0; index < this.#coarse.length - 1; index += 1) {
      left -= this.#coarse[index]!;
      if (left <= 0) return 101 + index;
    }
    return this.#maximumMicros / 1_000;
  }

  get maximumMs(): number {
    return this.#maximumMicros / 1_000;
  }
}
