/** One line of the results table. */
export interface SimulationRow {
  readonly what: string;
  readonly setting: string;
  readonly measured: number;
  /** One standard error of `measured` from the number of runs. */
  readonly monteCarloError: number;
  readonly target: readonly [low: number, high: number];
  readonly runs: number;
  /** Why a target is missed or wide, where that needs saying. */
  readonly note?: string;
  /** The target is not reached, and the note says why. */
  readonly isKnownMiss?: true;
}

/** Marks a row whose target the method does not reach; the table says no and why. */
export function knownMiss(row: SimulationRow, note: string): SimulationRow {
  return { ...row, note, isKnownMiss: true };
}

export const NOMINAL = [0.93, 0.97] as const;

/** Share of runs that count, with its error; runs without an answer are left out. */
export function shareRow(
  what: string,
  setting: string,
  runs: number,
  run: () => boolean | null,
  target: readonly [number, number] = NOMINAL,
  note?: string,
): SimulationRow {
  let hits = 0;
  let answered = 0;
  for (let at = 0; at < runs; at += 1) {
    const hit = run();
    if (hit === null) continue;
    answered += 1;
    if (hit) hits += 1;
  }
  const measured = hits / answered;
  // Add one hit and one miss, so that a share of 0 or 1 keeps an error.
  const smooth = (hits + 1) / (answered + 2);
  const monteCarloError = Math.sqrt((smooth * (1 - smooth)) / answered);
  return { what, setting, measured, monteCarloError, target, runs: answered, ...(note && { note }) };
}

/** Mean over runs, with its error. */
export function meanRow(
  what: string,
  setting: string,
  runs: number,
  run: () => number,
  target: readonly [number, number],
  note?: string,
): SimulationRow {
  const values = Array.from({ length: runs }, run);
  const measured = values.reduce((total, value) => total + value, 0) / runs;
  const variance = values.reduce((total, value) => total + (value - measured) ** 2, 0) / (runs - 1);
  return { what, setting, measured, monteCarloError: Math.sqrt(variance / runs), target, runs, ...(note && { note }) };
}

export function covers(estimate: { readonly lower: number; readonly upper: number }, truth: number): boolean {
  return estimate.lower <= truth && truth <= estimate.upper;
}

/** How far outside its target a row lies, in Monte Carlo errors; 0 inside. */
export function missInErrors({ measured, target, monteCarloError }: SimulationRow): number {
  return Math.max(0, target[0] - measured, measured - target[1]) / Math.max(monteCarloError, 1e-12);
}
