import type { Result } from '../src/index.ts';

/** One line of a results table. */
export interface SimulationRow {
  readonly what: string;
  readonly setting: string;
  readonly measured: number;
  /** One standard error of `measured` from the number of runs. */
  readonly monteCarloError: number;
  /** Null where the row is shown for comparison only. */
  readonly target: readonly [low: number, high: number] | null;
  readonly runs: number;
  /** Why a target is missed, where one is. */
  readonly note?: string;
}

/** Share of `hits` in `runs`; its error comes from a share with one hit and one miss more, so that 0 keeps an error. */
export function shareRow(
  what: string,
  setting: string,
  hits: number,
  runs: number,
  target: SimulationRow['target'],
  note?: string,
): SimulationRow {
  const smooth = (hits + 1) / (runs + 2);
  const monteCarloError = Math.sqrt((smooth * (1 - smooth)) / runs);
  return { what, setting, measured: hits / runs, monteCarloError, target, runs, ...(note && { note }) };
}

/**
 * A quantile of `values`. Its error is half the distance between the order statistics one binomial standard deviation to
 * either side.
 */
export function quantileRow(
  what: string,
  setting: string,
  values: readonly number[],
  quantile: number,
  target: SimulationRow['target'],
  note?: string,
): SimulationRow {
  const sorted = [...values].sort((a, b) => a - b);
  const runs = sorted.length;
  const at = (share: number) => sorted[Math.min(runs - 1, Math.max(0, Math.ceil(share * runs) - 1))] as number;
  const step = Math.sqrt((quantile * (1 - quantile)) / runs);
  const monteCarloError = (at(quantile + step) - at(quantile - step)) / 2;
  return { what, setting, measured: at(quantile), monteCarloError, target, runs, ...(note && { note }) };
}

/** How far outside its target a row lies, in Monte Carlo errors; 0 inside and without a target. */
export function missInErrors({ measured, target, monteCarloError }: SimulationRow): number {
  if (!target) return 0;
  return Math.max(0, target[0] - measured, measured - target[1]) / Math.max(monteCarloError, 1e-12);
}

/** The answer; a simulation that is refused is a mistake in the simulation. */
export function answer<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.reason}: ${result.needed}`);
  return result;
}
