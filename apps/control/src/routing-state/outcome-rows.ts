import type { AnalyticsStore } from '@switchyard/storage/analytics';

export type Analytics = Pick<AnalyticsStore, 'query'>;

/** Which outcomes a node learns from. */
export interface OutcomeScope {
  readonly endpoint: string;
  /** Exactly these paths. */
  readonly paths: readonly string[];
  /** Predictions made from then on, Unix milliseconds. */
  readonly fromMs: number;
  /** Outcomes are summed in slices of time so long, which begin at multiples of it. */
  readonly sliceMs: number;
}

export interface OutcomeQuestion {
  /** Beside path, model and version, which the answer always has. */
  readonly keys?: readonly string[];
  readonly aggregates: readonly string[];
  /** What an outcome must have to count. */
  readonly condition: string;
  /** Columns that only the prediction has, as `expression AS name`. */
  readonly fromPrediction?: readonly string[];
  readonly parameters?: Readonly<Record<string, unknown>>;
}

export interface Statement {
  readonly sql: string;
  readonly parameters: Record<string, unknown>;
}

/** A stretch of time, from ≤ t < to, Unix milliseconds. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

const instant = (name: string): string => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;
const IN_SCOPE = 'endpoint = {endpoint:String} AND path IN {paths:Array(String)}';
const SLICE = 'toFloat64(intDiv(toUnixTimestamp64Milli(at), {slice_ms:Int64})) AS slice';

/** How many rows of outcomes each slice has. Rows are only ever added, so equal numbers mean that nothing changed. */
export function countStatement({ endpoint, paths, fromMs, sliceMs }: OutcomeScope): Statement {
  return {
    sql: `SELECT ${SLICE}, toFloat64(count()) AS rows FROM outcomes
      WHERE ${IN_SCOPE} AND at >= ${instant('from')} GROUP BY slice ORDER BY slice`,
    parameters: { endpoint, paths: [...paths], from: fromMs, slice_ms: sliceMs },
  };
}

/**
 * Sums over what is known now of the successful predictions in these stretches, apart by slice and by who answered:
 * `slice, path, model, version`. Feedback that took earlier feedback back leaves two rows of one sequence behind, with
 * signs that cancel: neither is read. So nothing has to be subtracted, and a wrong label once sent in cannot spoil a sum
 * by rounding. Predictions are read only for ids that have outcomes, and only when the question needs them.
 */
export function outcomeStatement(
  scope: OutcomeScope,
  stretches: readonly Stretch[],
  question: OutcomeQuestion,
): Statement {
  const times = stretches.map((_, index) => `(at >= ${instant(`from${index}`)} AND at < ${instant(`to${index}`)})`);
  const where = `${IN_SCOPE} AND (${times.join(' OR ')})`;
  const columns = question.fromPrediction ?? [];
  const join =
    columns.length === 0
      ? ''
      : `INNER JOIN (
          SELECT id, ${columns.join(', ')} FROM predictions
          WHERE ${where} AND id IN (SELECT id FROM outcomes WHERE ${where})
        ) AS asked USING (id)`;
  const keys = ['slice', 'path', 'model', 'version', ...(question.keys ?? [])].join(', ');
  return {
    sql: `SELECT ${keys}, ${question.aggregates.join(', ')}
      FROM (
        SELECT id, ${SLICE}, path, model, version, predicted::Nullable(String) AS predicted, score, value, outcome,
          judged::Nullable(String) AS judged, reward, values
        FROM outcomes
        WHERE ${where} AND sign = 1 AND (isNotNull(predicted) OR isNotNull(value))
          AND (id, sequence) NOT IN (SELECT id, sequence FROM outcomes WHERE ${where} AND sign = -1)
      ) AS known
      ${join}
      WHERE ${question.condition}
      GROUP BY ${keys}`,
    parameters: {
      endpoint: scope.endpoint,
      paths: [...scope.paths],
      slice_ms: scope.sliceMs,
      ...Object.fromEntries(
        stretches.flatMap(({ fromMs, toMs }, index) => [
          [`from${index}`, fromMs],
          [`to${index}`, toMs],
        ]),
      ),
      ...question.parameters,
    },
  };
}
