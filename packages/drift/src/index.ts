export { eppsSingleton } from './compatibility/epps-singleton.ts';
export {
  type EvidentlyCategoricalTest,
  type EvidentlyColumn,
  type EvidentlyNumericTest,
  type EvidentlyResult,
  evidentlyDrift,
} from './compatibility/evidently.ts';
export {
  fitNannyml,
  type NannymlCategoricalMethod,
  type NannymlContinuousMethod,
  type NannymlMethod,
  type NannymlValue,
} from './compatibility/nannyml.ts';
export { type Adwin, type AdwinOptions, createAdwin } from './detectors/adwin.ts';
export { createDdm, type DdmOptions } from './detectors/ddm.ts';
export type { DetectorUpdate, DriftDetector } from './detectors/detector.ts';
export { createEddm, type EddmOptions } from './detectors/eddm.ts';
export { createHddmA, type HddmOptions } from './detectors/hddm-a.ts';
export { createHddmW } from './detectors/hddm-w.ts';
export { createKswin, type KswinOptions } from './detectors/kswin.ts';
export { createPageHinkley, type PageHinkleyOptions } from './detectors/page-hinkley.ts';
export {
  createRunLengthDetector,
  type RunLengthDetector,
  type RunLengthDetectorOptions,
} from './detectors/run-length-detector.ts';
export { type DomainClassifierResult, domainClassifier } from './multivariate/domain-classifier.ts';
export type { Rows } from './multivariate/matrix.ts';
export { type DiscrepancyResult, maximumMeanDiscrepancy } from './multivariate/maximum-mean-discrepancy.ts';
export {
  encodeByReferenceShare,
  fitReconstruction,
  type ReconstructionModel,
  type ReconstructionResult,
  reconstructionError,
} from './multivariate/reconstruction-error.ts';
export {
  createDriftWindow,
  type DriftWindow,
  decodeDriftWindow,
  type FeatureValue,
} from './profile/drift-window.ts';
export { decodeProfile, encodeProfile } from './profile/profile-bytes.ts';
export {
  buildReferenceProfile,
  type CategoricalReference,
  type CategoryColumn,
  type FeatureReference,
  type NumericColumn,
  type NumericReference,
  type ProfileOptions,
  type ReferenceColumn,
  type ReferenceProfile,
} from './profile/reference-profile.ts';
export type { Answer, RandomSource, Refusal, RefusalReason } from './refusal.ts';
export { type AndersonDarlingResult, andersonDarling } from './tests/anderson-darling.ts';
export {
  type Comparison,
  compareCounts,
  compareSamples,
  dropMissing,
  type PooledTable,
  type TestResult,
} from './tests/comparison.ts';
export {
  type ContingencyOptions,
  type ContingencyResult,
  chiSquareHomogeneity,
  fisherExact,
  gTest,
} from './tests/contingency.ts';
export { cramerVonMises } from './tests/cramer-von-mises.ts';
export { type KolmogorovSmirnovResult, kolmogorovSmirnov } from './tests/kolmogorov-smirnov.ts';
export { type MannWhitneyResult, mannWhitney } from './tests/mann-whitney.ts';
export { energyDistance, wasserstein } from './tests/sample-distances.ts';
export {
  type DistanceResult,
  hellinger,
  jensenShannon,
  kullbackLeibler,
  largestShareDifference,
  populationStabilityIndex,
  totalVariation,
  type ZeroRule,
} from './tests/share-distances.ts';
export { type WelchResult, welchT } from './tests/welch-t.ts';
export {
  type AssessOptions,
  assessDrift,
  type DriftReport,
  type FeatureVerdict,
  type MinimumEffect,
  type Severity,
} from './verdict/assess-drift.ts';
export { criticalDistance, type DistanceName } from './verdict/critical-distance.ts';
export type { FeatureExplanation, Movement } from './verdict/explain-feature.ts';
export type { Signal, SignalName } from './verdict/feature-evidence.ts';
export { adjustPValues, type Correction, levelForLook, type SpendingPlan } from './verdict/multiple-testing.ts';
