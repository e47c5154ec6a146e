import { type InsertedSegments, UnreadableSegmentError } from './analytics-store.ts';
import { ID_MILLIS } from './schema.ts';

/**
 * From segments of the log to the tables, in steps that may each be interrupted and repeated:
 *
 * 1. The lines go into a temporary table, read once by the engine's own parser.
 * 2. Rows that a table does not hold yet are added to it, decided row by row by id.
 *    The engine's own deduplication of inserts is not used: it notes an insert before the part is in place,
 *    so a process killed between the two would never get its rows in, and it forgets after some inserts.
 * 3. Outcomes are worked out from the tables for the ids that these lines touch, and only changes are added.
 *
 * An insert into one table is one block, so one part a partition, which is there whole or not at all.
 */
const lineColumns: readonly (readonly [name: string, type: string])[] = [
  ['t', 'LowCardinality(String)'],
  ['id', 'UUID'],
  ['at', 'Int64'],
  ['requestId', 'String'],
  ['endpoint', 'LowCardinality(String)'],
  ['revision', 'UInt32'],
  ['snapshot', 'LowCardinality(String)'],
  ['gateway', 'LowCardinality(String)'],
  ['unit', 'String'],
  ['segment', 'String'],
  ['context', 'String'],
  ['features', 'String'],
  ['path', 'LowCardinality(String)'],
  ['decision', 'String'],
  ['propensity', 'Float64'],
  ['model', 'LowCardinality(String)'],
  ['version', 'LowCardinality(String)'],
  ['status', 'LowCardinality(String)'],
  ['error', 'LowCardinality(String)'],
  // Dynamic keeps the type that a label had in JSON: 1, "1" and true are three labels.
  ['answer', 'Tuple(label Dynamic, score Nullable(Float64), probabilities String, value Nullable(Float64))'],
  ['members', 'String'],
  ['totalMicros', 'Float64'],
  ['queueMicros', 'Float64'],
  ['modelMicros', 'Float64'],
  ['batchRows', 'UInt32'],
  ['cached', 'Bool'],
  ['receivedAt', 'Int64'],
  ['sequence', 'UUID'],
  ['label', 'Dynamic'],
  ['reward', 'Nullable(Float64)'],
  ['values', 'Map(String, Float64)'],
  ['code', 'LowCardinality(String)'],
  ['count', 'UInt32'],
];

/** The structure of a line, for the `file` table function. */
export const lineStructure = lineColumns.map(([name, type]) => `${name} ${type}`).join(', ');

/** Objects and arrays stay the text they are; labels are typed by JSON only, never by what a text looks like. */
export const readSettings = [
  'input_format_json_read_objects_as_strings = 1',
  'input_format_json_read_arrays_as_strings = 1',
  'input_format_json_try_infer_numbers_from_strings = 0',
  'input_format_try_infer_dates = 0',
  'input_format_try_infer_datetimes = 0',
  'input_format_skip_unknown_fields = 1',
  'input_format_null_as_default = 1',
  // One thread parses a segment faster than several that first cut it up, and leaves the others alone.
  'input_format_parallel_parsing = 0',
].join(', ');

/** One block an insert, however many rows it has. */
const insertSettings =
  'max_insert_threads = 1, min_insert_block_size_rows = 1000000000, min_insert_block_size_bytes = 0, max_partitions_per_insert_block = 0';

const NIL = "toUUID('00000000-0000-0000-0000-000000000000')";
/** What DateTime64(3) can hold: a wrong clock must not turn into another date. */
const instant = (column: string) => `fromUnixTimestamp64Milli(least(greatest(${column}, 0), 9000000000000), 'UTC')`;
const text = (column: string) => `if(isNull(${column}), NULL, toString(${column}))`;
const json = (column: string) =>
  `multiIf(isNull(${column}), NULL, dynamicType(${column}) = 'String', toJSONString(toString(${column})), toString(${column}))`;

const setUp = [
  `CREATE TEMPORARY TABLE IF NOT EXISTS staged_lines
    (${lineStructure}, id_millis UInt64 MATERIALIZED ${ID_MILLIS}) ENGINE = Memory`,
  'CREATE TEMPORARY TABLE IF NOT EXISTS staged_ids (id UUID, id_millis UInt64) ENGINE = Memory',
  `CREATE TEMPORARY TABLE IF NOT EXISTS staged_outcomes (
    id UUID, at DateTime64(3, 'UTC'), endpoint LowCardinality(String), model LowCardinality(String),
    version LowCardinality(String), path LowCardinality(String), predicted LowCardinality(Nullable(String)),
    score Nullable(Float64), value Nullable(Float64), outcome Nullable(String), outcome_json Nullable(String),
    judged LowCardinality(Nullable(String)), reward Nullable(Float64), values Map(String, Float64),
    received_at DateTime64(3, 'UTC'), sequence UUID, sign Int8
  ) ENGINE = Memory`,
];
const tearDown = ['TRUNCATE TABLE staged_lines', 'TRUNCATE TABLE staged_ids', 'TRUNCATE TABLE staged_outcomes'];

const insertPredictions = `
  INSERT INTO predictions (id, at, request_id, endpoint, revision, snapshot, gateway, unit, segment, context, features,
    path, decision, propensity, model, version, status, error, label, label_json, score, probabilities, value, members,
    total_micros, queue_micros, model_micros, batch_rows, cached)
  SETTINGS ${insertSettings}
  SELECT id, ${instant('at')}, requestId, endpoint, revision, snapshot, gateway, unit, segment, context, features,
    path, decision, propensity, model, version, status, error, ${text('answer.label')}, ${json('answer.label')},
    answer.score, answer.probabilities, answer.value, members, totalMicros, queueMicros, modelMicros, batchRows, cached
  FROM staged_lines
  WHERE t = 'p' AND id NOT IN (
    SELECT id FROM predictions WHERE id_millis IN (SELECT DISTINCT id_millis FROM staged_lines WHERE t = 'p'))`;

const insertFeedback = `
  INSERT INTO feedback (id, sequence, at, received_at, label, label_json, reward, values)
  SETTINGS ${insertSettings}
  SELECT id, sequence, ${instant('at')}, ${instant('receivedAt')}, ${text('label')}, ${json('label')}, reward, values
  FROM staged_lines
  WHERE t = 'f' AND (id, sequence) NOT IN (
    SELECT id, sequence FROM feedback WHERE id_millis IN (SELECT DISTINCT id_millis FROM staged_lines WHERE t = 'f'))`;

const insertRejections = `
  INSERT INTO rejections (at, gateway, endpoint, code, count)
  SETTINGS ${insertSettings}
  SELECT ${instant('at')} AS instant, gateway, endpoint, code, count
  FROM staged_lines
  WHERE t = 'r' AND (instant, gateway, endpoint, code, count) NOT IN (
    SELECT at, gateway, endpoint, code, count FROM rejections
    WHERE at IN (SELECT ${instant('at')} FROM staged_lines WHERE t = 'r'))`;

const insertShadowAnswers = `
  INSERT INTO shadow_answers (id, at, endpoint, members)
  SETTINGS ${insertSettings}
  SELECT id, ${instant('at')}, endpoint, members
  FROM staged_lines
  WHERE t = 's' AND id NOT IN (
    SELECT id FROM shadow_answers WHERE id_millis IN (SELECT DISTINCT id_millis FROM staged_lines WHERE t = 's'))`;

/** Ids of these lines that have feedback, among them or earlier. */
const stageIds = `
  INSERT INTO staged_ids
  SELECT DISTINCT id, id_millis FROM feedback
  WHERE id_millis IN (SELECT DISTINCT id_millis FROM staged_lines WHERE t IN ('p', 'f'))
    AND id IN (SELECT id FROM staged_lines WHERE t IN ('p', 'f'))`;

const isStaged = 'id_millis IN (SELECT id_millis FROM staged_ids) AND id IN (SELECT id FROM staged_ids)';

/**
 * What is known of an id follows from all its feedback, each field from the newest that has it:
 * a reward that comes after a label does not take the label away. Values are merged by name in the same way.
 * Sequences are compared as numbers, because UUIDs compare by their second half.
 */
const stageOutcomes = `
  INSERT INTO staged_outcomes
  WITH
    known AS (
      SELECT id,
        max(toUInt128(sequence)) AS newest,
        argMax(sequence, toUInt128(sequence)) AS newest_sequence,
        argMax(received_at, toUInt128(sequence)) AS newest_received_at,
        argMaxIf(label, toUInt128(sequence), isNotNull(label)) AS outcome,
        argMaxIf(label_json, toUInt128(sequence), isNotNull(label_json)) AS outcome_json,
        argMaxIf(reward, toUInt128(sequence), isNotNull(reward)) AS reward,
        arrayFold(
          (merged, entry) -> mapUpdate(merged, entry.2),
          arraySort(entry -> entry.1, groupArray((toUInt128(sequence), values))),
          CAST(map(), 'Map(String, Float64)')
        ) AS values
      FROM feedback WHERE ${isStaged} GROUP BY id
    ),
    asked AS (
      SELECT id, at, endpoint, model, version, path, if(status = 'ok', label, NULL) AS predicted, score, value
      FROM predictions WHERE ${isStaged}
    ),
    earlier AS (
      SELECT id,
        max(toUInt128(sequence)) AS newest,
        argMax((outcome, outcome_json, judged, reward, values, received_at, sequence), toUInt128(sequence)) AS row
      FROM outcomes WHERE sign = 1 AND ${isStaged} GROUP BY id
    )
  SELECT id, at, endpoint, model, version, path, predicted, score, value,
    change.1, change.2, change.3, change.4, change.5, change.6, change.7, change.8
  FROM (
    SELECT asked.id AS id, at, endpoint, model, version, path, predicted, score, value,
      (outcome, outcome_json, if(isNull(predicted), NULL, outcome)::Nullable(String), reward, values,
        newest_received_at, newest_sequence, toInt8(1)) AS added,
      (earlier.row.1, earlier.row.2, earlier.row.3::Nullable(String), earlier.row.4, earlier.row.5,
        earlier.row.6, earlier.row.7, toInt8(-1)) AS taken_back,
      if(earlier.newest = 0, [added], [taken_back, added]) AS changes
    FROM known
    INNER JOIN asked ON asked.id = known.id
    LEFT JOIN earlier ON earlier.id = known.id
    WHERE earlier.newest < known.newest
  )
  ARRAY JOIN changes AS change`;

const insertOutcomes = `
  INSERT INTO outcomes (id, at, endpoint, model, version, path, predicted, score, value, outcome, outcome_json, judged,
    reward, values, received_at, sequence, sign)
  SETTINGS ${insertSettings}
  SELECT * FROM staged_outcomes`;

/** How an engine runs statements, all in one session, and reads lines. */
export interface SegmentSession {
  run(sql: string): Promise<void>;
  rows<Row>(sql: string): Promise<Row[]>;
  /** Appends the lines of the file to `staged_lines`; throws UnreadableSegmentError when it cannot read one. */
  stage(path: string): Promise<void>;
}

export async function insertSegmentsInto(session: SegmentSession, paths: readonly string[]): Promise<InsertedSegments> {
  // The session may be a new one, or one in which an earlier insert was interrupted.
  for (const statement of [...setUp, ...tearDown]) {
    await session.run(statement);
  }
  for (const path of paths) {
    await session.stage(path);
  }
  const [lines] = await session.rows<{
    predictions: number;
    feedback: number;
    rejections: number;
    shadows: number;
    other: number;
  }>(`
    SELECT toUInt32(countIf(t = 'p')) AS predictions, toUInt32(countIf(t = 'f')) AS feedback,
      toUInt32(countIf(t = 'r')) AS rejections, toUInt32(countIf(t = 's')) AS shadows,
      toUInt32(countIf(t NOT IN ('p', 'f', 'r', 's') OR at = 0 OR (t != 'r' AND id = ${NIL}) OR (t = 'f' AND sequence = ${NIL}))) AS other
    FROM staged_lines`);
  if (lines === undefined || lines.other > 0) {
    throw new UnreadableSegmentError(`${lines?.other} lines are not log records`);
  }
  if (lines.predictions > 0) {
    await session.run(insertPredictions);
  }
  if (lines.feedback > 0) {
    await session.run(insertFeedback);
  }
  if (lines.rejections > 0) {
    await session.run(insertRejections);
  }
  if (lines.shadows > 0) {
    await session.run(insertShadowAnswers);
  }
  const outcomes = await joinOutcomes(session);
  for (const statement of tearDown) {
    await session.run(statement);
  }
  return {
    predictions: lines.predictions,
    feedback: lines.feedback,
    rejections: lines.rejections,
    shadowAnswers: lines.shadows,
    outcomes,
  };
}

async function joinOutcomes(session: SegmentSession): Promise<number> {
  await session.run(stageIds);
  const [ids] = await session.rows<{ count: number }>('SELECT toUInt32(count()) AS count FROM staged_ids');
  if ((ids?.count ?? 0) === 0) {
    return 0;
  }
  await session.run(stageOutcomes);
  const [changes] = await session.rows<{ count: number }>(
    'SELECT toUInt32(countIf(sign = 1)) AS count FROM staged_outcomes',
  );
  const count = changes?.count ?? 0;
  if (count > 0) {
    await session.run(insertOutcomes);
  }
  return count;
}
