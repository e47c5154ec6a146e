import { studentTSurvival } from '@switchyard/special-functions';
import { symmetricEigen } from '../internal/symmetric-eigen.ts';
import { type Answer, refuse } from '../refusal.ts';
import { checkRows, type Rows } from './matrix.ts';

export interface ReconstructionModel {
  readonly columnMeans: Float64Array;
  /** Standard deviations with n in the denominator; 1 for constant columns. */
  readonly columnDeviations: Float64Array;
  /** Kept components as unit rows over the standardised columns. */
  readonly components: readonly Float64Array[];
  readonly explainedShare: number;
  readonly referenceRows: number;
  readonly referenceErrorMean: number;
  readonly referenceErrorDeviation: number;
}

export interface ReconstructionResult {
  /** Mean over rows of ‖x - reconstruction of x‖ in standardised units. */
  readonly meanError: number;
  readonly referenceMeanError: number;
  /** Standard error of `meanError`. */
  readonly standardError: number;
  /** Two-sided Welch comparison with the errors of the reference rows. */
  readonly pValue: number;
  readonly rows: number;
}

/**
 * What is the linear structure of the reference? Standardises z = (x - mean)/deviation (n in the denominator) and keeps
 * the leading eigenvectors of the correlation matrix until they explain more than `explainedShare` (0.65, NannyML's
 * default) of the variance. Rows of numbers without missing values; encode categories first (for example with
 * `encodeByReferenceShare`).
 * Assumes that the columns depend on each other linearly; other dependence stays in the error of both sides. Refuses
 * fewer than 10 rows, rows of different width, values that are not finite, columns that are all constant and a share
 * outside (0, 1).
 * Source: NannyML's data reconstruction: standardised columns and principal components (Pearson 1901).
 */
export function fitReconstruction(
  reference: Rows,
  options: { readonly explainedShare?: number } = {},
): Answer<{ model: ReconstructionModel }> {
  const problem = checkRows(reference, 'reference', 10);
  if (problem) return problem;
  const wanted = options.explainedShare ?? 0.65;
  if (!(wanted > 0 && wanted < 1)) return refuse('invalid-option', 'explainedShare between 0 and 1', String(wanted));
  const width = reference[0]!.length;
  const size = reference.length;
  const columnMeans = new Float64Array(width);
  const columnDeviations = new Float64Array(width);
  for (let j = 0; j < width; j += 1) {
    let sum = 0;
    for (let i = 0; i < size; i += 1) sum += reference[i]![j]!;
    const mean = sum / size;
    let squares = 0;
    for (let i = 0; i < size; i += 1) squares += (reference[i]![j]! - mean) ** 2;
    const deviation = Math.sqrt(squares / size);
    columnMeans[j] = mean;
    columnDeviations[j] = deviation > 10 * Number.EPSILON * Math.abs(mean) ? deviation : 0;
  }
  if (columnDeviations.every((value) => value === 0)) {
    return refuse('constant', 'at least one column that varies', 'constant columns only');
  }
  for (let j = 0; j < width; j += 1) if (columnDeviations[j] === 0) columnDeviations[j] = 1;
  const covariance = new Float64Array(width * width);
  const standard = new Float64Array(width);
  for (let i = 0; i < size; i += 1) {
    standardise(reference[i]!, columnMeans, columnDeviations, standard);
    for (let a = 0; a < width; a += 1) {
      for (let b = 0; b <= a; b += 1) {
        covariance[a * width + b] = covariance[a * width + b]! + standard[a]! * standard[b]!;
      }
    }
  }
  for (let a = 0; a < width; a += 1) {
    for (let b = 0; b <= a; b += 1) {
      covariance[a * width + b] = covariance[a * width + b]! / size;
      covariance[b * width + a] = covariance[a * width + b]!;
    }
  }
  const { values, vectors } = symmetricEigen(covariance, width);
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0);
  const components: Float64Array[] = [];
  let explained = 0;
  for (let k = 0; k < width && explained <= wanted; k += 1) {
    components.push(vectors[k]!);
    explained += Math.max(0, values[k]!) / total;
  }
  const draft = { columnMeans, columnDeviations, components };
  const errors = rowErrors(draft, reference);
  return {
    ok: true,
    model: {
      ...draft,
      explainedShare: explained,
      referenceRows: size,
      referenceErrorMean: errors.mean,
      referenceErrorDeviation: errors.deviation,
    },
  };
}

/**
 * How badly do the reference's components reconstruct the current rows? The mean over rows of ‖z - Σ (c·z) c‖, z the
 * row standardised as the reference was, c the components. A change of the dependence between columns raises (or
 * lowers) it. The p-value compares row errors by Welch's t; the reference errors are those the components were fitted
 * on, which is slightly optimistic when the reference has few rows per column.
 * Assumes independent rows. Refuses what is no model, fewer than 2 rows, another width, values that are not finite, and
 * errors that are the same in every row of both sides, as where components span all columns (no error is left to
 * compare). Source: as `fitReconstruction`; Welch (1947) for the comparison.
 */
export function reconstructionError(model: ReconstructionModel, current: Rows): Answer<ReconstructionResult> {
  if (!model?.columnMeans) return refuse('invalid-input', 'a model from fitReconstruction', String(model));
  const problem = checkRows(current, 'current', 2, model.columnMeans.length);
  if (problem) return problem;
  const errors = rowErrors(model, current);
  const a = model.referenceErrorDeviation ** 2 / model.referenceRows;
  const b = errors.deviation ** 2 / current.length;
  const standardError = Math.sqrt(b);
  if (!(a + b > 0)) {
    return refuse(
      'constant',
      'reconstruction errors that vary; fewer components, or more columns',
      'the same in every row',
    );
  }
  const t = Math.abs(errors.mean - model.referenceErrorMean) / Math.sqrt(a + b);
  const degrees = (a + b) ** 2 / (a ** 2 / (model.referenceRows - 1) + b ** 2 / (current.length - 1));
  return {
    ok: true,
    meanError: errors.mean,
    referenceMeanError: model.referenceErrorMean,
    standardError,
    pValue: Math.min(1, 2 * studentTSurvival(t, degrees)),
    rows: current.length,
  };
}

/**
 * Turns categories into numbers for the reconstruction: rows of the category in the reference / rows of the reference,
 * 0 for unseen ones. Categories of equal share become equal. Assumes nothing. Refuses what are no arrays, and an empty
 * one on either side. Source: definition, as NannyML's data reconstruction encodes.
 */
export function encodeByReferenceShare(
  reference: readonly string[],
  values: readonly string[],
): Answer<{ encoded: Float64Array }> {
  if (!Array.isArray(reference) || !Array.isArray(values)) {
    return refuse('invalid-input', 'two arrays of categories', `${String(reference)}, ${String(values)}`);
  }
  if (reference.length === 0 || values.length === 0) return refuse('empty-sample', 'categories on both sides', 'none');
  const counts = new Map<string, number>();
  for (const value of reference) counts.set(value, (counts.get(value) ?? 0) + 1);
  return { ok: true, encoded: Float64Array.from(values, (value) => (counts.get(value) ?? 0) / reference.length) };
}

function standardise(row: ArrayLike<number>, means: Float64Array, deviations: Float64Array, into: Float64Array): void {
  for (let j = 0; j < means.length; j += 1) into[j] = (row[j]! - means[j]!) / deviations[j]!;
}

const ROUNDING = 1e-12;

function length(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

function rowErrors(
  model: Pick<ReconstructionModel, 'columnMeans' | 'columnDeviations' | 'components'>,
  rows: Rows,
): { mean: number; deviation: number } {
  const width = model.columnMeans.length;
  const standard = new Float64Array(width);
  const residual = new Float64Array(width);
  const errors = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i += 1) {
    standardise(rows[i]!, model.columnMeans, model.columnDeviations, standard);
    residual.set(standard);
    for (const component of model.components) {
      let score = 0;
      for (let j = 0; j < width; j += 1) score += component[j]! * standard[j]!;
      for (let j = 0; j < width; j += 1) residual[j] = residual[j]! - score * component[j]!;
    }
    const left = length(residual);
    // Components that span all columns leave rounding, which is no error and must not be compared.
    errors[i] = left > ROUNDING * length(standard) ? left : 0;
  }
  const mean = errors.reduce((sum, value) => sum + value, 0) / errors.length;
  const squares = errors.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (errors.length - 1)) };
}
