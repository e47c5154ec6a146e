import { applyIsotonic, fitIsotonic, type IsotonicFit } from '../isotonic.ts';
import { areaUnderRoc, scoreSteps } from './score-steps.ts';

const SPLITS = 10;
const BINS = 10;

/** Row numbers to test on, one list a split; all other rows are fitted on. */
export type Splits = readonly ArrayLike<number>[];

export interface CalibrationChoice {
  readonly fit: IsotonicFit | null;
  /** Pooled calibration error on held-out rows, without and with the calibrator; null when it was not tried. */
  readonly heldOutError: { readonly before: number; readonly after: number } | null;
}

/**
 * NannyML's rule: calibrate only when that lowers the pooled calibration error (10 equal-count bins) over ten
 * stratified 90/10 splits; never with one class or an AUC above 0.999.
 */
export function chooseCalibration(
  labels: Uint8Array,
  scores: Float64Array,
  random: () => number,
  given?: Splits,
  weights?: ArrayLike<number>,
): CalibrationChoice {
  const none: CalibrationChoice = { fit: null, heldOutError: null };
  const steps = scoreSteps({ positives: labels, scores, weights: undefined, count: labels.length, unlabelled: 0 });
  if (steps.positives === 0 || steps.negatives === 0 || areaUnderRoc(steps) > 0.999) return none;
  const rows = Array.from(labels.keys());
  const pooled: { score: number; calibrated: number; label: number }[] = [];
  for (const test of given ?? stratifiedSplits(labels, random)) {
    const isHeld = new Uint8Array(labels.length);
    for (let at = 0; at < test.length; at += 1) isHeld[test[at] as number] = 1;
    const fit = isotonicOf(
      rows.filter((row) => isHeld[row] === 0),
      labels,
      scores,
      weights,
    );
    if (fit === null) return none;
    const held = rows.filter((row) => isHeld[row] === 1);
    const calibrated = applyIsotonic(
      fit,
      held.map((row) => scores[row] as number),
    );
    if (!calibrated.ok) return none;
    for (const [at, row] of held.entries()) {
      pooled.push({
        score: scores[row] as number,
        calibrated: calibrated.values[at] as number,
        label: labels[row] as number,
      });
    }
  }
  if (pooled.length < 4) return none;
  const before = equalCountError(pooled.map(({ score, label }) => ({ score, label })));
  const after = equalCountError(pooled.map(({ calibrated, label }) => ({ score: calibrated, label })));
  const isBetter = before > after;
  return {
    fit: isBetter ? isotonicOf(rows, labels, scores, weights) : null,
    heldOutError: { before, after },
  };
}

function isotonicOf(
  rows: readonly number[],
  labels: Uint8Array,
  scores: Float64Array,
  weights?: ArrayLike<number>,
): IsotonicFit | null {
  const result = fitIsotonic(
    rows.map((row) => scores[row] as number),
    rows.map((row) => labels[row] as number),
    weights && rows.map((row) => weights[row] as number),
  );
  return result.ok ? result.fit : null;
}

function equalCountError(rows: { readonly score: number; readonly label: number }[]): number {
  const sorted = rows.sort((a, b) => a.score - b.score);
  const binCount = sorted.length <= 2 * BINS ? Math.floor(sorted.length / 2) : BINS;
  const width = Math.floor(sorted.length / binCount);
  let error = 0;
  // Bins start every `width` rows; the last edge moves to the end, so what is left over joins the last bin.
  const edges = Array.from({ length: Math.floor(sorted.length / width) + 1 }, (_, at) => at * width);
  edges[edges.length - 1] = sorted.length;
  for (let bin = 0; bin + 1 < edges.length; bin += 1) {
    const members = sorted.slice(edges[bin], edges[bin + 1]);
    const gap = members.reduce((total, { score, label }) => total + score - label, 0);
    error += Math.abs(gap) / sorted.length;
  }
  return error;
}

function stratifiedSplits(labels: Uint8Array, random: () => number): number[][] {
  const size = Math.ceil(labels.length / 10);
  return Array.from({ length: SPLITS }, () => {
    const positives = shuffled(rowsOf(labels, 1), random);
    const negatives = shuffled(rowsOf(labels, 0), random);
    const fromPositives = Math.round((size * positives.length) / labels.length);
    return [...positives.slice(0, fromPositives), ...negatives.slice(0, size - fromPositives)];
  });
}

function rowsOf(labels: Uint8Array, label: number): number[] {
  return Array.from(labels.keys()).filter((row) => labels[row] === label);
}

function shuffled(rows: number[], random: () => number): number[] {
  for (let last = rows.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [rows[last], rows[other]] = [rows[other] as number, rows[last] as number];
  }
  return rows;
}
