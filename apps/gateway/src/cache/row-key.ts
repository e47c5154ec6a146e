import { hash } from 'node:crypto';
import type { ServedVersion } from '@switchyard/contracts';
import type { FeatureRow } from '@switchyard/runtimes';

/** Longer rows are known by their digest, after a byte that begins no row: a key is kept with every answer. */
const MAXIMUM_BYTES = 512;

/**
 * What all keys of a model version begin with. Besides its name and number it holds all that its answers depend on,
 * so that gateways of two registries can share a cache, and a new version, or a new artifact, starts with nothing.
 */
export function keyPrefix(model: string, { version, format, artifact, signature, upstream }: ServedVersion): string {
  // The number is that of the form of keys and values: to be raised when either changes.
  return hash('sha256', JSON.stringify([1, model, version, format, artifact.sha256, signature, upstream]), 'base64url');
}

/**
 * Equal for rows that are equal value by value and type by type, in the order of the signature, and for no others:
 * a byte for the type of each value, then its bits. Writing numbers as text would cost more than many a model.
 */
export function rowKey(prefix: string, row: FeatureRow): string {
  let at = 0;
  for (let index = 0; index < row.length; index += 1) {
    const value = row[index] as FeatureRow[number];
    if (typeof value === 'number') {
      reserve(at, 9);
      bytes[at] = 1;
      // There are many that are not a number.
      bytes.writeDoubleLE(Number.isNaN(value) ? Number.NaN : value, at + 1);
      at += 9;
    } else if (typeof value === 'boolean') {
      reserve(at, 1);
      bytes[at] = value ? 2 : 3;
      at += 1;
    } else {
      reserve(at, 5 + 2 * value.length);
      bytes[at] = 4;
      bytes.writeUInt32LE(value.length, at + 1);
      // UTF-8 has one and the same replacement for every half of a pair.
      at += 5 + bytes.write(value, at + 5, 'utf16le');
    }
  }
  if (at <= MAXIMUM_BYTES) return prefix + bytes.toString('latin1', 0, at);
  return `${prefix}#${hash('sha256', bytes.subarray(0, at), 'base64url')}`;
}

/** Where rows are written down, one at a time. */
let bytes = Buffer.allocUnsafe(4_096);

function reserve(at: number, length: number): void {
  if (at + length <= bytes.length) return;
  const larger = Buffer.allocUnsafe(2 * (at + length));
  bytes.copy(larger, 0, 0, at);
  bytes = larger;
}
