/**
 * SVG path of a sparkline in a box of the given size: one sub-path for each run of values, so a gap is a gap.
 * Null when there is nothing to draw. A constant line is drawn in the middle.
 */
export function sparklinePath(values: readonly (number | null)[], width: number, height: number): string | null {
  const present = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (present.length === 0) return null;
  const low = Math.min(...present);
  const high = Math.max(...present);
  const span = high - low;
  const x = (index: number) => (values.length === 1 ? width / 2 : (index / (values.length - 1)) * width);
  const y = (value: number) => (span === 0 ? height / 2 : height - ((value - low) / span) * height);
  let path = '';
  let open = false;
  values.forEach((value, index) => {
    if (value === null || !Number.isFinite(value)) {
      open = false;
      return;
    }
    path += `${open ? 'L' : 'M'}${round(x(index))} ${round(y(value))}`;
    // A lone value has no line: a zero-length one with round caps shows it as a dot.
    const next = values[index + 1] ?? null;
    if (!open && next === null) path += `L${round(x(index))} ${round(y(value))}`;
    open = true;
  });
  return path;
}

const round = (value: number): number => Math.round(value * 100) / 100;
