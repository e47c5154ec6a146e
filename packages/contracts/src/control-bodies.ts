import { z } from 'zod';
import { endpointSettingsSchema } from './endpoint-settings.ts';
import {
  aliasNameSchema,
  endpointNameSchema,
  instantSchema,
  modelNameSchema,
  sha256Schema,
  versionNumberSchema,
} from './names.ts';
import { policySchema } from './policy.ts';
import { servedSchema } from './predict.ts';
import { answerSchema, decisionStepSchema, memberSchema } from './record.ts';
import { classLabelSchema, featureSpecSchema, signatureSchema, taskSchema } from './signature.ts';
import { artifactFormatSchema, gatewayStatusSchema, modelFormatSchema, routingStateSchema } from './snapshot.ts';
import { upstreamSchema } from './upstream.ts';

const scalar = z.union([z.number(), z.string(), z.boolean(), z.null()]);
const text = (maximum: number) => z.string().max(maximum);
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().optional() });

// Models ---------------------------------------------------------------------------------------
export const createModelSchema = z
  .strictObject({ name: modelNameSchema, task: taskSchema, description: text(2_000).optional() })
  .meta({ id: 'CreateModel' });

export const lineageSchema = z
  .object({
    parentVersion: versionNumberSchema.optional(),
    dataset: text(500).optional(),
    datasetSha256: sha256Schema.optional(),
    codeRevision: text(200).optional(),
    run: text(200).optional(),
    framework: text(200).optional(),
    notes: text(4_000).optional(),
    metrics: z.record(text(100), z.number()).optional(),
  })
  .meta({ id: 'Lineage' });
export type Lineage = z.infer<typeof lineageSchema>;

/** The `spec` part of an upload. Everything but the format can be discovered from the file; what is given wins where it fits. */
const describedVersion = {
  features: z
    .array(z.union([z.string().min(1).max(200), featureSpecSchema]))
    .optional()
    .describe('names, or full specs, in the order of the columns'),
  labels: z.array(classLabelSchema).optional(),
  positiveLabel: classLabelSchema.optional(),
  lineage: lineageSchema.optional(),
};
export const versionSpecSchema = z
  .strictObject({ format: artifactFormatSchema, ...describedVersion })
  .meta({ id: 'VersionSpec' });
export type VersionSpec = z.infer<typeof versionSpecSchema>;

/** The JSON body that registers a model of another server. What the server says about itself need not be given. */
export const upstreamVersionSpecSchema = z
  .strictObject({ upstream: upstreamSchema, ...describedVersion })
  .meta({ id: 'UpstreamVersionSpec' });
export type UpstreamVersionSpec = z.infer<typeof upstreamVersionSpecSchema>;

export const modelVersionSchema = z
  .object({
    model: modelNameSchema,
    version: versionNumberSchema,
    format: modelFormatSchema,
    artifact: z.object({ sha256: sha256Schema, sizeBytes: z.int() }),
    signature: signatureSchema,
    upstream: upstreamSchema.optional(),
    lineage: lineageSchema,
    createdAt: instantSchema,
  })
  .meta({ id: 'ModelVersion' });
export type ModelVersion = z.infer<typeof modelVersionSchema>;

export const modelSchema = z
  .object({
    name: modelNameSchema,
    task: taskSchema,
    description: z.string(),
    createdAt: instantSchema,
    latestVersion: versionNumberSchema.nullable(),
    versionCount: z.int(),
    aliases: z.record(aliasNameSchema, versionNumberSchema).describe('resolved to versions'),
    endpoints: z.array(endpointNameSchema).describe('endpoints whose live policy uses it'),
  })
  .meta({ id: 'Model' });
export type Model = z.infer<typeof modelSchema>;

const force = z
  .boolean()
  .optional()
  .describe(
    'publish it even though requests that clients sent lately would be refused, or fail when gateways try them',
  );

/** What came of trying the requests that clients sent lately on something new, before it was published. */
export const clientCheckSchema = z
  .object({
    requests: z.int().nonnegative().describe('distinct recent requests that are answered now'),
    refused: z.int().nonnegative().describe('of them those that would be refused'),
    skipped: z.string().nullable().describe('why requests could not be looked at; null when they were'),
    forced: z.boolean().describe('published whatever becomes of them'),
  })
  .meta({ id: 'ClientCheck' });
export type ClientCheck = z.infer<typeof clientCheckSchema>;

export const putAliasSchema = z
  .strictObject({ version: versionNumberSchema.optional(), alias: aliasNameSchema.optional(), force })
  .refine(
    (body) => (body.version === undefined) !== (body.alias === undefined),
    'give either a version or another alias',
  )
  .meta({ id: 'PutAlias' });
export const aliasSchema = z
  .object({
    model: modelNameSchema,
    alias: aliasNameSchema,
    target: z.string().describe("a version, or '@' and another alias"),
    version: versionNumberSchema,
    updatedAt: instantSchema,
    clients: z
      .array(clientCheckSchema.extend({ endpoint: endpointNameSchema }))
      .describe('of the endpoints that follow the alias'),
  })
  .meta({ id: 'Alias' });
export type Alias = z.infer<typeof aliasSchema>;

// Endpoints --------------------------------------------------------------------------------------
export const putEndpointSchema = z
  .strictObject({
    policy: policySchema,
    settings: endpointSettingsSchema.partial().optional(),
    baseRevision: z
      .int()
      .nonnegative()
      .optional()
      .describe('the revision this change was made from (0: none yet); a newer one published meanwhile is a conflict'),
    note: text(2_000).optional(),
    author: text(200).optional(),
    force,
  })
  .meta({ id: 'PutEndpoint' });

export const endpointRevisionSchema = z
  .object({
    endpoint: endpointNameSchema,
    revision: z.int().positive(),
    policy: policySchema,
    settings: endpointSettingsSchema,
    note: z.string(),
    author: z.string(),
    rollbackOf: z.int().nullable().describe('the revision this one publishes again'),
    clients: clientCheckSchema.nullish().describe('null for a first revision, which nobody can have asked before'),
    createdAt: instantSchema,
  })
  .meta({ id: 'EndpointRevision' });
export type EndpointRevision = z.infer<typeof endpointRevisionSchema>;

export const endpointSchema = z
  .object({
    name: endpointNameSchema,
    createdAt: instantSchema,
    live: endpointRevisionSchema,
    previousRevision: z.int().nullable(),
    models: z.array(z.object({ model: modelNameSchema, version: versionNumberSchema, path: z.string() })),
    features: z.array(featureSpecSchema).describe('what a caller sends'),
  })
  .meta({ id: 'Endpoint' });
export type Endpoint = z.infer<typeof endpointSchema>;

export const rollbackSchema = z
  .strictObject({
    revision: z.int().positive().optional().describe('the one before the live one unless given'),
    author: text(200).optional(),
    note: text(2_000).optional(),
    force,
  })
  .meta({ id: 'Rollback' });

export const policyCheckSchema = z
  .object({
    valid: z.boolean(),
    problems: z.array(z.object({ field: z.string(), detail: z.string() })),
    changes: z
      .array(z.object({ path: z.string(), before: z.string().nullable(), after: z.string().nullable() }))
      .describe('against the live revision'),
  })
  .meta({ id: 'PolicyCheck' });

// Predictions ------------------------------------------------------------------------------------
export const predictionSummarySchema = z
  .object({
    id: z.uuid(),
    at: instantSchema,
    endpoint: z.string(),
    revision: z.int(),
    path: z.string(),
    model: z.string(),
    version: z.string(),
    status: z.enum(['ok', 'error']),
    error: z.string(),
    unit: z.string(),
    answer: answerSchema,
    outcome: classLabelSchema.nullable().describe('the label that arrived, null while unknown'),
    totalMicros: z.number(),
  })
  .meta({ id: 'PredictionSummary' });
export type PredictionSummary = z.infer<typeof predictionSummarySchema>;

export const predictionDetailSchema = predictionSummarySchema
  .extend({
    requestId: z.string(),
    snapshot: z.string(),
    gateway: z.string(),
    segment: z.record(z.string(), z.string()),
    context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    features: z.record(z.string(), scalar),
    decision: z.array(decisionStepSchema),
    propensity: z.number(),
    members: z.array(memberSchema),
    queueMicros: z.number(),
    modelMicros: z.number(),
    batchRows: z.int(),
    cached: z.boolean(),
    feedback: z
      .array(
        z.object({
          at: instantSchema,
          receivedAt: instantSchema,
          label: classLabelSchema.nullable(),
          reward: z.number().nullable(),
          values: z.record(z.string(), z.number()),
        }),
      )
      .describe('all of it, newest first; the first one counts'),
  })
  .meta({ id: 'PredictionDetail' });
export type PredictionDetail = z.infer<typeof predictionDetailSchema>;

export const predictionQuerySchema = z.strictObject({
  endpoint: endpointNameSchema.optional(),
  model: modelNameSchema.optional(),
  version: versionNumberSchema.optional(),
  status: z.enum(['ok', 'error']).optional(),
  label: z.string().max(200).optional().describe('predicted label'),
  outcome: z.enum(['known', 'unknown', 'correct', 'wrong']).optional(),
  unit: z.string().max(512).optional(),
  path: z.string().max(1_000).optional().describe('prefix of the path'),
  from: instantSchema.optional(),
  to: instantSchema.optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  cursor: z.string().max(500).optional(),
});

// Overview ---------------------------------------------------------------------------------------
export const timeRangeQuerySchema = z.strictObject({
  from: instantSchema,
  to: instantSchema,
  endpoint: endpointNameSchema.optional(),
  model: modelNameSchema.optional(),
});

/** null where it cannot be said, never zero instead. */
export const periodSummarySchema = z
  .object({
    predictions: z.int(),
    failed: z.int().describe('accepted, then failed'),
    rejected: z.int().describe('refused before they were accepted'),
    errorRate: z.number().nullable().describe('failed and rejected, of all that arrived'),
    meanLatencyMicros: z.number().nullable(),
    p50LatencyMicros: z.number().nullable(),
    p95LatencyMicros: z.number().nullable(),
    p99LatencyMicros: z.number().nullable(),
    labelled: z.int().describe('successful predictions of classifiers whose label is known'),
    accuracy: z.number().nullable(),
    precision: z.number().nullable().describe('of the positive class; null for multiclass'),
    recall: z.number().nullable(),
    f1: z.number().nullable(),
  })
  .meta({ id: 'PeriodSummary' });
export type PeriodSummary = z.infer<typeof periodSummarySchema>;

export const overviewSchema = z
  .object({
    from: instantSchema,
    to: instantSchema,
    current: periodSummarySchema,
    previous: periodSummarySchema.describe('the period of equal length just before'),
  })
  .meta({ id: 'Overview' });
export type Overview = z.infer<typeof overviewSchema>;

export const timeSeriesQuerySchema = timeRangeQuerySchema.extend({
  groupBy: z.enum(['none', 'endpoint', 'model', 'path']).default('none'),
  points: z.coerce.number().int().min(1).max(2_000).default(200),
});
export const timeSeriesSchema = z
  .object({
    from: instantSchema,
    to: instantSchema,
    stepSeconds: z.int(),
    series: z.array(
      z.object({
        key: z.string(),
        points: z
          .array(
            z.object({
              at: instantSchema,
              predictions: z.int(),
              failed: z.int(),
              rejected: z
                .int()
                .nullable()
                .describe(
                  'refused before they were accepted; null of groups and of a single model, which are not known',
                ),
              meanLatencyMicros: z.number().nullable(),
              p50LatencyMicros: z.number().nullable(),
              p95LatencyMicros: z.number().nullable(),
              p99LatencyMicros: z.number().nullable(),
              labelled: z.int(),
              accuracy: z.number().nullable(),
              meanScore: z.number().nullable(),
            }),
          )
          .describe('only steps in which something happened: a gap is a gap, not a zero'),
      }),
    ),
  })
  .meta({ id: 'TimeSeries' });
export type TimeSeries = z.infer<typeof timeSeriesSchema>;

export const modelQualitySchema = z
  .object({
    model: modelNameSchema,
    version: versionNumberSchema,
    summary: periodSummarySchema,
  })
  .meta({ id: 'ModelQuality' });

export const periodQuerySchema = z.strictObject({ from: instantSchema, to: instantSchema });
export const endpointTrafficSchema = z
  .object({
    from: instantSchema,
    to: instantSchema,
    paths: z
      .array(z.object({ path: z.string(), summary: periodSummarySchema }))
      .describe('one for each path that was taken; refused requests took none'),
    membersFrom: instantSchema.describe('members are counted from here on: the last hour of the period, or all of it'),
    members: z
      .array(
        z.object({
          path: z.string().describe("of the prediction; '' for shadows"),
          name: z.string(),
          role: memberSchema.shape.role,
          model: z.string(),
          version: z.string(),
          asked: z.int(),
          failed: z.int(),
          p50Micros: z.number().nullable(),
          p95Micros: z.number().nullable(),
        }),
      )
      .describe('models that were asked beside or before the one that answered, in the newest 20,000 such predictions'),
  })
  .meta({ id: 'EndpointTraffic' });
export type EndpointTraffic = z.infer<typeof endpointTrafficSchema>;

export const cacheUseSchema = z
  .object({
    endpoint: endpointNameSchema,
    answered: z.int().describe('predictions that revisions with a cache answered in the period'),
    cached: z.int().describe('of them those that no model ran for'),
    hitRate: z.number().nullable().describe('cached of answered; null where nothing was answered'),
  })
  .meta({ id: 'CacheUse' });
export type CacheUse = z.infer<typeof cacheUseSchema>;

export const routingStatesQuerySchema = z.strictObject({
  snapshot: sha256Schema
    .optional()
    .describe('hash of a snapshot, as predictions name the one they were decided with; the newest unless given'),
});
export const endpointRoutingStatesSchema = z
  .object({
    snapshot: z.object({ version: z.int(), hash: z.string(), createdAt: instantSchema }),
    states: z.record(z.string(), routingStateSchema).describe('by path of the node'),
  })
  .meta({ id: 'EndpointRoutingStates' });
export type EndpointRoutingStates = z.infer<typeof endpointRoutingStatesSchema>;

export const tryEndpointSchema = z
  .strictObject({
    features: z.record(z.string(), scalar).describe('one row, by feature name'),
    unit: text(512).optional(),
    segment: z.record(z.string(), z.string()).optional(),
    context: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
      .optional()
      .describe("`source` is always 'dashboard', so that trials can be told from traffic"),
  })
  .meta({ id: 'TryEndpoint' });
export const trialSchema = z
  .object({
    id: z.uuid().describe('of the prediction, which is logged as any other and can be read a moment later'),
    answer: answerSchema,
    served: servedSchema,
    revision: z.int().nullable(),
    requestId: z.string(),
    overheadMicros: z.number().nullable().describe('what the gateway says it took besides the models'),
    roundTripMicros: z.number().describe('from control to the gateway and back'),
  })
  .meta({ id: 'Trial' });
export type Trial = z.infer<typeof trialSchema>;

export const gatewayViewSchema = gatewayStatusSchema
  .extend({ lastSeenAt: instantSchema, reachable: z.boolean() })
  .meta({ id: 'Gateway' });
export const platformStatusSchema = z
  .object({
    version: z.string(),
    startedAt: instantSchema,
    snapshot: z.object({ version: z.int(), hash: z.string(), createdAt: instantSchema }),
    stores: z.array(z.object({ port: z.string(), engine: z.string(), healthy: z.boolean(), detail: z.string() })),
    shipping: z.object({
      pendingSegments: z.int(),
      pendingBytes: z.number(),
      lastShippedAt: instantSchema.nullable(),
      quarantinedSegments: z.int(),
      problem: z.string().nullable().describe('why what waits could not be shipped when it was tried last'),
    }),
    gateways: z.array(gatewayViewSchema),
    gatewayUrl: z.string(),
  })
  .meta({ id: 'PlatformStatus' });
export type PlatformStatus = z.infer<typeof platformStatusSchema>;

export const alertSchema = z
  .object({
    id: z.string(),
    severity: z.enum(['info', 'warning', 'critical']),
    title: z.string(),
    detail: z.string(),
    since: instantSchema,
  })
  .meta({ id: 'Alert' });
