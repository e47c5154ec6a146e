/**
 * Why a question cannot be answered. Expected failures are values: a function of this package that cannot
 * answer returns a refusal, never a number.
 */
export type RefusalReason =
  | 'empty'
  | 'too-few-rows'
  | 'too-many-features'
  | 'not-finite'
  | 'invalid-option'
  | 'invalid-input'
  | 'mismatched-shape'
  | 'model-failed'
  | 'no-metric'
  | 'constant-predictions'
  | 'poor-fit'
  | 'malformed-model'
  | 'no-trees'
  | 'several-ensembles'
  | 'computed-inputs'
  | 'unsupported-model'
  | 'not-additive';

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
