import type { DriftWindow } from '../profile/drift-window.ts';
import type { FeatureReference } from '../profile/reference-profile.ts';
import { type Answer, isProbability, isWhole, type Refusal, refuse } from '../refusal.ts';
import { jensenShannon, populationStabilityIndex } from '../tests/share-distances.ts';
import { explainFeature, type FeatureExplanation } from './explain-feature.ts';
import {
  categoricalEvidence,
  type EvidenceOptions,
  type FeatureEvidence,
  missingOnlyEvidence,
  numericEvidence,
  type Signal,
} from './feature-evidence.ts';
import { adjustPValues, type Correction } from './multiple-testing.ts';

export type Severity = 'none' | 'low' | 'medium' | 'high';

/** Smallest changes worth an alarm, as shares of rows. */
export interface MinimumEffect {
  /** Total variation of the distribution. Default 0.02. */
  readonly distribution?: number;
  /** Rise of the share of categories outside the table. Default 0.005. */
  readonly newCategories?: number;
  /** Share of values beyond the reference's range. Default 0.005. */
  readonly outOfRange?: number;
  /** Change of the share of missing values. Default 0.005. */
  readonly missing?: number;
}

export interface AssessOptions {
  /** Chance (or, under Benjamini–Hochberg, expected share among alarms) of false alarms. Default 0.01. */
  readonly falseAlarmRate?: number;
  readonly minimumEffect?: MinimumEffect;
  readonly correction?: Correction;
  /**
   * 'binned' (default): Pearson's X² over up to `groups` groups of bins. 'kolmogorov-smirnov': the largest gap of the
   * distribution functions at the bins' ends; sharper for pure shifts, blind to changes of spread in small windows.
   */
  readonly numericRule?: 'binned' | 'kolmogorov-smirnov';
  /** Groups of reference-quantile bins compared. Default 10. */
  readonly groups?: number;
  /** Fewest present values a feature needs to be judged. Default 50. */
  readonly minimumRows?: number;
  /** Rows per independent unit (≥ 1) when users or sessions repeat; divides the evidence. Default 1. */
  readonly designEffect?: number;
  /** Judge only these features. Default: all of the profile. */
  readonly features?: readonly string[];
}

export interface FeatureVerdict {
  readonly feature: string;
  /**
   * 'drifted': significant and large enough. 'negligible': significant but smaller than the stated minimum.
   * 'stable': could be chance. 'insufficient-data': not judged, see `needed`.
   */
  readonly status: 'drifted' | 'negligible' | 'stable' | 'insufficient-data';
  readonly severity: Severity;
  readonly referenceRows: number;
  readonly currentRows: number;
  /** Null when not judged. */
  readonly pValue: number | null;
  /** Corrected for the number of features; compare with the false-alarm rate. */
  readonly adjustedPValue: number | null;
  readonly signals: readonly Signal[];
  /** Population stability index over the compared groups (half a row added per cell) and its mean without drift. */
  readonly stabilityIndex: { readonly value: number; readonly expectedWithoutDrift: number } | null;
  /** Jensen–Shannon distance, base 2, over the compared groups. */
  readonly jensenShannonDistance: number | null;
  readonly pValueInterval: readonly [number, number] | null;
  readonly explanation: FeatureExplanation | null;
  readonly needed: string | null;
}

export interface DriftReport {
  readonly isDrifted: boolean;
  readonly severity: Severity;
  /** Drifted features first, most severe first. */
  readonly features: readonly FeatureVerdict[];
  readonly driftedFeatures: readonly string[];
  readonly judgedFeatures: number;
  readonly falseAlarmRate: number;
  readonly summary: string;
}

const DEFAULT_EFFECT = { distribution: 0.02, newCategories: 0.005, outOfRange: 0.005, missing: 0.005 };
const EFFECT_OF = {
  distribution: 'distribution',
  'new-categories': 'newCategories',
  'out-of-range': 'outOfRange',
  missing: 'missing',
} as const;

interface Judged {
  readonly name: string;
  readonly reference: FeatureReference;
  readonly cells: Float64Array;
  readonly missing: number;
  readonly evidence: FeatureEvidence;
  readonly pValue: number;
}

/**
 * Judges a window against its profile: which features drifted, how badly, what moved, in plain words.
 *
 * A feature is called drifted only when its change is both significant at the stated false-alarm rate, corrected for
 * the number of features, and at least as large as the stated minimum. Its p-value is the least over its signals of
 * p/share of the level: a tenth for each of new categories, out of range and missing where they can occur, the rest for
 * the distribution. The rate holds at every window size from 50 rows, for any number of bins or categories
 * (simulations/results.md). For a stream of windows take `falseAlarmRate` from `levelForLook`.
 *
 * Cost depends on the cells of the profile, not on the rows. Assumes independent rows, see `designEffect`, and for
 * Benjamini–Hochberg what `adjustPValues` does. Refuses what is no window, an empty one, a feature that the profile
 * does not have and settings out of range; a feature with too few rows is reported as 'insufficient-data' and does not
 * count for the correction, one with too few present values is judged by its missing ones alone.
 * Source: Dawson (1954) and Benjamini and Hochberg (1995) behind the p-values; the joining of evidence and effect is
 * ours.
 */
export function assessDrift(window: DriftWindow, options: AssessOptions = {}): Answer<DriftReport> {
  const settings = readOptions(options);
  if (!settings.ok) return settings;
  if (typeof window?.countsOf !== 'function') return refuse('invalid-input', 'a drift window', String(window));
  const wanted = options.features ? new Set(options.features) : undefined;
  const known = new Set(window.profile.features.map(({ name }) => name));
  for (const name of wanted ?? []) {
    if (!known.has(name)) return refuse('unknown-feature', 'features of the profile', name);
  }
  const judged: Judged[] = [];
  const skipped: FeatureVerdict[] = [];
  let rows = 0;
  for (const { name, reference } of window.profile.features) {
    if (wanted && !wanted.has(name)) continue;
    const counts = window.countsOf(name);
    if (!counts.ok) return counts;
    const present = counts.cells.reduce((sum, count) => sum + count, 0);
    rows = Math.max(rows, present + counts.missing);
    if (present + counts.missing < settings.minimumRows) {
      skipped.push(insufficient(name, reference, present, counts.missing, settings.minimumRows));
      continue;
    }
    const evidence = gatherEvidence(reference, counts.cells, present, counts.missing, settings);
    if (evidence.signals.length === 0) {
      skipped.push(insufficient(name, reference, present, counts.missing, settings.minimumRows));
      continue;
    }
    const pValue = Math.min(...evidence.signals.map((signal) => signal.pValue));
    judged.push({ name, reference, cells: counts.cells, missing: counts.missing, evidence, pValue });
  }
  if (rows === 0) return refuse('empty-sample', `at least ${settings.minimumRows} rows in the window`, 'none');
  const verdicts = judgeFeatures(judged, settings);
  const order: Severity[] = ['high', 'medium', 'low', 'none'];
  const features = [...verdicts, ...skipped].sort(
    (a, b) =>
      order.indexOf(a.severity) - order.indexOf(b.severity) || (a.adjustedPValue ?? 2) - (b.adjustedPValue ?? 2),
  );
  const drifted = features.filter((feature) => feature.status === 'drifted');
  return {
    ok: true,
    isDrifted: drifted.length > 0,
    severity: drifted[0]?.severity ?? 'none',
    features,
    driftedFeatures: drifted.map(({ feature }) => feature),
    judgedFeatures: judged.length,
    falseAlarmRate: settings.falseAlarmRate,
    summary: summarise(drifted, judged.length, skipped.length),
  };
}

function gatherEvidence(
  reference: FeatureReference,
  cells: Float64Array,
  present: number,
  missing: number,
  settings: Settings,
): FeatureEvidence {
  const { evidence, minimumRows } = settings;
  // A feed that breaks sends nothing but missing values: that is a finding, not a lack of data.
  if (present < minimumRows) {
    return missingOnlyEvidence(reference.missing, sum(reference.counts), missing, present, evidence.designEffect);
  }
  return reference.kind === 'numeric'
    ? numericEvidence(reference, cells, missing, evidence)
    : categoricalEvidence(reference, cells, missing, evidence);
}

interface Settings {
  readonly falseAlarmRate: number;
  readonly minimumEffect: Required<MinimumEffect>;
  readonly correction: Correction;
  readonly minimumRows: number;
  readonly evidence: EvidenceOptions;
}

function readOptions(options: AssessOptions): Refusal | ({ ok: true } & Settings) {
  const falseAlarmRate = options.falseAlarmRate ?? 0.01;
  if (!isProbability(falseAlarmRate)) {
    return refuse('invalid-option', 'a false-alarm rate between 0 and 1', String(falseAlarmRate));
  }
  const minimumEffect = { ...DEFAULT_EFFECT, ...options.minimumEffect };
  if (Object.values(minimumEffect).some((share) => !(share >= 0 && share <= 1))) {
    return refuse('invalid-option', 'minimum effects from 0 to 1', JSON.stringify(minimumEffect));
  }
  const { correction = 'benjamini-hochberg', numericRule = 'binned' } = options;
  if (!['benjamini-hochberg', 'bonferroni', 'none'].includes(correction)) {
    return refuse('invalid-option', "'benjamini-hochberg', 'bonferroni' or 'none'", String(correction));
  }
  if (!['binned', 'kolmogorov-smirnov'].includes(numericRule)) {
    return refuse('invalid-option', "'binned' or 'kolmogorov-smirnov'", String(numericRule));
  }
  if (options.features !== undefined && !Array.isArray(options.features)) {
    return refuse('invalid-option', 'a list of features', String(options.features));
  }
  const { groups = 10, minimumRows = 50, designEffect = 1 } = options;
  if (!(isWhole(groups, 2) && isWhole(minimumRows, 20) && designEffect >= 1 && Number.isFinite(designEffect))) {
    const have = `${groups}, ${minimumRows}, ${designEffect}`;
    return refuse('invalid-option', 'whole groups ≥ 2 and minimumRows ≥ 20, a design effect ≥ 1', have);
  }
  return {
    ok: true,
    falseAlarmRate,
    minimumEffect,
    correction,
    minimumRows,
    evidence: { numericRule, groups, designEffect },
  };
}

function judgeFeatures(judged: readonly Judged[], settings: Settings): FeatureVerdict[] {
  if (judged.length === 0) return [];
  const correction = adjustPValues(
    judged.map(({ pValue }) => pValue),
    settings.correction,
  );
  if (!correction.ok) throw new Error(`p-values out of range: ${correction.have}`);
  const { adjusted } = correction;
  // The largest p-value that still counts as significant; a signal has to reach it by itself.
  let cut = -1;
  judged.forEach(({ pValue }, index) => {
    if (adjusted[index]! <= settings.falseAlarmRate) cut = Math.max(cut, pValue);
  });
  return judged.map((item, index) => {
    const isSignificant = adjusted[index]! <= settings.falseAlarmRate;
    const alarming = item.evidence.signals.filter(
      (signal) => signal.pValue <= cut && signal.effect >= settings.minimumEffect[EFFECT_OF[signal.name]],
    );
    const status = !isSignificant ? 'stable' : alarming.length > 0 ? 'drifted' : 'negligible';
    const { groups } = item.evidence;
    const stability = populationStabilityIndex(groups.reference, groups.current);
    const distance = jensenShannon(groups.reference, groups.current);
    const m = sum(item.reference.counts);
    const n = sum(item.cells);
    return {
      feature: item.name,
      status,
      severity: status === 'drifted' ? severityOf(Math.max(...alarming.map((signal) => signal.effect))) : 'none',
      referenceRows: m,
      currentRows: n,
      pValue: item.pValue,
      adjustedPValue: adjusted[index]!,
      signals: item.evidence.signals,
      stabilityIndex: stability.ok
        ? { value: stability.distance, expectedWithoutDrift: (groups.members.length - 1) * (1 / m + 1 / n) }
        : null,
      jensenShannonDistance: distance.ok ? distance.distance : null,
      pValueInterval: item.evidence.pValueInterval,
      explanation: explainFeature(item.name, item.reference, item.cells, item.missing, groups),
      needed: null,
    };
  });
}

/** By the share of rows that changed: under 5 % low, under 15 % medium, else high. */
function severityOf(effect: number): Severity {
  if (effect < 0.05) return 'low';
  return effect < 0.15 ? 'medium' : 'high';
}

function insufficient(
  name: string,
  reference: FeatureReference,
  present: number,
  missing: number,
  minimumRows: number,
): FeatureVerdict {
  return {
    feature: name,
    status: 'insufficient-data',
    severity: 'none',
    referenceRows: sum(reference.counts),
    currentRows: present,
    pValue: null,
    adjustedPValue: null,
    signals: [],
    stabilityIndex: null,
    jensenShannonDistance: null,
    pValueInterval: null,
    explanation: null,
    needed: `at least ${minimumRows} values; there are ${present} and ${missing} missing`,
  };
}

function summarise(drifted: readonly FeatureVerdict[], judged: number, skipped: number): string {
  const left = skipped > 0 ? ` ${skipped} had too few values to judge.` : '';
  if (judged === 0) return `No feature had enough values to judge.`;
  if (drifted.length === 0) return `None of ${judged} features drifted.${left}`;
  const worst = drifted[0]!;
  return `${drifted.length} of ${judged} features drifted, worst ${worst.explanation!.summary}${left}`;
}

function sum(counts: Float64Array): number {
  return counts.reduce((total, count) => total + count, 0);
}
