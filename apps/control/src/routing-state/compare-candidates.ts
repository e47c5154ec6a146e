import type { BestMetric, BestNode, BestState, Task } from '@switchyard/contracts';
import type { LearningNode } from './learning-nodes.ts';
import type { Analytics, OutcomeQuestion, OutcomeScope } from './outcome-rows.ts';
import { sumByBranch } from './sum-by-branch.ts';
import { sumOverWindow, type WindowSums } from './sum-over-window.ts';

/** Segment values beyond this many are left out, those with the fewest labels first. */
const MAXIMUM_SEGMENTS = 500;
/** What log loss is clipped to, as in @switchyard/metrics and scikit-learn. */
const CLIP = 2 ** -52;

/** Of each model version: its positive label and its labels, as text. */
export interface LabelsOfVersion {
  readonly positive: string | undefined;
  readonly labels: readonly string[];
}

export interface CompareOptions {
  readonly task: Task;
  readonly labelsOf: (labelled: { readonly model: string; readonly version: string }) => LabelsOfVersion;
}

interface SumsRow {
  readonly slice: number;
  readonly path: string;
  readonly model: string;
  readonly version: string;
  readonly segment: string;
  readonly labels: number;
  /** By positive label, or a single one. */
  readonly totals: readonly (number | null)[];
  readonly predicted_positive?: readonly number[];
  readonly known_positive?: readonly number[];
}

/**
 * The metric of every candidate of a `best` node over the predictions it answered since `scope.fromMs`, by value of the
 * node's segment, and under '' for all of them together. A candidate whose metric cannot be told is left out: without
 * outcomes, or with nothing to divide by.
 */
export async function compareCandidates(
  analytics: Analytics,
  learning: LearningNode & { readonly node: BestNode },
  scope: OutcomeScope,
  options: CompareOptions,
  computedAtMs: number,
  known: WindowSums,
): Promise<BestState> {
  const { node } = learning;
  const labelsOfBranch = new Map(
    learning.branches.flatMap(({ places }) =>
      places.map((place) => [place, options.labelsOf(place.labelled)] as const),
    ),
  );
  const positives = [...new Set([...labelsOfBranch.values()].flatMap(({ positive }) => positive ?? []))];
  const labels = [...new Set([...labelsOfBranch.values()].flatMap((each) => each.labels))];
  const question = questionOf(node, options.task, positives, labels);
  const rows = await sumOverWindow<SumsRow>(analytics, scope, question, known);

  const sums = sumByBranch(
    learning.branches,
    rows,
    (row) => (node.segment === undefined ? [''] : [...new Set(['', row.segment])]),
    (row, place) => {
      const positive = labelsOfBranch.get(place)?.positive;
      const position = isPerPositive(node.metric, options.task) ? positives.indexOf(positive ?? '') : 0;
      return {
        labels: row.labels,
        total: row.totals[position] ?? 0,
        predictedPositive: row.predicted_positive?.[position] ?? 0,
        knownPositive: row.known_positive?.[position] ?? 0,
      };
    },
  );
  const segments = [...sums]
    .map(([segment, byBranch]) => {
      const values = [...byBranch].flatMap(([name, sum]) => {
        const value = metricOf(node.metric, sum);
        return Number.isFinite(value) ? [[name, { value, labels: sum.labels }] as const] : [];
      });
      return { segment, values, labels: [...byBranch.values()].reduce((total, sum) => total + sum.labels, 0) };
    })
    .filter(({ values }) => values.length > 0)
    .sort((left, right) => right.labels - left.labels || (left.segment < right.segment ? -1 : 1))
    .slice(0, MAXIMUM_SEGMENTS);
  return {
    kind: 'best',
    computedAtMs,
    segments: Object.fromEntries(segments.map(({ segment, values }) => [segment, Object.fromEntries(values)])),
  };
}

interface Sums {
  readonly labels: number;
  readonly total: number;
  readonly predictedPositive: number;
  readonly knownPositive: number;
}

/** Formulas: scikit-learn's `precision_recall_fscore_support`, `log_loss`, `brier_score_loss` and regression metrics. */
function metricOf(metric: BestMetric, { labels, total, predictedPositive, knownPositive }: Sums): number {
  switch (metric) {
    case 'precision':
      return total / predictedPositive;
    case 'recall':
      return total / knownPositive;
    case 'f1':
      return (2 * total) / (predictedPositive + knownPositive);
    case 'rmse':
      return Math.sqrt(total / labels);
    default:
      return total / labels;
  }
}

const isOfPositive = (metric: BestMetric): boolean => metric === 'precision' || metric === 'recall' || metric === 'f1';
const isProbabilistic = (metric: BestMetric): boolean => metric === 'log_loss' || metric === 'brier';
const isPerPositive = (metric: BestMetric, task: Task): boolean =>
  isOfPositive(metric) || (isProbabilistic(metric) && task === 'binary');

/** `sum(…)` of an expression over `label`, one for each positive label that the candidates have. */
const perPositive = (expression: string): string =>
  `sumForEach(arrayMap(label -> toFloat64(${expression}), {positives:Array(String)}))`;

function questionOf(
  node: BestNode,
  task: Task,
  positives: readonly string[],
  labels: readonly string[],
): OutcomeQuestion {
  const segment =
    node.segment === undefined
      ? { keys: [], fromPrediction: [], parameters: {} }
      : {
          keys: ['segment'],
          fromPrediction: ['JSONExtractString(predictions.segment, {segment_key:String}) AS segment'],
          parameters: { segment_key: node.segment },
        };
  const question = (
    condition: string,
    aggregates: string[],
    extra: Partial<OutcomeQuestion> = {},
  ): OutcomeQuestion => ({
    keys: segment.keys,
    condition,
    aggregates: ['toFloat64(count()) AS labels', ...aggregates],
    fromPrediction: [...segment.fromPrediction, ...(extra.fromPrediction ?? [])],
    parameters: { ...segment.parameters, ...extra.parameters },
  });
  const { metric } = node;
  if (metric === 'accuracy') {
    return question('isNotNull(judged)', ['[toFloat64(countIf(predicted = judged))] AS totals']);
  }
  if (isOfPositive(metric)) {
    return question(
      'isNotNull(judged)',
      [
        `${perPositive('predicted = label AND judged = label')} AS totals`,
        `${perPositive('predicted = label')} AS predicted_positive`,
        `${perPositive('judged = label')} AS known_positive`,
      ],
      { parameters: { positives } },
    );
  }
  if (metric === 'reward') return question('isNotNull(reward)', ['[sum(assumeNotNull(reward))] AS totals']);
  if (metric === 'mae' || metric === 'rmse') {
    const difference = 'assumeNotNull(value) - assumeNotNull(toFloat64OrNull(outcome))';
    return question('isNotNull(value) AND isFinite(ifNull(toFloat64OrNull(outcome), nan))', [
      metric === 'mae' ? `[sum(abs(${difference}))] AS totals` : `[sum(pow(${difference}, 2))] AS totals`,
    ]);
  }
  // A label that no candidate knows has no probability, whatever the model says.
  const isKnown = 'has({labels:Array(String)}, assumeNotNull(judged))';
  const clipped = (probability: string) => `least(greatest(${probability}, ${CLIP}), 1 - ${CLIP})`;
  if (task === 'binary') {
    const probability = 'if(judged = label, assumeNotNull(score), 1 - assumeNotNull(score))';
    const loss =
      metric === 'log_loss' ? `-log(${clipped(probability)})` : `pow(assumeNotNull(score) - (judged = label), 2)`;
    return question(`isNotNull(judged) AND isNotNull(score) AND ${isKnown}`, [`${perPositive(loss)} AS totals`], {
      parameters: { positives, labels },
    });
  }
  const probability = 'JSONExtractFloat(probabilities, assumeNotNull(judged))';
  const squares = "arraySum(entry -> entry.2 * entry.2, JSONExtractKeysAndValues(probabilities, 'Float64'))";
  return question(
    `isNotNull(judged) AND ${isKnown} AND JSONHas(probabilities, assumeNotNull(judged))`,
    [
      metric === 'log_loss'
        ? `[sum(-log(${clipped(probability)}))] AS totals`
        : `[sum(${squares} - 2 * ${probability} + 1)] AS totals`,
    ],
    { parameters: { labels }, fromPrediction: ['probabilities'] },
  );
}
