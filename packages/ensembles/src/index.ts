export { type CombinedClasses, type CombinedValue, combine } from './combine.ts';
export { findAnswerProblem, type MemberAnswer } from './member-answer.ts';
export type { Failure, FailureReason, Result } from './result.ts';
export {
  type CombineMethod,
  type CombineSettings,
  type ConfidenceMeasure,
  type EnsembleTask,
  findSettingsProblem,
  type TieRule,
} from './settings.ts';
export { stackingFeatures, stackingWidth } from './stacking-features.ts';
