import { hash } from 'node:crypto';
import type { ServedVersion } from '@switchyard/contracts';
import type { FeatureRow } from '@switchyard/runtimes';

/** Longer rows are known by their digest: a key is kept with every answer. */
const MAXIMUM_LENGTH = 256;

/**
 * What all keys of a model version begin with. Besides its name and number it holds all that its answers depend on,
 * so that gateways of two registries can share a cache, and a new version, or a new artifact, starts with nothing.
 */
export function keyPrefix(model: string, { version, format, artifact, signature, upstream }: ServedVersion): string {
  // The number is that of the form of keys and values: to be raised when either changes.
  return hash('sha256', JSON.stringify([1, model, version, format, artifact.sha256, signature, upstream]), 'base64url');
}

/** Equal for rows that are equal value by value and type by type, in the order of the signature, and for no others. */
export function rowKey(prefix: string, row: FeatureRow): string {
  const text = JSON.stringify(row.some(isLostInJson) ? row.map(toKept) : row);
  return prefix + (text.length <= MAXIMUM_LENGTH ? text : `#${hash('sha256', text, 'base64url')}`);
}

/** Negative zero, and what is no finite number: JSON has other things written for them. */
function isLostInJson(value: FeatureRow[number]): boolean {
  return typeof value === 'number' && (value === 0 ? Object.is(value, -0) : !Number.isFinite(value));
}

/** No value of a row is an array, so that one cannot be taken for a text. */
function toKept(value: FeatureRow[number]): FeatureRow[number] | [string] {
  return isLostInJson(value) ? [Object.is(value, -0) ? '-0' : String(value)] : value;
}
