import { ENSEMBLE_PREFIX } from '@switchyard/contracts';
import { predictionAggregates } from '@switchyard/storage/analytics';
import type { TimeRange } from './time-ranges.ts';

export interface Filter {
  readonly endpoint?: string | undefined;
  readonly model?: string | undefined;
}

export interface Statement {
  readonly sql: string;
  readonly parameters: Record<string, unknown>;
}

export interface AggregateOptions {
  readonly ranges: readonly TimeRange[];
  readonly filter: Filter;
  /** Columns to keep apart, such as `model`. */
  readonly keys: readonly string[];
  /** Adds the column `bucket`, the start of the step in Unix seconds. */
  readonly stepSeconds?: number;
}

/** What the store does not know about models. */
export interface QualityContext {
  /** The positive class of each binary model, as text. Precision, recall and F1 are over these models only. */
  readonly positiveLabels: Readonly<Record<string, string>>;
  /** The positive class of the ensembles of each binary endpoint: that of their members. */
  readonly positiveLabelsOfEnsembles?: Readonly<Record<string, string>>;
}

const starts = { minute: 'toStartOfMinute(at)', hour: 'toStartOfHour(at)' } as const;

function filtersOf(filter: Filter): string[] {
  return (['endpoint', 'model'] as const)
    .filter((column) => filter[column] !== undefined)
    .map((column) => `${column} = {${column}:String}`);
}

/**
 * One select a range, all with the same columns. Those of roll-ups ask for nothing but what the projection holds,
 * word for word: the engine then reads the projection instead of the rows.
 */
function selectRanges(
  options: AggregateOptions,
  table: string,
  aggregates: readonly string[],
  conditions: string[],
): Statement {
  const parameters: Record<string, unknown> = {};
  for (const column of ['endpoint', 'model'] as const) {
    if (options.filter[column] !== undefined) {
      parameters[column] = options.filter[column];
    }
  }
  const selects = options.ranges.map((range, index) => {
    parameters[`from${index}`] = range.source === 'raw' ? range.fromMs : range.fromMs / 1_000;
    parameters[`to${index}`] = range.source === 'raw' ? range.toMs : range.toMs / 1_000;
    const time = range.source === 'raw' ? 'at' : starts[range.source];
    const bound = (name: string) =>
      range.source === 'raw'
        ? `fromUnixTimestamp64Milli({${name}${index}:Int64}, 'UTC')`
        : `toDateTime({${name}${index}:UInt32}, 'UTC')`;
    const step = options.stepSeconds;
    const keys = [
      ...options.keys,
      ...(step === undefined ? [] : [`intDiv(toUnixTimestamp(${time}), ${step}) * ${step} AS bucket`]),
    ];
    const where = [
      `${time} >= ${bound('from')}`,
      `${time} < ${bound('to')}`,
      ...filtersOf(options.filter),
      ...conditions,
    ];
    const groupBy = [...options.keys, ...(step === undefined ? [] : ['bucket'])];
    return `SELECT ${[...keys, ...aggregates].join(', ')} FROM ${table} WHERE ${where.join(' AND ')}
      ${groupBy.length === 0 ? '' : `GROUP BY ${groupBy.join(', ')}`}`;
  });
  return { sql: selects.join('\nUNION ALL\n'), parameters };
}

const aggregateNames = ['n', 'total', 'latency', 'scored', 'scores'];

/** Columns: keys, bucket, predictions, failed, total (µs), quantiles (µs: p50, p95, p99), scored, scores. */
export function predictionStatement(options: AggregateOptions): Statement {
  const inner = selectRanges(
    { ...options, keys: [...options.keys, 'status'] },
    'predictions',
    predictionAggregates.map((aggregate, index) => `${aggregate} AS ${aggregateNames[index]}`),
    [],
  );
  const keys = [...options.keys, ...(options.stepSeconds === undefined ? [] : ['bucket'])];
  return {
    sql: `SELECT ${[
      ...keys,
      'toFloat64(sum(n)) AS predictions',
      "toFloat64(sumIf(n, status = 'error')) AS failed",
      'sum(total) AS total_micros',
      'quantilesDDMerge(0.01, 0.5, 0.95, 0.99)(latency) AS quantiles',
      'toFloat64(sum(scored)) AS scored_predictions',
      'sum(scores) AS score_sum',
    ].join(
      ', ',
    )} FROM (${inner.sql}) ${keys.length === 0 ? '' : `GROUP BY ${keys.join(', ')} ORDER BY ${keys.join(', ')}`}`,
    parameters: inner.parameters,
  };
}

export interface PredictionAggregates {
  readonly predictions: number;
  readonly failed: number;
  readonly total_micros: number;
  readonly quantiles: readonly (number | null)[];
  readonly scored_predictions: number;
  readonly score_sum: number | null;
}

/**
 * Columns: keys, bucket, labelled, correct, and of the models that have a positive class: tp, fp, fn.
 * Successful predictions with a predicted label whose own label is known.
 */
export function qualityStatement(
  options: AggregateOptions,
  { positiveLabels, positiveLabelsOfEnsembles = {} }: QualityContext,
): Statement {
  const inner = selectRanges(
    { ...options, keys: [...new Set([...options.keys, 'endpoint', 'model', 'predicted', 'judged'])] },
    'outcomes',
    ['sum(sign) AS n'],
    ['isNotNull(judged)'],
  );
  const keys = [...options.keys, ...(options.stepSeconds === undefined ? [] : ['bucket'])];
  // Position of the model among those with a positive class; 0 for all others. Ensembles of all endpoints share their names.
  const answerer = `if(startsWith(model, '${ENSEMBLE_PREFIX}'), concat('${ENSEMBLE_PREFIX}', endpoint), model)`;
  const position = `indexOf({positive_models:Array(String)}, ${answerer})`;
  const isPositive = (column: string) =>
    `(${position} > 0 AND ${column} = {positive_labels:Array(String)}[${position}])`;
  return {
    sql: `SELECT ${[
      ...keys,
      'toFloat64(sum(n)) AS labelled',
      'toFloat64(sumIf(n, predicted = judged)) AS correct',
      `toFloat64(sumIf(n, ${isPositive('predicted')} AND ${isPositive('judged')})) AS tp`,
      `toFloat64(sumIf(n, ${isPositive('predicted')} AND NOT ${isPositive('judged')})) AS fp`,
      `toFloat64(sumIf(n, NOT ${isPositive('predicted')} AND ${isPositive('judged')})) AS fn`,
    ].join(
      ', ',
    )} FROM (${inner.sql}) ${keys.length === 0 ? '' : `GROUP BY ${keys.join(', ')} ORDER BY ${keys.join(', ')}`}`,
    parameters: {
      ...inner.parameters,
      positive_models: [
        ...Object.keys(positiveLabels),
        ...Object.keys(positiveLabelsOfEnsembles).map((endpoint) => `${ENSEMBLE_PREFIX}${endpoint}`),
      ],
      positive_labels: [...Object.values(positiveLabels), ...Object.values(positiveLabelsOfEnsembles)],
    },
  };
}

export interface QualityAggregates {
  readonly labelled: number;
  readonly correct: number;
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
}
