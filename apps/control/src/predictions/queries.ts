import {
  type Member,
  type PredictionDetail,
  type PredictionSummary,
  type predictionQuerySchema,
  SwitchyardError,
} from '@switchyard/contracts';
import type { AnalyticsStore } from '@switchyard/storage/analytics';
import type { z } from 'zod';
import { instantOf, labelOf, parseJson, type SummaryRow, summaryColumns, summaryOf } from './prediction-rows.ts';

type Analytics = Pick<AnalyticsStore, 'query'>;
export type PredictionQuery = z.infer<typeof predictionQuerySchema>;

/** The time inside a UUIDv7 given as parameter: the store prunes ids by it. */
const ID_MILLIS = 'toUInt64(bitShiftRight(toUInt128({id:UUID}), 80))';
const FEEDBACK_SHOWN = 1_000;

// Listing ----------------------------------------------------------------------------------------
interface Cursor {
  readonly atMillis: number;
  readonly id: string;
}

const encodeCursor = (row: FoundRow) => Buffer.from(JSON.stringify([row.at_millis, row.id])).toString('base64url');

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function decodeCursor(text: string): Cursor {
  try {
    const [atMillis, id] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[];
    if (Number.isSafeInteger(atMillis) && typeof id === 'string' && UUID.test(id)) {
      return { atMillis: atMillis as number, id };
    }
  } catch {
    // Answered below.
  }
  throw new SwitchyardError('invalid_request', 'the cursor is not one of ours', {
    problems: [{ field: 'cursor', detail: 'give back what nextCursor was' }],
  });
}

const WINDOW =
  "at >= fromUnixTimestamp64Milli({lower:Int64}, 'UTC') AND at < fromUnixTimestamp64Milli({upper:Int64}, 'UTC')";

interface Condition {
  readonly where: string;
  /** The same for `outcomes`; undefined where that table does not know. */
  readonly whereOutcome?: string;
  /** Few predictions fulfil it: worth looking them up first. */
  readonly isSelective?: boolean;
}

const outcomeConditions = {
  known: { isIn: true, where: 'isNotNull(outcome)' },
  unknown: { isIn: false, where: 'isNotNull(outcome)' },
  correct: { isIn: true, where: 'judged = predicted' },
  wrong: { isIn: true, where: 'judged != predicted' },
} as const;

/**
 * Ids of the window whose outcome is as asked: rows that were added and not taken back again.
 * Whatever else is asked for is asked of the outcomes too, so that few ids are left to compare with.
 */
function outcomeCondition(
  asked: keyof typeof outcomeConditions,
  others: readonly Condition[],
  within: readonly string[],
): string {
  const { isIn, where } = outcomeConditions[asked];
  const conditions = [
    WINDOW,
    ...within,
    where,
    'sign = 1',
    `(id, sequence) NOT IN (SELECT id, sequence FROM outcomes WHERE ${WINDOW} AND sign = -1)`,
    ...others.flatMap((one) => one.whereOutcome ?? []),
    ...others
      .filter((one) => one.whereOutcome === undefined && one.isSelective === true)
      .map((one) => `id IN (SELECT id FROM predictions WHERE ${WINDOW} AND ${one.where})`),
  ];
  return `id ${isIn ? 'IN' : 'NOT IN'} (SELECT id FROM outcomes WHERE ${conditions.join(' AND ')})`;
}

/** A condition on a prediction, as one on its outcome that lets at least as much through. */
const outcomeColumns: Partial<Record<string, (where: string) => string>> = {
  endpoint: (where) => where,
  model: (where) => where,
  version: (where) => where,
  label: () => '(predicted = {label:String} OR isNull(predicted))',
};

interface Search {
  /** All that is asked for but the outcome. */
  readonly where: string[];
  readonly parameters: Record<string, unknown>;
  /** What is asked for of the outcome. @param within what is known of the ids, to look at fewer outcomes */
  readonly outcome: ((within?: readonly string[]) => string) | undefined;
}

function searchOf(query: PredictionQuery): Search {
  const conditions: Condition[] = [];
  const parameters: Record<string, unknown> = {};
  for (const column of ['endpoint', 'model', 'version', 'label', 'status', 'unit'] as const) {
    if (query[column] === undefined) {
      continue;
    }
    parameters[column] = query[column];
    const where = `${column} = {${column}:String}`;
    const whereOutcome = outcomeColumns[column]?.(where);
    conditions.push({
      where,
      ...(whereOutcome === undefined ? {} : { whereOutcome }),
      isSelective: column === 'unit' || query.status === 'error',
    });
  }
  if (query.path !== undefined) {
    parameters.path = query.path;
    const where = 'startsWith(path, {path:String})';
    conditions.push({ where, whereOutcome: where });
  }
  const { outcome } = query;
  return {
    where: conditions.map((one) => one.where),
    parameters,
    outcome: outcome && ((within = []) => outcomeCondition(outcome, conditions, within)),
  };
}

/** Where outcomes are asked for over longer stretches, it pays to see first whether few predictions come into question. */
const LONG_WINDOW_MS = 86_400_000;
const FEW_PREDICTIONS = 500;
const IS_ONE_OF = 'id_millis IN {millis:Array(UInt64)} AND id IN {ids:Array(UUID)}';

interface Stretch {
  readonly lower: number;
  readonly upper: number;
}

/** What is found in a stretch of time, newest first, at most `wanted`. By the few columns that decide. */
async function findIn(
  analytics: Analytics,
  { where, parameters, outcome }: Search,
  stretch: Stretch,
  wanted: number,
): Promise<FoundRow[]> {
  const find = (conditions: readonly string[], limit: number, more: Record<string, unknown> = {}) =>
    analytics.query<FoundRow>(
      `SELECT id, toFloat64(id_millis) AS millis, toFloat64(toUnixTimestamp64Milli(at)) AS at_millis
       FROM predictions WHERE ${[WINDOW, ...where, ...conditions].join(' AND ')}
       ORDER BY at DESC, id DESC LIMIT {wanted:UInt32}`,
      { ...parameters, ...stretch, ...more, wanted: limit },
    );
  if (outcome === undefined) return find([], wanted);
  if (where.length > 0 && stretch.upper - stretch.lower > LONG_WINDOW_MS) {
    const few = await find([], FEW_PREDICTIONS + 1);
    if (few.length === 0) return [];
    if (few.length <= FEW_PREDICTIONS) return find([IS_ONE_OF, outcome([IS_ONE_OF])], wanted, idsOf(few));
  }
  return find([outcome()], wanted);
}

const idsOf = (rows: readonly FoundRow[]) => ({
  ids: rows.map((row) => row.id),
  millis: rows.map((row) => row.millis),
});

/** The first window looked at, and how much wider each next one is. */
const FIRST_WINDOW_MS = 300_000;
const WINDOW_GROWTH = 8;

/**
 * Predictions with from ≤ at < to, newest first; ties in the order of the store's ids.
 * Looks at a short stretch of time first and at longer ones only while the page is not full, so a page of recent
 * predictions costs the same however long the history is.
 * Throws SwitchyardError('invalid_request') for a cursor that is not one.
 */
export async function listPredictions(
  analytics: Analytics,
  query: PredictionQuery,
): Promise<{ items: PredictionSummary[]; nextCursor?: string }> {
  const cursor = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  const range = await rangeOf(analytics, query);
  if (range === undefined) {
    return { items: [] };
  }
  const search = searchOf(query);
  if (cursor !== undefined) {
    search.where.push(
      "(at < fromUnixTimestamp64Milli({cursor_at:Int64}, 'UTC') OR (at = fromUnixTimestamp64Milli({cursor_at:Int64}, 'UTC') AND id < {cursor_id:UUID}))",
    );
    search.parameters.cursor_at = cursor.atMillis;
    search.parameters.cursor_id = cursor.id;
  }
  // Only what is shown is read whole.
  const found: FoundRow[] = [];
  const wanted = query.limit + 1; // one more tells whether there is a next page
  let upper = Math.min(range.to, cursor === undefined ? Number.POSITIVE_INFINITY : cursor.atMillis + 1);
  for (let width = FIRST_WINDOW_MS; found.length < wanted && upper > range.from; width *= WINDOW_GROWTH) {
    const lower = Math.max(range.from, upper - width);
    found.push(...(await findIn(analytics, search, { lower, upper }, wanted - found.length)));
    upper = lower;
  }
  const page = found.slice(0, query.limit);
  const items = await readSummaries(analytics, page);
  const last = page.at(-1);
  return found.length > query.limit && last !== undefined ? { items, nextCursor: encodeCursor(last) } : { items };
}

interface FoundRow {
  readonly id: string;
  /** The time inside the id. */
  readonly millis: number;
  readonly at_millis: number;
}

/** The summaries of these predictions, in the same order. */
async function readSummaries(analytics: Analytics, page: readonly FoundRow[]): Promise<PredictionSummary[]> {
  const [first] = page;
  const last = page.at(-1);
  if (first === undefined || last === undefined) {
    return [];
  }
  const parameters = {
    ...idsOf(page),
    lower: last.at_millis,
    upper: first.at_millis + 1,
  };
  const [rows, outcomes] = await Promise.all([
    analytics.query<SummaryRow>(
      `SELECT ${summaryColumns} FROM predictions WHERE ${WINDOW} AND ${IS_ONE_OF}`,
      parameters,
    ),
    // The label that counts now: of the newest row that was not taken back.
    analytics.query<{ id: string; label: string | null }>(
      `SELECT id, tupleElement(argMax(tuple(outcome_json), toUInt128(sequence)), 1) AS label
       FROM outcomes WHERE sign = 1 AND ${WINDOW} AND ${IS_ONE_OF} GROUP BY id`,
      parameters,
    ),
  ]);
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  const labelById = new Map(outcomes.map((row) => [row.id, labelOf(row.label)]));
  return page.flatMap(({ id }) => {
    const row = rowOf.get(id);
    return row === undefined ? [] : [summaryOf(row, labelById.get(id) ?? null)];
  });
}

/** Where to look; undefined when there is nothing. `to` is exclusive. */
async function rangeOf(
  analytics: Analytics,
  query: PredictionQuery,
): Promise<{ from: number; to: number } | undefined> {
  const [bounds] = await analytics.query<{ count: number | string; oldest: number | string; newest: number | string }>(
    `SELECT count() AS count, toUnixTimestamp64Milli(min(at)) AS oldest, toUnixTimestamp64Milli(max(at)) AS newest
     FROM predictions`,
  );
  if (bounds === undefined || Number(bounds.count) === 0) {
    return undefined;
  }
  const from = Math.max(Number(bounds.oldest), query.from === undefined ? 0 : Date.parse(query.from));
  const to = Math.min(
    Number(bounds.newest) + 1,
    query.to === undefined ? Number.POSITIVE_INFINITY : Date.parse(query.to),
  );
  return from < to ? { from, to } : undefined;
}

// One prediction ---------------------------------------------------------------------------------
interface DetailRow extends SummaryRow {
  readonly request_id: string;
  readonly snapshot: string;
  readonly gateway: string;
  readonly segment: string;
  readonly context: string;
  readonly features: string;
  readonly decision: string;
  readonly propensity: number;
  readonly members: string;
  readonly queue_micros: number;
  readonly model_micros: number;
  readonly batch_rows: number;
  readonly cached: boolean;
}

interface FeedbackRow {
  readonly at_millis: number | string;
  readonly received_at_millis: number | string;
  readonly label_json: string | null;
  readonly reward: number | null;
  readonly values: Record<string, number>;
}

/** The whole record with what its shadows answered and all its feedback. Throws SwitchyardError('prediction_not_found'), also while it is not shipped yet. */
export async function getPrediction(analytics: Analytics, id: string): Promise<PredictionDetail> {
  const [row] = await analytics.query<DetailRow>(
    `SELECT ${summaryColumns}, request_id, snapshot, gateway, segment, context, features, decision, propensity, members,
       queue_micros, model_micros, batch_rows, cached
     FROM predictions WHERE id_millis = ${ID_MILLIS} AND id = {id:UUID} LIMIT 1`,
    { id },
  );
  if (row === undefined) {
    throw new SwitchyardError('prediction_not_found', `there is no prediction ${id} in the store (yet)`);
  }
  const feedback = await analytics.query<FeedbackRow>(
    `SELECT toUnixTimestamp64Milli(at) AS at_millis, toUnixTimestamp64Milli(received_at) AS received_at_millis,
       label_json, reward, values
     FROM feedback WHERE id_millis = ${ID_MILLIS} AND id = {id:UUID}
     ORDER BY toUInt128(sequence) DESC LIMIT ${FEEDBACK_SHOWN}`,
    { id },
  );
  const [shadows] = await analytics.query<{ members: string }>(
    `SELECT members FROM shadow_answers WHERE id_millis = ${ID_MILLIS} AND id = {id:UUID} LIMIT 1`,
    { id },
  );
  const outcome = labelOf(feedback.find((item) => item.label_json !== null)?.label_json ?? null);
  return {
    ...summaryOf(row, outcome),
    requestId: row.request_id,
    snapshot: row.snapshot,
    gateway: row.gateway,
    segment: parseJson(row.segment),
    context: parseJson(row.context),
    features: parseJson(row.features),
    decision: parseJson(row.decision),
    propensity: row.propensity,
    members: [...membersOf(row.members), ...membersOf(shadows?.members ?? '')],
    queueMicros: row.queue_micros,
    modelMicros: row.model_micros,
    batchRows: row.batch_rows,
    cached: row.cached,
    feedback: feedback.map((item) => ({
      at: instantOf(item.at_millis),
      receivedAt: instantOf(item.received_at_millis),
      label: labelOf(item.label_json),
      reward: item.reward,
      values: item.values,
    })),
  };
}

/** A column of members; empty where nothing but the answering model was asked. */
function membersOf(json: string): Member[] {
  return json === '' ? [] : (JSON.parse(json) as Member[]);
}
