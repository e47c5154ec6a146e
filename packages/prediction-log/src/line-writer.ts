/**
 * Lines written as bytes at once. With many numbers this is several times faster than joining strings, and numbers
 * of 32-bit tensors get the fewest digits that still name the same 32-bit number.
 */
export class LineWriter {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  #at = 0;

  /** What was written, in place: it changes with the next call. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  clear(): void {
    this.#at = 0;
    // One huge request must not hold its memory for ever.
    if (this.#bytes.length > MAXIMUM_KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  }

  bytes(source: Uint8Array): void {
    this.#reserve(source.length);
    this.#at = copy(this.#bytes, this.#at, source);
  }

  text(text: string): void {
    // Three bytes a character are the most, but too many to set aside for a long text.
    this.#reserve(text.length > LONG_TEXT ? Buffer.byteLength(text) : text.length * 3);
    this.#at += this.#bytes.write(text, this.#at, 'utf8');
  }

  /** Text of one byte a character. */
  ascii(text: string): void {
    this.#reserve(text.length);
    this.#at += this.#bytes.write(text, this.#at, 'latin1');
  }

  /** The same bytes `count` times. */
  repeated(source: Uint8Array, count: number): void {
    const { length } = source;
    const total = length * count;
    this.#reserve(total);
    const from = this.#at;
    if (count > 0) this.#bytes.set(source, from);
    // Twice as much each time: few calls, however many there are.
    for (let done = length; done < total; done *= 2) {
      this.#bytes.copyWithin(from + done, from, from + Math.min(done, total - done));
    }
    this.#at = from + total;
  }

  /** The same bytes for each of the numbers `from` up to `to`, below 65,536, with its four hexadecimal digits at `digitsAt`. */
  numbered(source: Uint8Array, digitsAt: number, from: number, to: number): void {
    let at = this.#at + digitsAt;
    this.repeated(source, Math.max(0, to - from));
    const bytes = this.#bytes;
    for (let number = from; number < to; number += 1, at += source.length) {
      bytes[at] = HEX_DIGITS[number >> 12] as number;
      bytes[at + 1] = HEX_DIGITS[(number >> 8) & 15] as number;
      bytes[at + 2] = HEX_DIGITS[(number >> 4) & 15] as number;
      bytes[at + 3] = HEX_DIGITS[number & 15] as number;
    }
  }

  /** Spaces up to a multiple of `size`. */
  padTo(size: number): void {
    const spaces = (size - (this.#at % size)) % size;
    this.#reserve(spaces);
    this.#bytes.fill(SPACE, this.#at, this.#at + spaces);
    this.#at += spaces;
  }

  /** Bytes as text of an alphabet that needs no escaping. */
  base64(source: Uint8Array): void {
    const { buffer, byteOffset, byteLength } = source;
    this.ascii(Buffer.from(buffer, byteOffset, byteLength).toString('base64'));
  }

  /** Any number, with all its digits; what JSON cannot say becomes null. */
  number(value: number): void {
    this.#reserve(NUMBER_BYTES);
    if (value === (value | 0)) this.#at = writeInteger(this.#bytes, this.#at, value);
    else this.ascii(Number.isFinite(value) ? String(value) : 'null');
  }

  /** A number that a 32-bit tensor holds: read back and rounded to 32 bits it is the same number. */
  float32(value: number): void {
    this.#reserve(NUMBER_BYTES);
    this.#at = writeFloat32(this.#bytes, this.#at, value);
  }

  /** A key and a number for each of `keys.length` numbers from `from` on. */
  float32Members(keys: readonly Uint8Array[], keyBytes: number, values: Float32Array, from: number): void {
    this.#reserve(keyBytes + keys.length * NUMBER_BYTES);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let index = 0; index < keys.length; index += 1) {
      at = copy(bytes, at, keys[index] as Uint8Array);
      at = writeFloat32(bytes, at, values[from + index] as number);
    }
    this.#at = at;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

const INITIAL_BYTES = 65_536;
const LONG_TEXT = 4_096;
const MAXIMUM_KEPT_BYTES = 4_194_304;
/** The longest number takes 24. */
const NUMBER_BYTES = 32;
const ZERO = 48;
const SPACE = 32;
const HEX_DIGITS = Buffer.from('0123456789abcdef');
const MINUS = 45;
const POINT = 46;
/** The two digits of a number below 100, the first in the lower byte. */
const PAIRS = Uint16Array.from(
  { length: 100 },
  (_, pair) => ZERO + Math.floor(pair / 10) + ((ZERO + (pair % 10)) << 8),
);
const POWERS = Float64Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);
/** Outside numbers are written with an exponent or have more digits than 32 bits of a whole number hold. */
const SMALLEST_PLAIN = 1e-5;
const LARGEST_PLAIN = 1e7;

/** A call into the library costs more than copying a few bytes here. */
function copy(target: Buffer, at: number, source: Uint8Array): number {
  const { length } = source;
  if (length > 48) target.set(source, at);
  else for (let index = 0; index < length; index += 1) target[at + index] = source[index] as number;
  return at + length;
}

function writeInteger(bytes: Buffer, from: number, value: number): number {
  if (value === -2_147_483_648) return from + bytes.write('-2147483648', from, 'latin1');
  let at = from;
  let rest = value | 0;
  if (rest < 0) {
    bytes[at] = MINUS;
    at += 1;
    rest = -rest | 0;
  }
  const end = at + decimalDigits(rest);
  for (let position = end - 1; position >= at; position -= 1) {
    const next = (rest / 10) | 0;
    bytes[position] = ZERO + rest - next * 10;
    rest = next;
  }
  return end;
}

/**
 * The decimal number of the fewest digits that a 32-bit number was probably written as: 0.1 for the 32-bit number
 * next to it. Rounded to 32 bits it is the same number again.
 */
export function shortDecimal(value: number): number {
  const magnitude = value < 0 ? -value : value;
  if (value === (value | 0) || !(magnitude >= SMALLEST_PLAIN && magnitude < LARGEST_PLAIN)) return value;
  let decimals = 7 - leadingPosition(magnitude);
  for (let tries = 0; tries < 3; tries += 1, decimals += 1) {
    const power = POWERS[decimals] as number;
    const short = ((magnitude * power + 0.5) | 0) / power;
    if (Math.fround(short) === magnitude) return value < 0 ? -short : short;
  }
  return value;
}

function writeFloat32(bytes: Buffer, from: number, value: number): number {
  if (value === (value | 0)) return writeInteger(bytes, from, value);
  const magnitude = value < 0 ? -value : value;
  if (!(magnitude >= SMALLEST_PLAIN && magnitude < LARGEST_PLAIN)) {
    return from + bytes.write(Number.isFinite(value) ? String(value) : 'null', from, 'latin1');
  }
  let decimals = 7 - leadingPosition(magnitude);
  let power = POWERS[decimals] as number;
  let digits = (magnitude * power + 0.5) | 0;
  // Seven digits are often enough, nine always are.
  for (let tries = 0; tries < 2 && Math.fround(digits / power) !== magnitude; tries += 1) {
    decimals += 1;
    power *= 10;
    digits = (magnitude * power + 0.5) | 0;
  }
  let next = (digits / 10) | 0;
  while (decimals > 0 && next * 10 === digits) {
    digits = next;
    decimals -= 1;
    next = (digits / 10) | 0;
  }
  let at = from;
  if (value < 0) {
    bytes[at] = MINUS;
    at += 1;
  }
  const width = decimalDigits(digits);
  const point = at + (width > decimals ? width - decimals : 1);
  const end = point + decimals + 1;
  // Digits behind the point, two at a time from the end.
  let rest = digits;
  let position = end;
  while (position - point > 2) {
    next = (rest / 100) | 0;
    const pair = PAIRS[rest - next * 100] as number;
    position -= 2;
    bytes[position] = pair & 255;
    bytes[position + 1] = pair >> 8;
    rest = next;
  }
  if (position - point === 2) {
    next = (rest / 10) | 0;
    bytes[point + 1] = ZERO + rest - next * 10;
    rest = next;
  }
  bytes[point] = POINT;
  for (position = point - 1; position >= at; position -= 1) {
    next = (rest / 10) | 0;
    bytes[position] = ZERO + rest - next * 10;
    rest = next;
  }
  return end;
}

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
