/** Shapley values of one row. They add up: `baseValue` + Σ `values` = `prediction`. */
export interface ShapleyExplanation {
  /** One per feature, in the model's unit. */
  readonly values: Float64Array;
  /** Mean prediction over the background: what is answered when no feature is known. */
  readonly baseValue: number;
  readonly prediction: number;
  /** Rows that the model was asked for. */
  readonly evaluations: number;
}
