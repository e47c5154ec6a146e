export {
  ASSIGNMENT_SPEC_VERSION,
  assignmentSalt,
  BUCKET_COUNT,
  bucketOf,
  inclusionSalt,
  isIncluded,
} from './assignment.ts';
export { type CompileOptions, compilePolicy } from './compile-policy.ts';
export type { CompiledNode, CompiledPolicy, DecideInput, Decision } from './compiled-policy.ts';
export type { ConditionInput } from './condition.ts';
export { decide } from './decide.ts';
export { describePolicyChanges, type PolicyChange } from './describe-policy-changes.ts';
export { type EndpointFeatures, endpointFeatures, refusesUnknownCategories } from './endpoint-features.ts';
export type { CompiledModel } from './model-node.ts';
export { murmur3 } from './murmur3.ts';
export type { PolicyProblem } from './policy-problem.ts';
export { featuresUsedInConditions, listModels } from './policy-tree.ts';
export { allocateRanges, armOfBucket, type HashRange, sharesOf } from './ranges.ts';
export { type RegistryModel, type RegistryVersion, type RegistryView, resolveVersion } from './registry-view.ts';
export { POLICY_LIMITS, validatePolicy } from './validate-policy.ts';
