import { SwitchyardError } from '@switchyard/contracts';

/** Cursors are opaque to callers; what they hold may change. */
export const encodeCursor = (position: string | number): string =>
  Buffer.from(String(position), 'utf8').toString('base64url');

export function decodeNumberCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const position = Number(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (Number.isSafeInteger(position) && position >= 0 && position < 2 ** 31) return position;
  throw new SwitchyardError('invalid_request', 'query: cursor: is not a cursor of this list', {
    problems: [{ field: 'cursor', detail: 'is not a cursor of this list' }],
  });
}

/** One page of rows, of which there are more than the limit where there is a next one, and where that starts. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  positionOf: (row: Row) => number,
  toItem: (row: Row) => Item,
): { items: Item[]; nextCursor?: string } {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items: kept.map(toItem), ...(more ? { nextCursor: encodeCursor(positionOf(last)) } : {}) };
}
