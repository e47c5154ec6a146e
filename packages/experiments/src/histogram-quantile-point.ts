import type { SequencePoint } from './asymptotic-sequence.ts';
import { checkSameLength } from './internal/check.ts';
import {
  believableRanks,
  checkBins,
  checkQuantileSettings,
  compareHistogramQuantilesAnytime,
  type HistogramPair,
  type QuantileSequenceSettings,
} from './quantile-sequence.ts';
import { type Failure, failure, type Result } from './result.ts';

/**
 * What can be said about the difference of a quantile of two latency histograms, treatment − control, if one may look at
 * any time? A point for drawing and for the guardrail of `decideExperiment`, from counts that merge.
 *
 * Formula: `quantileInterval` of each arm at α/2, its ends widened to the edges of their bins; the difference of the two
 * intervals, with the p-value of `compareHistogramQuantilesAnytime`. The estimate places values evenly inside a bin.
 * Domain: whole counts; `edges` are the ascending limits of the bins, one more than bins; the last may be infinite, and
 * then an interval that reaches the last bin is open. Assumptions and failures as there; fails while one end is reached
 * by no observation, and when the estimate itself lies in an open bin.
 * Source: Howard and Ramdas, Bernoulli 28 (2022), on binned counts.
 */
export function histogramQuantilePoint(
  histograms: HistogramPair,
  edges: readonly number[],
  settings: QuantileSequenceSettings,
): Result<SequencePoint> {
  const { control, treatment } = histograms;
  const { alpha = 0.05 } = settings;
  const problem =
    checkBins('control', control) ??
    checkBins('treatment', treatment) ??
    checkQuantileSettings(settings) ??
    checkEdges(edges, control.length);
  if (problem) return problem;
  const evidence = compareHistogramQuantilesAnytime(histograms, settings);
  if (!evidence.ok) return evidence;
  const a = binnedInterval(control, edges, settings, alpha / 2);
  if (!a.ok) return { ...a, needed: `control: ${a.needed}` };
  const b = binnedInterval(treatment, edges, settings, alpha / 2);
  if (!b.ok) return { ...b, needed: `treatment: ${b.needed}` };
  return {
    ok: true,
    count: a.count + b.count,
    estimate: b.estimate - a.estimate,
    lower: b.lower - a.upper,
    upper: b.upper - a.lower,
    pValue: evidence.pValue,
    alpha,
  };
}

function binnedInterval(
  bins: readonly number[],
  edges: readonly number[],
  settings: QuantileSequenceSettings,
  alpha: number,
): Result<{ readonly count: number; readonly estimate: number; readonly lower: number; readonly upper: number }> {
  const count = bins.reduce((sum, size) => sum + size, 0);
  const ranks = believableRanks(count, settings, alpha);
  if (!ranks.ok) return ranks;
  const position = 1 + (count - 1) * settings.quantile;
  const { bin, before } = binOfRank(bins, Math.ceil(position));
  const [low, high] = [edges[bin] as number, edges[bin + 1] as number];
  if (!Number.isFinite(high)) return failure('no-solution', 'a finite limit of the bin that holds the quantile');
  const share = (position - before - 0.5) / (bins[bin] as number);
  return {
    ok: true,
    count,
    estimate: low + Math.min(1, Math.max(0, share)) * (high - low),
    lower: edges[binOfRank(bins, ranks.fewest).bin] as number,
    upper: edges[binOfRank(bins, ranks.most).bin + 1] as number,
  };
}

/** The bin that holds the value of this rank (from 1), and how many values lie in the bins before it. */
function binOfRank(bins: readonly number[], rank: number): { readonly bin: number; readonly before: number } {
  let before = 0;
  for (let bin = 0; bin < bins.length; bin += 1) {
    const size = bins[bin] as number;
    if (before + size >= rank) return { bin, before };
    before += size;
  }
  return { bin: bins.length - 1, before };
}

function checkEdges(edges: readonly number[], binCount: number): Failure | undefined {
  const problem = checkSameLength('edges', edges.length, binCount + 1);
  if (problem) return problem;
  for (let index = 0; index < edges.length; index += 1) {
    const edge = edges[index] as number;
    if (!(Number.isFinite(edge) || (edge === Number.POSITIVE_INFINITY && index === binCount))) {
      return failure('not-finite', `edges[${index}] must be a finite number; only the last may be infinite`);
    }
    if (index > 0 && !(edge > (edges[index - 1] as number))) {
      return failure('invalid-argument', 'edges that rise');
    }
  }
  return undefined;
}
