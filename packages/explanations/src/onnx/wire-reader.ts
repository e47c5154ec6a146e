/** The bytes are not a well-formed protocol-buffer message. */
export class MalformedModel extends Error {}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const utf8 = new TextDecoder('utf-8', { fatal: false });

/** Walks the fields of one protocol-buffer message that is in memory; what nobody asks for is skipped by its length. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #next: number;
  /** Number of the current field. */
  field = 0;
  #wire = VARINT;
  #start = 0;
  #stop = 0;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#next = start;
    this.#end = end;
  }

  /** Moves to the next field; false after the last one. */
  next(): boolean {
    if (this.#next >= this.#end) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.#wire = tag % 8;
    if (this.field < 1 || tag < 0) throw new MalformedModel('a field number is out of range');
    this.#start = this.#next;
    if (this.#wire === VARINT) this.#varint();
    else if (this.#wire === BYTES) {
      const size = this.#varint();
      this.#start = this.#next;
      this.#skip(size);
    } else if (this.#wire === FIXED32) this.#skip(4);
    else if (this.#wire === FIXED64) this.#skip(8);
    else throw new MalformedModel('a field has an unknown wire type');
    this.#stop = this.#next;
    return true;
  }

  integer(): number {
    const numbers: number[] = [];
    this.integersInto(numbers);
    if (numbers.length === 0) throw new MalformedModel('a number was expected');
    return numbers.at(-1) as number;
  }

  text(): string {
    return utf8.decode(this.raw());
  }

  raw(): Uint8Array {
    if (this.#wire !== BYTES) throw new MalformedModel('text or bytes were expected');
    return this.#bytes.subarray(this.#start, this.#stop);
  }

  message(): WireReader {
    if (this.#wire !== BYTES) throw new MalformedModel('a message was expected');
    return new WireReader(this.#bytes, this.#start, this.#stop);
  }

  /** Appends the current field of a repeated whole number, packed or not. */
  integersInto(target: number[]): void {
    if (this.#wire !== VARINT && this.#wire !== BYTES) throw new MalformedModel('whole numbers were expected');
    const values = new WireReader(this.#bytes, this.#start, this.#stop);
    while (values.#next < values.#end) target.push(values.#varint());
  }

  /** Appends the current field of a repeated float32 (4 bytes) or float64 (8 bytes) number, packed or not. */
  floatsInto(target: number[], width: 4 | 8): void {
    if (this.#wire !== (width === 4 ? FIXED32 : FIXED64) && this.#wire !== BYTES) {
      throw new MalformedModel('floating-point numbers were expected');
    }
    if ((this.#stop - this.#start) % width !== 0) throw new MalformedModel('a list of numbers ends early');
    for (let at = this.#start; at < this.#stop; at += width) {
      target.push(width === 4 ? this.#view.getFloat32(at, true) : this.#view.getFloat64(at, true));
    }
  }

  #skip(size: number): void {
    if (size < 0 || this.#next + size > this.#end) throw new MalformedModel('a field is longer than its message');
    this.#next += size;
  }

  /** A signed 64-bit number; beyond 2^53 it is rounded. */
  #varint(): number {
    let low = 0;
    let factor = 1;
    let high = 0n;
    for (let index = 0; index < 10; index += 1) {
      const at = this.#next + index;
      if (at >= this.#end) break;
      const byte = this.#bytes[at] as number;
      if (index < 7) {
        low += (byte & 0x7f) * factor;
        factor *= 128;
      } else high |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte >= 0x80) continue;
      this.#next = at + 1;
      return index < 7 ? low : Number(BigInt.asIntN(64, BigInt(low) | high));
    }
    throw new MalformedModel('a number does not end');
  }
}
