import type { ByteSource } from './file-bytes.ts';

/** The bytes are not a well-formed protocol-buffer message. */
export class MalformedMessage extends Error {}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/**
 * Walks the fields of one protocol-buffer message without decoding what nobody asked for.
 * A general library decodes (and copies) every weight of a model before one can look at its inputs;
 * here a field that is not touched costs reading its length.
 */
export class WireReader {
  readonly #source: ByteSource;
  readonly #end: number;
  #next: number;
  /** Number of the current field. */
  field = 0;
  #wire = VARINT;
  /** Where the current field begins, its tag included, and where it ends. */
  fieldStart = 0;
  #valueStart = 0;
  #valueEnd = 0;
  #number = 0;

  constructor(source: ByteSource, start = 0, end = source.length) {
    this.#source = source;
    this.#next = start;
    this.#end = end;
  }

  get fieldEnd(): number {
    return this.#valueEnd;
  }

  /** Moves to the next field; false after the last one. */
  next(): boolean {
    if (this.#next >= this.#end) return false;
    this.fieldStart = this.#next;
    const tag = this.#varintAt();
    this.field = Math.floor(tag / 8);
    this.#wire = tag % 8;
    if (this.field < 1 || tag < 0) throw new MalformedMessage('a field number is out of range');
    if (this.#wire === VARINT) {
      this.#valueStart = this.#next;
      this.#number = this.#varintAt();
      this.#valueEnd = this.#next;
      return true;
    }
    let size: number;
    if (this.#wire === BYTES) size = this.#varintAt();
    else if (this.#wire === FIXED32) size = 4;
    else if (this.#wire === FIXED64) size = 8;
    else throw new MalformedMessage('a field has an unknown wire type');
    this.#valueStart = this.#next;
    if (size < 0 || this.#next + size > this.#end) throw new MalformedMessage('a field is longer than its message');
    this.#next += size;
    this.#valueEnd = this.#next;
    return true;
  }

  /** The current field as a signed whole number. */
  integer(): number {
    if (this.#wire !== VARINT) throw new MalformedMessage('a number was expected');
    return this.#number;
  }

  text(): string {
    return this.raw().toString('utf8');
  }

  raw(): Buffer {
    if (this.#wire !== BYTES) throw new MalformedMessage('text or bytes were expected');
    return this.#source.bytes(this.#valueStart, this.#valueEnd);
  }

  message(): WireReader {
    if (this.#wire !== BYTES) throw new MalformedMessage('a message was expected');
    return new WireReader(this.#source, this.#valueStart, this.#valueEnd);
  }

  /** Appends the current field of a repeated whole number, packed or not. */
  integersInto(target: number[]): void {
    if (this.#wire === VARINT) {
      target.push(this.#number);
      return;
    }
    const packed = this.message();
    while (packed.#next < packed.#end) target.push(packed.#varintAt());
  }

  /** A signed 64-bit number; beyond 2^53 it is rounded. */
  #varintAt(): number {
    const bytes = this.#source.bytes(this.#next, Math.min(this.#end, this.#next + 10));
    let value = 0;
    let factor = 1;
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index] as number;
      if (index < 7) {
        value += (byte & 0x7f) * factor;
        factor *= 128;
        if (byte < 0x80) {
          this.#next += index + 1;
          return value;
        }
      } else if (byte < 0x80) {
        this.#next += index + 1;
        return longVarint(bytes.subarray(0, index + 1));
      }
    }
    throw new MalformedMessage('a number does not end');
  }
}

function longVarint(bytes: Uint8Array): number {
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index -= 1)
    value = (value << 7n) | BigInt((bytes[index] as number) & 0x7f);
  return Number(BigInt.asIntN(64, value));
}

/** One field with bytes in it, as it goes over the wire. */
export function bytesField(field: number, value: Uint8Array | string): Buffer {
  const content = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  return Buffer.concat([bytesFieldHeader(field, content.length), content]);
}

/** What goes before the bytes of such a field. */
export function bytesFieldHeader(field: number, length: number): Buffer {
  return Buffer.from([...varint(field * 8 + BYTES), ...varint(length)]);
}

export function integerField(field: number, value: number): Buffer {
  return Buffer.from([...varint(field * 8 + VARINT), ...varint(value)]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}
