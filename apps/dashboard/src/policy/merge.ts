/** A field that both sides changed, each in its own way. `mine` was kept. */
export interface MergeConflict {
  readonly field: string;
}

export interface Merged<T> {
  readonly value: T;
  readonly conflicts: readonly MergeConflict[];
}

type Named = { readonly name: string };
const ABSENT = Symbol('absent');

/**
 * Three-way merge of JSON documents: what only one side changed is taken from that side. Branches are the same when
 * their names are. What both changed differently stays mine, and is told.
 */
export function mergeDocuments<T>(base: T, mine: T, theirs: T): Merged<T> {
  const conflicts: MergeConflict[] = [];
  const value = merge(base, mine, theirs, '', conflicts);
  return { value: value as T, conflicts };
}

function merge(base: unknown, mine: unknown, theirs: unknown, field: string, conflicts: MergeConflict[]): unknown {
  if (isSame(mine, theirs) || isSame(base, theirs)) return mine;
  if (isSame(base, mine)) return theirs;
  if (isNamedList(base) && isNamedList(mine) && isNamedList(theirs))
    return mergeLists(base, mine, theirs, field, conflicts);
  if (isRecord(base) && isRecord(mine) && isRecord(theirs) && mine.kind === theirs.kind) {
    const keys = new Set([...Object.keys(mine), ...Object.keys(theirs)]);
    const merged: Record<string, unknown> = {};
    for (const key of keys) {
      const at = field === '' ? key : `${field}.${key}`;
      const value = merge(get(base, key), get(mine, key), get(theirs, key), at, conflicts);
      if (value !== ABSENT) merged[key] = value;
    }
    return merged;
  }
  conflicts.push({ field });
  return mine;
}

function mergeLists(
  base: readonly Named[],
  mine: readonly Named[],
  theirs: readonly Named[],
  field: string,
  conflicts: MergeConflict[],
): unknown[] {
  const find = (list: readonly Named[], name: string): unknown => list.find((one) => one.name === name) ?? ABSENT;
  const added = theirs.filter(({ name }) => find(mine, name) === ABSENT);
  return [...mine, ...added].flatMap(({ name }, index) => {
    const before = conflicts.length;
    const value = merge(find(base, name), find(mine, name), find(theirs, name), `${field}.${index}`, conflicts);
    // One side took it away while the other changed it: what is left is the change.
    if (value === ABSENT) return conflicts.length > before ? [find(theirs, name)] : [];
    return [value];
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNamedList = (value: unknown): value is readonly Named[] =>
  Array.isArray(value) &&
  value.every((item) => isRecord(item) && typeof item.name === 'string') &&
  new Set(value.map((item) => (item as unknown as Named).name)).size === value.length;
const get = (record: Record<string, unknown>, key: string): unknown => (key in record ? record[key] : ABSENT);

/** Equal as JSON, whatever the order of the keys. */
export function isSame(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, index) => isSame(item, right[index]));
  }
  if (!isRecord(left) || !isRecord(right)) return false;
  const keys = Object.keys(left).filter((key) => left[key] !== undefined);
  return (
    keys.length === Object.keys(right).filter((key) => right[key] !== undefined).length &&
    keys.every((key) => isSame(left[key], right[key]))
  );
}
