/** Why a question could not be answered. A closed set, so that a caller can switch on it. */
export type FailureReason =
  | 'invalid-argument'
  | 'empty'
  | 'all-missing'
  | 'too-few-rows'
  | 'not-finite'
  | 'constant'
  | 'one-class'
  | 'length-mismatch'
  | 'zero-baseline'
  | 'no-variation-in-covariate'
  | 'traffic-without-share'
  | 'no-support'
  | 'effective-sample-too-small'
  | 'weight-concentrated'
  | 'wrong-propensities'
  | 'no-solution';

/** The answer of every function here that cannot answer: a reason and what would be needed, never a number. */
export interface Failure {
  readonly ok: false;
  readonly reason: FailureReason;
  /** One sentence for a person: what the input must be, or how much more of it. */
  readonly needed: string;
}

export type Result<T> = ({ readonly ok: true } & T) | Failure;

export function failure(reason: FailureReason, needed: string): Failure {
  return { ok: false, reason, needed };
}
