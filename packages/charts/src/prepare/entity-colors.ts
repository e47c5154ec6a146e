/** How many categorical colours the theme defines, as --series-0 … --series-7. */
export const SERIES_COLOR_COUNT = 8;

/**
 * A colour per entity that does not depend on which others a chart shows. Each name starts at a hash of itself
 * and takes the next free colour; `names` in a stable order (oldest first) keeps colours when one is added.
 * With more names than colours, colours repeat.
 */
export function assignEntityColors(names: readonly string[]): ReadonlyMap<string, number> {
  const colors = new Map<string, number>();
  let taken = new Set<number>();
  for (const name of names) {
    if (colors.has(name)) continue;
    if (taken.size === SERIES_COLOR_COUNT) taken = new Set();
    let color = entityColor(name);
    while (taken.has(color)) color = (color + 1) % SERIES_COLOR_COUNT;
    taken.add(color);
    colors.set(name, color);
  }
  return colors;
}

/** The colour of a name alone (FNV-1a). */
export function entityColor(name: string): number {
  let hash = 0x811c9dc5;
  for (const character of name) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  return hash % SERIES_COLOR_COUNT;
}
