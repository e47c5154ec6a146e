export {
  betaCdf,
  betaDensity,
  betaQuantile,
  betaSurvival,
  betaUpperQuantile,
  chiSquareCdf,
  chiSquareQuantile,
  chiSquareSurvival,
  chiSquareUpperQuantile,
  fisherFCdf,
  fisherFQuantile,
  fisherFSurvival,
  fisherFUpperQuantile,
  gammaCdf,
  gammaQuantile,
  gammaSurvival,
  studentTCdf,
  studentTQuantile,
  studentTSurvival,
  studentTUpperQuantile,
} from './continuous-distributions.ts';
export {
  binomialCdf,
  binomialProbability,
  binomialQuantile,
  binomialSurvival,
  hypergeometricProbability,
  poissonCdf,
  poissonProbability,
  poissonQuantile,
  poissonSurvival,
} from './discrete-distributions.ts';
export { erf, erfc, erfcScaled } from './error-function.ts';
export { inverseRegularizedBeta, regularizedBeta } from './incomplete-beta.ts';
export { inverseRegularizedGamma, regularizedGammaLower, regularizedGammaUpper } from './incomplete-gamma.ts';
export {
  kolmogorovLimitCdf,
  kolmogorovLimitSurvival,
  kolmogorovLimitUpperQuantile,
  kolmogorovSurvival,
  smirnovSurvival,
} from './kolmogorov-distribution.ts';
export { logBeta, logBinomialCoefficient, logGamma } from './log-gamma.ts';
export {
  normalCdf,
  normalDensity,
  normalLogSurvival,
  normalQuantile,
  normalSurvival,
  normalUpperQuantile,
} from './normal-distribution.ts';
