import { type Answer, refuse } from '../refusal.ts';
import { checkConfidence, describe, type Rows } from '../rows.ts';
import {
  checkNames,
  type FeatureSummary,
  type Influence,
  influenceOf,
  rankFeatures,
  readValues,
  type SummaryOptions,
  standardErrorOf,
} from './feature-summary.ts';

export interface ExplainedModel {
  readonly name: string;
  /** Its part in the combination, for example its share of traffic or its weight in an ensemble. Above 0. */
  readonly weight: number;
  /** One list per row, one number per feature; features in the same order for every model. */
  readonly values: Rows<number>;
}

export interface CombineOptions extends SummaryOptions {
  /** Every model explained the same rows in the same order, so their errors are not independent. True unless given. */
  readonly sameRows?: boolean;
}

export type CombinedFeature = Pick<
  FeatureSummary,
  'feature' | 'name' | 'share' | 'shareStandardError' | 'rank' | 'bestRank' | 'worstRank'
> & {
  /** This feature's share in each model, in the order given. */
  readonly perModel: readonly { readonly model: string; readonly share: number; readonly standardError: number }[];
};

export interface CombinedTable {
  readonly features: readonly CombinedFeature[];
  /** Weights made to sum to 1. */
  readonly weights: readonly number[];
}

/**
 * Which features matter over several models? Each model's mean |values| are turned into shares first (log-odds of one
 * and probabilities of another have no common unit), then averaged by weight: the share of feature f is
 * Σ over models of w · mean |v_f| / Σ_g mean |v_g|, w scaled to sum 1. With the same rows for every model the error
 * counts how their explanations vary together; otherwise models are taken as independent. Assumes independent rows. A
 * model whose values are all 0 gives every feature a share of 0.
 * Fails without models, on weights that are not above 0, on what `summarizeExplanations` refuses, and when models have
 * different features, or different rows although `sameRows` says otherwise.
 * Source: definition, a weighted mean; errors as `summarizeExplanations`.
 */
export function combineModels(models: readonly ExplainedModel[], options: CombineOptions = {}): Answer<CombinedTable> {
  if (!Array.isArray(models) || models.length === 0) return refuse('empty', 'at least one explained model', 'none');
  const sameRows = options?.sameRows ?? true;
  const confidence = options?.confidence ?? 0.95;
  const totalWeight = models.reduce((sum, model) => sum + model?.weight, 0);
  if (!models.every((model) => model?.weight > 0) || !Number.isFinite(totalWeight)) {
    return refuse('invalid-option', 'a finite weight above 0 for every model', describe(models.map((m) => m?.weight)));
  }
  const influences: Influence[] = [];
  for (const model of models) {
    const read = readValues(model.values, `values of ${model.name}`);
    if (!read.ok) return read;
    influences.push(influenceOf(read, true));
  }
  const width = influences[0]!.means.length;
  const rowCount = influences[0]!.perRow.length;
  if (influences.some(({ means }) => means.length !== width)) {
    return refuse('mismatched-shape', `${width} features from every model`, 'models with other features');
  }
  if (sameRows && influences.some(({ perRow }) => perRow.length !== rowCount)) {
    return refuse('mismatched-shape', `${rowCount} rows from every model, or sameRows: false`, 'other numbers of rows');
  }
  const problem = checkConfidence(confidence) ?? checkNames(options?.names, width);
  if (problem) return problem;
  const weights = models.map(({ weight }) => weight / totalWeight);
  const joint = sameRows
    ? Array.from({ length: rowCount }, (_, row) =>
        Float64Array.from({ length: width }, (_, feature) =>
          influences.reduce((sum, { perRow }, model) => sum + weights[model]! * perRow[row]![feature]!, 0),
        ),
      )
    : undefined;
  const features = Array.from({ length: width }, (_, feature) => {
    const perModel = influences.map(({ means, perRow }, model) => ({
      model: models[model]!.name,
      share: means[feature]!,
      standardError: standardErrorOf(perRow, feature),
    }));
    const apart = Math.hypot(...perModel.map(({ standardError }, model) => weights[model]! * standardError));
    return {
      feature,
      name: options?.names?.[feature] ?? String(feature),
      share: perModel.reduce((sum, { share }, model) => sum + weights[model]! * share, 0),
      shareStandardError: joint === undefined ? apart : standardErrorOf(joint, feature),
      perModel,
    };
  });
  return { ok: true, features: rankFeatures(features, confidence), weights };
}
