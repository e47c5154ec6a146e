import { averagePrecision, rocAuc } from '@switchyard/metrics';
import { type Answer, type Refusal, refuse } from '../refusal.ts';
import { describe } from '../rows.ts';

export type MetricName =
  | 'accuracy'
  | 'log-loss'
  | 'brier-score'
  | 'roc-auc'
  | 'average-precision'
  | 'r-squared'
  | 'mean-absolute-error'
  | 'mean-squared-error'
  | 'root-mean-squared-error';

/** Any other figure of labels and predictions; null where it has no answer. */
export interface CustomMetric<L> {
  readonly name: string;
  readonly higherIsBetter: boolean;
  readonly score: (labels: readonly L[], predictions: Float64Array) => number | null;
}

/**
 * How a metric is computed. Most are functions of means over rows, which can be computed without some of the rows by
 * subtracting their sums; others need all rows at once.
 */
export type MetricForm<L> =
  | {
      readonly kind: 'means';
      readonly width: number;
      readonly addRow: (label: L, prediction: number, into: Float64Array) => void;
      readonly finish: (means: Float64Array) => number | null;
    }
  | { readonly kind: 'whole'; readonly score: (labels: readonly L[], predictions: Float64Array) => number | null };

export interface ResolvedMetric<L> {
  readonly name: string;
  readonly higherIsBetter: boolean;
  readonly form: MetricForm<L>;
}

type Numeric = number | boolean;
/** As scikit-learn clips doubles before the logarithm. */
const EPSILON = 2 ** -52;

const mean = (row: (label: number, prediction: number) => number): MetricForm<Numeric> => ({
  kind: 'means',
  width: 1,
  addRow: (label, prediction, into) => {
    into[0] = into[0]! + row(Number(label), prediction);
  },
  finish: (means) => means[0]!,
});

const squaredError = mean((label, prediction) => (label - prediction) ** 2);

const BINARY: readonly MetricName[] = ['accuracy', 'log-loss', 'brier-score', 'roc-auc', 'average-precision'];
const PROBABILITIES: readonly MetricName[] = ['log-loss', 'brier-score'];
const HIGHER_IS_BETTER: readonly MetricName[] = ['accuracy', 'roc-auc', 'average-precision', 'r-squared'];

function formOf(name: MetricName, labels: ArrayLike<Numeric>): MetricForm<Numeric> | undefined {
  switch (name) {
    case 'accuracy':
      return mean((label, score) => ((score >= 0.5 ? 1 : 0) === label ? 1 : 0));
    case 'log-loss':
      return mean((label, score) => {
        const clipped = Math.min(1 - EPSILON, Math.max(EPSILON, score));
        return -Math.log(label === 1 ? clipped : 1 - clipped);
      });
    case 'brier-score':
    case 'mean-squared-error':
      return squaredError;
    case 'mean-absolute-error':
      return mean((label, prediction) => Math.abs(label - prediction));
    case 'root-mean-squared-error':
      return { ...(squaredError as MetricForm<Numeric> & { kind: 'means' }), finish: (means) => Math.sqrt(means[0]!) };
    case 'roc-auc':
      return { kind: 'whole', score: (some, scores) => answerOf(rocAuc(some, scores)) };
    case 'average-precision':
      return { kind: 'whole', score: (some, scores) => answerOf(averagePrecision(some, scores)) };
    case 'r-squared':
      return rSquared(Number(labels[0]));
    default:
      return undefined;
  }
}

/** 1 − mean (y − ŷ)² / variance of y; labels are shifted so that a large mean costs no digits. */
function rSquared(shift: number): MetricForm<Numeric> {
  return {
    kind: 'means',
    width: 3,
    addRow: (label, prediction, into) => {
      const value = Number(label) - shift;
      into[0] = into[0]! + (Number(label) - prediction) ** 2;
      into[1] = into[1]! + value;
      into[2] = into[2]! + value * value;
    },
    finish: (means) => {
      const variance = means[2]! - means[1]! ** 2;
      return variance > 1e-12 * means[2]! ? 1 - means[0]! / variance : null;
    },
  };
}

function answerOf(result: { readonly ok: boolean; readonly value?: number }): number | null {
  return result.ok ? (result.value ?? null) : null;
}

/** The metric asked for, with its labels checked. */
export function resolveMetric<L>(
  metric: MetricName | CustomMetric<L>,
  labels: ArrayLike<L>,
  predictions: Float64Array,
): Answer<{ readonly metric: ResolvedMetric<L> }> {
  if (metric !== null && typeof metric === 'object' && typeof metric.score === 'function') {
    const { name, higherIsBetter, score } = metric;
    return { ok: true, metric: { name, higherIsBetter, form: { kind: 'whole', score } } };
  }
  const form = typeof metric === 'string' ? formOf(metric, labels as ArrayLike<Numeric>) : undefined;
  if (form === undefined || typeof metric !== 'string') {
    return refuse('invalid-option', 'the name of a metric, or one with a score function', describe(metric));
  }
  const problem = checkLabels(metric, labels, predictions);
  if (problem) return problem;
  return {
    ok: true,
    metric: {
      name: metric,
      higherIsBetter: HIGHER_IS_BETTER.includes(metric),
      form: form as unknown as MetricForm<L>,
    },
  };
}

function checkLabels(metric: MetricName, labels: ArrayLike<unknown>, predictions: Float64Array): Refusal | undefined {
  const binary = BINARY.includes(metric);
  for (let row = 0; row < labels.length; row += 1) {
    const label = labels[row];
    const known = typeof label === 'boolean' || (typeof label === 'number' && Number.isFinite(label));
    if (!known || (binary && Number(label) !== 0 && Number(label) !== 1)) {
      const wanted = binary ? 'a label of 0 or 1' : 'a finite number as label';
      return refuse('invalid-input', `${wanted} in labels[${row}]; leave rows without one out`, describe(label));
    }
    const score = predictions[row]!;
    if (PROBABILITIES.includes(metric) && !(score >= 0 && score <= 1)) {
      return refuse('invalid-input', `probabilities from the model for ${metric}`, `${score}`);
    }
  }
  return undefined;
}
