import { z } from 'zod';
import * as bodies from './control-bodies.ts';
import type { ErrorCode } from './errors.ts';
import { aliasNameSchema, endpointNameSchema, modelNameSchema, sha256Schema, versionNumberSchema } from './names.ts';
import { inferRequestSchema, inferResponseSchema, modelMetadataSchema } from './open-inference.ts';
import { feedbackItemSchema, feedbackResponseSchema, predictRequestSchema, predictResponseSchema } from './predict.ts';
import { gatewayStatusSchema, servingSnapshotSchema } from './snapshot.ts';

export interface RouteSpec {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** OpenAPI template, such as /models/{model} */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The body is multipart/form-data (`spec` JSON and `artifact` file) or, where `body` is given too, JSON. */
  readonly multipart?: z.ZodObject;
  /** Undefined schema: no body (204) or a binary or text one (see `produces`). */
  readonly response: { readonly status: number; readonly schema?: z.ZodType; readonly produces?: string };
  readonly errors: readonly ErrorCode[];
}

const model = z.object({ model: modelNameSchema });
const modelVersion = z.object({ model: modelNameSchema, version: versionNumberSchema });
const modelAlias = z.object({ model: modelNameSchema, alias: aliasNameSchema });
const endpoint = z.object({ endpoint: endpointNameSchema });
const paging = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  cursor: z.string().max(500).optional(),
});

/** Routes of control, all below /api/v1. */
export const controlRoutes = {
  listModels: {
    method: 'GET',
    path: '/models',
    summary: 'List models',
    tag: 'Models',
    query: paging,
    response: { status: 200, schema: bodies.page(bodies.modelSchema) },
    errors: ['invalid_request'],
  },
  createModel: {
    method: 'POST',
    path: '/models',
    summary: 'Create a model',
    tag: 'Models',
    body: bodies.createModelSchema,
    response: { status: 201, schema: bodies.modelSchema },
    errors: ['invalid_request', 'malformed_json', 'already_exists'],
  },
  getModel: {
    method: 'GET',
    path: '/models/{model}',
    summary: 'Get a model',
    tag: 'Models',
    params: model,
    response: { status: 200, schema: bodies.modelSchema },
    errors: ['model_not_found'],
  },
  deleteModel: {
    method: 'DELETE',
    path: '/models/{model}',
    summary: 'Delete a model that no endpoint uses',
    tag: 'Models',
    params: model,
    response: { status: 204 },
    errors: ['model_not_found', 'in_use'],
  },
  listVersions: {
    method: 'GET',
    path: '/models/{model}/versions',
    summary: 'List versions, newest first',
    tag: 'Models',
    params: model,
    query: paging,
    response: { status: 200, schema: bodies.page(bodies.modelVersionSchema) },
    errors: ['model_not_found'],
  },
  createVersion: {
    method: 'POST',
    path: '/models/{model}/versions',
    summary: 'Upload a version, or register a model of another server',
    tag: 'Models',
    params: model,
    body: bodies.upstreamVersionSpecSchema,
    multipart: z.object({ spec: bodies.versionSpecSchema, artifact: z.file() }),
    response: { status: 201, schema: bodies.modelVersionSchema },
    errors: [
      'model_not_found',
      'invalid_request',
      'malformed_json',
      'invalid_artifact',
      'upstream_unreachable',
      'artifact_too_large',
      'unsupported_media_type',
      'overloaded',
      'storage_full',
    ],
  },
  getVersion: {
    method: 'GET',
    path: '/models/{model}/versions/{version}',
    summary: 'Get a version',
    tag: 'Models',
    params: modelVersion,
    response: { status: 200, schema: bodies.modelVersionSchema },
    errors: ['model_not_found', 'version_not_found'],
  },
  getArtifact: {
    method: 'GET',
    path: '/models/{model}/versions/{version}/artifact',
    summary: 'Download the artifact',
    tag: 'Models',
    params: modelVersion,
    response: { status: 200, produces: 'application/octet-stream' },
    errors: ['model_not_found', 'version_not_found', 'artifact_not_found'],
  },
  putAlias: {
    method: 'PUT',
    path: '/models/{model}/aliases/{alias}',
    summary: 'Point an alias at a version or another alias',
    tag: 'Models',
    params: modelAlias,
    body: bodies.putAliasSchema,
    response: { status: 200, schema: bodies.aliasSchema },
    errors: [
      'model_not_found',
      'version_not_found',
      'alias_not_found',
      'alias_cycle',
      'invalid_policy',
      'invalid_request',
      'malformed_json',
    ],
  },
  deleteAlias: {
    method: 'DELETE',
    path: '/models/{model}/aliases/{alias}',
    summary: 'Remove an alias that nothing uses',
    tag: 'Models',
    params: modelAlias,
    response: { status: 204 },
    errors: ['model_not_found', 'alias_not_found', 'in_use'],
  },
  listModelQuality: {
    method: 'GET',
    path: '/model-quality',
    summary: 'Traffic, latency and quality per model version',
    tag: 'Models',
    query: bodies.timeRangeQuerySchema,
    response: { status: 200, schema: z.object({ items: z.array(bodies.modelQualitySchema) }) },
    errors: ['invalid_request', 'storage_unavailable'],
  },

  listEndpoints: {
    method: 'GET',
    path: '/endpoints',
    summary: 'List endpoints',
    tag: 'Endpoints',
    query: paging,
    response: { status: 200, schema: bodies.page(bodies.endpointSchema) },
    errors: ['invalid_request'],
  },
  getEndpoint: {
    method: 'GET',
    path: '/endpoints/{endpoint}',
    summary: 'Get an endpoint with its live revision',
    tag: 'Endpoints',
    params: endpoint,
    response: { status: 200, schema: bodies.endpointSchema },
    errors: ['endpoint_not_found'],
  },
  putEndpoint: {
    method: 'PUT',
    path: '/endpoints/{endpoint}',
    summary: 'Publish a revision',
    tag: 'Endpoints',
    params: endpoint,
    body: bodies.putEndpointSchema,
    response: { status: 200, schema: bodies.endpointRevisionSchema },
    errors: ['invalid_request', 'malformed_json', 'invalid_policy', 'revision_conflict'],
  },
  deleteEndpoint: {
    method: 'DELETE',
    path: '/endpoints/{endpoint}',
    summary: 'Delete an endpoint; its predictions stay',
    tag: 'Endpoints',
    params: endpoint,
    response: { status: 204 },
    errors: ['endpoint_not_found'],
  },
  checkPolicy: {
    method: 'POST',
    path: '/endpoints/{endpoint}/check',
    summary: 'Validate a policy and say what it would change, without publishing',
    tag: 'Endpoints',
    params: endpoint,
    body: bodies.putEndpointSchema,
    response: { status: 200, schema: bodies.policyCheckSchema },
    errors: ['invalid_request', 'malformed_json'],
  },
  listRevisions: {
    method: 'GET',
    path: '/endpoints/{endpoint}/revisions',
    summary: 'List revisions, newest first',
    tag: 'Endpoints',
    params: endpoint,
    query: paging,
    response: { status: 200, schema: bodies.page(bodies.endpointRevisionSchema) },
    errors: ['endpoint_not_found'],
  },
  rollbackEndpoint: {
    method: 'POST',
    path: '/endpoints/{endpoint}/rollback',
    summary: 'Publish an earlier revision again',
    tag: 'Endpoints',
    params: endpoint,
    body: bodies.rollbackSchema,
    response: { status: 200, schema: bodies.endpointRevisionSchema },
    errors: [
      'endpoint_not_found',
      'revision_not_found',
      'invalid_policy',
      'revision_conflict',
      'invalid_request',
      'malformed_json',
    ],
  },

  listPredictions: {
    method: 'GET',
    path: '/predictions',
    summary: 'List predictions, newest first',
    tag: 'Predictions',
    query: bodies.predictionQuerySchema,
    response: { status: 200, schema: bodies.page(bodies.predictionSummarySchema) },
    errors: ['invalid_request', 'storage_unavailable'],
  },
  getPrediction: {
    method: 'GET',
    path: '/predictions/{id}',
    summary: 'Get a prediction with its decision, members and feedback',
    tag: 'Predictions',
    params: z.object({ id: z.uuid() }),
    response: { status: 200, schema: bodies.predictionDetailSchema },
    errors: ['prediction_not_found', 'invalid_request', 'storage_unavailable'],
  },

  getOverview: {
    method: 'GET',
    path: '/overview',
    summary: 'Numbers of a period and the one before',
    tag: 'Overview',
    query: bodies.timeRangeQuerySchema,
    response: { status: 200, schema: bodies.overviewSchema },
    errors: ['invalid_request', 'storage_unavailable'],
  },
  getTimeSeries: {
    method: 'GET',
    path: '/time-series',
    summary: 'Traffic, latency and quality over time',
    tag: 'Overview',
    query: bodies.timeSeriesQuerySchema,
    response: { status: 200, schema: bodies.timeSeriesSchema },
    errors: ['invalid_request', 'storage_unavailable'],
  },
  listAlerts: {
    method: 'GET',
    path: '/alerts',
    summary: 'What is wrong now',
    tag: 'Overview',
    response: { status: 200, schema: z.object({ items: z.array(bodies.alertSchema) }) },
    errors: [],
  },
  getStatus: {
    method: 'GET',
    path: '/status',
    summary: 'Health of stores, shipping and gateways',
    tag: 'Platform',
    response: { status: 200, schema: bodies.platformStatusSchema },
    errors: [],
  },
} as const satisfies Record<string, RouteSpec>;

/** Between gateway and control, below /internal/v1, with the internal token. Not part of the public document. */
export const internalRoutes = {
  /** Answers at once when the hash differs from `have`, else waits up to `waitSeconds` and answers 204. */
  getSnapshot: {
    method: 'GET',
    path: '/snapshot',
    summary: 'Long-poll the serving snapshot',
    tag: 'Internal',
    query: z.strictObject({
      have: z.string().max(64).optional(),
      waitSeconds: z.coerce.number().min(0).max(60).default(0),
    }),
    response: { status: 200, schema: servingSnapshotSchema },
    errors: ['unauthenticated'],
  },
  getArtifact: {
    method: 'GET',
    path: '/artifacts/{sha256}',
    summary: 'Download an artifact by digest',
    tag: 'Internal',
    params: z.object({ sha256: sha256Schema }),
    response: { status: 200, produces: 'application/octet-stream' },
    errors: ['unauthenticated', 'artifact_not_found'],
  },
  putGatewayStatus: {
    method: 'PUT',
    path: '/gateways/{id}/status',
    summary: 'Report the status of a gateway',
    tag: 'Internal',
    params: z.object({ id: z.string().max(100) }),
    body: gatewayStatusSchema,
    response: { status: 204 },
    errors: ['unauthenticated', 'invalid_request'],
  },
} as const satisfies Record<string, RouteSpec>;

/** Routes of the gateway, from the root. */
export const gatewayRoutes = {
  predict: {
    method: 'POST',
    path: '/v1/models/{endpoint}:predict',
    summary: 'Predict rows',
    tag: 'Predict',
    params: endpoint,
    body: predictRequestSchema,
    response: { status: 200, schema: predictResponseSchema },
    errors: [
      'malformed_json',
      'invalid_request',
      'invalid_features',
      'endpoint_not_found',
      'body_too_large',
      'batch_too_large',
      'unsupported_media_type',
      'overloaded',
      'deadline_exceeded',
      'not_ready',
      'model_failed',
      'model_unavailable',
      'log_unavailable',
    ],
  },
  feedback: {
    method: 'POST',
    path: '/v1/feedback',
    summary: 'Say what became of predictions',
    tag: 'Predict',
    body: z.union([feedbackItemSchema, z.array(feedbackItemSchema)]),
    response: { status: 202, schema: feedbackResponseSchema },
    errors: [
      'malformed_json',
      'invalid_request',
      'body_too_large',
      'unsupported_media_type',
      'log_unavailable',
      'not_ready',
    ],
  },
  infer: {
    method: 'POST',
    path: '/v2/models/{model}/infer',
    summary: 'Open Inference Protocol v2',
    tag: 'Open Inference Protocol',
    params: model,
    body: inferRequestSchema,
    response: { status: 200, schema: inferResponseSchema },
    errors: [],
  },
  inferVersion: {
    method: 'POST',
    path: '/v2/models/{model}/versions/{version}/infer',
    summary: 'Open Inference Protocol v2, one version',
    tag: 'Open Inference Protocol',
    params: modelVersion,
    body: inferRequestSchema,
    response: { status: 200, schema: inferResponseSchema },
    errors: [],
  },
  modelMetadata: {
    method: 'GET',
    path: '/v2/models/{model}',
    summary: 'Inputs and outputs',
    tag: 'Open Inference Protocol',
    params: model,
    response: { status: 200, schema: modelMetadataSchema },
    errors: [],
  },
  modelReady: {
    method: 'GET',
    path: '/v2/models/{model}/ready',
    summary: 'Can it answer?',
    tag: 'Open Inference Protocol',
    params: model,
    response: { status: 200 },
    errors: [],
  },
  serverMetadata: {
    method: 'GET',
    path: '/v2',
    summary: 'Server name, version, extensions',
    tag: 'Open Inference Protocol',
    response: {
      status: 200,
      schema: z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) }),
    },
    errors: [],
  },
  serverLive: {
    method: 'GET',
    path: '/v2/health/live',
    summary: 'Is it alive?',
    tag: 'Open Inference Protocol',
    response: { status: 200, schema: z.object({ live: z.boolean() }) },
    errors: [],
  },
  serverReady: {
    method: 'GET',
    path: '/v2/health/ready',
    summary: 'Can it answer?',
    tag: 'Open Inference Protocol',
    response: { status: 200, schema: z.object({ ready: z.boolean() }) },
    errors: [],
  },
  healthz: {
    method: 'GET',
    path: '/healthz',
    summary: 'Is it alive?',
    tag: 'Operations',
    response: { status: 200 },
    errors: [],
  },
  readyz: {
    method: 'GET',
    path: '/readyz',
    summary: 'Can it answer?',
    tag: 'Operations',
    response: { status: 200 },
    errors: [],
  },
  metrics: {
    method: 'GET',
    path: '/metrics',
    summary: 'Prometheus text format',
    tag: 'Operations',
    response: { status: 200, produces: 'text/plain' },
    errors: [],
  },
} as const satisfies Record<string, RouteSpec>;
