import { createHash } from 'node:crypto';

/**
 * The one JSON text of a value: keys sorted by code unit, no white space, absent (undefined) members left out.
 * Values are what JSON can say; numbers are written as JavaScript writes them.
 * @param known texts of objects in it that never change, so that they need not be written again
 */
export function canonicalJson(value: unknown, known?: WeakMap<object, string>): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null, known)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const text = known?.get(value);
  if (text !== undefined) return text;
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member, known)}`);
  return `{${members.join(',')}}`;
}

/** Lower-case hexadecimal. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
