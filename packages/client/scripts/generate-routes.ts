import { writeFileSync } from 'node:fs';
import { controlRoutes, gatewayRoutes, type RouteSpec } from '@switchyard/contracts';

/**
 * Methods and paths are the only part of the route table that is needed at run time.
 * They are copied out so that a browser does not have to load every schema for them.
 */
export function generateRoutes(): string {
  const table = (name: string, keys: string, prefix: string, routes: Record<string, RouteSpec>) => {
    const rows = Object.entries(routes).map(
      ([key, route]) => `  ${key}: { method: '${route.method}', path: '${prefix}${route.path}' },`,
    );
    return `export const ${name} = {\n${rows.join('\n')}\n} as const satisfies Record<${keys}, RequestLine>;\n`;
  };
  return [
    '// Written by scripts/generate-routes.ts from the route table of @switchyard/contracts. Do not edit.',
    "import type { ControlRouteName, GatewayRouteName } from './route-types.ts';",
    '',
    'export interface RequestLine {',
    "  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';",
    '  /** From the root, with {parameters}. */',
    '  readonly path: string;',
    '}',
    '',
    table('controlRequests', 'ControlRouteName', '/api/v1', controlRoutes),
    table('gatewayRequests', 'GatewayRouteName', '', gatewayRoutes),
  ].join('\n');
}

if (import.meta.main) {
  writeFileSync(new URL('../src/routes.generated.ts', import.meta.url), generateRoutes());
}
