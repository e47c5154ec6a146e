export { type CombinedClasses, type CombinedValue, combine } from './combine.ts';
export {
  applyCalibrator,
  type CalibrationOptions,
  type Calibrator,
  fitCalibrator,
  type PlattInput,
} from './learn/calibrate.ts';
export { calibrateLog } from './learn/calibrate-log.ts';
export { fitLogisticStack, fitRidgeStack, type LogisticStack, type RidgeStack } from './learn/fit-stack.ts';
export { selectFreshRows, takeRows } from './learn/fresh-rows.ts';
export {
  type GreedyOptions,
  type GreedySelection,
  type MemberCosts,
  selectGreedily,
} from './learn/greedy-selection.ts';
export type { EnsembleLoss } from './learn/losses.ts';
export { type LoggedOutcome, type MemberLog, type RowCounts, withComplement } from './learn/rows.ts';
export { type LearnedWeights, learnWeights, nonNegativeWeights } from './learn/simplex-weights.ts';
export { applyStack, type StackModel } from './learn/stack-model.ts';
export { type StackArtifact, type StackLabel, type StackOnnxOptions, writeStackOnnx } from './learn/stack-onnx.ts';
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
export type { MetricComparison, SimulatedMetric } from './simulate/compare-metrics.ts';
export type { SpendComparison } from './simulate/compare-spend.ts';
export type { Configuration } from './simulate/configuration.ts';
export { type Simulation, type SimulationOptions, simulateEnsemble } from './simulate/simulate.ts';
export { stackingFeatures, stackingWidth } from './stacking-features.ts';
