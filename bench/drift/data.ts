// The arrays that Switchyard, Evidently and SciPy are all measured on: written once as raw doubles.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROWS = 1_000_000;
export const COLUMNS = 20;

/** Column k: normal, skewed, heavy-tailed or rounded by turns; a quarter of the current columns are shifted. */
export function makeColumn(column: number, side: 'reference' | 'current'): Float64Array {
  let state = (column * 2 + (side === 'current' ? 1 : 0)) * 7_919 + 12_345;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const shift = side === 'current' && column % 4 === 3 ? 0.1 : 0;
  return Float64Array.from({ length: ROWS }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()) + shift;
    if (column % 4 === 1) return Math.exp(normal);
    if (column % 4 === 2) return Math.round(normal * 20) / 20;
    return normal;
  });
}

export function writeColumns(folder: string): void {
  for (let column = 0; column < COLUMNS; column += 1) {
    for (const side of ['reference', 'current'] as const) {
      writeFileSync(join(folder, `${side}-${column}.f64`), new Uint8Array(makeColumn(column, side).buffer));
    }
  }
}
