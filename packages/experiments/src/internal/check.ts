import { type Failure, failure } from '../result.ts';

// Each check returns the failure, or undefined when the value is usable.

export function firstFailure(...checks: (Failure | undefined)[]): Failure | undefined {
  return checks.find((check) => check !== undefined);
}

export function checkFinite(name: string, value: number): Failure | undefined {
  return Number.isFinite(value) ? undefined : failure('not-finite', `${name} must be a finite number`);
}

/** A probability strictly between 0 and 1. */
export function checkOpenUnit(name: string, value: number): Failure | undefined {
  return value > 0 && value < 1 ? undefined : failure('invalid-argument', `${name} must lie strictly between 0 and 1`);
}

export function checkOneOf<Choice>(name: string, value: Choice, choices: readonly Choice[]): Failure | undefined {
  return choices.includes(value)
    ? undefined
    : failure('invalid-argument', `${name} must be one of ${choices.join(', ')}`);
}

export function checkUnit(name: string, value: number): Failure | undefined {
  return typeof value === 'number' && value >= 0 && value <= 1
    ? undefined
    : failure('invalid-argument', `${name} must lie in [0, 1]`);
}

export function checkPositive(name: string, value: number): Failure | undefined {
  return value > 0 && Number.isFinite(value)
    ? undefined
    : failure('invalid-argument', `${name} must be a positive finite number`);
}

export function checkNonNegative(name: string, value: number): Failure | undefined {
  return value >= 0 && Number.isFinite(value)
    ? undefined
    : failure('invalid-argument', `${name} must be a finite number of at least 0`);
}

/** A whole number of at least `minimum`; falling short of it means too few rows. */
export function checkCount(name: string, value: number, minimum: number): Failure | undefined {
  if (!Number.isSafeInteger(value) || value < 0) {
    return failure('invalid-argument', `${name} must be a whole number of at least 0`);
  }
  if (value >= minimum) return undefined;
  return failure(value === 0 ? 'empty' : 'too-few-rows', `${name} must be at least ${minimum}; it is ${value}`);
}

export function checkAllFinite(name: string, values: ArrayLike<number>): Failure | undefined {
  if (values.length === 0) return failure('empty', `${name} must hold at least one value`);
  for (let index = 0; index < values.length; index += 1) {
    if (!Number.isFinite(values[index])) return failure('not-finite', `${name}[${index}] must be a finite number`);
  }
  return undefined;
}

export function checkSameLength(name: string, actual: number, expected: number): Failure | undefined {
  return actual === expected
    ? undefined
    : failure('length-mismatch', `${name} must have ${expected} entries; it has ${actual}`);
}

/** Shares over arms: each in [0, 1], summing to 1 within rounding. */
export function checkShares(name: string, shares: readonly number[]): Failure | undefined {
  if (shares.length < 2) return failure('invalid-argument', `${name} must name at least two arms`);
  let total = 0;
  for (const share of shares) {
    if (!(share >= 0 && share <= 1)) return failure('invalid-argument', `every entry of ${name} must lie in [0, 1]`);
    total += share;
  }
  return Math.abs(total - 1) <= 1e-9
    ? undefined
    : failure('invalid-argument', `${name} must sum to 1; the sum is ${total}`);
}

/** A state that was stored and is passed back: numbers must have survived; null stands for "not yet". */
export function checkSaved(saved: object | undefined): Failure | undefined {
  const isSound = (value: unknown): boolean =>
    value === null ||
    typeof value === 'boolean' ||
    (typeof value === 'number'
      ? Number.isFinite(value)
      : typeof value === 'object' && Object.values(value).every(isSound));
  return saved === undefined || isSound(saved)
    ? undefined
    : failure('not-finite', 'a saved state as state() gave it, every number finite');
}
