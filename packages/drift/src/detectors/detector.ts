import { type Refusal, refuse } from '../refusal.ts';

/** What a detector says after one more value. */
export interface DetectorUpdate {
  readonly ok: true;
  /** True on the value at which a change is reported; the detector starts afresh with the next value. */
  readonly driftDetected: boolean;
  /** True while the detector is in its warning zone. Always false for detectors without one. */
  readonly warningDetected: boolean;
}

/**
 * A detector of change in a stream, one value at a time in O(1) (amortised) time and bounded memory.
 * A value that is not a finite number is refused and leaves the state alone.
 */
export interface DriftDetector {
  update(value: number): DetectorUpdate | Refusal;
}

export function refuseValue(value: number): Refusal | undefined {
  return Number.isFinite(value) ? undefined : refuse('not-finite', 'a finite number', String(value));
}

/** For detectors of an error stream: 1 = wrong, 0 = right; values between are allowed as shares. */
export function refuseShare(value: number): Refusal | undefined {
  return value >= 0 && value <= 1 ? undefined : refuse('not-finite', 'a number from 0 to 1', String(value));
}

export function detected(driftDetected: boolean, warningDetected = false): DetectorUpdate {
  return { ok: true, driftDetected, warningDetected };
}
