import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { type ErrorCode, errorRegistry } from './errors.ts';
import { liveMessageSchema } from './live.ts';
import { PROBLEM_CONTENT_TYPE, problemSchema } from './problem.ts';
import { controlRoutes, gatewayRoutes, type RouteSpec } from './routes.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

/** The public API of control, as OpenAPI 3.1. */
export function controlDocument(options: { readonly version: string }): OpenApiDocument {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Switchyard control API',
      version: options.version,
      description:
        'Models, endpoints, predictions and the state of the platform. Errors are RFC 9457 problem details with a code of the registry. ' +
        'Lists answer `{"items": […], "nextCursor"?}`. `GET /api/v1/live` upgrades to a WebSocket that sends `LiveMessage` objects.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/api/v1' }],
    tags: tagsOf(controlRoutes),
    paths: toPaths(controlRoutes, ['origin_not_allowed', 'storage_unavailable']),
    components: { schemas: { LiveMessage: liveMessageSchema } },
  });
}

/** The API of the gateway, as OpenAPI 3.1. */
export function gatewayDocument(options: { readonly version: string; readonly url: string }): OpenApiDocument {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Switchyard gateway API',
      version: options.version,
      description:
        'Predictions and feedback. Paths below /v2 follow the Open Inference Protocol v2, errors included: `{"error": "…"}`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: options.url }],
    tags: tagsOf(gatewayRoutes),
    paths: toPaths(gatewayRoutes, []),
  });
}

/**
 * Codes an operation can answer with: what its route lists and what every route of its shape can answer.
 * Paths of the Open Inference Protocol answer errors in that protocol's form and have none.
 */
function errorCodesOf(route: RouteSpec, ofEveryRoute: readonly ErrorCode[]): ErrorCode[] {
  if (route.path.startsWith('/v2')) return [];
  const codes = new Set<ErrorCode>([...route.errors, ...ofEveryRoute]);
  if (route.params ?? route.query ?? route.body ?? route.multipart) codes.add('invalid_request');
  if (route.body) {
    codes.add('malformed_json');
    codes.add('body_too_large');
    codes.add('unsupported_media_type');
  }
  codes.add('internal_error');
  return (Object.keys(errorRegistry) as ErrorCode[]).filter((code) => codes.has(code));
}

function tagsOf(table: Record<string, RouteSpec>): { name: string }[] {
  return [...new Set(Object.values(table).map((route) => route.tag))].map((name) => ({ name }));
}

function toPaths(table: Record<string, RouteSpec>, ofEveryRoute: readonly ErrorCode[]): ZodOpenApiPathsObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const [operationId, route] of Object.entries(table)) {
    const method = route.method.toLowerCase() as 'get';
    paths[route.path] = { ...paths[route.path], [method]: toOperation(operationId, route, ofEveryRoute) };
  }
  return paths;
}

function toOperation(
  operationId: string,
  route: RouteSpec,
  ofEveryRoute: readonly ErrorCode[],
): ZodOpenApiOperationObject {
  const content: Record<string, { schema: z.ZodType; encoding?: Record<string, { contentType: string }> }> = {};
  if (route.multipart) {
    content['multipart/form-data'] = {
      schema: route.multipart,
      encoding: { spec: { contentType: 'application/json' }, artifact: { contentType: 'application/octet-stream' } },
    };
  }
  if (route.body) content['application/json'] = { schema: route.body };
  const responses: ZodOpenApiOperationObject['responses'] = {
    [`${route.response.status}`]: successOf(route),
  };
  for (const [status, codes] of Map.groupBy(errorCodesOf(route, ofEveryRoute), (code) => errorRegistry[code].status)) {
    responses[`${status}` as '400'] = {
      description: codes.map((code) => `\`${code}\`: ${errorRegistry[code].title}`).join('\n\n'),
      content: { [PROBLEM_CONTENT_TYPE]: { schema: problemSchema } },
    };
  }
  return {
    operationId,
    summary: route.summary,
    tags: [route.tag],
    ...(route.params || route.query
      ? {
          requestParams: {
            ...(route.params ? { path: route.params } : {}),
            ...(route.query ? { query: route.query } : {}),
          },
        }
      : {}),
    ...(Object.keys(content).length > 0 ? { requestBody: { required: true, content } } : {}),
    responses,
  };
}

function successOf(route: RouteSpec) {
  const { schema, produces, status } = route.response;
  if (schema) return { description: 'Success', content: { 'application/json': { schema } } };
  if (produces) {
    const body = produces.startsWith('text/')
      ? z.string()
      : z.unknown().meta({ override: { type: 'string', format: 'binary' } });
    return { description: 'Success', content: { [produces]: { schema: body } } };
  }
  return { description: status === 204 ? 'Success, no body' : 'Success' };
}
