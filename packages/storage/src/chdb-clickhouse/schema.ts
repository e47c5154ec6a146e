/**
 * The tables, as migrations. Each statement can be run again without harm, and by two processes at once:
 * ClickHouse has no transactions around DDL.
 *
 * Roll-ups are aggregate projections, not materialized views: a projection is a part of the part it sums up,
 * written by the same atomic rename. So a roll-up can neither miss nor double what its table holds,
 * whatever was killed in between, and a retried insert needs no second bookkeeping.
 *
 * `id_millis` is the time inside a UUIDv7. ClickHouse sorts UUIDs by their second half, so a range of ids
 * can only be pruned through this column.
 */
export interface Migration {
  readonly id: number;
  readonly statements: readonly string[];
}

export const ID_MILLIS = 'toUInt64(bitShiftRight(toUInt128(id), 80))';

/** Relative error of the latency quantiles (DDSketch), and the quantiles kept. */
export const LATENCY_QUANTILES = 'quantilesDDState(0.01, 0.5, 0.95, 0.99)';

/** What queries must select, word for word, to be answered from the roll-ups of `predictions`. */
export const predictionAggregates = [
  'count()',
  'sum(total_micros)',
  `${LATENCY_QUANTILES}(total_micros)`,
  'count(score)',
  'sum(score)',
] as const;

const predictionRollUp = (name: string, start: string) => `
  PROJECTION ${name} (
    SELECT ${start}(at), endpoint, model, version, path, status, ${predictionAggregates.join(', ')}
    GROUP BY ${start}(at), endpoint, model, version, path, status
  )`;

const outcomeRollUp = (name: string, start: string) => `
  PROJECTION ${name} (
    SELECT ${start}(at), endpoint, model, version, path, predicted, judged, sum(sign)
    GROUP BY ${start}(at), endpoint, model, version, path, predicted, judged
  )`;

/**
 * A segment is deleted once it is inserted, so the insert must be as safe from a power cut as the segment was.
 * Old parts are kept until the merged one is on the disk anyway.
 */
const tableSettings = 'fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1';

const created = [
  // One row a prediction. Sorted by time within an endpoint, which for UUIDv7 is the order of ids.
  `CREATE TABLE IF NOT EXISTS predictions (
    id UUID CODEC(ZSTD(1)),
    id_millis UInt64 MATERIALIZED ${ID_MILLIS} CODEC(Delta, ZSTD(1)),
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    request_id String CODEC(ZSTD(1)),
    endpoint LowCardinality(String),
    revision UInt32,
    snapshot LowCardinality(String),
    gateway LowCardinality(String),
    unit String CODEC(ZSTD(1)),
    segment String COMMENT 'JSON' CODEC(ZSTD(1)),
    context String COMMENT 'JSON' CODEC(ZSTD(1)),
    features String COMMENT 'JSON' CODEC(ZSTD(1)),
    path LowCardinality(String),
    decision String COMMENT 'JSON' CODEC(ZSTD(1)),
    propensity Float64 CODEC(ZSTD(1)),
    model LowCardinality(String),
    version LowCardinality(String),
    status LowCardinality(String),
    error LowCardinality(String),
    label LowCardinality(Nullable(String)) COMMENT 'as text, for comparing',
    label_json LowCardinality(Nullable(String)) COMMENT 'as JSON, for its type',
    score Nullable(Float64) CODEC(ZSTD(1)),
    probabilities String COMMENT 'JSON, empty when there are none' CODEC(ZSTD(1)),
    value Nullable(Float64) CODEC(ZSTD(1)),
    members String COMMENT 'JSON' CODEC(ZSTD(1)),
    total_micros Float64 CODEC(ZSTD(1)),
    queue_micros Float64 CODEC(ZSTD(1)),
    model_micros Float64 CODEC(ZSTD(1)),
    batch_rows UInt32,
    cached Bool,
    INDEX id_range id_millis TYPE minmax GRANULARITY 1,
    INDEX units unit TYPE bloom_filter(0.01) GRANULARITY 1,
    ${predictionRollUp('by_minute', 'toStartOfMinute')},
    ${predictionRollUp('by_hour', 'toStartOfHour')}
  ) ENGINE = MergeTree PARTITION BY toDate(at) ORDER BY (endpoint, at, id)
  SETTINGS ${tableSettings}`,

  // Everything that was ever said about a prediction, also when the prediction is not (yet) known.
  `CREATE TABLE IF NOT EXISTS feedback (
    id UUID COMMENT 'of the prediction' CODEC(ZSTD(1)),
    id_millis UInt64 MATERIALIZED ${ID_MILLIS} CODEC(Delta, ZSTD(1)),
    sequence UUID COMMENT 'UUIDv7 in the order of receipt' CODEC(ZSTD(1)),
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    label Nullable(String) CODEC(ZSTD(1)),
    label_json Nullable(String) CODEC(ZSTD(1)),
    reward Nullable(Float64) CODEC(ZSTD(1)),
    values Map(String, Float64) CODEC(ZSTD(1))
  ) ENGINE = MergeTree PARTITION BY toYYYYMM(received_at) ORDER BY (id_millis, id, sequence)
  SETTINGS ${tableSettings}`,

  // Predictions joined with what is known about them, once, when feedback arrives. A change of mind takes the
  // old row back (sign -1) and adds the new one (sign 1) in one part, so sums of sign are always right.
  `CREATE TABLE IF NOT EXISTS outcomes (
    id UUID CODEC(ZSTD(1)),
    id_millis UInt64 MATERIALIZED ${ID_MILLIS} CODEC(Delta, ZSTD(1)),
    at DateTime64(3, 'UTC') COMMENT 'of the prediction' CODEC(Delta, ZSTD(1)),
    endpoint LowCardinality(String),
    model LowCardinality(String),
    version LowCardinality(String),
    path LowCardinality(String),
    predicted LowCardinality(Nullable(String)) COMMENT 'label of the prediction; null when it failed or has none',
    score Nullable(Float64) CODEC(ZSTD(1)),
    value Nullable(Float64) CODEC(ZSTD(1)),
    outcome Nullable(String) COMMENT 'the label that arrived, as text; null when only a reward or values did' CODEC(ZSTD(1)),
    outcome_json Nullable(String) CODEC(ZSTD(1)),
    judged LowCardinality(Nullable(String)) COMMENT 'outcome where there is a predicted label to compare it with',
    reward Nullable(Float64) CODEC(ZSTD(1)),
    values Map(String, Float64) CODEC(ZSTD(1)),
    received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    sequence UUID COMMENT 'of the newest feedback that is in this row' CODEC(ZSTD(1)),
    sign Int8,
    INDEX id_range id_millis TYPE minmax GRANULARITY 1,
    ${outcomeRollUp('by_minute', 'toStartOfMinute')},
    ${outcomeRollUp('by_hour', 'toStartOfHour')}
  ) ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY (endpoint, at, id)
  SETTINGS ${tableSettings}`,

  `CREATE TABLE IF NOT EXISTS rejections (
    at DateTime64(3, 'UTC'),
    gateway LowCardinality(String),
    endpoint LowCardinality(String),
    code LowCardinality(String),
    count UInt32
  ) ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY (endpoint, at)
  SETTINGS ${tableSettings}`,
];

const shadowAnswers = [
  // What shadows answered to a prediction, known only after it was answered: joined with it when it is looked at.
  `CREATE TABLE IF NOT EXISTS shadow_answers (
    id UUID COMMENT 'of the prediction' CODEC(ZSTD(1)),
    id_millis UInt64 MATERIALIZED ${ID_MILLIS} CODEC(Delta, ZSTD(1)),
    at DateTime64(3, 'UTC') COMMENT 'of the prediction' CODEC(Delta, ZSTD(1)),
    endpoint LowCardinality(String),
    members String COMMENT 'JSON' CODEC(ZSTD(1)),
    INDEX id_range id_millis TYPE minmax GRANULARITY 1
  ) ENGINE = MergeTree PARTITION BY toDate(at) ORDER BY (endpoint, at, id)
  SETTINGS ${tableSettings}`,
];

export const migrations: readonly Migration[] = [
  { id: 1, statements: created },
  { id: 2, statements: shadowAnswers },
];

/** Which column says how old a row is. */
export const retentionColumns = {
  predictions: 'at',
  feedback: 'received_at',
  outcomes: 'at',
  rejections: 'at',
  shadow_answers: 'at',
} as const;
