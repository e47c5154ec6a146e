import { errorRegistry } from '@switchyard/contracts';
import { controlDocument, gatewayDocument } from '@switchyard/contracts/openapi';
import type { FastifyInstance } from 'fastify';
import { routeNotFound } from '../server/register-routes.ts';
import { renderDocumentationPage } from './render-documentation-page.ts';

/** The two OpenAPI documents, a page to read them on, and the addresses that problems give as their type. */
export function registerDocumentation(
  server: FastifyInstance,
  options: { readonly version: string; readonly gatewayUrl: string },
): void {
  const control = controlDocument({ version: options.version });
  const gateway = gatewayDocument({ version: options.version, url: options.gatewayUrl });
  const page = renderDocumentationPage([
    { document: control, address: '/api/openapi.json' },
    { document: gateway, address: '/api/openapi-gateway.json' },
  ]);
  server.get('/api/openapi.json', async (_request, reply) => reply.send(control));
  server.get('/api/openapi-gateway.json', async (_request, reply) => reply.send(gateway));
  server.get('/api/docs', async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header(
        'content-security-policy',
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      )
      .send(page),
  );
  server.get<{ Params: { code: string } }>('/problems/:code', async (request, reply) => {
    if (!Object.hasOwn(errorRegistry, request.params.code)) throw routeNotFound('GET', request.url);
    return reply.redirect(`/api/docs#error-${request.params.code}`);
  });
}
