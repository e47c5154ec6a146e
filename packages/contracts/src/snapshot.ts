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
import { signatureSchema, taskSchema } from './signature.ts';
import { upstreamHealthSchema, upstreamSchema } from './upstream.ts';

/** Kinds of file that can be uploaded. */
export const artifactFormatSchema = z.enum(['onnx', 'javascript']).meta({ id: 'ArtifactFormat' });
export type ArtifactFormat = z.infer<typeof artifactFormatSchema>;
/** A file, or a model of another server; then the artifact is the JSON that says which. */
export const modelFormatSchema = z
  .enum([...artifactFormatSchema.options, 'open-inference', 'tensorflow-serving', 'torchserve', 'mlflow'])
  .meta({ id: 'ModelFormat' });
export type ModelFormat = z.infer<typeof modelFormatSchema>;

export const servedVersionSchema = z.object({
  version: versionNumberSchema,
  format: modelFormatSchema,
  artifact: z.object({ sha256: sha256Schema, sizeBytes: z.int().nonnegative() }),
  signature: signatureSchema,
  upstream: upstreamSchema.optional(),
});
export type ServedVersion = z.infer<typeof servedVersionSchema>;

export const servedModelSchema = z.object({
  name: modelNameSchema,
  task: taskSchema,
  defaultVersion: versionNumberSchema.describe(
    "what a caller gets who names the model without a version: the alias 'champion', else the newest",
  ),
  aliases: z.record(aliasNameSchema, versionNumberSchema),
  versions: z.record(versionNumberSchema, servedVersionSchema),
});
export type ServedModel = z.infer<typeof servedModelSchema>;

export const servedEndpointSchema = z.object({
  name: endpointNameSchema,
  revision: z.int().positive(),
  policy: policySchema,
  settings: endpointSettingsSchema,
  rehearse: z
    .boolean()
    .optional()
    .describe('false: serve it even where recent requests could not be answered; true unless given'),
});
export type ServedEndpoint = z.infer<typeof servedEndpointSchema>;

/** What is known of the candidates of a `best` node: metric values by segment value ('' = all together) and candidate. */
const bestStateSchema = z.object({
  kind: z.literal('best'),
  computedAtMs: z.int(),
  segments: z.record(z.string(), z.record(z.string(), z.object({ value: z.number(), labels: z.int() }))),
});
export type BestState = z.infer<typeof bestStateSchema>;

/** What a `bandit` node has learnt, by arm. `linear` holds Σxxᵀ (row-major) and Σrx over x = (1, contextFeatures…). */
const banditStateSchema = z.object({
  kind: z.literal('bandit'),
  epoch: z.int().describe('grows with every change'),
  computedAtMs: z.int(),
  arms: z.record(
    z.string(),
    z.object({
      count: z.number(),
      sum: z.number(),
      sumOfSquares: z.number(),
      linear: z.object({ gram: z.array(z.number()), moment: z.array(z.number()) }).optional(),
    }),
  ),
});
export type BanditState = z.infer<typeof banditStateSchema>;

export const routingStateSchema = z.discriminatedUnion('kind', [bestStateSchema, banditStateSchema]);
export type RoutingState = z.infer<typeof routingStateSchema>;

/** By endpoint, then by path of the node. */
export const routingStatesSchema = z.record(endpointNameSchema, z.record(z.string(), routingStateSchema));
export type RoutingStates = z.infer<typeof routingStatesSchema>;

/**
 * Everything a gateway needs to answer, immutable. `hash` is the SHA-256 of the canonical JSON
 * of all other fields but `createdAt` and `version`, so equal contents have equal hashes.
 * `keepWarm` names versions that no policy uses now but a rollback would.
 */
export const servingSnapshotSchema = z.object({
  formatVersion: z.literal(1),
  version: z.int().nonnegative(),
  hash: sha256Schema,
  createdAt: instantSchema,
  models: z.record(modelNameSchema, servedModelSchema),
  endpoints: z.record(endpointNameSchema, servedEndpointSchema),
  keepWarm: z.array(z.object({ model: modelNameSchema, version: versionNumberSchema })),
  routingStates: routingStatesSchema.optional().describe('what nodes that learn have learnt from feedback'),
});
export type ServingSnapshot = z.infer<typeof servingSnapshotSchema>;

/** How one endpoint of a new snapshot answered what clients had lately sent, next to what was served at the time. */
export const endpointRehearsalSchema = z
  .object({
    endpoint: endpointNameSchema,
    revision: z.int().positive(),
    rows: z.int().nonnegative().describe('recent requests that were tried'),
    refused: z.int().nonnegative().describe('of them those that only the new snapshot could not answer'),
    reasons: z.array(z.string()).describe('why, the most frequent first'),
    compared: z.int().nonnegative().describe('of them those that both answered'),
    meanAbsoluteDifference: z.number().nullable().describe('of scores or values; null where there are none'),
    maximumAbsoluteDifference: z.number().nullable(),
    changedLabelShare: z.number().min(0).max(1).nullable().describe('of the labels; null where there are none'),
  })
  .meta({ id: 'EndpointRehearsal' });
export type EndpointRehearsal = z.infer<typeof endpointRehearsalSchema>;

export const rehearsalSchema = z
  .object({
    snapshot: z.string().describe('hash of the snapshot that was tried'),
    at: instantSchema,
    endpoints: z.array(endpointRehearsalSchema),
  })
  .meta({ id: 'Rehearsal' });
export type Rehearsal = z.infer<typeof rehearsalSchema>;

/** What a gateway tells control about itself, every few seconds and after each swap. */
export const gatewayStatusSchema = z
  .object({
    id: z.string().max(100),
    pid: z.int(),
    startedAt: instantSchema,
    state: z.enum(['starting', 'ready', 'draining']),
    snapshot: z.object({ hash: z.string(), version: z.int() }).nullable(),
    snapshotError: z.string().nullable().describe('why the newest snapshot is not served yet'),
    models: z.array(
      z.object({
        model: z.string(),
        version: z.string(),
        state: z.enum(['loading', 'ready', 'failed']),
        error: z.string().nullable(),
        execution: z.enum(['inline', 'worker', 'remote']).nullable(),
        runMicros: z.number().nullable().describe('median of one single-row run, measured when warming'),
        upstream: upstreamHealthSchema.nullish().describe('of models that another server runs'),
      }),
    ),
    memoryBytes: z.number(),
    rehearsal: rehearsalSchema.nullish().describe('of the last snapshot that changed what some endpoint answers with'),
    log: z.object({ writable: z.boolean(), unshippedSegments: z.int(), unshippedBytes: z.number() }),
  })
  .meta({ id: 'GatewayStatus' });
export type GatewayStatus = z.infer<typeof gatewayStatusSchema>;
