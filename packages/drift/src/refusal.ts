/**
 * Why a question cannot be answered. Expected failures are values: a function of this package that cannot
 * answer returns a refusal, never a number.
 */
export type RefusalReason =
  | 'empty-sample'
  | 'too-few-values'
  | 'not-finite'
  | 'constant'
  | 'invalid-counts'
  | 'invalid-option'
  | 'invalid-input'
  | 'unknown-feature'
  | 'mismatched-shape'
  | 'no-overlap'
  | 'incompatible-profile';

export interface Refusal {
  readonly ok: false;
  readonly reason: RefusalReason;
  /** What would make the question answerable, in words. */
  readonly needed: string;
  /** What was given instead, in words. */
  readonly have: string;
}

/** Either the answer (its fields beside `ok: true`) or the reason there is none. */
export type Answer<T> = ({ readonly ok: true } & T) | Refusal;

export function refuse(reason: RefusalReason, needed: string, have: string): Refusal {
  return { ok: false, reason, needed, have };
}

/** A source of independent uniform numbers in [0, 1). Given by the caller, so that results can be repeated. */
export type RandomSource = () => number;

/** A whole number of at least `minimum`, exact as a double. */
export function isWhole(value: number | undefined, minimum: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= minimum;
}

export function isPositive(value: number | undefined): value is number {
  return Number.isFinite(value) && (value as number) > 0;
}

export function isProbability(value: number | undefined): value is number {
  return typeof value === 'number' && value > 0 && value < 1;
}
