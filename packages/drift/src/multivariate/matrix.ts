// Checks and helpers for rows of numbers.
import { type Refusal, refuse } from '../refusal.ts';

/** Rows of equal length, finite numbers only. */
export type Rows = ArrayLike<ArrayLike<number>>;

export function checkRows(rows: Rows, name: string, minimum: number, width?: number): Refusal | undefined {
  if (typeof rows?.length !== 'number') return refuse('invalid-input', `an array of rows as ${name}`, String(rows));
  if (rows.length === 0) return refuse('empty-sample', `at least ${minimum} rows in ${name}`, 'none');
  const columns = width ?? rows[0]?.length ?? 0;
  for (let i = 0; i < rows.length; i += 1) {
    const row = rows[i];
    if (row?.length !== columns || columns === 0) {
      return refuse(
        'mismatched-shape',
        `rows of ${columns || 'at least 1'} numbers in ${name}`,
        `${row?.length} in row ${i}`,
      );
    }
    for (let j = 0; j < columns; j += 1) {
      if (!Number.isFinite(row[j])) {
        return refuse('not-finite', `finite numbers only in ${name}`, `${String(row[j])} in row ${i}, column ${j}`);
      }
    }
  }
  if (rows.length < minimum) return refuse('too-few-values', `at least ${minimum} rows in ${name}`, `${rows.length}`);
  return undefined;
}

/** Fisher–Yates: `count` different positions below `size`, in random order. */
export function drawPositions(size: number, count: number, random: () => number): Uint32Array {
  const positions = Uint32Array.from({ length: size }, (_, index) => index);
  for (let i = 0; i < count; i += 1) {
    const j = i + Math.floor(random() * (size - i));
    const chosen = positions[j]!;
    positions[j] = positions[i]!;
    positions[i] = chosen;
  }
  return positions.subarray(0, count);
}
