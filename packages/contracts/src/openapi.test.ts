import { describe, expect, it } from 'vitest';
import { errorRegistry } from './errors.ts';
import { controlDocument, gatewayDocument } from './openapi.ts';
import { controlRoutes, gatewayRoutes, internalRoutes, type RouteSpec } from './routes.ts';

interface Operation {
  readonly operationId: string;
  readonly responses: Record<string, { description?: string; content?: Record<string, unknown> }>;
  readonly parameters?: { name: string; in: string }[];
  readonly requestBody?: { content: Record<string, unknown> };
}

describe.each([
  ['control', controlRoutes as Record<string, RouteSpec>, controlDocument({ version: '1.2.3' })],
  [
    'gateway',
    gatewayRoutes as Record<string, RouteSpec>,
    gatewayDocument({ version: '1.2.3', url: 'http://127.0.0.1:7071' }),
  ],
])('the OpenAPI document of %s', (_name, table, document) => {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({
      path,
      method: method.toUpperCase(),
      operation,
    })),
  );

  it('has each route of the table, and nothing else', () => {
    const documented = operations.map(({ path, method, operation }) => `${operation.operationId} ${method} ${path}`);
    const routed = Object.entries(table).map(([name, route]) => `${name} ${route.method} ${route.path}`);
    expect(documented.sort()).toEqual(routed.sort());
  });

  it('describes every parameter of every path, every body, and the success that the table says', () => {
    for (const { path, operation } of operations) {
      const route = table[operation.operationId]!;
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
      const described = (operation.parameters ?? [])
        .filter((parameter) => parameter.in === 'path')
        .map((parameter) => parameter.name);
      expect(described.sort(), path).toEqual(named);
      const queried = (operation.parameters ?? [])
        .filter((parameter) => parameter.in === 'query')
        .map((parameter) => parameter.name);
      expect(queried.sort(), path).toEqual(Object.keys(route.query?.shape ?? {}).sort());
      expect(Boolean(operation.requestBody), path).toBe(Boolean(route.body ?? route.multipart));
      expect(operation.responses[String(route.response.status)], path).toBeDefined();
    }
  });

  it('gives each error of a route under the status of the registry, as a problem', () => {
    for (const { path, operation } of operations) {
      for (const code of table[operation.operationId]!.errors) {
        const response = operation.responses[String(errorRegistry[code].status)];
        expect(response?.description, `${path} ${code}`).toContain(`\`${code}\``);
        expect(Object.keys(response?.content ?? {}), path).toEqual(['application/problem+json']);
      }
      const mentioned = Object.values(operation.responses).flatMap((response) =>
        [...(response.description ?? '').matchAll(/`(\w+)`:/g)].map(([, code]) => code),
      );
      for (const code of mentioned) expect(errorRegistry).toHaveProperty(code!);
    }
  });

  it('has every shape that it points at, and no two of one name', () => {
    const text = JSON.stringify(document);
    const names = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name!));
    expect(names.size).toBeGreaterThan(0);
    for (const name of names) expect(document.components?.schemas).toHaveProperty(name);
    expect(document.openapi).toBe('3.1.0');
    expect(document.info.version).toBe('1.2.3');
  });
});

describe('the route tables', () => {
  it('have no two routes at one address', () => {
    for (const table of [controlRoutes, internalRoutes, gatewayRoutes]) {
      const addresses = Object.values(table as Record<string, RouteSpec>).map(
        (route) => `${route.method} ${route.path.replaceAll(/\{\w+\}/g, '{}')}`,
      );
      expect(new Set(addresses).size).toBe(addresses.length);
    }
  });

  it('keep internal routes out of the public document', () => {
    expect(JSON.stringify(controlDocument({ version: '0' }))).not.toContain('gateways/{id}/status');
  });
});
