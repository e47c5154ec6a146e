export {
  type CombinedFeature,
  type CombinedTable,
  type CombineOptions,
  combineModels,
  type ExplainedModel,
} from './aggregate/combine-models.ts';
export {
  type FeatureSummary,
  type ImportanceTable,
  type SummaryOptions,
  summarizeExplanations,
} from './aggregate/feature-summary.ts';
export type { PredictRows } from './ask-model.ts';
export { type OnnxTrees, type ReadOnnxOptions, readOnnxTrees } from './onnx/read-onnx-trees.ts';
export type { OnnxColumn } from './onnx/trace-columns.ts';
export type { CustomMetric, MetricName } from './permutation/importance-metric.ts';
export {
  type FeatureImportance,
  type PermutationImportance,
  type PermutationOptions,
  permutationImportance,
} from './permutation/permutation-importance.ts';
export type { Answer, Refusal, RefusalReason } from './refusal.ts';
export type { Cell, RandomSource, Rows } from './rows.ts';
export { type ExactShapleyOptions, exactShapley } from './shapley/exact-shapley.ts';
export {
  type SampledShapleyExplanation,
  type SampledShapleyOptions,
  sampledShapley,
} from './shapley/sampled-shapley.ts';
export type { ShapleyExplanation } from './shapley/shapley-explanation.ts';
export { type LimeExplanation, type LimeOptions, limeExplanation } from './surrogate/lime.ts';
export type { LocalCondition } from './surrogate/local-samples.ts';
export { fitWeightedRidge, type RidgeFit } from './surrogate/weighted-ridge.ts';
export { type BuildOptions, buildTreeEnsemble, type TreeDefinition } from './trees/build-tree-ensemble.ts';
export { evaluateTrees, type TreeAnswers } from './trees/evaluate-trees.ts';
export type { TreeExplanation } from './trees/explain-rows.ts';
export { interventionalTreeShap } from './trees/interventional.ts';
export { countNodeCovers, type NodeCovers } from './trees/node-covers.ts';
export { pathDependentTreeShap } from './trees/path-dependent.ts';
export type { PostTransform, SplitMode, TreeEnsemble } from './trees/tree-ensemble.ts';
