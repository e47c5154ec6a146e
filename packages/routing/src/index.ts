export {
  ASSIGNMENT_SPEC_VERSION,
  assignmentSalt,
  BUCKET_COUNT,
  bucketOf,
  inclusionSalt,
  isIncluded,
} from './assignment.ts';
export { BANDIT_DEFAULTS, type CompiledBandit, contextVector } from './bandit-node.ts';
export {
  type ArmRewards,
  epsilonGreedyWeights,
  posteriorMean,
  squareCbWeights,
  thompsonWeights,
  withFloor,
} from './bandit-policies.ts';
export { BEST_DEFAULTS, type CompiledBest } from './best-node.ts';
export type { CompiledCascade } from './cascade-node.ts';
export { type CompileOptions, compilePolicy } from './compile-policy.ts';
export type {
  BranchDecision,
  CombiningNode,
  CompiledNode,
  CompiledPolicy,
  DecideInput,
  Decision,
} from './compiled-policy.ts';
export type { ConditionInput } from './condition.ts';
export { decide } from './decide.ts';
export { describePolicyChanges, type PolicyChange } from './describe-policy-changes.ts';
export { armOfFraction, drawFraction } from './draw.ts';
export { type EndpointFeatures, endpointFeatures, refusesUnknownCategories } from './endpoint-features.ts';
export { type CompiledEnsemble, stackingColumns } from './ensemble-node.ts';
export { type CompiledFallback, FALLBACK_DEFAULTS } from './fallback-node.ts';
export { fitLinearModel, type LinearModel, predictLinear, uncertaintyOf } from './linear-model.ts';
export type { CompiledModel } from './model-node.ts';
export { murmur3 } from './murmur3.ts';
export type { PolicyProblem } from './policy-problem.ts';
export {
  featuresUsedInConditions,
  type ListedModel,
  listModelReferences,
  listModels,
  walkPolicy,
} from './policy-tree.ts';
export { allocateRanges, armOfBucket, type HashRange, sharesOf } from './ranges.ts';
export { type RegistryModel, type RegistryVersion, type RegistryView, resolveVersion } from './registry-view.ts';
export { findRowProblems, type RowProblem } from './row-problems.ts';
export { type CompiledShadow, PRIMARY } from './shadow-node.ts';
export { POLICY_LIMITS, validatePolicy } from './validate-policy.ts';
