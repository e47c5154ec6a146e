/**
 * Text that is written as bytes at once. For lines with many numbers this is several times faster than joining
 * strings, and numbers of 32-bit tensors get the fewest digits that still name the same 32-bit number.
 */
export class LineWriter {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  #at = 0;

  /** What was written, as text; the writer starts over. */
  take(): string {
    const text = this.#bytes.toString('utf8', 0, this.#at);
    this.#at = 0;
    // One huge line must not hold its memory for ever.
    if (this.#bytes.length > MAXIMUM_KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(INITIAL_BYTES);
    return text;
  }

  bytes(source: Uint8Array): void {
    this.#reserve(source.length);
    // A call into the library costs more than copying a few bytes here.
    if (source.length > 32) this.#bytes.set(source, this.#at);
    else for (let index = 0; index < source.length; index += 1) this.#bytes[this.#at + index] = source[index] as number;
    this.#at += source.length;
  }

  text(text: string): void {
    this.#reserve(text.length * 3);
    this.#at += this.#bytes.write(text, this.#at, 'utf8');
  }

  /** Any finite number, with all its digits; what JSON cannot say becomes null. */
  number(value: number): void {
    if (value === (value | 0)) this.integer(value);
    else this.ascii(Number.isFinite(value) ? String(value) : 'null');
  }

  /** Text of one byte a character. */
  ascii(text: string): void {
    this.#reserve(text.length);
    this.#at += this.#bytes.write(text, this.#at, 'latin1');
  }

  /** A whole number of 32 bits. */
  integer(value: number): void {
    this.#reserve(11);
    let rest = value;
    if (rest < 0) {
      this.#bytes[this.#at] = MINUS;
      this.#at += 1;
      rest = -rest;
    }
    this.#digits(rest, decimalDigits(rest));
  }

  /** A number that a 32-bit tensor holds: read back and rounded to 32 bits it is the same number. */
  float32(value: number): void {
    const magnitude = value < 0 ? -value : value;
    if (value === (value | 0)) {
      this.integer(value);
      return;
    }
    if (!(magnitude >= SMALLEST_PLAIN && magnitude < LARGEST_PLAIN)) {
      this.ascii(Number.isFinite(value) ? String(value) : 'null');
      return;
    }
    let decimals = 7 - leadingPosition(magnitude);
    let digits = 0;
    // Seven digits are often enough, nine always are.
    for (let tries = 0; ; tries += 1, decimals += 1) {
      const power = POWERS[decimals] as number;
      digits = Math.round(magnitude * power);
      if (tries === 2 || Math.fround(digits / power) === magnitude) break;
    }
    while (decimals > 0 && digits % 10 === 0) {
      digits = (digits / 10) | 0;
      decimals -= 1;
    }
    this.#reserve(24);
    if (value < 0) {
      this.#bytes[this.#at] = MINUS;
      this.#at += 1;
    }
    this.#fraction(digits, decimals);
  }

  #fraction(digits: number, decimals: number): void {
    const bytes = this.#bytes;
    const width = Math.max(decimalDigits(digits), decimals + 1);
    const point = this.#at + width - decimals;
    let rest = digits;
    for (let position = point + decimals; position > point; position -= 1) {
      const next = (rest / 10) | 0;
      bytes[position] = ZERO + rest - next * 10;
      rest = next;
    }
    bytes[point] = POINT;
    for (let position = point - 1; position >= this.#at; position -= 1) {
      const next = (rest / 10) | 0;
      bytes[position] = ZERO + rest - next * 10;
      rest = next;
    }
    this.#at = point + decimals + 1;
  }

  #digits(value: number, width: number): void {
    let rest = value;
    for (let position = this.#at + width - 1; position >= this.#at; position -= 1) {
      const next = Math.floor(rest / 10);
      this.#bytes[position] = ZERO + rest - next * 10;
      rest = next;
    }
    this.#at += width;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

const INITIAL_BYTES = 16_384;
const MAXIMUM_KEPT_BYTES = 1_048_576;
const ZERO = 48;
const MINUS = 45;
const POINT = 46;
const POWERS = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);
/** Outside numbers are written with an exponent or have more digits than 32 bits of a whole number hold. */
const SMALLEST_PLAIN = 1e-5;
const LARGEST_PLAIN = 1e7;

/** How many digits a whole number from 0 to 2^31 has. */
function decimalDigits(value: number): number {
  if (value < 100_000) {
    if (value < 100) return value < 10 ? 1 : 2;
    if (value < 10_000) return value < 1_000 ? 3 : 4;
    return 5;
  }
  if (value < 10_000_000) return value < 1_000_000 ? 6 : 7;
  if (value < 1_000_000_000) return value < 100_000_000 ? 8 : 9;
  return 10;
}

/** Position of the first digit that is not 0: 1 for 3.5, 0 for 0.35, -1 for 0.035. */
function leadingPosition(magnitude: number): number {
  if (magnitude >= 1) return decimalDigits(magnitude | 0);
  if (magnitude >= 0.1) return 0;
  if (magnitude >= 0.01) return -1;
  if (magnitude >= 0.001) return -2;
  return magnitude >= 0.0001 ? -3 : -4;
}
