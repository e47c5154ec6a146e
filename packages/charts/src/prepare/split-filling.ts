/**
 * Splits a column into the part that is settled and the part still filling, which is drawn dotted and pale.
 * Both hold the last settled value, so that the two lines meet.
 */
export function splitFilling(
  values: readonly (number | null)[],
  fillingFrom: number,
): { settled: (number | null)[]; filling: (number | null)[] } {
  const settled = values.map((value, index) => (index < fillingFrom ? value : null));
  const filling = values.map((value, index) => (index >= fillingFrom - 1 ? value : null));
  if (fillingFrom >= values.length) filling.fill(null);
  return { settled, filling };
}

/** Indices whose neighbours are both missing: a line cannot show them, so they are drawn as points. */
export function isolatedPoints(values: readonly (number | null)[]): number[] {
  const found: number[] = [];
  values.forEach((value, index) => {
    const before = values[index - 1] ?? null;
    const after = values[index + 1] ?? null;
    if (value !== null && before === null && after === null) found.push(index);
  });
  return found;
}
