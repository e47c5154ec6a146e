// The random cases of parity/cases.py, bit for bit.
import type { RandomSource } from '../src/index.ts';

export function mulberry32(seed: number): RandomSource {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function bell(uniform: RandomSource): number {
  let sum = 0;
  for (let i = 0; i < 12; i += 1) sum += uniform();
  return sum - 6;
}

const SCALES = [1, 1, 1e-9, 1e9, 1e-100, 1e100];
const KINDS = [
  'uniform',
  'bell',
  'ties',
  'binary',
  'heavy',
  'shifted',
  'missing',
  'constant',
  'half-constant',
] as const;

export interface NumericCase {
  readonly kind: (typeof KINDS)[number];
  readonly scale: number;
  readonly reference: number[];
  readonly current: number[];
}

function drawing(kind: NumericCase['kind'], uniform: RandomSource, shift: number): (isCurrent: boolean) => number {
  return (isCurrent) => {
    switch (kind) {
      case 'uniform':
        return uniform();
      case 'bell':
        return bell(uniform);
      case 'ties':
        return Math.floor(uniform() * 6) + (isCurrent && uniform() < 0.3 ? 1 : 0);
      case 'binary':
        return uniform() < (isCurrent ? 0.3 + 0.4 * shift : 0.4) ? 1 : 0;
      case 'heavy':
        return 1 / (uniform() + 0.001);
      case 'shifted':
        return bell(uniform) + (isCurrent ? shift : 0);
      case 'missing': {
        const value = uniform();
        return uniform() < 0.2 ? Number.NaN : value;
      }
      case 'constant':
        return 3.25;
      default:
        return isCurrent ? 3.25 : uniform();
    }
  };
}

export function numericCase(index: number): NumericCase {
  const uniform = mulberry32(1000 + index);
  const kind = KINDS[index % KINDS.length]!;
  const scale = SCALES[Math.floor(index / KINDS.length) % SCALES.length]!;
  const large = index % 50 === 49;
  const m = 2 + Math.floor(uniform() * (large ? 400 : 40));
  const n = index % 4 === 0 ? m : 2 + Math.floor(uniform() * (large ? 400 : 40));
  const shift = uniform();
  const draw = drawing(kind, uniform, shift);
  const reference = Array.from({ length: m }, () => draw(false) * scale);
  const current = Array.from({ length: n }, () => draw(true) * scale);
  return { kind, scale, reference, current };
}

/** The same kinds and scales with a given number of rows on both sides. */
export function numericColumn(index: number, m: number, n: number): NumericCase {
  const uniform = mulberry32(2_000_000 + index);
  const kind = KINDS[index % KINDS.length]!;
  const scale = SCALES[Math.floor(index / KINDS.length) % SCALES.length]!;
  const draw = drawing(kind, uniform, uniform());
  const reference = Array.from({ length: m }, () => draw(false) * scale);
  const current = Array.from({ length: n }, () => draw(true) * scale);
  return { kind, scale, reference, current };
}

function drawingCategory(
  uniform: RandomSource,
  categories: number,
  tilt: number,
  isSkewed: boolean,
): (isCurrent: boolean) => string {
  return (isCurrent) => {
    let u = uniform();
    if (isCurrent) u = u * (1 - tilt) + tilt * u * u;
    if (isSkewed) u = u * u;
    return `c${String(Math.floor(u * categories)).padStart(2, '0')}`;
  };
}

export function categoricalCase(index: number): { reference: string[]; current: string[] } {
  const uniform = mulberry32(500_000 + index);
  const categories = [2, 2, 3, 5, 12, 30][index % 6]!;
  const m = 20 + Math.floor(uniform() * 400);
  const n = index % 2 === 0 ? m : 20 + Math.floor(uniform() * 400);
  const tilt = uniform() * 0.6;
  const draw = drawingCategory(uniform, categories, tilt, index % 3 === 0);
  const reference = Array.from({ length: m }, () => draw(false));
  const current = Array.from({ length: n }, () => draw(true));
  return { reference, current };
}

export function categoricalColumn(index: number, m: number, n: number): { reference: string[]; current: string[] } {
  const uniform = mulberry32(3_000_000 + index);
  const categories = [2, 3, 5, 12, 30, 1][index % 6]!;
  const draw = drawingCategory(uniform, categories, uniform() * 0.6, index % 3 === 0);
  const reference = Array.from({ length: m }, () => draw(false));
  const current = Array.from({ length: n }, () => draw(true));
  return { reference, current };
}

const MATRIX_KINDS = ['bell', 'ties', 'constant column', 'tiny', 'huge', 'correlated', 'copies'] as const;

/** Rows of two to five columns; the first column moves a little. */
export function matrixCase(index: number): { kind: string; reference: number[][]; current: number[][] } {
  const uniform = mulberry32(4_000_000 + index);
  const kind = MATRIX_KINDS[index % MATRIX_KINDS.length]!;
  const scale = kind === 'tiny' ? 1e-100 : kind === 'huge' ? 1e100 : 1;
  const width = kind === 'copies' ? 3 + (index % 3) : 2 + (index % 4);
  const m = 20 + Math.floor(uniform() * 20);
  const n = 20 + Math.floor(uniform() * 20);
  const shift = uniform();
  const draw = (isCurrent: boolean): number[] => {
    const row: number[] = [];
    for (let column = 0; column < width; column += 1) {
      if (kind === 'ties') row.push(Math.floor(uniform() * 3));
      else if (kind === 'constant column' && column === 1) row.push(3.25);
      else if (kind === 'copies' && column === 1) row.push(row[0]!);
      else if (kind === 'correlated' && column > 0) row.push(row[column - 1]! + bell(uniform));
      else row.push((bell(uniform) + (isCurrent && column === 0 ? shift : 0)) * scale);
    }
    return row;
  };
  return {
    kind,
    reference: Array.from({ length: m }, () => draw(false)),
    current: Array.from({ length: n }, () => draw(true)),
  };
}

export function countBoth(reference: readonly string[], current: readonly string[]): [number[], number[]] {
  const keys = [...new Set([...reference, ...current])].sort();
  return [
    keys.map((key) => reference.filter((value) => value === key).length),
    keys.map((key) => current.filter((value) => value === key).length),
  ];
}
