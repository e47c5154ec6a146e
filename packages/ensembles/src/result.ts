import type { FailureReason as MetricsFailureReason } from '@switchyard/metrics';

/** Why a question could not be answered. A closed set, so that a caller can switch on it. */
export type FailureReason =
  | MetricsFailureReason
  | 'not-applicable'
  | 'too-few-members'
  | 'missing-member'
  | 'zero-weights'
  | 'no-probabilities'
  | 'no-label'
  | 'no-value'
  | 'no-variance'
  | 'no-common-class';

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
