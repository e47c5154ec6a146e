import { askModel, checkModel, type PredictRows } from '../ask-model.ts';
import { type Answer, refuse } from '../refusal.ts';
import { type Cell, checkRandom, checkRow, checkRows, checkWhole, type RandomSource, type Rows } from '../rows.ts';
import { drawSamples, holds, type LocalCondition, localCondition } from './local-samples.ts';
import { NormalEquations, solveRidge } from './normal-equations.ts';
import type { RidgeFit } from './weighted-ridge.ts';

export interface LimeOptions {
  readonly random: RandomSource;
  /** Rows drawn around the explained one; 5,000 unless given. */
  readonly samples?: number;
  /** Of √(exp(−d²/w²)), d² the number of features that differ; 0.75 · √features unless given. */
  readonly kernelWidth?: number;
  /** Ridge penalty; 1 unless given. */
  readonly alpha?: number;
  /** Refuse an explanation whose weighted R² is below this; 0.2 unless given. */
  readonly refuseBelow?: number;
  /** Warn below this; 0.5 unless given. */
  readonly warnBelow?: number;
}

export interface LimeExplanation {
  /**
   * Per feature: how much the prediction changes, in the linear model, when the feature is in the same range (or
   * category) as the explained row rather than elsewhere.
   */
  readonly effects: Float64Array;
  /** Standard error of each effect from leaving out twentieths of the samples: how much another seed would move it. */
  readonly standardErrors: Float64Array;
  readonly conditions: readonly LocalCondition[];
  readonly intercept: number;
  /** What the linear model says about the row, beside what the model says. */
  readonly localPrediction: number;
  readonly prediction: number;
  /** Share of the weighted variance of predictions around the row that the linear model reproduces. */
  readonly weightedRSquared: number;
  readonly fit: 'good' | 'weak';
  /** Said beside the explanation when the fit is weak; null when it is good. */
  readonly warning: string | null;
}

const JACKKNIFE_BLOCKS = 20;

/**
 * LIME for tabular rows: a linear model of the model around one row, with how well it fits. Samples take each cell from
 * a background row of its own; they are described by whether each feature is in the explained row's quartile range or
 * category; a ridge regression weighted by closeness is fitted to the model's answers. No features are selected away.
 * Effects e and intercept c minimise Σ over samples z of √exp(−d²/w²) · (f(z) − c − Σ_j e_j·[z_j like the row])² +
 * alpha·|e|², d² the number of features that are not like the row's, w the kernel width. Assumes that features can be
 * replaced independently.
 *
 * The R² belongs to the answer: a linear model that does not reproduce the predictions explains nothing, so it is
 * refused below `refuseBelow` and marked below `warnBelow`. Unlike Shapley values, effects do not add up, depend on the
 * kernel width, and vary with the random source (`standardErrors`).
 * Fails on rows of different width, fewer than 10 background rows, fewer samples than 10 per feature (at least 100), a
 * model that throws or answers with anything but finite numbers, one answer for all samples, a poor fit, and options
 * out of range.
 * Source: Ribeiro, Singh and Guestrin, KDD 2016; kernel, width and penalty as the lime package's defaults.
 */
export async function limeExplanation<C extends Cell>(
  model: PredictRows<C>,
  row: ArrayLike<C>,
  background: Rows<C>,
  options: LimeOptions,
): Promise<Answer<LimeExplanation>> {
  const problem = checkModel(model) ?? checkRow(row, 'row') ?? checkRows(background, 'background', 10, row.length);
  if (problem) return problem;
  const width = row.length;
  const samples = options?.samples ?? 5000;
  const kernelWidth = options?.kernelWidth ?? 0.75 * Math.sqrt(width);
  const alpha = options?.alpha ?? 1;
  const wrong = checkRandom(options?.random) ?? checkWhole('samples', samples, Math.max(100, 10 * width));
  if (wrong) return wrong;
  const [refuseBelow, warnBelow] = [options.refuseBelow ?? 0.2, options.warnBelow ?? 0.5];
  if (!(kernelWidth > 0 && alpha >= 0 && refuseBelow <= warnBelow && Number.isFinite(alpha))) {
    return refuse(
      'invalid-option',
      'a kernel width above 0, an alpha of at least 0, and refuseBelow at most warnBelow',
      `${kernelWidth}, ${alpha}, ${refuseBelow}, ${warnBelow}`,
    );
  }
  const conditions = Array.from(row, (_, feature) => localCondition(row, background, feature));
  const drawn = drawSamples(row, background, samples, options.random);
  const asked = await askModel(model, samples, (sample) => drawn[sample]!);
  if (!asked.ok) return asked;
  const { predictions } = asked;
  const blocks = gatherBlocks(drawn, predictions, conditions, kernelWidth);
  const all = blocks.reduce((sum, block) => sum.plus(block));
  const fitted = solveRidge(all, alpha);
  if (!fitted.ok) return fitted;
  if (!(fitted.weightedRSquared >= refuseBelow)) {
    return refuse(
      'poor-fit',
      `a weighted R² of at least ${refuseBelow}: explain this row by Shapley values, or narrow the kernel`,
      `R² ${fitted.weightedRSquared.toFixed(3)}`,
    );
  }
  const weak = fitted.weightedRSquared < warnBelow;
  const percent = Math.round(fitted.weightedRSquared * 100);
  return {
    ok: true,
    effects: fitted.coefficients,
    standardErrors: blockErrors(all, blocks, alpha, fitted),
    conditions,
    intercept: fitted.intercept,
    localPrediction: fitted.coefficients.reduce((sum, effect) => sum + effect, fitted.intercept),
    prediction: predictions[0]!,
    weightedRSquared: fitted.weightedRSquared,
    fit: weak ? 'weak' : 'good',
    warning: weak ? `The linear model reproduces only ${percent} % of how predictions vary around this row.` : null,
  };
}

function gatherBlocks(
  drawn: readonly (readonly Cell[])[],
  predictions: Float64Array,
  conditions: readonly LocalCondition[],
  kernelWidth: number,
): NormalEquations[] {
  const width = conditions.length;
  const shift = new Float64Array(width + 2);
  shift[width + 1] = predictions[0]!;
  const blocks = Array.from({ length: JACKKNIFE_BLOCKS }, () => new NormalEquations(width, shift));
  const likeRow = new Float64Array(width);
  for (const [sample, cells] of drawn.entries()) {
    let differing = 0;
    for (let feature = 0; feature < width; feature += 1) {
      likeRow[feature] = holds(conditions[feature]!, cells[feature]!) ? 1 : 0;
      differing += 1 - likeRow[feature]!;
    }
    const weight = Math.exp(-differing / (2 * kernelWidth ** 2));
    blocks[sample % JACKKNIFE_BLOCKS]!.add(likeRow, predictions[sample]!, weight);
  }
  return blocks;
}

/** Delete-a-block jackknife of the effects. */
function blockErrors(
  all: NormalEquations,
  blocks: readonly NormalEquations[],
  alpha: number,
  fitted: RidgeFit,
): Float64Array {
  const squares = new Float64Array(all.width);
  for (const block of blocks) {
    const rest = solveRidge(all.without(block), alpha);
    // Without answers that vary in the rest, this block alone carries the fit; its share of the spread is the whole.
    const effects = rest.ok ? rest.coefficients : new Float64Array(all.width);
    for (let at = 0; at < squares.length; at += 1) {
      squares[at] = squares[at]! + (effects[at]! - fitted.coefficients[at]!) ** 2;
    }
  }
  return squares.map((sum) => Math.sqrt((sum * (blocks.length - 1)) / blocks.length));
}
