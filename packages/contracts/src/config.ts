import { z } from 'zod';

/** An address of a store. The message does not repeat what was given: it may hold a password. */
const address = (needed: string, isOne: (text: string) => boolean) =>
  z.string().refine(isOne, `${needed} address is needed`);

const port = z.coerce.number().int().min(0).max(65_535);

/**
 * The platform's configuration. Sources, later wins: defaults, file, environment, flags.
 * Keys that a flag or variable can set are listed in `configSources`.
 */
export const configSchema = z
  .strictObject({
    dataDir: z.string().min(1).default('.switchyard').describe('everything that is kept lives here'),
    host: z.string().default('127.0.0.1').describe('beyond loopback is refused until authentication is set up'),
    port: port.default(7070).describe('control: dashboard and API'),
    gatewayPort: port.default(7071).describe('gateway: predictions and feedback'),
    grpcPort: port.default(7072).describe('gateway: Open Inference Protocol over gRPC'),
    workers: z.coerce.number().int().min(1).max(64).default(1).describe('gateway processes'),
    log: z
      .strictObject({
        fsync: z
          .enum(['every-second', 'always', 'off'])
          .default('every-second')
          .describe('when the log is forced to disk; a crash of the machine loses what was not'),
        segmentMaximumBytes: z.coerce
          .number()
          .int()
          .min(4_096)
          .default(16_777_216)
          .describe('a segment of the log is sealed at this size'),
        segmentMaximumAgeMs: z.coerce
          .number()
          .int()
          .min(50)
          .default(1_000)
          .describe('and at this age, so that it becomes queryable'),
        maximumUnshippedBytes: z.coerce
          .number()
          .int()
          .min(1_000_000)
          .default(10_000_000_000)
          .describe('above this the gateway treats the log as not writable'),
      })
      .prefault({}),
    limits: z
      .strictObject({
        bodyMaximumBytes: z.coerce
          .number()
          .int()
          .min(1_024)
          .default(16_777_216)
          .describe('of a request, uploads apart'),
        batchMaximumRows: z.coerce.number().int().min(1).default(10_000).describe('rows in one request'),
        artifactMaximumBytes: z.coerce.number().int().min(1).default(2_147_483_648).describe('of one uploaded model'),
      })
      .prefault({}),
    learning: z
      .strictObject({
        intervalMs: z.coerce
          .number()
          .int()
          .min(100)
          .max(3_600_000)
          .default(10_000)
          .describe('how often routing nodes that learn (best, bandit) learn from the feedback that has come'),
      })
      .prefault({}),
    metadataUrl: address('a postgres://', (text) => /^postgres(?:ql)?:\/\//.test(text))
      .optional()
      .describe('a postgres:// address; PGlite in the data directory unless given'),
    clickhouseUrl: address('an http:// or https://', (text) => /^https?:\/\//.test(text) && URL.canParse(text))
      .optional()
      .describe('a ClickHouse http(s):// address; chDB in the data directory unless given'),
    retentionDays: z.coerce
      .number()
      .int()
      .min(1)
      .max(20_000)
      .default(400)
      .describe('predictions, outcomes and what belongs to them are dropped when they are older than this'),
    cacheUrl: address('a redis:// or rediss://', (text) => /^rediss?:\/\//.test(text) && URL.canParse(text))
      .optional()
      .describe(
        'a redis:// or rediss:// address for answers that endpoints with `cache` give again; memory of each gateway unless given',
      ),
    logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('least severe lines that are logged'),
  })
  .meta({ id: 'Config' });
export type Config = z.infer<typeof configSchema>;

/** Dotted configuration key → environment variable and command-line flag. */
export const configSources = {
  dataDir: { variable: 'SWITCHYARD_DATA_DIR', flag: 'data-dir' },
  host: { variable: 'SWITCHYARD_HOST', flag: 'host' },
  port: { variable: 'SWITCHYARD_PORT', flag: 'port' },
  gatewayPort: { variable: 'SWITCHYARD_GATEWAY_PORT', flag: 'gateway-port' },
  grpcPort: { variable: 'SWITCHYARD_GRPC_PORT', flag: 'grpc-port' },
  workers: { variable: 'SWITCHYARD_WORKERS', flag: 'workers' },
  'log.fsync': { variable: 'SWITCHYARD_LOG_FSYNC', flag: 'log-fsync' },
  'log.segmentMaximumBytes': { variable: 'SWITCHYARD_LOG_SEGMENT_MAXIMUM_BYTES', flag: 'log-segment-maximum-bytes' },
  'log.segmentMaximumAgeMs': { variable: 'SWITCHYARD_LOG_SEGMENT_MAXIMUM_AGE_MS', flag: 'log-segment-maximum-age-ms' },
  'log.maximumUnshippedBytes': {
    variable: 'SWITCHYARD_LOG_MAXIMUM_UNSHIPPED_BYTES',
    flag: 'log-maximum-unshipped-bytes',
  },
  'limits.bodyMaximumBytes': { variable: 'SWITCHYARD_BODY_MAXIMUM_BYTES', flag: 'body-maximum-bytes' },
  'limits.batchMaximumRows': { variable: 'SWITCHYARD_BATCH_MAXIMUM_ROWS', flag: 'batch-maximum-rows' },
  'limits.artifactMaximumBytes': { variable: 'SWITCHYARD_ARTIFACT_MAXIMUM_BYTES', flag: 'artifact-maximum-bytes' },
  'learning.intervalMs': { variable: 'SWITCHYARD_LEARNING_INTERVAL_MS', flag: 'learning-interval-ms' },
  metadataUrl: { variable: 'SWITCHYARD_METADATA_URL', flag: 'metadata-url' },
  clickhouseUrl: { variable: 'CLICKHOUSE_URL', flag: 'clickhouse-url' },
  retentionDays: { variable: 'SWITCHYARD_RETENTION_DAYS', flag: 'retention-days' },
  cacheUrl: { variable: 'SWITCHYARD_CACHE_URL', flag: 'cache-url' },
  logLevel: { variable: 'SWITCHYARD_LOG_LEVEL', flag: 'log-level' },
} as const;

/** Where things live below the data directory. */
export const dataLayout = {
  lock: 'supervisor.lock',
  internalToken: 'internal.token',
  metadata: 'metadata',
  analytics: 'analytics',
  objects: 'objects',
  uploads: 'uploads',
  predictionLog: 'prediction-log',
  gatewayCache: 'gateway',
} as const;
