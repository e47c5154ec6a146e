import { type Failure, failure } from '../result.ts';
import type { Calibrator } from './calibrate.ts';

/** Why a calibrator that comes from elsewhere cannot be used. Fits are looked at by `applyIsotonic`. */
export function findCalibratorProblem(calibrator: Calibrator): Failure | undefined {
  switch (calibrator.method) {
    case 'temperature':
      return calibrator.temperature > 0 && Number.isFinite(calibrator.temperature)
        ? undefined
        : failure('invalid-argument', 'a calibrator whose temperature is positive and finite');
    case 'platt':
      if (![...calibrator.slopes, ...calibrator.intercepts].every(Number.isFinite))
        return failure('not-finite', 'a calibrator whose numbers are finite');
      return calibrator.input === 'log_odds' || calibrator.input === 'probability'
        ? undefined
        : failure('invalid-argument', 'a calibrator whose input is log_odds or probability');
    case 'isotonic':
      return undefined;
    default:
      return failure('invalid-argument', 'a calibrator by temperature, platt or isotonic');
  }
}
