// Compact, canonical bytes for profiles and windows: the same content always gives the same bytes, closed by a checksum.
import { withChecksum, withoutChecksum } from '../internal/checksum.ts';
import { type Answer, refuse } from '../refusal.ts';
import { checkProfile } from './check-profile.ts';
import type { FeatureReference, ReferenceProfile } from './reference-profile.ts';

const PROFILE_MARK = 0x50; // P
const WINDOW_MARK = 0x57; // W
/** 1 had no checksum. */
const FORMAT = 2;

/**
 * Bytes of a profile, the same for the same content: whole numbers in base 128, lowest digit first (LEB128), every
 * other number as a little-endian double, text as UTF-8 after its length; at the end the CRC-32 of all before it. Takes
 * the content as `buildReferenceProfile` makes it. Refuses what is no profile of version 1. Source: definition, a format
 * of this package; ISO 3309 for the checksum.
 */
export function encodeProfile(profile: ReferenceProfile): Answer<{ bytes: Uint8Array }> {
  const problem = checkProfile(profile);
  if (problem) return problem;
  return { ok: true, bytes: withChecksum(profileBytes(profile)) };
}

function profileBytes(profile: ReferenceProfile): Uint8Array {
  const writer = createWriter();
  writer.byte(PROFILE_MARK);
  writer.byte(FORMAT);
  writer.whole(profile.features.length);
  for (const { name, reference } of profile.features) {
    writer.text(name);
    if (reference.kind === 'numeric') {
      writer.byte(0);
      writer.whole(reference.edges.length);
      for (const edge of reference.edges) writer.number(edge);
      for (const value of reference.representatives) writer.number(value);
      writer.number(reference.mean);
      writer.number(reference.standardDeviation);
    } else {
      writer.byte(reference.isSplit ? 2 : 1);
      writer.whole(reference.categories.length);
      for (const category of reference.categories) writer.text(category);
    }
    for (const count of reference.counts) writer.whole(count);
    writer.whole(reference.missing);
  }
  return writer.finish();
}

/**
 * The profile that `encodeProfile` wrote, number for number. Refuses what are no bytes, bytes of another format or
 * length, and bytes that their checksum does not fit: any change of up to four neighbouring bytes is noticed for
 * certain, any other but for one in 2³². Source: definition, the format of `encodeProfile`.
 */
export function decodeProfile(bytes: Uint8Array): Answer<{ profile: ReferenceProfile }> {
  const opened = openBytes(bytes, PROFILE_MARK, 'bytes from encodeProfile');
  if (!opened.ok) return opened;
  const { reader } = opened;
  const damaged = refuse('invalid-input', 'bytes from encodeProfile', 'damaged or foreign bytes');
  const size = reader.whole();
  const features: { name: string; reference: FeatureReference }[] = [];
  for (let index = 0; index < size && !reader.failed(); index += 1) {
    const name = reader.text();
    const kind = reader.byte();
    if (kind > 2) return damaged;
    const length = reader.whole();
    if (length > bytes.length) return damaged;
    if (kind === 0) {
      const edges = reader.list(length, reader.number);
      const representatives = reader.list(length + 1, reader.number);
      const mean = reader.number();
      const standardDeviation = reader.number();
      const counts = reader.list(length + 1, reader.whole);
      const missing = reader.whole();
      const reference = { kind: 'numeric', edges, counts, representatives, missing, mean, standardDeviation } as const;
      features.push({ name, reference });
    } else {
      const categories: string[] = [];
      for (let k = 0; k < length && !reader.failed(); k += 1) categories.push(reader.text());
      const counts = reader.list(length + 1, reader.whole);
      const missing = reader.whole();
      features.push({ name, reference: { kind: 'categorical', categories, counts, missing, isSplit: kind === 2 } });
    }
  }
  if (reader.failed() || !reader.atEnd() || features.length !== size) return damaged;
  const profile: ReferenceProfile = { version: 1, features };
  return checkProfile(profile) ?? { ok: true, profile };
}

const hashes = new WeakMap<ReferenceProfile, number>();

/** 32-bit FNV-1a of the profile's bytes: ties a window to its profile. */
export function hashProfile(profile: ReferenceProfile): number {
  const known = hashes.get(profile);
  if (known !== undefined) return known;
  let hash = 0x811c9dc5;
  for (const byte of profileBytes(profile)) hash = Math.imul(hash ^ byte, 0x01000193);
  hashes.set(profile, hash >>> 0);
  return hash >>> 0;
}

export function encodeCounts(profileHash: number, counts: Float64Array): Uint8Array {
  const writer = createWriter();
  writer.byte(WINDOW_MARK);
  writer.byte(FORMAT);
  writer.whole(profileHash);
  for (let index = 0; index < counts.length; index += 1) writer.whole(counts[index]!);
  return withChecksum(writer.finish());
}

export function decodeCounts(bytes: Uint8Array, profileHash: number, size: number): Answer<{ counts: Float64Array }> {
  const opened = openBytes(bytes, WINDOW_MARK, 'bytes from a drift window');
  if (!opened.ok) return opened;
  const { reader } = opened;
  if (reader.whole() !== profileHash) {
    return refuse('incompatible-profile', 'a window of the same profile', 'a window of another profile');
  }
  const counts = reader.list(size, reader.whole);
  if (reader.failed() || !reader.atEnd()) {
    return refuse('invalid-input', 'bytes from a drift window', 'damaged or foreign bytes');
  }
  return { ok: true, counts };
}

/** A reader behind mark and format, of what the checksum says is as it was written. */
function openBytes(
  bytes: Uint8Array,
  mark: number,
  needed: string,
): Answer<{ reader: ReturnType<typeof createReader> }> {
  if (!(bytes instanceof Uint8Array) || bytes[0] !== mark)
    return refuse('invalid-input', needed, 'damaged or foreign bytes');
  if (bytes[1] !== FORMAT) return refuse('invalid-input', `${needed} in format ${FORMAT}`, `format ${bytes[1]}`);
  const content = withoutChecksum(bytes);
  if (content === undefined) {
    return refuse('invalid-input', `${needed} as they were written`, 'bytes that their checksum does not fit');
  }
  const reader = createReader(content);
  reader.byte();
  reader.byte();
  return { ok: true, reader };
}

function createWriter() {
  let buffer = new Uint8Array(1_024);
  let view = new DataView(buffer.buffer);
  let position = 0;
  const reserve = (size: number): void => {
    if (position + size <= buffer.length) return;
    const larger = new Uint8Array(Math.max(buffer.length * 2, position + size));
    larger.set(buffer);
    buffer = larger;
    view = new DataView(buffer.buffer);
  };
  const byte = (value: number): void => {
    reserve(1);
    buffer[position] = value;
    position += 1;
  };
  const whole = (value: number): void => {
    let rest = value;
    while (rest >= 128) {
      byte((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    byte(rest);
  };
  return {
    byte,
    whole,
    number(value: number): void {
      reserve(8);
      view.setFloat64(position, value, true);
      position += 8;
    },
    text(value: string): void {
      const encoded = new TextEncoder().encode(value);
      whole(encoded.length);
      reserve(encoded.length);
      buffer.set(encoded, position);
      position += encoded.length;
    },
    finish: (): Uint8Array => buffer.slice(0, position),
  };
}

function createReader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;
  let failed = false;
  const take = (size: number): number => {
    const start = position;
    if (start + size > bytes.length) {
      failed = true;
      return -1;
    }
    position += size;
    return start;
  };
  const byte = (): number => {
    const start = take(1);
    return start < 0 ? 255 : bytes[start]!;
  };
  const whole = (): number => {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < 8; index += 1) {
      const next = byte();
      if (failed) return 0;
      value += (next % 128) * scale;
      if (next < 128) return value;
      scale *= 128;
    }
    failed = true;
    return 0;
  };
  return {
    byte,
    whole,
    number(): number {
      const start = take(8);
      return start < 0 ? 0 : view.getFloat64(start, true);
    },
    text(): string {
      const size = whole();
      const start = take(size);
      return start < 0 ? '' : new TextDecoder().decode(bytes.subarray(start, start + size));
    },
    list(size: number, read: () => number): Float64Array {
      if (size > bytes.length) {
        failed = true;
        return new Float64Array(0);
      }
      return Float64Array.from({ length: size }, () => (failed ? 0 : read()));
    },
    failed: (): boolean => failed,
    atEnd: (): boolean => position === bytes.length,
  };
}
