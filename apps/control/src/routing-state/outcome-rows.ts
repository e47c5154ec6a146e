import type { AnalyticsStore } from '@switchyard/storage/analytics';

export type Analytics = Pick<AnalyticsStore, 'query'>;

/** Which outcomes a node learns from. */
export interface OutcomeScope {
  readonly endpoint: string;
  /** Predictions made since then, Unix milliseconds. */
  readonly fromMs: number;
  /** Exactly these paths. */
  readonly paths: readonly string[];
}

export interface OutcomeStatement {
  readonly sql: string;
  readonly parameters: Record<string, unknown>;
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

/**
 * Sums over what is known now of the successful predictions in scope, apart by who answered: `path, model, version`.
 * Feedback that took earlier feedback back leaves two rows of one sequence behind, with signs that cancel: neither is
 * read. So nothing has to be subtracted, and a wrong label once sent in cannot spoil a sum by rounding.
 * Predictions are read only for the ids that have outcomes, and only when the question needs them.
 */
export function outcomeStatement(scope: OutcomeScope, question: OutcomeQuestion): OutcomeStatement {
  const where = `endpoint = {endpoint:String} AND path IN {paths:Array(String)}
    AND at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')`;
  const columns = question.fromPrediction ?? [];
  const join =
    columns.length === 0
      ? ''
      : `INNER JOIN (
          SELECT id, ${columns.join(', ')} FROM predictions
          WHERE ${where} AND id IN (SELECT id FROM outcomes WHERE ${where})
        ) AS asked USING (id)`;
  const keys = ['path', 'model', 'version', ...(question.keys ?? [])].join(', ');
  return {
    sql: `SELECT ${keys}, ${question.aggregates.join(', ')}
      FROM (
        SELECT id, path, model, version, predicted::Nullable(String) AS predicted, score, value, outcome,
          judged::Nullable(String) AS judged, reward, values
        FROM outcomes
        WHERE ${where} AND sign = 1 AND (isNotNull(predicted) OR isNotNull(value))
          AND (id, sequence) NOT IN (SELECT id, sequence FROM outcomes WHERE ${where} AND sign = -1)
      ) AS known
      ${join}
      WHERE ${question.condition}
      GROUP BY ${keys}`,
    parameters: { endpoint: scope.endpoint, from: scope.fromMs, paths: [...scope.paths], ...question.parameters },
  };
}
