export { type AipwOptions, type AipwSequence, type AipwState, createAipwSequence } from './aipw-sequence.ts';
export {
  type DrawnPoint,
  drawSequence,
  type SequencePoint,
  type SequencePointSettings,
  type SequenceSettings,
  sequencePoint,
  tuneMixture,
} from './asymptotic-sequence.ts';
export { type ChanceToWin, compareEffectBayesian, compareProportionsBayesian } from './bayesian.ts';
export { type BernoulliSettings, bernoulliEvidence, bernoulliInterval } from './bernoulli-sequence.ts';
export { type CorrectedTests, type CorrectionMethod, correctPValues, rejectEValues } from './corrections.ts';
export { type AdjustedEffect, compareAdjustedMeans } from './covariate-adjustment.ts';
export {
  type Decision,
  type DecisionLook,
  type DecisionMetric,
  type DecisionRule,
  decideExperiment,
  type MetricFinding,
  type MetricRole,
  type Verdict,
} from './decision.ts';
export {
  type BandSettings,
  compareDistributionsAnytime,
  type DistributionComparison,
  distributionRadius,
} from './distribution-band.ts';
export type { Alternative, Effect, EffectOptions, EffectScale } from './effect.ts';
export {
  boundedMeanSequence,
  createEmpiricalBernsteinBound,
  differencePoint,
  type EmpiricalBernsteinBound,
  type EmpiricalBernsteinState,
} from './empirical-bernstein.ts';
export { compareEventCounts, type EventCountEvidence, eventCountPoint } from './event-counts.ts';
export { histogramQuantilePoint } from './histogram-quantile-point.ts';
export { compareMeans } from './means.ts';
export {
  type AdaptiveObservation,
  createModelXProcess,
  type ModelXEvidence,
  type ModelXOptions,
  type ModelXProcess,
  type ModelXState,
  modelXLogFactor,
} from './model-x.ts';
export {
  evaluatePolicy,
  type OffPolicyEstimate,
  type OffPolicyEstimator,
  type OffPolicyOptions,
  type OffPolicyRefusal,
} from './off-policy.ts';
export {
  createOffPolicySequence,
  type OffPolicyObservation,
  type OffPolicySequence,
  type OffPolicySequenceState,
} from './off-policy-sequence.ts';
export {
  type LoggedDecision,
  type OffPolicyRows,
  reportSupport,
  type SupportLimits,
  type SupportReport,
  toOffPolicyRows,
} from './off-policy-support.ts';
export { comparePairedOutcomes, type PairedComparison } from './paired-outcomes.ts';
export {
  achievedPower,
  type DesignOptions,
  experimentDuration,
  minimumDetectableEffect,
  type OutcomeVariances,
  requiredSampleSize,
  requiredSequentialSampleSize,
  type SampleSize,
} from './power.ts';
export {
  comparePooledProportions,
  compareProportions,
  newcombeInterval,
  type ProportionSummary,
  summariseProportion,
} from './proportions.ts';
export {
  compareHistogramQuantilesAnytime,
  compareQuantilesAnytime,
  type HistogramPair,
  type QuantileEvidence,
  type QuantileSequenceSettings,
  quantileInterval,
  quantileSequencePoint,
} from './quantile-sequence.ts';
export {
  compareQuantiles,
  estimateQuantile,
  type QuantileEstimate,
  type QuantileOptions,
  type QuantileSample,
} from './quantiles.ts';
export { compareRatios, summariseRatio } from './ratios.ts';
export { relativeSequencePoint } from './relative-sequence.ts';
export type { Failure, FailureReason, Result } from './result.ts';
export { type CrossFittedRewards, crossFitRewardModel, type RewardRows } from './reward-model.ts';
export { type AssignmentEpoch, type SampleRatioTest, testSampleRatio } from './sample-ratio.ts';
export {
  createSampleRatioProcess,
  type SampleRatioEvidence,
  type SampleRatioProcess,
  type SampleRatioProcessState,
  sampleRatioEvidence,
} from './sample-ratio-process.ts';
export {
  type MeanSummary,
  type MeanSums,
  mergePairSummaries,
  mergeSummaries,
  type PairSummary,
  type PairSums,
  summarisePairSums,
  summarisePairs,
  summariseSums,
  summariseValues,
} from './summaries.ts';
export {
  createTwoProportionProcess,
  type TwoProportionProcess,
  type TwoProportionState,
} from './two-proportion-process.ts';
