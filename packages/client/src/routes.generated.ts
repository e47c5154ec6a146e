// Written by scripts/generate-routes.ts from the route table of @switchyard/contracts. Do not edit.
import type { ControlRouteName, GatewayRouteName } from './route-types.ts';

export interface RequestLine {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root, with {parameters}. */
  readonly path: string;
}

export const controlRequests = {
  listModels: { method: 'GET', path: '/api/v1/models' },
  createModel: { method: 'POST', path: '/api/v1/models' },
  getModel: { method: 'GET', path: '/api/v1/models/{model}' },
  deleteModel: { method: 'DELETE', path: '/api/v1/models/{model}' },
  listVersions: { method: 'GET', path: '/api/v1/models/{model}/versions' },
  createVersion: { method: 'POST', path: '/api/v1/models/{model}/versions' },
  getVersion: { method: 'GET', path: '/api/v1/models/{model}/versions/{version}' },
  getArtifact: { method: 'GET', path: '/api/v1/models/{model}/versions/{version}/artifact' },
  putAlias: { method: 'PUT', path: '/api/v1/models/{model}/aliases/{alias}' },
  deleteAlias: { method: 'DELETE', path: '/api/v1/models/{model}/aliases/{alias}' },
  listModelQuality: { method: 'GET', path: '/api/v1/model-quality' },
  listEndpoints: { method: 'GET', path: '/api/v1/endpoints' },
  getEndpoint: { method: 'GET', path: '/api/v1/endpoints/{endpoint}' },
  putEndpoint: { method: 'PUT', path: '/api/v1/endpoints/{endpoint}' },
  deleteEndpoint: { method: 'DELETE', path: '/api/v1/endpoints/{endpoint}' },
  checkPolicy: { method: 'POST', path: '/api/v1/endpoints/{endpoint}/check' },
  listRevisions: { method: 'GET', path: '/api/v1/endpoints/{endpoint}/revisions' },
  rollbackEndpoint: { method: 'POST', path: '/api/v1/endpoints/{endpoint}/rollback' },
  getEndpointTraffic: { method: 'GET', path: '/api/v1/endpoints/{endpoint}/traffic' },
  listCacheUse: { method: 'GET', path: '/api/v1/cache-use' },
  getRoutingStates: { method: 'GET', path: '/api/v1/endpoints/{endpoint}/routing-states' },
  tryEndpoint: { method: 'POST', path: '/api/v1/endpoints/{endpoint}/try' },
  listPredictions: { method: 'GET', path: '/api/v1/predictions' },
  getPrediction: { method: 'GET', path: '/api/v1/predictions/{id}' },
  getOverview: { method: 'GET', path: '/api/v1/overview' },
  getTimeSeries: { method: 'GET', path: '/api/v1/time-series' },
  listAlerts: { method: 'GET', path: '/api/v1/alerts' },
  getStatus: { method: 'GET', path: '/api/v1/status' },
} as const satisfies Record<ControlRouteName, RequestLine>;

export const gatewayRequests = {
  predict: { method: 'POST', path: '/v1/models/{endpoint}:predict' },
  feedback: { method: 'POST', path: '/v1/feedback' },
  infer: { method: 'POST', path: '/v2/models/{model}/infer' },
  inferVersion: { method: 'POST', path: '/v2/models/{model}/versions/{version}/infer' },
  modelMetadata: { method: 'GET', path: '/v2/models/{model}' },
  modelReady: { method: 'GET', path: '/v2/models/{model}/ready' },
  serverMetadata: { method: 'GET', path: '/v2' },
  serverLive: { method: 'GET', path: '/v2/health/live' },
  serverReady: { method: 'GET', path: '/v2/health/ready' },
  healthz: { method: 'GET', path: '/healthz' },
  readyz: { method: 'GET', path: '/readyz' },
  metrics: { method: 'GET', path: '/metrics' },
} as const satisfies Record<GatewayRouteName, RequestLine>;
