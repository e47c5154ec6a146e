import { type Refusal, refuse } from './refusal.ts';

/** A source of independent uniform numbers in [0, 1). Given by the caller, so that results can be repeated. */
export type RandomSource = () => number;

/** One value of a feature. A missing number is NaN or null; whether the model takes it is the model's affair. */
export type Cell = number | string | boolean | null;

/** Rows of equal width, one cell per feature. */
export type Rows<C extends Cell = Cell> = ArrayLike<ArrayLike<C>>;

/**
 * Rows of cells that can be explained: at least `minimum` of them, of one width, without infinite or undefined cells.
 * Returns the reason they are not, undefined when they are.
 */
export function checkRows(rows: Rows, name: string, minimum: number, width?: number): Refusal | undefined {
  if (!isList(rows)) return refuse('invalid-input', `an array of rows as ${name}`, describe(rows));
  if (rows.length === 0) return refuse('empty', `at least ${minimum} rows in ${name}`, 'none');
  if (rows.length < minimum) return refuse('too-few-rows', `at least ${minimum} rows in ${name}`, `${rows.length}`);
  const wanted = width ?? (isList(rows[0]) ? rows[0].length : 0);
  if (wanted === 0) return refuse('mismatched-shape', `rows with at least one feature in ${name}`, 'none');
  for (let index = 0; index < rows.length; index += 1) {
    const problem = checkRow(rows[index] as ArrayLike<Cell>, `${name}[${index}]`, wanted);
    if (problem) return problem;
  }
  return undefined;
}

export function checkRow(row: ArrayLike<Cell>, name: string, width?: number): Refusal | undefined {
  if (!isList(row)) return refuse('invalid-input', `an array of cells as ${name}`, describe(row));
  if (width !== undefined && row.length !== width) {
    return refuse('mismatched-shape', `${width} features in ${name}`, `${row.length}`);
  }
  if (row.length === 0) return refuse('mismatched-shape', `at least one feature in ${name}`, 'none');
  for (let feature = 0; feature < row.length; feature += 1) {
    const cell = row[feature];
    if (typeof cell === 'number' ? Number.isFinite(cell) || Number.isNaN(cell) : isOtherCell(cell)) continue;
    return typeof cell === 'number'
      ? refuse('not-finite', `a finite number, or NaN where one is missing, in ${name}[${feature}]`, `${cell}`)
      : refuse('invalid-input', `a number, text, boolean or null in ${name}[${feature}]`, describe(cell));
  }
  return undefined;
}

/** Rows of numbers only; NaN where a value is missing. */
export function checkNumericRows(
  rows: Rows<number>,
  name: string,
  minimum: number,
  width?: number,
): Refusal | undefined {
  const problem = checkRows(rows, name, minimum, width);
  if (problem) return problem;
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index] as ArrayLike<number>;
    for (let feature = 0; feature < row.length; feature += 1) {
      if (typeof row[feature] === 'number') continue;
      return refuse('invalid-input', `a number in ${name}[${index}][${feature}]`, describe(row[feature]));
    }
  }
  return undefined;
}

export function checkRandom(random: unknown): Refusal | undefined {
  return typeof random === 'function' ? undefined : refuse('invalid-option', 'a random source', describe(random));
}

/** A whole number of at least `minimum`, and at most `maximum`. */
export function checkWhole(name: string, value: number, minimum: number, maximum?: number): Refusal | undefined {
  const limit = maximum ?? Number.MAX_SAFE_INTEGER;
  if (Number.isSafeInteger(value) && value >= minimum && value <= limit) return undefined;
  const range = maximum === undefined ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
  return refuse('invalid-option', `a whole number ${range} as ${name}`, describe(value));
}

export function checkConfidence(value: number): Refusal | undefined {
  if (value > 0 && value < 1) return undefined;
  return refuse('invalid-option', 'a confidence strictly between 0 and 1', describe(value));
}

/** Are two cells the same to a model? NaN equals NaN. */
export function sameCell(a: Cell, b: Cell): boolean {
  return a === b || Object.is(a, b);
}

/** Fisher–Yates over the positions 0…count − 1: the last is drawn first. */
export function shuffledPositions(count: number, random: RandomSource): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  shuffle(order, random);
  return order;
}

export function shuffle(order: Uint32Array, random: RandomSource): void {
  for (let last = order.length - 1; last > 0; last -= 1) {
    const drawn = Math.min(last, Math.floor(random() * (last + 1)));
    const kept = order[last] as number;
    order[last] = order[drawn] as number;
    order[drawn] = kept;
  }
}

export function describe(value: unknown): string {
  if (typeof value === 'string') return `"${value.slice(0, 40)}"`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return value !== null && typeof value === 'object' ? 'an object' : String(value);
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return value !== null && typeof value === 'object' && typeof (value as { length?: unknown }).length === 'number';
}

function isOtherCell(cell: unknown): boolean {
  return cell === null || typeof cell === 'string' || typeof cell === 'boolean';
}
