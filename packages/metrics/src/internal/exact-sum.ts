import { failure, type Result } from '../result.ts';

const SPLITTER = 2 ** 27 + 1;

/**
 * The sum of doubles without rounding error, so that adding and merging in any order gives the same bits: partial sums
 * are kept as a list of non-overlapping doubles (Shewchuk 1997), usually two or three long.
 * A sum whose exact value leaves the range of doubles is reported as NaN by `value`.
 */
export class ExactSum {
  #partials: number[] = [];
  #overflowed = false;

  add(term: number): this {
    const partials = this.#partials;
    let kept = 0;
    let carried = term;
    for (let index = 0; index < partials.length; index += 1) {
      const partial = partials[index] as number;
      const sum = carried + partial;
      const back = sum - carried;
      const lost = carried - (sum - back) + (partial - back);
      if (lost !== 0) {
        partials[kept] = lost;
        kept += 1;
      }
      carried = sum;
    }
    if (!Number.isFinite(carried)) this.#overflowed = true;
    partials.length = kept;
    if (carried !== 0) partials.push(carried);
    return this;
  }

  /** Adds a·b exactly: the rounded product and what rounding lost (Dekker). */
  addProduct(a: number, b: number): this {
    const product = a * b;
    const [aHigh, aLow] = split(a);
    const [bHigh, bLow] = split(b);
    const lost = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
    this.add(product);
    // Splitting overflows above 2^996, where the rounded product is all there is.
    return Number.isFinite(lost) && lost !== 0 ? this.add(lost) : this;
  }

  merge(other: ExactSum): this {
    for (const partial of [...other.#partials]) this.add(partial);
    if (other.#overflowed) this.#overflowed = true;
    return this;
  }

  clone(): ExactSum {
    return new ExactSum().merge(this);
  }

  /** The exact sum rounded once to the nearest double. */
  value(): number {
    if (this.#overflowed) return Number.NaN;
    const partials = this.#partials;
    let index = partials.length - 1;
    if (index < 0) return 0;
    let high = partials[index] as number;
    let low = 0;
    while (index > 0 && low === 0) {
      index -= 1;
      const term = partials[index] as number;
      const sum = high + term;
      low = term - (sum - high);
      high = sum;
    }
    // When what is left lies exactly half-way, the sign of the next partial decides which way to round.
    const next = partials[index - 1];
    if (next !== undefined && low !== 0 && low > 0 === next > 0) {
      const rounded = high + 2 * low;
      if (rounded - high === 2 * low) high = rounded;
    }
    return high;
  }

  /** The same list of doubles for the same exact sum, however it was reached. */
  toJSON(): number[] {
    const rest = this.clone();
    const parts: number[] = [];
    for (let part = rest.value(); part !== 0; part = rest.value()) {
      parts.push(part);
      if (Number.isNaN(part)) break;
      rest.add(-part);
    }
    return parts;
  }

  static fromJSON(parts: readonly number[]): ExactSum {
    const sum = new ExactSum();
    for (const part of parts) sum.add(part);
    return sum;
  }
}

function split(value: number): [number, number] {
  const scaled = SPLITTER * value;
  const high = scaled - (scaled - value);
  return [high, value - high];
}

/** Σ weight·(x − weighted mean)² from exact Σ weight, Σ weight·x and Σ weight·x²: no cancellation however large the mean. */
export function centredSquares(weights: ExactSum, values: ExactSum, squares: ExactSum): Result<{ value: number }> {
  const total = weights.value();
  const exact = new ExactSum();
  const weightParts = weights.toJSON();
  const valueParts = values.toJSON();
  for (const square of squares.toJSON()) for (const weight of weightParts) exact.addProduct(weight, square);
  for (const a of valueParts) for (const b of valueParts) exact.addProduct(-a, b);
  const value = exact.value() / total;
  return Number.isFinite(value) ? { ok: true, value: Math.max(0, value) } : outOfRange();
}

export function outOfRange() {
  return failure('out-of-range', 'values whose squares and sums stay between 1e-150 and 1e150; rescale them first');
}
