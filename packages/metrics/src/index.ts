export { type AucComparison, type AucEstimate, type AucOptions, compareAucs, rocAuc } from './area-under-roc.ts';
export { AucTally, type AucTallyState } from './auc-tally.ts';
export {
  type BinaryOptions,
  type BinarySummary,
  BinaryTally,
  type BinaryTallyState,
  binaryMetrics,
} from './binary-tally.ts';
export { type BootstrapOptions, bootstrapInterval } from './bootstrap.ts';
export {
  type BrierDecomposition,
  type CalibrationSummary,
  CalibrationTally,
  type CalibrationTallyState,
  calibrationCurve,
  type ReliabilityBin,
  type ReliabilityOptions,
} from './calibration.ts';
export { calibrationLine } from './calibration-line.ts';
export { completeRows } from './complete-rows.ts';
export {
  type ConfidenceBasedEstimate,
  type ConfidenceBasedEstimator,
  type ConfidenceBasedOptions,
  type EstimatedBinaryMetric,
  estimatePerformance,
  fitConfidenceBasedEstimator,
  scorePastEstimates,
} from './confidence-based-estimation.ts';
export {
  type ConfusionCells,
  type ConfusionMetrics,
  type ConfusionOptions,
  confusionMetrics,
  type OutcomeValues,
} from './confusion-metrics.ts';
export {
  averagePrecision,
  type CurveOptions,
  type PrecisionRecallCurve,
  precisionRecallCurve,
  type RocCurve,
  rocCurve,
} from './curves.ts';
export {
  averagePredictedLoss,
  type DirectLossEstimator,
  type DirectLossOptions,
  type EstimatedRegressionMetric,
  estimateRegressionPerformance,
  fitDirectLossEstimator,
} from './direct-loss-estimation.ts';
export { type ConfidenceOptions, type Estimate, type IntervalMethod, meanEstimate, rateEstimate } from './estimate.ts';
export type { BinaryLabel, NumericLabel } from './internal/check.ts';
export type { EstimatedMetric, ReferenceBand } from './internal/reference-band.ts';
export { applyIsotonic, fitIsotonic, type IsotonicFit } from './isotonic.ts';
export {
  type CohortMaturity,
  cohortMaturity,
  fitLabelDelay,
  inverseLabelWeights,
  type LabelDelayCurve,
  type LabelTimes,
  labelShareAt,
} from './label-delay.ts';
export {
  LatencyHistogram,
  type LatencyHistogramState,
  type LatencyQuantile,
  type LatencySummary,
} from './latency-histogram.ts';
export { multiclassAuc } from './multiclass-auc.ts';
export {
  type EstimatedMulticlassMetric,
  estimateMulticlassPerformance,
  fitMulticlassEstimator,
  type MulticlassEstimator,
} from './multiclass-estimation.ts';
export {
  type AveragedMetrics,
  type ClassMetrics,
  type MulticlassSummary,
  MulticlassTally,
  type MulticlassTallyState,
  multiclassMetrics,
} from './multiclass-tally.ts';
export {
  catalogueCoverage,
  type Gain,
  type QueryMetrics,
  type RankingOptions,
  type RankingSummary,
  RankingTally,
  type RankingTallyState,
  rankingMetrics,
} from './ranking.ts';
export {
  intervalCoverage,
  type RegressionSummary,
  RegressionTally,
  type RegressionTallyState,
  regressionMetrics,
} from './regression-tally.ts';
export type { Failure, FailureReason, Result } from './result.ts';
export {
  type BinarySegmentMetric,
  binaryContributions,
  type RowContributions,
  regressionContributions,
  type SegmentRow,
  segmentTable,
} from './segments.ts';
export {
  costOptimalThreshold,
  falsePositiveRateAtRecall,
  liftAtTop,
  type OperatingPoint,
  operatingPoints,
  recallAtFalsePositiveRate,
} from './thresholds.ts';
